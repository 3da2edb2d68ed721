import * as z from 'zod';
import type { Approval } from '../shared/approval.ts';
import type { CaseRef, Gate } from '../shared/case-record.ts';
import { toLambda } from '../shared/lambda.ts';
import { liveCaseOf } from '../shared/live-case.ts';
import type { Plan } from '../shared/plan.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { tellApprovers } from './tell-approvers.ts';
import { inALine, isOfThis, isRelease, planIn, whyAsked } from './what-is-asked.ts';

const input = z.strictObject({
  playbook: z.string().min(1),
  /** What people call the target. */
  target: z.string().min(1).max(300),
  /** How long they have to answer. */
  seconds: z.int().min(1),
  /** How often the case has been planned. */
  round: z.int(),
  /** Of the gravest finding that the plan was made for. */
  severity: z.number(),
  /** Secret: whoever has it can answer the workflow. */
  token: z.string().min(1).max(2048),
});
type Input = z.infer<typeof input>;

const output = z.object({
  outcome: z.enum([
    /** People have been asked; the workflow waits for them. */
    'asked',
    /** They agreed to this very plan before, and it was rehearsed again since. */
    'confirmed',
    /** Something graver was found while the plan was made. */
    'superseded',
  ]),
  planHash: z.string(),
});

/** How long what people agreed to may be acted on: a rehearsal takes a minute or two. */
const approvedForSeconds = 3_600;

/**
 * Asks people to agree to what a case would do, as its rehearsal found out, and leaves the workflow
 * waiting for their answer.
 *
 * It changes nothing in the target account. Step Functions does not listen to what it returns: it
 * waits for whoever sends the token, which this step keeps in the case and shows to nobody. Each
 * approver gets a link of their own, by which two people are told from one. A plan that people have
 * agreed to, and that has come out the same again, is not asked about twice; one that came out
 * otherwise is. The target is held for as long as people may take.
 */
export const requestApproval = defineStep({
  name: 'request-approval',
  input,
  output,
  reads: {},
  writes: {},
  uses: ['cases', 'notify', 'answer', 'approvalPage', 'newKey'],
  connect: () => ({}),

  async run(asked, _aws, context) {
    const { case: ref, home } = context;
    const live = liveCaseOf(ref);
    const plan = await planIn(asked, context);
    const known = await home.cases.approvals.of(live.caseId);
    const before = known && isOfThis(known, asked, ref) ? known : undefined;
    const findings = await home.cases.asking(live);
    const gravest = Math.max(...findings.map(({ finding }) => finding.severity));

    if (gravest > asked.severity && before?.rehearsal !== rehearsalOf(ref, asked)) {
      await home.answer(asked.token, { outcome: 'superseded' });
      return { outcome: 'superseded' as const, planHash: plan.hash };
    }
    if (before && isAgreed(before, plan, context)) {
      const confirmed = await home.cases.approvals.settle(before, 'confirmed');
      if (!confirmed) throw new Error(`the approval of ${live.caseId} changed meanwhile`);
      await home.answer(asked.token, { outcome: 'confirmed' });
      return { outcome: 'confirmed' as const, planHash: plan.hash };
    }
    await home.cases.holdFor(ref, asked.seconds + context.settings.lockSeconds);
    const parent = (await home.cases.opened(live.caseId))?.parent ?? null;
    const { gate, lines } = await whyAsked(asked, context);
    const ofFindings = findings.map(({ finding }) => inALine(finding, parent));
    const found = { plan, gravest, findings: [...lines, ...ofFindings], gate };
    const version = (known?.version ?? 0) + 1;
    const approval = ask(asked, { ...found, before, version }, context);
    if ((await home.cases.approvals.put(approval, known)) === 'changed') {
      throw new Error(`the approval of ${live.caseId} changed meanwhile`);
    }
    // From here on whoever adds a finding sees that people are asked; what came before that is seen now.
    if (isRelease(asked) && (await home.cases.releases.hasJoined(live))) {
      await home.cases.approvals.settle(approval, 'superseded');
      await home.answer(asked.token, { outcome: 'superseded' });
      return { outcome: 'superseded' as const, planHash: plan.hash };
    }
    await tellApprovers(approval, { before, live }, context);
    return { outcome: 'asked' as const, planHash: plan.hash };
  },
});

const rehearsalOf = ({ caseId }: CaseRef, { round }: Pick<Input, 'round'>): string =>
  `${caseId} ${round}`;

/** Whether people have agreed to this plan, and not too long ago. */
function isAgreed(before: Approval, plan: Plan, { now }: StepContext): boolean {
  if (!['approved', 'confirmed'].includes(before.status) || before.planHash !== plan.hash) {
    return false;
  }
  const last = before.decisions.at(-1)?.at ?? before.askedAt;
  return now().getTime() - Date.parse(last) <= approvedForSeconds * 1000;
}

interface Found {
  readonly plan: Plan;
  readonly gravest: number;
  readonly findings: readonly string[];
  readonly gate: Gate;
  readonly before: Approval | undefined;
  readonly version: number;
}

/** What is asked. A retry of the same question keeps its links good, and what was answered so far. */
function ask(
  { playbook, target, seconds, token, round }: Input,
  { plan, gravest, findings, gate, before, version }: Found,
  { case: ref, home, now, settings }: StepContext,
): Approval {
  const rehearsal = rehearsalOf(ref, { round });
  const isRetry = before?.status === 'asked' && before.rehearsal === rehearsal;
  if (isRetry && before.planHash === plan.hash) return { ...before, token, version };
  const at = now();
  return {
    caseId: liveCaseOf(ref).caseId,
    rehearsal,
    version,
    status: 'asked',
    planHash: plan.hash,
    plan: [...plan.lines],
    failed: [...plan.failed],
    because: gate.because,
    people: gate.people,
    approvers: settings.approval.approvers,
    playbook,
    target,
    resource: ref.target,
    findings: [...findings],
    execution: ref.execution,
    severity: gravest,
    askedAt: at.toISOString(),
    expires: Math.floor(at.getTime() / 1000) + seconds,
    token,
    key: home.newKey(),
    decisions: [],
  };
}

export const handler = toLambda(requestApproval);
