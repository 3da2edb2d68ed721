import { type Approval, signClaim, untilOf, whyOf } from '../shared/approval.ts';
import type { CaseRef } from '../shared/case-record.ts';
import { isContainment } from '../shared/playbooks.ts';
import type { StepContext } from '../shared/step.ts';

/** A message must be read on a phone; the page shows the plan whole. */
const mostLines = 25;

interface Around {
  readonly before: Approval | undefined;
  readonly live: CaseRef;
}

/**
 * Tells everyone that people are asked, and each approver with the link that is theirs alone. The
 * link is never in what everyone gets: it says who answers.
 */
export async function tellApprovers(
  approval: Approval,
  around: Around,
  { home, settings }: StepContext,
): Promise<void> {
  const { target, approvers, playbook } = approval;
  const text = textOf(approval, around, silenceOf(playbook, settings));
  const title = `Approval needed by ${untilOf(approval)}: ${target}`;
  const keywords = ['cordon', 'approval'];
  const command = `Answer with \`npm run approve -- ${approval.caseId}\`, or add \`--deny\`.`;
  await home.notify({ title, text: `${text}\n\n${command}`, keywords });
  if (!home.approvalPage) return;
  for (const approver of approvers) {
    if (!approver.email) continue;
    const url = new URL(home.approvalPage);
    url.searchParams.set('link', signClaim(approval, approver));
    await home.notify({
      title,
      text: `${approver.name}, read the plan and decide, here: ${url}\n\nThis link is yours alone: do not pass it on.\n\n${text}\n\n${command}`,
      keywords,
      audience: approver.name,
    });
  }
}

function textOf(
  approval: Approval,
  { before, live }: Around,
  silence: keyof typeof inWords,
): string {
  const { playbook, plan, failed, because, people, findings, caseId, execution } = approval;
  const isChanged = before && before.planHash !== approval.planHash && before.decisions.length > 0;
  const shown = plan.slice(0, mostLines);
  const more = plan.length - shown.length;
  return [
    `Case ${caseId}, ${playbook} on ${live.target}. Nothing has been changed yet.`,
    `Execution ${execution}.`,
    ...(isChanged ? ['*What was agreed to is void: the plan has changed since.*'] : []),
    ...(people === 2 ? ['Two different people must agree.'] : []),
    `Until ${untilOf(approval)}; without an answer ${inWords[silence]}.`,
    '',
    '*Why people are asked*',
    ...because.map((one) => `• ${whyOf(one)}`),
    '',
    '*Who asks, because of what*',
    ...findings.map((line) => `• \`${quoted(line)}\``),
    '',
    `*What would be done: ${plan.length} calls*`,
    ...shown.map((line) => `• \`${quoted(line)}\``),
    ...(more > 0 ? [`and ${more} more: the page shows them all`] : []),
    ...failed.map((step) => `• ${step} could not be rehearsed: what it would do is not known`),
  ].join('\n');
}

/** What no answer means: a word of the configuration, but where a playbook contains nothing. */
function silenceOf(playbook: string, { approval }: StepContext['settings']): keyof typeof inWords {
  if (isContainment(playbook)) return approval.whenTimeRunsOut;
  return playbook === 'release' ? 'nothing-released' : 'deny';
}

const inWords = {
  deny: 'nothing is done and the case is left to a human',
  act: 'containment goes ahead, as far as the hourly limits let it',
  'nothing-released': 'nothing is released and the case stays as it is',
} as const;

/** Fit to stand as code in markup. */
const quoted = (line: string): string => line.replaceAll('`', 'ˋ');
