import { AccountState } from './account/state.ts';
import type { Case } from './read-case.ts';
import { rehearsalSettings } from './rehearsal-settings.ts';
import type { Goal } from './time-to-cut.ts';

/** A way to the cut, with the most serial calls and states it may take where that is promised. */
export interface Road {
  readonly name: string;
  readonly case: Case;
  readonly goal: Goal;
  readonly most: { readonly serialCalls?: number; readonly states?: number };
}

const place = { vpcId: 'vpc-0be0be0be0be0be0b', subnetId: 'subnet-0be0be0be0be0be0b' };
const instanceId = 'i-0be0be0be0be0be0b';
const networkInterfaceId = 'eni-0be0be0be0be0be0b';

/** Every network interface has been put into the group without rules. */
const isolated: Goal = {
  by: 'ec2:ModifyNetworkInterfaceAttribute',
  watch: () => (call, input) =>
    call === 'ec2:ModifyNetworkInterfaceAttribute' && 'NetworkInterfaceId' in input
      ? String(input.NetworkInterfaceId)
      : undefined,
};

/** The key was read back as inactive. */
const keyInactive: Goal = {
  by: 'iam:UpdateAccessKey',
  watch: () => {
    let updated = false;
    return (call) => {
      updated ||= call === 'iam:UpdateAccessKey';
      return updated && call === 'iam:ListAccessKeys' ? 'read back' : undefined;
    };
  },
};

/** IAM has been told to deny the session; it takes effect some time after. */
const sessionDenied: Goal = {
  by: 'iam:PutRolePolicy',
  watch: () => (call) => (call === 'iam:PutRolePolicy' ? 'set' : undefined),
};

const accessKeyId = 'AKIABENCHBENCHBENCH0';
const sessionKeyId = 'ASIABENCHBENCHBENCH0';

/** A user with a leaked key and a healthy one, and a role that somebody's session is of. */
const accountWithPrincipals = AccountState.parse({
  iam: {
    users: [
      {
        userName: 'ci',
        accessKeys: [{ accessKeyId }, { accessKeyId: 'AKIABENCHBENCHBENCH1' }],
      },
    ],
    roles: [{ roleName: 'deploy', roleId: 'AROABENCHBENCHBENCH0' }],
  },
});

/** One instance with one interface and one volume; no agent, no group, nothing else to do. */
const accountWith = (group: 'ready' | 'missing') => {
  const { vpcId, subnetId } = place;
  const before = { groupId: 'sg-0be0be0be0be0be01', groupName: 'web', vpcId };
  const prepared = { groupId: 'sg-0be0be0be0be0be02', groupName: 'cordon-no-rules', vpcId };
  const blockDevices = [{ deviceName: '/dev/xvda', volumeId: 'vol-0be0be0be0be0be0b' }];
  return AccountState.parse({
    vpcs: [{ vpcId }],
    subnets: [{ subnetId, vpcId }],
    securityGroups: group === 'ready' ? [before, prepared] : [before],
    networkInterfaces: [
      {
        networkInterfaceId,
        subnetId,
        groups: [before.groupId],
        privateIpAddresses: ['10.0.1.5'],
        attachment: { instanceId },
      },
    ],
    instances: [{ instanceId, blockDevices }],
  });
};

const finding = {
  accountId: '111122223333',
  region: 'eu-west-1',
  id: 'be0be0be0be0be0be0be0be0be0be0be',
  type: 'Backdoor:EC2/C&CActivity.B',
  severity: 8,
  updatedAt: '2026-03-01T04:05:06.000Z',
  resource: {
    resourceType: 'Instance',
    instanceDetails: { instanceId, networkInterfaces: [{ networkInterfaceId, ...place }] },
  },
  service: { resourceRole: 'TARGET', archived: false, count: 1 },
};

const used = (accessKeyDetails: object) => ({
  ...finding,
  type: 'UnauthorizedAccess:IAMUser/TorIPCaller',
  resource: { resourceType: 'AccessKey', accessKeyDetails },
});

const principalRoad = (name: string, value: object, goal: Goal, most: Road['most']): Road => ({
  name,
  goal,
  most,
  case: {
    source: name,
    documents: [{ file: name, value }],
    account: accountWithPrincipals,
    settings: rehearsalSettings(),
  },
});

const byFinding = (priority: string) => ({ priority, event: finding });
const byHand = (priority: string) => ({ instanceId, priority });

function road(name: string, value: object, group: 'ready' | 'missing', most: Road['most']): Road {
  return {
    name: `${name}, group ${group}`,
    goal: isolated,
    case: {
      source: name,
      documents: [{ file: name, value }],
      account: accountWith(group),
      settings: rehearsalSettings(),
    },
    most,
  };
}

const { regions } = AccountState.parse({});
const regionOf = (n: number) => (n % 2 === 0 ? 'us-east-1' : regions[n % regions.length]);
const tracedRegions = Array.from({ length: 10_000 }, (_, n) => regionOf(n));

/**
 * A key with 10,000 events, over half of them in one Region. CloudTrail gives 50 a page and answers
 * two requests a second in each Region, so the busiest Region's pages halved is the least time.
 */
export const longTrace = {
  leastSeconds: Math.ceil(tracedRegions.filter((of) => of === 'us-east-1').length / 50) / 2,
  case: {
    source: 'a key with 10,000 events',
    documents: [{ file: 'a key with 10,000 events', value: { accessKeyId } }],
    account: AccountState.parse({
      iam: { users: [{ userName: 'ci', accessKeys: [{ accessKeyId }] }] },
      cloudTrail: {
        events: tracedRegions.map((region) => ({
          eventName: 'DescribeInstances',
          // Before the time that a start by hand is replayed at.
          eventTime: '2025-12-31T00:00:00.000Z',
          region,
          accessKeyId,
        })),
      },
    }),
    settings: rehearsalSettings(),
  } satisfies Case,
};

/**
 * The roads whose length is promised. The lock is taken, the group's rules are read and the state
 * before is on record on each of them; a start by hand that names no VPC must look for it first.
 * Evidence-first is promised with the group ready alone: what making it costs is shown.
 */
export const roads: readonly Road[] = [
  road('containment-first', byFinding('containment-first'), 'ready', { serialCalls: 4, states: 4 }),
  road('containment-first', byFinding('containment-first'), 'missing', {
    serialCalls: 7,
    states: 4,
  }),
  road('by hand, containment-first', byHand('containment-first'), 'ready', {
    serialCalls: 5,
    states: 4,
  }),
  road('by hand, containment-first', byHand('containment-first'), 'missing', {
    serialCalls: 8,
    states: 4,
  }),
  road('evidence-first, no agent', byFinding('evidence-first'), 'ready', { serialCalls: 9 }),
  road('evidence-first, no agent', byFinding('evidence-first'), 'missing', {}),
  principalRoad(
    'leaked key, read back inactive',
    used({ accessKeyId, userName: 'ci', userType: 'IAMUser', principalId: 'AIDABENCHBENCHBENCH0' }),
    keyInactive,
    { serialCalls: 4 },
  ),
  principalRoad('leaked key, only its id known', { accessKeyId }, keyInactive, { serialCalls: 5 }),
  principalRoad(
    'stolen session of a role, denied',
    used({
      accessKeyId: sessionKeyId,
      userName: 'deploy',
      userType: 'AssumedRole',
      principalId: 'AROABENCHBENCHBENCH0:ci-7',
    }),
    sessionDenied,
    { serialCalls: 5 },
  ),
];
