import type { Opening } from '../open-case/opening.ts';
import { type Approval, whoSaid } from '../shared/approval.ts';
import { finishClosed, nothingDone } from '../shared/closed-case.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import type { StepContext } from '../shared/step.ts';

interface Left {
  readonly approval: Approval | undefined;
  readonly outcome: 'denied' | 'unanswered';
}

/** Closes a case that people did not agree to, frees its target and tells everyone. */
export async function leave(
  opening: Opening,
  { approval, outcome }: Left,
  context: StepContext,
): Promise<Opening> {
  const { home } = context;
  const live = liveCaseOf(context.case);
  const who = whoSaid(approval?.decisions ?? []);
  const status = outcome === 'denied' ? 'denied' : 'needs-human';
  const summary = { ...nothingDone(outcome), decisions: approval?.decisions ?? [] };
  if ((await home.cases.status(live.caseId)) === 'open')
    await close(live, { status, summary }, context);
  await home.notify({
    title: `${outcome === 'denied' ? 'Denied' : 'Nobody agreed in time'}, nothing was done: ${approval?.target ?? live.target}`,
    text: [
      `Case ${live.caseId} on ${live.target}.`,
      who || 'Nobody has answered.',
      'Nothing was changed. To have it contained after all, start the playbook by hand.',
    ].join('\n'),
    keywords: ['cordon', outcome, ...(outcome === 'unanswered' ? ['needs-human'] : [])],
  });
  await finishClosed({ home, case: live, actor: context.actor });
  return { ...opening, outcome, reason: outcome, ref: null };
}

async function close(
  live: ReturnType<typeof liveCaseOf>,
  { status, summary }: { status: 'denied' | 'needs-human'; summary: object },
  { home }: StepContext,
): Promise<void> {
  for (let look = 0; look < 5; look++) {
    const { counted } = await home.cases.findings(live);
    if ((await home.cases.close(live, { status, counted, summary })) === 'closed') return;
  }
  throw new Error(`${live.caseId} was given findings at every look`);
}
