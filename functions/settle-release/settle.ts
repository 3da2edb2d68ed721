import type { Plan } from '../plan-release/plan.ts';
import { type Approval, isAskedIn } from '../shared/approval.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import { nameOfChange } from '../shared/recorded-change.ts';
import type { StepContext } from '../shared/step.ts';
import { leave, told } from './leave.ts';

/** A plan that comes out otherwise each time is no plan that people can agree to. */
const mostRounds = 6;

/** How a release goes on after people were asked about it. */
export async function settle(plan: Plan, context: StepContext): Promise<Plan> {
  const { home, case: ref, settings } = context;
  const live = liveCaseOf(ref);
  // A retry whose first answer was lost finds its own work done.
  const closed = await home.cases.releases.closed(live);
  if (closed) return told(plan, closed, context);

  const approval = await askedHere(context);
  if (approval?.status === 'asked') {
    // Where that fails somebody has answered at the last moment: that counts.
    await home.cases.approvals.settle(approval, 'unanswered');
    return settle(plan, context);
  }
  const decisions = approval?.decisions ?? [];
  const isAgreed = approval?.status === 'approved' || approval?.status === 'confirmed';
  if (!isAgreed) {
    const outcome = approval?.status === 'denied' ? 'denied' : 'unanswered';
    return leave(plan, { outcome, why: why[outcome], decisions }, context);
  }
  // Nothing is given back that is not held: throws where it is another's by now.
  await home.cases.holdFor(live, settings.lockSeconds);
  const isDanger = (await home.cases.releases.counted(live)) > plan.counted;
  const isLast = approval.status === 'approved' && plan.approval.round >= mostRounds;
  if (isDanger || isLast) {
    return leave(plan, { outcome: 'unanswered', why: why.unsteady, decisions }, context);
  }
  return approval.status === 'approved' ? rehearseAgain(plan, context) : act(plan, context);
}

const why = {
  denied: 'people decided against it',
  unanswered: 'nobody agreed in time',
  unsteady: `the plan came out otherwise each of ${mostRounds} times`,
} as const;

/** What people were asked about this release, and about no other of the case. */
async function askedHere({ home, case: ref }: StepContext): Promise<Approval | undefined> {
  const approval = await home.cases.approvals.of(liveCaseOf(ref).caseId);
  return approval && isAskedIn(approval, ref.caseId) ? approval : undefined;
}

/** The same plan once more, from a record that is as it was the first time. */
async function rehearseAgain(plan: Plan, { home, case: ref }: StepContext): Promise<Plan> {
  await home.cases.forgetPlan(ref);
  const { approval } = plan;
  return { ...plan, reason: 'approved', approval: { ...approval, round: approval.round + 1 } };
}

/** From here on the changes are taken back, live: those of which people could see what would come. */
async function act(plan: Plan, { home, case: ref }: StepContext): Promise<Plan> {
  const rehearsed = await home.cases.releases.rehearsed(ref);
  const known = new Set(rehearsed.filter(({ outcome }) => outcome !== 'failed').map(nameOfChange));
  return {
    ...plan,
    reason: 'confirmed',
    mode: 'live',
    ref: liveCaseOf(ref),
    changes: plan.changes.filter((change) => known.has(nameOfChange(change))),
    notRehearsed: plan.changes.filter((change) => !known.has(nameOfChange(change))),
    approval: { ...plan.approval, needed: 'no' },
  };
}
