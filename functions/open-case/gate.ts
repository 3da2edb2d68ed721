import type { Gate } from '../shared/case-record.ts';
import { asksForUnits, gateOf, type Judged } from '../shared/guard-rails.ts';
import type { UserName } from '../shared/ids.ts';
import type { lock } from '../shared/lock.ts';
import type { parseRequest } from '../shared/parse-finding.ts';
import { isContainment, type Policy } from '../shared/playbooks.ts';
import type { StepContext } from '../shared/step.ts';
import { type Opening, planned } from './opening.ts';
import type { Target } from './target.ts';

/** What is asked of a live case. */
interface Asked {
  readonly asked: ReturnType<typeof parseRequest>;
  readonly playbook: string;
  readonly policy: Policy;
  readonly found: Target;
  /** The user whom IAM says a key is of. */
  readonly owner?: UserName | null;
}

type Locked = Awaited<ReturnType<typeof lock>>;

/**
 * Whether people must be asked before this case acts. AWS Organizations is asked only where a rule
 * names organisational units: on the road to the cut, since who may be cut off depends on it.
 */
export async function gateAt(
  about: Asked,
  { home, settings }: StepContext,
): Promise<Gate | null | 'unreadable'> {
  const { account } = about.asked.finding;
  try {
    const units = asksForUnits(settings) ? await home.unitsOf(account) : undefined;
    return gateOf(settings, judgedOf(about, units));
  } catch {
    // Whatever it is: a guard that cannot be read stops the action, and a human is told.
    return 'unreadable';
  }
}

/**
 * Asks again once IAM has said whose a key is: the rules may name the owner. What is no containment
 * takes over no leave to act with a stopped case: people may have given it to another playbook.
 */
export async function gatedAgain(
  locked: Locked,
  about: Asked,
  context: StepContext,
): Promise<Locked> {
  if (locked.outcome !== 'opened' || locked.ref.mode !== 'live') return locked;
  const named = context.settings.approval.rules.some(({ targets }) => targets);
  if (isContainment(about.playbook) && (!named || !about.owner)) return locked;
  const gate = await gateAt(about, context);
  if (gate === 'unreadable') throw new Error('the approval rules could not be read');
  const { because = [], people = 1 } = locked.gate ?? {};
  const both = [...new Set([...because, ...(gate?.because ?? [])])];
  if (!gate || both.length === because.length) return locked;
  const whole: Gate = { because: both, people: gate.people === 2 ? 2 : people };
  return { ...locked, gate: await context.home.cases.setGate(locked.ref, whole) };
}

/** What a workflow goes on with: the case itself, or its plan where it waits for people. */
export function waiting(plan: Omit<Opening, keyof Locked>, locked: Locked): Opening {
  const { gate, ...rest } = locked;
  const opening = { ...plan, ...rest };
  if (!gate || !locked.ref) return opening;
  const { severity } = plan.approval;
  return { ...opening, ...planned(locked.ref, gate, { round: 1, severity }) };
}

function judgedOf(
  { asked, playbook, policy, found, owner = null }: Asked,
  units: Judged['units'],
): Judged {
  const { account, severity } = asked.finding;
  const { arn, instanceId, principal } = found;
  const { userName = null, roleName = null, accessKeyId = null } = principal ?? {};
  return {
    playbook,
    account,
    units,
    names: [arn, instanceId, userName, roleName, accessKeyId, owner],
    findings: [{ severity, asks: asked.approval === 'required', policyAsks: policy === 'approve' }],
  };
}
