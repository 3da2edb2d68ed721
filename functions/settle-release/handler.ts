import * as z from 'zod';
import { Plan } from '../plan-release/plan.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep } from '../shared/step.ts';
import { settle } from './settle.ts';

const input = z.strictObject({
  /** What the release was planned with, or planned with last. */
  plan: Plan,
  /** What the workflow was told. It is not believed: the case says what people answered. */
  answer: z.looseObject({ outcome: z.string() }),
});

/**
 * Reads from the case what people have answered who were asked before it is released, and says how the
 * release goes on.
 *
 * Agreed to: the plan is rehearsed once more, and only when it comes out the same is anything taken
 * back. Denied, not answered, or with a new finding about the target: the release is closed, the target
 * freed, people told. Silence never gives anything back, whatever the settings say of containment. It
 * changes nothing in the target account.
 */
export const settleRelease = defineStep({
  name: 'settle-release',
  input,
  output: Plan,
  reads: {},
  writes: {},
  uses: ['notify'],
  connect: () => ({}),
  run: ({ plan }, _aws, context) => settle(plan, context),
});

export const handler = toLambda(settleRelease);
