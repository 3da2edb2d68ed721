import * as z from 'zod';
import { toLambda } from '../shared/lambda.ts';
import { defineStep } from '../shared/step.ts';

const input = z.strictObject({
  /** What a person should know first, in a line. */
  title: z.string().min(1).max(200),
  execution: z.string().min(1),
  /** What happens next, in a sentence. */
  next: z.string().min(1).max(300),
  /** The workflow's error and cause, or the result that ended it. */
  details: z.unknown(),
});
const output = z.object({ outcome: z.literal('told') });

/** Chat tools and SNS cut long messages; the execution holds the rest. */
const mostDetails = 3000;

/**
 * Tells the responders what Cordon did or why it stopped. It changes nothing in any account.
 *
 * It needs no case, so it works when opening one is what failed. Details may hold text that an
 * intruder wrote: they go out as a quoted block, never as markup.
 */
export const tellHuman = defineStep({
  name: 'tell-human',
  withoutCase: true,
  input,
  output,
  reads: {},
  writes: {},
  uses: ['notify'],
  connect: () => ({}),

  async run({ title, execution, next, details }, _aws, { home }) {
    const quoted = JSON.stringify(details, null, 2).slice(0, mostDetails).replaceAll('`', 'ˋ');
    await home.notify({
      title,
      text: `Execution: ${execution}\n\n${next}\n\n\`\`\`\n${quoted}\n\`\`\``,
      keywords: ['cordon', 'needs-human'],
    });
    return { outcome: 'told' as const };
  },
});

export const handler = toLambda(tellHuman);
