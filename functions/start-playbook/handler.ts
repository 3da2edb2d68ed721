import * as z from 'zod';
import { toLambda } from '../shared/lambda.ts';
import { defineStep } from '../shared/step.ts';

const input = z.strictObject({
  playbook: z.enum(['compromised-instance', 'compromised-access-key', 'compromised-role']),
  /** As a person would start it: the target, and a word on why. */
  request: z.record(z.string(), z.unknown()),
  /** The execution's; the same for the same target in the same case. */
  name: z.string().regex(/^[\w-]{1,80}$/, 'expected at most 80 letters, digits, - and _'),
});
const output = z.object({
  outcome: z.enum(['started', 'already-started']),
  /** ARN of the execution. */
  execution: z.string(),
});

/**
 * Starts the playbook of a further target, in a case, under a lock and with guard rails of its own.
 *
 * The started playbook runs in this case's mode, whatever the request says, so that a dry run starts
 * dry runs only; and its case names this one as its parent. The step changes nothing in the target
 * account and does not wait for the playbook. Run again, it starts nothing twice.
 */
export const startPlaybook = defineStep({
  name: 'start-playbook',
  input,
  output,
  reads: {},
  writes: {},
  uses: ['start'],
  connect: () => ({}),

  async run({ playbook, request, name }, _aws, { home, case: { mode, caseId: parent } }) {
    return home.start(playbook, { ...request, mode, parent }, name);
  },
});

export const handler = toLambda(startPlaybook);
