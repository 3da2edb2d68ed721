import * as z from 'zod';
import { isAskedIn } from '../shared/approval.ts';
import type { CaseRef } from '../shared/case-record.ts';
import { finishClosed } from '../shared/closed-case.ts';
import { toLambda } from '../shared/lambda.ts';
import { planningOf } from '../shared/live-case.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { messageFor } from './message.ts';

const Status = z.enum(
  ['FAILED', 'TIMED_OUT', 'ABORTED'],
  'expected FAILED, TIMED_OUT or ABORTED: an execution that did not end well',
);

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const input = z.strictObject({
  event: z.looseObject({
    detail: z.looseObject({ executionArn: z.string().startsWith('arn:'), status: Status }),
  }),
});

const output = z.object({
  /**
   * `settled`: the case it held is a human's now. `told`: it had closed its case, and people hear of
   * it only now. `taken-over`: another execution has its case. `no-case`: it held none, which a human
   * was told.
   */
  outcome: z.enum(['settled', 'told', 'already-closed', 'taken-over', 'no-case']),
  caseId: z.string().nullable(),
});

/**
 * Gives the case of an execution that failed, timed out or was stopped to a human, and frees its
 * target: no `Catch` of the workflow's own sees the last two.
 *
 * It changes nothing in the target account and undoes nothing: what was contained stays so. People
 * are told first and the lock freed after, so that they hear of it whatever fails in between, and once
 * more where it had to be begun again; the same event after that finds all done and is silent. A case
 * that its execution has closed, or that another one has taken over, is left as it is; of a closed one
 * nobody has heard of, people do. What follows once a case is closed is done as its execution would
 * have: the manifest of its evidence, of which people hear when it cannot be written, and the limits.
 */
export const settleFailedExecution = defineStep({
  name: 'settle-failed-execution',
  withoutCase: true,
  startedBy: 'rule',
  input,
  output,
  reads: {},
  writes: {},
  uses: ['cases', 'notify', 'evidence', 'sign'],
  connect: () => ({}),

  async run({ event }, _aws, { home }) {
    const { executionArn: execution, status } = event.detail;
    const found = await home.cases.heldBy(execution);
    if (!found) {
      await home.notify(messageFor({ execution, status }));
      return { outcome: 'no-case' as const, caseId: null };
    }
    if (found.outcome !== 'held') {
      const { outcome, caseId } = found;
      if (outcome === 'taken-over' || found.told) return { outcome, caseId };
      await home.notify(messageFor({ execution, status, closed: caseId }));
      const { worked } = found;
      if (worked) await finishClosed({ home, case: worked, actor: actorFor(worked) });
      await home.cases.noteTold({ caseId });
      return { outcome: 'told' as const, caseId };
    }

    const { ref, releasing } = found;
    if (releasing) {
      const people = await peopleOf(ref, home);
      await home.notify(messageFor({ execution, status, releasing: { ref, people } }));
      await endRelease(ref, { status, people }, home);
      await home.cases.releases.noteTold(ref);
      return { outcome: 'settled' as const, caseId: ref.caseId };
    }
    const [steps, before] = [
      await home.cases.steps(ref.caseId),
      await home.cases.before(ref.caseId),
    ];
    await home.notify(messageFor({ execution, status, held: { ref, steps, before } }));
    await giveToHuman(ref, status, home);
    await finishClosed({ home, case: ref, actor: actorFor(ref) });
    await home.cases.noteTold(ref);
    return { outcome: 'settled' as const, caseId: ref.caseId };
  },
});

const actorFor = ({ execution }: CaseRef) => `settle-failed-execution, ${execution}`;

async function giveToHuman(ref: CaseRef, status: string, { cases }: StepContext['home']) {
  const summary = {
    done: [],
    missing: [`The execution ended as ${status} before the case was closed.`],
    notCut: [],
    found: [],
  };
  // Findings may join at any time; they are counted in and the case closed.
  for (let look = 0; look < 5; look++) {
    const { counted } = await cases.findings(ref);
    const closed = await cases.close(ref, { status: 'needs-human', counted, summary });
    if (closed === 'closed') return;
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}

/**
 * What people were asked before a release, and whether neither it nor one that it took over from had come
 * to take anything back: they had not agreed, or it was being rehearsed. What they would answer now does
 * nothing any more.
 */
async function peopleOf(ref: CaseRef, { cases }: StepContext['home']) {
  if (!(await cases.releases.asking(ref))) return { waited: false };
  const last = await cases.approvals.of(ref.caseId);
  const asked = last && isAskedIn(last, planningOf(ref).caseId) ? last : undefined;
  if (asked?.status === 'asked') await cases.approvals.settle(asked, 'unanswered');
  const isFirst = !(await cases.releases.isAfterUnclosed(ref));
  return { waited: isFirst && asked?.status !== 'confirmed', decisions: asked?.decisions ?? [] };
}
type People = Awaited<ReturnType<typeof peopleOf>>;

/**
 * What was taken back stays so, and the case says that more may be left. One that waited for people is
 * what it was before, unless a finding has come in about its target.
 */
async function endRelease(
  ref: CaseRef,
  { status, people: { waited, decisions } }: { status: string; people: People },
  { cases }: StepContext['home'],
) {
  const before = waited ? 'people had agreed: nothing was taken back' : 'it was closed';
  const left = [`The release ended as ${status} before ${before}.`];
  for (let look = 0; look < 5; look++) {
    const counted = await cases.releases.counted(ref);
    const isSafe = waited && !(await cases.releases.hasJoined(ref));
    const outcome = isSafe ? 'unanswered' : 'needs-human';
    const ending = { outcome, done: [], left, ...(decisions && { decisions }) } as const;
    if ((await cases.releases.close(ref, ending, counted)) !== 'more-findings') return;
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}

export const handler = toLambda(settleFailedExecution);
