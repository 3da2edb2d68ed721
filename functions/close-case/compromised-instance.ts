import { SnapshotLock } from '../shared/snapshot-lock.ts';
import type { Came, Judge } from './verdict.ts';

/** How the outcomes of `compromised-instance` are judged. */
export const compromisedInstance: Judge = {
  gone: { action: 'isolation', outcomes: ['instance-gone'] },
  actions: {
    isolation: {
      label: 'Isolate instance',
      kind: 'containment',
      well: ['isolated', 'already-isolated', 'instance-gone'],
      byHand: (id) =>
        `aws ec2 describe-network-interfaces --filters Name=attachment.instance-id,Values=${id}, then for each: aws ec2 modify-network-interface-attribute --network-interface-id ENI --groups GROUP_WITHOUT_RULES`,
    },
    protection: {
      label: 'Protect instance',
      kind: 'containment',
      well: ['protected', 'already-protected', 'partly-protected', 'instance-gone'],
      byHand: (id) =>
        `aws ec2 modify-instance-attribute --instance-id ${id} --disable-api-termination; the same with --disable-api-stop, and with --instance-initiated-shutdown-behavior stop`,
    },
    scaling: {
      label: 'Detach from Auto Scaling',
      kind: 'containment',
      well: ['detached', 'not-in-group', 'left-in-standby', 'instance-gone'],
      byHand: (id, { group }) =>
        `aws autoscaling detach-instances --instance-ids ${id} --auto-scaling-group-name ${typeof group === 'string' ? group : 'GROUP'} --no-should-decrement-desired-capacity`,
    },
    loadBalancers: {
      label: 'Deregister from load balancers',
      kind: 'containment',
      well: ['deregistered', 'not-registered', 'instance-gone'],
      byHand: (id) =>
        `aws elbv2 deregister-targets --target-group-arn TARGET_GROUP --targets Id=${id},Port=PORT`,
    },
    addresses: {
      label: 'Deny remote addresses',
      kind: 'containment',
      well: ['off', 'nothing-to-deny', 'denied', 'already-denied', 'instance-gone'],
      byHand: () =>
        'aws ec2 create-network-acl-entry --network-acl-id ACL --rule-number N --protocol -1 --rule-action deny --cidr-block ADDRESS/32 --egress; the same with --ingress',
    },
    memory: {
      label: 'Capture memory',
      kind: 'evidence',
      well: ['kept'],
      // An isolated instance has no way to its memory left.
      byHand: () => undefined,
    },
    snapshots: {
      label: 'Snapshot volumes',
      kind: 'evidence',
      well: ['snapshotted', 'already-snapshotted', 'no-volumes'],
      byHand: (id, { query }) =>
        typeof query === 'string'
          ? query
          : `aws ec2 create-snapshots --instance-specification InstanceId=${id} --copy-tags-from-source volume`,
    },
    instance: {
      label: 'Inspect instance',
      kind: 'evidence',
      well: ['inspected'],
      byHand: (id, { outcome }) =>
        outcome === 'failed' ? `aws ec2 describe-instances --instance-ids ${id}` : undefined,
    },
  },
  notCut,
  next: ({ instance, memory, snapshots }) => [
    ...missingOf(instance),
    ...notLocked(memory),
    ...notLocked(snapshots),
  ],
};

/**
 * What isolation by security group leaves open:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
function notCut(outcomes: Readonly<Record<string, Came>>): string[] {
  const denied = countOf(outcomes.addresses, 'addresses');
  const skipped = countOf(outcomes.isolation, 'skipped');
  return [
    denied > 0
      ? `connections that were open before the cut, but for ${denied} denied addresses: tracked flows last until idle`
      : 'connections that were open before the cut: tracked flows last until idle',
    'DNS queries to the Route 53 Resolver, which security groups do not filter',
    ...(skipped > 0
      ? [`${skipped} network interfaces that AWS manages and nobody else can change`]
      : []),
  ];
}

/** What an inspection says that it could not read or keep. */
function missingOf(came: Came | undefined): string[] {
  const [one] = [came ?? []].flat();
  const lines = Array.isArray(one?.missing) ? one.missing : [];
  return lines.map((line) => `Inspect instance: ${String(line)}`);
}

/** That a snapshot could not be locked, and how a person locks it. */
function notLocked(came: Came | undefined): string[] {
  const [one] = [came ?? []].flat();
  const { data } = SnapshotLock.safeParse(one?.lock);
  if (data?.outcome !== 'not-locked') return [];
  return [
    `Lock snapshots: not locked (${data.reason}). By hand: aws ec2 lock-snapshot --snapshot-id SNAPSHOT --lock-mode governance --lock-duration DAYS`,
  ];
}

/** How long a list in an action's outcome is. */
function countOf(came: Came | undefined, field: string): number {
  const [one] = [came ?? []].flat();
  const list = one?.[field];
  return Array.isArray(list) ? list.length : 0;
}
