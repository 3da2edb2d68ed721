import * as z from 'zod';
import type { StepOutcome } from './verdict.ts';

/** The parts of a trace that a person must hear of; one that failed has none. */
const Trace = z.object({
  sources: z.array(z.string()).catch([]),
  firstUse: z.string().nullable().catch(null),
  lastUse: z.string().nullable().catch(null),
  persistence: z
    .array(z.object({ eventName: z.string(), who: z.string(), what: z.string(), when: z.string() }))
    .catch([]),
});

/** Chat tools cut long messages; the case holds the rest. */
const most = 15;

/**
 * What the trace found that a person must look at: where the credentials were used from, and each
 * call that may have left a way back in. Intruders chose some of these words, so they go out as code.
 */
export function foundBy(trace: StepOutcome | undefined): string[] {
  if (!trace) return [];
  const { sources, firstUse, lastUse, persistence } = Trace.parse(trace);
  const from = sources.slice(0, most).map((source) => `\`${source}\``);
  const left = persistence
    .slice(0, most)
    .map(({ eventName, who, what, when }) => `\`${eventName}\` \`${what}\` by \`${who}\`, ${when}`);
  return [
    ...(from.length > 0 ? [`used from ${from.join(', ')}, ${firstUse} to ${lastUse}`] : []),
    ...left.map((line) => `may have been left behind: ${line}`),
    ...(persistence.length > most ? [`${persistence.length - most} more, listed in the case`] : []),
  ];
}
