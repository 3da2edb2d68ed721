import type { EC2Client } from '@aws-sdk/client-ec2';
import type { StepContext } from '../shared/step.ts';
import { denyIn, type Ruling } from './denial.ts';
import type { Refused } from './sift.ts';

interface Subnets {
  readonly subnetIds: readonly string[];
  /** Those of their network ACLs that are the account's own. */
  readonly acls: readonly {
    readonly networkAclId: string;
    readonly subnetIds: readonly string[];
  }[];
  readonly wanted: readonly string[];
}

/**
 * Denies the wanted addresses in each network ACL. A subnet that another account shares with this
 * one has a network ACL that only its owner can change.
 */
export async function denyInEverySubnet(
  ec2: EC2Client,
  { subnetIds, acls, wanted }: Subnets,
  context: StepContext,
) {
  const settled = await Promise.allSettled(
    acls.map(({ networkAclId }) => denyIn(ec2, networkAclId, wanted, context)),
  );
  const rulings = settled.flatMap((one) => {
    // Thrown only now: a network ACL that cannot be changed must not keep the others from it.
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  const guarded = new Set(acls.flatMap((acl) => acl.subnetIds));
  const foreign = subnetIds.every((subnetId) => guarded.has(subnetId)) ? [] : wanted;
  return summarise(wanted, [
    ...rulings,
    ...foreign.map((address): Ruling => ({ address, verdict: 'not-owner' })),
  ]);
}

const done = ({ verdict }: Ruling) => verdict === 'denied' || verdict === 'already-denied';

/** One word for all addresses, directions and network ACLs, with what was denied and what was not. */
function summarise(wanted: readonly string[], rulings: readonly Ruling[]) {
  const missed = rulings.filter((ruling) => !done(ruling));
  const denied = wanted.filter(
    (address) =>
      rulings.some((ruling) => ruling.address === address && done(ruling)) &&
      !missed.some((ruling) => ruling.address === address && ruling.verdict !== 'not-owner'),
  );
  return { outcome: outcomeOf(wanted, rulings, missed), denied, missed: reasonsOf(missed) };
}

function outcomeOf(
  wanted: readonly string[],
  rulings: readonly Ruling[],
  missed: readonly Ruling[],
): Ruling['verdict'] | 'nothing-to-deny' | 'partly-denied' {
  if (wanted.length === 0) return 'nothing-to-deny';
  if (missed.length === 0) {
    return rulings.some(({ verdict }) => verdict === 'denied') ? 'denied' : 'already-denied';
  }
  if (missed.length < rulings.length) return 'partly-denied';
  const reasons = ['acl-full', 'no-number-free'] as const;
  return reasons.find((reason) => missed.some(({ verdict }) => verdict === reason)) ?? 'not-owner';
}

/** Each reason once per address, though both directions and several network ACLs may give it. */
function reasonsOf(missed: readonly Ruling[]): Refused[] {
  const once = new Map(
    missed.map(({ address, verdict }) => [`${address} ${verdict}`, { address, reason: verdict }]),
  );
  return [...once.values()];
}
