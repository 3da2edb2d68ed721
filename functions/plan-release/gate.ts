import type { Gate } from '../shared/case-record.ts';
import { asksForUnits, gateOf } from '../shared/guard-rails.ts';
import { roleArn, userArn } from '../shared/held-principal.ts';
import type { AccountId } from '../shared/ids.ts';
import type { Policy } from '../shared/playbooks.ts';
import { heldTo, keyOf } from '../shared/recorded-change.ts';
import type { RecordedChange, Releasable } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';

interface About {
  readonly found: Releasable;
  readonly recorded: readonly RecordedChange[];
  readonly policy: Policy;
}

/** Why people are asked before a case is released, and how grave what was found is. */
interface Gated {
  readonly gate: Gate | null;
  readonly severity: number;
}

/**
 * Whether people must be asked before anything is given back. No hourly limit is asked: giving back is
 * no containment. The case's findings are read only where something may hold whatever they are.
 */
export async function gateAt(about: About, context: StepContext): Promise<Gated | 'unreadable'> {
  const { home, settings } = context;
  const { caseId, ref } = about.found;
  const units = await unitsAt(ref.account, context);
  if (units === 'unreadable') return units;
  const policyAsks = about.policy === 'approve';
  const judge = (severities: readonly number[]) =>
    gateOf(settings, {
      playbook: 'release',
      account: ref.account,
      units,
      names: namesIn(about),
      findings: severities.map((severity) => ({ severity, asks: false, policyAsks })),
    });
  // Every rule by severity holds for one so slight.
  if (!judge([Number.NEGATIVE_INFINITY])) return { gate: null, severity: 0 };

  const severities = (await home.cases.asking({ caseId })).map(({ finding }) => finding.severity);
  // Without a finding nothing could be said of severity, nor would the policy be asked.
  if (severities.length === 0) return 'unreadable';
  return { gate: judge(severities), severity: Math.max(...severities) };
}

async function unitsAt(account: AccountId, { home, settings }: StepContext) {
  try {
    return asksForUnits(settings) ? await home.unitsOf(account) : undefined;
  } catch {
    // Whatever it is: a guard that cannot be read stops the release, and a human is told.
    return 'unreadable';
  }
}

/** Everybody whom the case changed, and its target, in every way that is known. */
function namesIn({ found: { ref }, recorded }: About): string[] {
  const changed = recorded.flatMap((change) => {
    const { userName, roleName } = heldTo(change, ref);
    return [
      ...(userName ? [userName, userArn(ref, userName)] : []),
      ...(roleName ? [roleName, roleArn(ref, roleName)] : []),
      keyOf(change),
    ];
  });
  return [ref.target, ref.target.split('/').at(-1), ...changed].flatMap((name) => name ?? []);
}
