import { changedBy, endRelease } from '../close-release/end-release.ts';
import { judgeRelease } from '../close-release/judge-release.ts';
import { messageFor } from '../close-release/message.ts';
import type { Plan } from '../plan-release/plan.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import type { Ending } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';

interface Left extends Pick<Ending, 'decisions'> {
  readonly outcome: 'denied' | 'unanswered';
  readonly why: string;
}

/**
 * Closes a release that people did not agree to: nothing was taken back, and the case is what it was. A
 * new finding about the target goes before whatever they said, and makes the case a human's; so does an
 * earlier release that was never closed, of which nobody knows how far it came.
 */
export async function leave(
  plan: Plan,
  { outcome, why, decisions }: Left,
  context: StepContext,
): Promise<Plan> {
  const { releases } = context.home.cases;
  const live = liveCaseOf(context.case);
  const { recorded, settled } = await changedBy(live, releases);
  const isAfterUnclosed = await releases.isAfterUnclosed(live);
  const undone = plan.changes.map((change) => ({
    ...change,
    ...{ outcome: 'left', reason: 'new-finding' },
  }));
  const nothing = `Nothing was taken back: ${why}.`;
  const judge = (newFindings: number): Ending => ({
    ...(newFindings > 0
      ? judgeRelease({ recorded, undone, settled, newFindings })
      : isAfterUnclosed
        ? { outcome: 'needs-human', done: [], left: [nothing, unclosed] }
        : { outcome, done: [], left: [nothing] }),
    ...(decisions && { decisions }),
  });
  const ending = await endRelease(live, { counted: plan.counted, judge }, releases);
  return told(plan, ending, context);
}

const unclosed =
  'An earlier release of the case ended before it was closed, and some of its changes may be taken back: release the case again, which finds done what is done.';

/** Tells people what a release came to that took nothing back, unless they have heard of it. */
export async function told(plan: Plan, ending: Ending, context: StepContext): Promise<Plan> {
  const { home } = context;
  const live = liveCaseOf(context.case);
  if (!(await home.cases.releases.isTold(live))) {
    await home.notify(messageFor(ending, live));
    await home.cases.releases.noteTold(live);
  }
  const { outcome } = ending;
  const came = outcome === 'denied' || outcome === 'unanswered' ? outcome : 'unfinished';
  return { ...plan, outcome: came, reason: came, ref: null };
}
