import { scopeOf } from '../open-case/escalation.ts';
import { type Opening, planned } from '../open-case/opening.ts';
import type { Approval } from '../shared/approval.ts';
import type { Gate } from '../shared/case-record.ts';
import { asksForUnits, gateOf, limitsOf } from '../shared/guard-rails.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import { isContainment, type PlaybookName, policyOf } from '../shared/playbooks.ts';
import type { StepContext } from '../shared/step.ts';
import { leave } from './leave.ts';

interface Asked {
  readonly playbook: PlaybookName;
  readonly opening: Opening;
  readonly answer: { readonly outcome: string };
}

/** A plan that comes out otherwise each time is no plan that people can agree to. */
const mostRounds = 6;

/** How a case goes on after people were asked about it. */
export async function settle(asked: Asked, context: StepContext): Promise<Opening> {
  const { home } = context;
  const live = liveCaseOf(context.case);
  const known = await home.cases.approvals.of(live.caseId);
  // What people said of the release of a case is no word on the case.
  const approval = known?.playbook === asked.playbook ? known : undefined;
  const isSuperseded = asked.answer.outcome === 'superseded';
  if (!approval) {
    return isSuperseded
      ? planAgain(asked, context)
      : leave(asked.opening, { approval, outcome: 'unanswered' }, context);
  }
  switch (approval.status) {
    case 'approved':
      return rehearseAgain(asked, 'approved', context);
    case 'confirmed':
      await home.cases.setGate(live, null);
      return act(asked, 'confirmed', context);
    case 'denied':
      return leave(asked.opening, { approval, outcome: 'denied' }, context);
    case 'asked':
      // Something graver came before people were asked; or they were, and did not answer.
      return isSuperseded ? planAgain(asked, context) : unanswered(asked, approval, context);
    case 'superseded':
      return planAgain(asked, context);
    case 'unanswered':
      return unanswered(asked, approval, context);
  }
}

/** Silence means what the configuration says, and never lets a case past a limit. */
async function unanswered(
  asked: Asked,
  approval: Approval,
  context: StepContext,
): Promise<Opening> {
  const { home, settings } = context;
  const live = liveCaseOf(context.case);
  const settled =
    approval.status === 'unanswered'
      ? approval
      : await home.cases.approvals.settle(approval, 'unanswered');
  // Somebody has answered at the last moment: that counts.
  if (!settled) return settle(asked, context);

  const isLimited = approval.because.some((one) => one.startsWith('limit'));
  const goesAhead = settings.approval.whenTimeRunsOut === 'act' && isContainment(asked.playbook);
  if (goesAhead && !isLimited) {
    const limits = limitsOf(settings, { account: live.account, playbook: asked.playbook });
    if (!(await home.cases.setGate(live, null, limits))) return act(asked, 'unanswered', context);
  }
  return leave(asked.opening, { approval, outcome: 'unanswered' }, context);
}

/** From here on the case itself is worked, live. */
function act({ opening }: Asked, reason: Opening['reason'], context: StepContext): Opening {
  const { name } = opening.alongside;
  return {
    ...opening,
    outcome: 'opened',
    reason,
    mode: 'live',
    ref: liveCaseOf(context.case),
    approval: { ...opening.approval, needed: 'no' },
    // The plan has started a dry run by the other name.
    alongside: { ...opening.alongside, name: name && `${name}-live` },
  };
}

/** The same plan once more, under an id of its own. */
async function rehearseAgain(
  { opening }: Pick<Asked, 'opening'>,
  reason: Opening['reason'],
  context: StepContext,
  { gate, severity = opening.approval.severity }: { gate?: Gate; severity?: number } = {},
): Promise<Opening> {
  const { because } = opening.approval;
  const round = opening.approval.round + 1;
  const live = liveCaseOf(context.case);
  if (round > mostRounds) {
    const approval = await context.home.cases.approvals.of(live.caseId);
    return leave(opening, { approval, outcome: 'unanswered' }, context);
  }
  await context.home.cases.forgetPlan(context.case);
  const name = opening.alongside.name?.replace(/-\d+$/, '');
  return {
    ...opening,
    ...planned(live, gate ?? { because, people: 1 }, { round, severity }),
    alongside: { ...opening.alongside, name: name ? `${name}-${round}` : null },
    reason,
  };
}

/**
 * Judges anew whether people must be asked, by all that was found until now. What contains nothing
 * gives way instead: the finding that came for its target is answered first.
 */
async function planAgain(asked: Asked, context: StepContext): Promise<Opening> {
  const { playbook, opening } = asked;
  const { home, settings } = context;
  const live = liveCaseOf(context.case);
  if (!isContainment(playbook)) {
    const approval = await home.cases.approvals.of(live.caseId);
    return leave(opening, { approval, outcome: 'gave-way' }, context);
  }
  const found = await home.cases.asking(live);
  const gate = await judgedAnew(asked, found, context);
  const { principal } = opening;
  const severity = Math.max(...found.map(({ finding }) => finding.severity));
  const gravest = found.find(({ finding }) => finding.severity === severity)?.finding;
  const scope =
    gravest && principal.kind !== 'none'
      ? scopeOf(gravest, { ...principal, kind: principal.kind })
      : opening.scope;
  const limits = limitsOf(settings, { account: live.account, playbook });
  const next = await home.cases.setGate(live, gate, limits);
  const again = { ...asked, opening: { ...opening, scope } };
  return next
    ? rehearseAgain(again, 'superseded', context, { gate: next, severity })
    : act(again, 'superseded', context);
}

/** Why people must be asked, by all that was found until now; null where they need not be. */
async function judgedAnew(
  { playbook, opening }: Asked,
  found: Awaited<ReturnType<StepContext['home']['cases']['asking']>>,
  { home, settings, case: plan }: StepContext,
): Promise<Gate | null> {
  const live = liveCaseOf(plan);
  const parent = (await home.cases.opened(live.caseId))?.parent ?? undefined;
  const { principal } = opening;
  return gateOf(settings, {
    playbook,
    account: live.account,
    units: asksForUnits(settings) ? await home.unitsOf(live.account) : undefined,
    names: [
      live.target,
      opening.instanceId,
      principal.userName,
      principal.roleName,
      principal.accessKeyId,
    ],
    findings: found.map(({ finding, asks }) => ({
      severity: finding.severity,
      asks,
      policyAsks: policyOf(settings, playbook, { finding, parent }) === 'approve',
    })),
  });
}
