import { type Approval, isAskedIn } from '../shared/approval.ts';
import { type CaseRef, Gate } from '../shared/case-record.ts';
import type { Finding } from '../shared/finding.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import { type Plan, planOf, readable } from '../shared/plan.ts';
import type { StepContext } from '../shared/step.ts';

interface Asked {
  readonly playbook: string;
}

/** Whether it is about giving back, and not about what a case does. */
export const isRelease = ({ playbook }: Asked): boolean => playbook === 'release';

/** What the rehearsal has found out. Of a release one step makes every change. */
export async function planIn(asked: Asked, { home, case: ref }: StepContext): Promise<Plan> {
  const steps = await home.cases.steps(ref.caseId);
  if (!isRelease(asked)) return planOf(steps, ref.caseId);
  const rehearsed = await home.cases.releases.rehearsed(ref);
  const notRehearsed = rehearsed
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ step, resource }) => `${step} ${resource}`);
  return planOf(steps, ref.caseId, notRehearsed);
}

/** Why people are asked, and beside the findings who asks for it. */
export async function whyAsked(asked: Asked, { home, case: ref }: StepContext) {
  const live = liveCaseOf(ref);
  if (!isRelease(asked)) {
    return { gate: Gate.parse(await home.cases.gate(live.caseId)), lines: [] };
  }
  const { gate, reason } = (await home.cases.releases.asking(live)) ?? {};
  const why = reason ? `: ${readable(reason, 300)}` : '';
  return { gate: Gate.parse(gate), lines: [`${who.manual}: to release the case${why}`] };
}

/**
 * Whether what was asked before is this question: a case that was contained with people's word is asked
 * about anew when it is released, and each release by itself.
 */
export const isOfThis = (known: Approval, asked: Asked, { caseId }: CaseRef): boolean =>
  known.playbook === asked.playbook && (!isRelease(asked) || isAskedIn(known, caseId));

/** Who asks for it, because of what. The words are a stranger's, or a person's reason. */
export function inALine(
  { source, type, severity, id, title }: Finding,
  parent: string | null,
): string {
  const said = `${readable(type, 120)}, severity ${severity}, ${readable(id, 80)}`;
  const why = title ? `: ${readable(title, 300)}` : '';
  return `${source === 'manual' && parent ? `the playbook of ${parent}` : who[source]}: ${said}${why}`;
}

const who: Readonly<Record<Finding['source'], string>> = {
  guardduty: 'GuardDuty',
  'security-hub': 'a person, from Security Hub',
  manual: 'a person, by hand',
};
