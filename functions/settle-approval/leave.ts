import type { Opening } from '../open-case/opening.ts';
import { type Approval, whoSaid } from '../shared/approval.ts';
import type { CaseRef } from '../shared/case-record.ts';
import { finishClosed, letGoFor } from '../shared/closed-case.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import { readable } from '../shared/plan.ts';
import { isContainment } from '../shared/playbooks.ts';
import type { StepContext } from '../shared/step.ts';

interface Left {
  readonly approval: Approval | undefined;
  readonly outcome: 'denied' | 'unanswered';
}

/** Closes a case that people did not agree to, frees its target and tells everyone. */
export async function leave(
  { playbook, opening }: { readonly playbook: string; readonly opening: Opening },
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
    title: `${outcome === 'denied' ? 'Denied' : 'Nobody agreed in time'}, ${changed}: ${name}`,
    text: [
      `Case ${live.caseId} on ${live.target}.`,
      who || 'Nobody has answered.',
      ...('worked' in letGo ? letGo.missing : ['Nothing was changed.']),
      'To have it done after all, start the playbook by hand.',
      ...(isContainment(playbook) ? [] : await notContained(live, context)),
    ].join('\n'),
    keywords: ['cordon', outcome, ...(outcome === 'unanswered' ? ['needs-human'] : [])],
  });
  await finishClosed({ home, case: live, actor: context.actor });
  return { ...opening, outcome, reason: outcome, ref: null };
}

/** What joined a case that contains nothing, and was to be contained. */
async function notContained(live: CaseRef, { home }: StepContext): Promise<readonly string[]> {
  const { findings } = await home.cases.findings(live);
  const joined = findings.filter(({ source }) => source !== 'manual');
  if (joined.length === 0) return [];
  const types = joined.map(({ type }) => readable(type, 120)).join(', ');
  return [
    `Nothing was done either about what was found meanwhile: ${types}.`,
    'Start the playbook that contains it by hand.',
  ];
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
