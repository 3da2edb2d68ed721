import { AccountState } from '../account/state.ts';

/** Where a storm breaks out. */
const place = { vpcId: 'vpc-05700000000000001', subnetId: 'subnet-05700000000000001' };
const own = { accountId: '111122223333', region: 'eu-west-1' };

/** What GuardDuty calls them, and how many of each hundred findings of a storm are so severe. */
const severities = [
  { severity: 9.1, ofAHundred: 5 },
  { severity: 8, ofAHundred: 25 },
  { severity: 5, ofAHundred: 70 },
] as const;

const id = (prefix: string, n: number) => `${prefix}-057${n.toString(16).padStart(14, '0')}`;

/** One compromised instance of a storm. */
export interface Hit {
  readonly instanceId: string;
  readonly networkInterfaceIds: readonly string[];
  readonly severity: number;
  /** As EventBridge hands it on. */
  readonly event: object;
}

/** The instances that are hit at once, each by one finding, in no order of severity. */
export function hits(count: number, interfaces: number): readonly Hit[] {
  return Array.from({ length: count }, (_, n) => {
    // 37 and 100 have no divisor in common: each hundred has every remainder once.
    const severity = severityOf((n * 37) % 100);
    const instanceId = id('i', n);
    const networkInterfaceIds = Array.from({ length: interfaces }, (_, k) =>
      id('eni', n * interfaces + k),
    );
    return {
      instanceId,
      networkInterfaceIds,
      severity,
      event: eventOf(n, severity, { instanceId, networkInterfaceIds }),
    };
  });
}

function severityOf(percentile: number): number {
  let below = 0;
  for (const { severity, ofAHundred } of severities) {
    below += ofAHundred;
    if (percentile < below) return severity;
  }
  return severities[0].severity;
}

const eventOf = (
  n: number,
  severity: number,
  { instanceId, networkInterfaceIds }: Pick<Hit, 'instanceId' | 'networkInterfaceIds'>,
) => ({
  version: '0',
  id: `05700000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
  source: 'aws.guardduty',
  'detail-type': 'GuardDuty Finding',
  account: own.accountId,
  region: own.region,
  time: '2026-03-01T04:05:06Z',
  resources: [],
  detail: {
    accountId: own.accountId,
    region: own.region,
    id: `057${n.toString(16).padStart(29, '0')}`,
    type: 'Backdoor:EC2/C&CActivity.B',
    severity,
    updatedAt: '2026-03-01T04:05:06.000Z',
    resource: {
      resourceType: 'Instance',
      instanceDetails: {
        instanceId,
        networkInterfaces: networkInterfaceIds.map((networkInterfaceId) => ({
          networkInterfaceId,
          ...place,
        })),
      },
    },
    service: { resourceRole: 'ACTOR', archived: false, count: 1 },
  },
});

/** The account before the storm: every instance with a volume, all in one VPC. */
export function accountOf(all: readonly Hit[], group: 'ready' | 'missing'): AccountState {
  const { vpcId, subnetId } = place;
  const web = { groupId: 'sg-05700000000000001', groupName: 'web', vpcId };
  const prepared = { groupId: 'sg-05700000000000002', groupName: 'cordon-no-rules', vpcId };
  return AccountState.parse({
    ...own,
    vpcs: [{ vpcId, cidrBlocks: ['10.0.0.0/16'] }],
    subnets: [{ subnetId, vpcId, cidrBlock: '10.0.0.0/16' }],
    securityGroups: group === 'ready' ? [web, prepared] : [web],
    instances: all.map(({ instanceId }, n) => ({
      instanceId,
      blockDevices: [{ deviceName: '/dev/xvda', volumeId: id('vol', n) }],
    })),
    networkInterfaces: all.flatMap(({ instanceId, networkInterfaceIds }, n) =>
      networkInterfaceIds.map((networkInterfaceId, k) => ({
        networkInterfaceId,
        subnetId,
        groups: [web.groupId],
        privateIpAddresses: [address(n * networkInterfaceIds.length + k)],
        attachment: { instanceId, deviceIndex: k },
      })),
    ),
  });
}

const address = (n: number) => `10.0.${Math.floor(n / 250)}.${(n % 250) + 4}`;
