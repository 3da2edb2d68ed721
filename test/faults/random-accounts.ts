import fc from 'fast-check';
import { AccountState } from '../../replay/account/state.ts';
import { faultOf } from '../../replay/faults/faults.ts';
import type { Plan } from '../../replay/faults/interference.ts';
import type { Case } from '../../replay/read-case.ts';
import { rehearsalSettings } from '../../replay/rehearsal-settings.ts';

const instanceId = 'i-0abcabcabcabcabc1';
const id = (prefix: string, n: number) => `${prefix}-0${String(n).padStart(16, 'a')}`;

const rule = fc.record({
  isEgress: fc.boolean(),
  ipProtocol: fc.constantFrom('-1', 'tcp', 'udp'),
  fromPort: fc.constantFrom(22, 443),
  toPort: fc.constantFrom(443, 8443),
  cidrIpv4: fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '203.0.113.7/32'),
});

const shape = fc.record({
  groups: fc.array(fc.array(rule, { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  /** For each interface, which of the groups it carries. */
  interfaces: fc.array(fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  }),
  volumes: fc.array(fc.boolean(), { maxLength: 3 }),
  groupThere: fc.boolean(),
  scaled: fc.boolean(),
  balanced: fc.boolean(),
  protectedAlready: fc.boolean(),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** A case on an instance that is started by hand, in an account made at random. */
export const randomCase: fc.Arbitrary<Case> = shape.map((of) => ({
  source: 'made up',
  documents: [{ file: 'made up', value: { instanceId, mode: 'live' } }],
  settings: rehearsalSettings(),
  account: AccountState.parse(accountOf(of)),
}));

function accountOf(of: Shape): object {
  const groups = of.groups.map((_, n) => id('sg', n + 1));
  const targetGroup =
    'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/made-up/0123456789abcdef';
  return {
    accountId: '111122223333',
    region: 'eu-west-1',
    vpcs: [{ vpcId: id('vpc', 1) }],
    subnets: [{ subnetId: id('subnet', 1), vpcId: id('vpc', 1), availabilityZone: 'eu-west-1a' }],
    securityGroups: [
      ...of.groups.map((rules, n) => ({
        groupId: groups[n],
        groupName: `made-up-${n}`,
        vpcId: id('vpc', 1),
        rules: rules.map((one, r) => ({ ...one, ruleId: id('sgr', 10 * (n + 1) + r) })),
      })),
      ...(of.groupThere
        ? [{ groupId: id('sg', 9), groupName: 'cordon-no-rules', vpcId: id('vpc', 1), rules: [] }]
        : []),
    ],
    networkInterfaces: of.interfaces.map((carried, n) => ({
      networkInterfaceId: id('eni', n + 1),
      subnetId: id('subnet', 1),
      groups: [...new Set(carried.map((one) => groups[one % groups.length]))],
      privateIpAddresses: [`10.0.0.${n + 10}`],
      attachment: { instanceId, deviceIndex: n },
    })),
    instances: [
      {
        instanceId,
        instanceType: 't3.medium',
        disableApiTermination: of.protectedAlready,
        blockDevices: of.volumes.map((deleteOnTermination, n) => ({
          deviceName: `/dev/sd${'bcd'[n]}`,
          volumeId: id('vol', n + 1),
          deleteOnTermination,
        })),
      },
    ],
    volumes: of.volumes.map((_, n) => ({ volumeId: id('vol', n + 1) })),
    autoScalingGroups: of.scaled
      ? [{ name: 'made-up', instances: [{ instanceId, lifecycleState: 'InService' }] }]
      : [],
    targetGroups: of.balanced
      ? [
          {
            arn: targetGroup,
            name: 'made-up',
            vpcId: id('vpc', 1),
            targets: [{ id: instanceId, port: 443 }],
          },
        ]
      : [],
  };
}

/** Faults that pass, at attempts counted from the first of the run. */
export const randomFaults: fc.Arbitrary<readonly Plan[]> = fc.uniqueArray(
  fc.record({
    place: fc.nat(60),
    fault: fc
      .constantFrom(
        'server-error' as const,
        'timeout-after' as const,
        'lambda-killed' as const,
        'lambda-timed-out' as const,
      )
      .map(faultOf),
  }),
  { selector: ({ place }) => place, minLength: 1, maxLength: 4 },
);
