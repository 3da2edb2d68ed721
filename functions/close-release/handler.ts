import * as z from 'zod';
import { isAskedIn } from '../shared/approval.ts';
import { toLambda } from '../shared/lambda.ts';
import { planningOf } from '../shared/live-case.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { changedBy, endRelease } from './end-release.ts';
import { judgeRelease } from './judge-release.ts';
import { messageFor } from './message.ts';

const Came = z.looseObject({
  step: z.string(),
  resource: z.string(),
  outcome: z.string().min(1),
  reason: z.string().nullish(),
});

const input = z.strictObject({
  /** What came of each change that was to be taken back. */
  undone: z.array(Came),
  /** How many findings the case had when the release was planned. */
  counted: z.int(),
  /** Changes that people agreed to without knowing what would come of them: none was tried. */
  notRehearsed: z.array(z.object({ step: z.string(), resource: z.string() })),
  /** How often people were asked; 0 where nobody was. */
  rounds: z.int(),
});

const output = z.object({
  outcome: z.enum([
    'released',
    'partly-released',
    'needs-human',
    'would-be-released',
    'would-be-partly-released',
    'would-be-needs-human',
  ]),
  done: z.int(),
  /** How many of the case's changes are left; the case and the notification say which. */
  left: z.int(),
});

/**
 * Ends a release: says in the case what was taken back and what is left, frees the target, tells the
 * responders.
 *
 * It changes nothing in the target account. `released` is a case of which nothing is left;
 * `partly-released` one of which something was left as it should be, to be released later or never;
 * `needs-human` one where taking back failed, or a new finding has come in meanwhile.
 */
export const closeRelease = defineStep({
  name: 'close-release',
  input,
  output,
  reads: {},
  writes: {},
  uses: ['notify'],
  connect: () => ({}),

  async run({ undone, counted, notRehearsed, rounds }, _aws, context) {
    const { home, case: ref } = context;
    const { releases } = home.cases;
    const decisions = rounds > 0 ? { decisions: await decisionsIn(context) } : {};
    const { recorded, settled } = await changedBy(ref, releases);
    const failed = { outcome: 'failed', reason: 'not-rehearsed' };
    const came = [...undone, ...notRehearsed.map((change) => ({ ...change, ...failed }))];
    const judge = (newFindings: number) => ({
      ...judgeRelease({ recorded, undone: came, settled, newFindings }),
      ...decisions,
    });
    const ending = await endRelease(ref, { counted, judge }, releases);
    await home.notify(messageFor(ending, ref));
    await releases.noteTold(ref);
    const { outcome, done, left } = ending;
    const isAssumed = undone.some((one) => one.outcome.startsWith('would-be-'));
    return {
      outcome: isAssumed ? (`would-be-${outcome}` as const) : outcome,
      done: done.length,
      left: left.length,
    };
  },
});

/** What people said who were asked before this very release. */
async function decisionsIn({ home, case: ref }: StepContext) {
  const approval = await home.cases.approvals.of(ref.caseId);
  return approval && isAskedIn(approval, planningOf(ref).caseId) ? approval.decisions : [];
}

export const handler = toLambda(closeRelease);
