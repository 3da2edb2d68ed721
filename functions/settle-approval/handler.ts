import * as z from 'zod';
import { Opening } from '../open-case/opening.ts';
import { toLambda } from '../shared/lambda.ts';
import { Playbook } from '../shared/playbooks.ts';
import { defineStep } from '../shared/step.ts';
import { settle } from './settle.ts';

const input = z.strictObject({
  playbook: Playbook,
  /** What the case was opened with, or planned with last. */
  opening: Opening,
  /** What the workflow was told. It is not believed: the case says what people answered. */
  answer: z.looseObject({ outcome: z.string() }),
});

/**
 * Reads from the case what people have answered, and says how the workflow goes on.
 *
 * Agreed to: the plan is rehearsed once more, and only when it comes out the same does the case act.
 * Denied, or not answered where silence means no: the case is closed, its target freed, people told.
 * Something graver found meanwhile: it is judged anew whether people must be asked at all. It changes
 * nothing in the target account.
 */
export const settleApproval = defineStep({
  name: 'settle-approval',
  input,
  output: Opening,
  reads: {},
  writes: {},
  uses: ['cases', 'notify', 'unitsOf', 'evidence', 'sign'],
  connect: () => ({}),
  run: (asked, _aws, context) => settle(asked, context),
});

export const handler = toLambda(settleApproval);
