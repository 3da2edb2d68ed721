import type { Opening } from '../open-case/opening.ts';
import { type Approval, whoSaid } from '../shared/approval.ts';
import type { CaseRef } from '../shared/case-record.ts';
import { finishClosed, letGoFor } from '../shared/closed-case.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import type { StepContext } from '../shared/step.ts';

interface Left {
  readonly approval: Approval | undefined;
  readonly outcome: keyof typeof titles;
}

const titles = {
  denied: 'Denied',
  unanswered: 'Nobody agreed in time',
  'gave-way': 'Gave way to a containment',
} as const;

/** Closes a case that people did not agree to, or that gave way, frees its target and tells everyone. */
export async function leave(
  opening: Opening,
  { approval, outcome }: Left,
  context: StepContext,
): Promise<Opening> {
  const { home } = context;
  const live = liveCaseOf(context.case);
  const name = approval?.target ?? live.target;
  const who = whoSaid(approval?.decisions ?? []);
  const status = outcome === 'denied' ? 'denied' : 'needs-human';
  const letGo = await letGoFor(outcome, { home, case: live });
  const summary = { ...letGo, decisions: approval?.decisions ?? [] };
  if ((await home.cases.status(live.caseId)) === 'open')
    await close(live, { status, summary }, context);
  const changed = 'worked' in letGo ? 'nothing further was done' : 'nothing was done';
  await home.notify({
    title: `${titles[outcome]}, ${changed}: ${name}`,
    text: [
      `Case ${live.caseId} on ${live.target}.`,
      who || 'Nobody has answered.',
      ...('worked' in letGo ? letGo.missing : ['Nothing was changed.']),
      outcome === 'gave-way'
        ? 'A finding came for the same target, and what contains that goes first. Once its case is closed, start this playbook again.'
        : 'To have it done after all, start the playbook by hand.',
    ].join('\n'),
    keywords: ['cordon', outcome, ...(status === 'needs-human' ? [status] : [])],
  });
  await finishClosed({ home, case: live, actor: context.actor });
  return { ...opening, outcome, reason: outcome, ref: null };
}

async function close(
  live: CaseRef,
  { status, summary }: { status: 'denied' | 'needs-human'; summary: object },
  { home }: StepContext,
): Promise<void> {
  for (let look = 0; look < 5; look++) {
    const { counted } = await home.cases.findings(live);
    if ((await home.cases.close(live, { status, counted, summary })) === 'closed') return;
  }
  throw new Error(`${live.caseId} was given findings at every look`);
}
