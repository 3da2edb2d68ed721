import {
  type InstanceId,
  NetworkAclId,
  SecurityGroupId,
  type SubnetId,
  type VpcId,
} from '../../functions/shared/ids.ts';
import { madeUpId } from './made-up-ids.ts';
import type { Stated } from './state.ts';

/**
 * Fills in what AWS would have made by itself, or what only one value fits.
 *
 * A terminated instance has lost its interfaces and those of its volumes that go with it, whatever
 * was stated of them.
 */
export function withSurroundings(stated: Stated) {
  const account = afterTermination(withMembers(stated));
  const networkAcls = filledAcls(account);
  const networkInterfaces = filledInterfaces(account);
  const subnets = filledSubnets(account, networkAcls);
  const instances = account.instances.map((instance) => ({
    ...instance,
    ...(instance.state !== 'terminated' && {
      subnetId: instance.subnetId ?? primarySubnet(account, instance.instanceId),
    }),
  }));
  const zoneOf: ZoneOf = (id) => {
    const subnet = instances.find(({ instanceId }) => instanceId === id)?.subnetId;
    const found = subnets.find(({ subnetId }) => subnetId === subnet);
    return found?.availabilityZone ?? `${account.region}a`;
  };
  return {
    ...account,
    networkAcls,
    subnets,
    securityGroups: filledGroups(account, networkInterfaces),
    networkInterfaces,
    instances,
    volumes: filledVolumes(account, zoneOf),
    autoScalingGroups: filledAutoScalingGroups(account, zoneOf),
    targetGroups: account.targetGroups.map((group) => ({
      ...group,
      targets: group.targets.map((target) => ({
        ...target,
        ...(group.targetType !== 'lambda' && { port: target.port ?? group.port }),
      })),
    })),
  };
}

type ZoneOf = (instanceId: InstanceId | undefined) => string;

const filledSubnets = (account: Stated, acls: readonly Stated['networkAcls'][number][]) =>
  account.subnets.map((subnet) => ({
    ...subnet,
    availabilityZone: subnet.availabilityZone ?? `${account.region}a`,
    cidrBlock: subnet.cidrBlock ?? cidrOf(account, subnet.vpcId),
    networkAclId:
      subnet.networkAclId ??
      acls.find((acl) => acl.isDefault && acl.vpcId === subnet.vpcId)?.networkAclId ??
      defaultAclId(subnet.vpcId),
  }));

const filledAutoScalingGroups = ({ autoScalingGroups }: Stated, zoneOf: ZoneOf) =>
  autoScalingGroups.map((group) => {
    const desiredCapacity =
      group.desiredCapacity ?? Math.max(group.minSize, group.instances.filter(isCounted).length);
    return {
      ...group,
      desiredCapacity,
      maxSize: group.maxSize ?? Math.max(desiredCapacity, group.instances.length) + 1,
      instances: group.instances.map((member) => ({
        ...member,
        availabilityZone: member.availabilityZone ?? zoneOf(member.instanceId),
      })),
    };
  });

/** Whether a member counts towards its group's desired capacity: none on standby, leaving or in a warm pool does. */
export const isCounted = ({ lifecycleState }: { lifecycleState: string }): boolean =>
  !/^(?:Standby|EnteringStandby|Detach|Terminat|Warmed)/.test(lifecycleState);

const defaultAclId = (vpcId: VpcId) => NetworkAclId.parse(madeUpId('acl', `default of ${vpcId}`));
const defaultGroupId = (vpcId: VpcId) =>
  SecurityGroupId.parse(madeUpId('sg', `default of ${vpcId}`));

const cidrOf = (account: Stated, vpcId: VpcId): string =>
  account.vpcs.find((vpc) => vpc.vpcId === vpcId)?.cidrBlocks[0] ?? '10.0.0.0/16';

/** Members of Auto Scaling groups that nobody described are plain running instances. */
function withMembers(stated: Stated): Stated {
  const described = new Set(stated.instances.map(({ instanceId }) => instanceId));
  const members = stated.autoScalingGroups.flatMap(({ instances }) => instances);
  const plain = members
    .filter(({ instanceId }) => !described.has(instanceId))
    .map(({ instanceId }) => ({
      instanceId,
      state: 'running' as const,
      instanceType: 'm5.large',
      architecture: 'x86_64' as const,
      platform: null,
      imageId: 'ami-0123456789abcdef0',
      rootDeviceName: '/dev/xvda',
      rootDeviceType: 'ebs' as const,
      disableApiTermination: false,
      disableApiStop: false,
      shutdownBehavior: 'stop' as const,
      blockDevices: [],
      tags: {},
      launchTime: '2026-01-01T00:00:00.000Z',
      consoleOutput: '',
    }));
  return { ...stated, instances: [...stated.instances, ...plain] };
}

function afterTermination(stated: Stated): Stated {
  const gone = stated.instances.filter(({ state }) => state === 'terminated');
  const ids = new Set(gone.map(({ instanceId }) => instanceId));
  const devices = gone.flatMap(({ blockDevices }) => blockDevices);
  const deleted = new Set(
    devices.filter((device) => device.deleteOnTermination).map(({ volumeId }) => volumeId),
  );
  const kept = devices.filter(({ volumeId }) => !deleted.has(volumeId));
  return {
    ...stated,
    networkInterfaces: stated.networkInterfaces.filter(
      ({ attachment }) => !attachment || !ids.has(attachment.instanceId),
    ),
    instances: stated.instances.map((instance) =>
      ids.has(instance.instanceId)
        ? { ...instance, subnetId: undefined, blockDevices: [] }
        : instance,
    ),
    volumes: stated.volumes
      .filter(({ volumeId }) => !deleted.has(volumeId))
      .map((volume) =>
        kept.some(({ volumeId }) => volumeId === volume.volumeId)
          ? { ...volume, state: 'available' as const }
          : volume,
      ),
  };
}

/** Every VPC has a default network ACL, and every network ACL ends in a denial of all the rest. */
function filledAcls(account: Stated) {
  const missing = account.vpcs
    .filter(({ vpcId }) => !account.networkAcls.some((acl) => acl.isDefault && acl.vpcId === vpcId))
    .map(({ vpcId }) => ({
      networkAclId: defaultAclId(vpcId),
      vpcId,
      isDefault: true,
      entries: [true, false].flatMap((egress) =>
        everywhere(account, vpcId).map((range, n) => entry(100 + n, egress, 'allow', range)),
      ),
      tags: {},
    }));
  // Typed as stated ones, so that the made-up ones lack nothing optional; groups and volumes too.
  const acls: Stated['networkAcls'] = [...account.networkAcls, ...missing];
  return acls.map((acl) => {
    const ends = [true, false]
      .flatMap((egress) =>
        everywhere(account, acl.vpcId).map((range, n) => entry(32_767 + n, egress, 'deny', range)),
      )
      .filter(
        (end) =>
          !acl.entries.some(
            (one) => one.egress === end.egress && one.ruleNumber === end.ruleNumber,
          ),
      );
    const entries: typeof acl.entries = [...acl.entries, ...ends];
    return { ...acl, ownerId: acl.ownerId ?? account.accountId, entries };
  });
}

type Range = { cidrBlock: string } | { ipv6CidrBlock: string };

/** One entry for all traffic. */
const entry = (
  ruleNumber: number,
  egress: boolean,
  ruleAction: 'allow' | 'deny',
  range: Range,
) => ({
  ruleNumber,
  egress,
  protocol: '-1',
  ruleAction,
  ...range,
});

function everywhere(account: Stated, vpcId: VpcId): Range[] {
  const vpc = account.vpcs.find((candidate) => candidate.vpcId === vpcId);
  return [
    { cidrBlock: '0.0.0.0/0' },
    ...(vpc?.ipv6CidrBlocks.length ? [{ ipv6CidrBlock: '::/0' }] : []),
  ];
}

function filledInterfaces(account: Stated) {
  return account.networkInterfaces.map((eni, n) => {
    const vpcId = account.subnets.find(({ subnetId }) => subnetId === eni.subnetId)?.vpcId;
    const elastic = account.addresses.find(
      ({ networkInterfaceId }) => networkInterfaceId === eni.networkInterfaceId,
    );
    const alone = eni.groups.length === 0 && !eni.requesterManaged && vpcId;
    return {
      ...eni,
      groups: alone ? [defaultGroup(account, vpcId)] : eni.groups,
      privateIpAddresses:
        eni.privateIpAddresses.length > 0
          ? eni.privateIpAddresses
          : [hostOf(account, eni.subnetId, n)],
      ...(elastic && { publicIp: elastic.publicIp }),
      attachment: eni.attachment && {
        ...eni.attachment,
        attachmentId: eni.attachment.attachmentId ?? madeUpId('eni-attach', eni.networkInterfaceId),
      },
    };
  });
}

const defaultGroup = (account: Stated, vpcId: VpcId) =>
  account.securityGroups.find((group) => group.vpcId === vpcId && group.groupName === 'default')
    ?.groupId ?? defaultGroupId(vpcId);

/** An address in the subnet: the tenth and on, past the ones AWS keeps. */
function hostOf(account: Stated, subnet: SubnetId, n: number): string {
  const found = account.subnets.find(({ subnetId }) => subnetId === subnet);
  const base = found?.cidrBlock ?? (found ? cidrOf(account, found.vpcId) : '10.0.0.0/16');
  const octets = base.split('/')[0]?.split('.').slice(0, 3) ?? [];
  return [...octets, 10 + (n % 240)].join('.');
}

/** Groups as stated, rules numbered, with the default group of a VPC where an interface is in it. */
function filledGroups(account: Stated, interfaces: readonly { groups: SecurityGroupId[] }[]) {
  const missing = account.vpcs
    .filter(({ vpcId }) => {
      const id = defaultGroupId(vpcId);
      const stated = account.securityGroups.some(({ groupId }) => groupId === id);
      return !stated && interfaces.some(({ groups }) => groups.includes(id));
    })
    .map(({ vpcId }) => ({
      groupId: defaultGroupId(vpcId),
      groupName: 'default',
      vpcId,
      description: 'default VPC security group',
      tags: {},
      rules: [
        { ...anything, isEgress: false, referencedGroupId: defaultGroupId(vpcId) },
        { ...anything, isEgress: true, cidrIpv4: '0.0.0.0/0' },
      ],
    }));
  const groups: Stated['securityGroups'] = [...account.securityGroups, ...missing];
  return groups.map((group) => ({
    ...group,
    ownerId: group.ownerId ?? account.accountId,
    rules: group.rules.map((rule, n) => ({
      ...rule,
      ruleId: rule.ruleId ?? madeUpId('sgr', `${group.groupId} ${n}`),
    })),
  }));
}

const anything = { ipProtocol: '-1', fromPort: -1, toPort: -1 };

function filledVolumes(account: Stated, zoneOf: ZoneOf) {
  const attachedTo = new Map(
    account.instances.flatMap(({ instanceId, blockDevices }) =>
      blockDevices.map(({ volumeId }) => [volumeId, instanceId] as const),
    ),
  );
  const stated = new Set(account.volumes.map(({ volumeId }) => volumeId));
  const missing = [...attachedTo.keys()]
    .filter((volumeId) => !stated.has(volumeId))
    .map((volumeId) => ({
      volumeId,
      size: 8,
      volumeType: 'gp3',
      encrypted: false,
      createTime: '2026-01-01T00:00:00.000Z',
      tags: {},
    }));
  const volumes: Stated['volumes'] = [...account.volumes, ...missing];
  return volumes.map((volume) => {
    const instanceId = attachedTo.get(volume.volumeId);
    return {
      ...volume,
      availabilityZone: volume.availabilityZone ?? zoneOf(instanceId),
      state: instanceId ? ('in-use' as const) : (volume.state ?? ('available' as const)),
    };
  });
}

const primarySubnet = (account: Stated, instanceId: InstanceId): SubnetId | undefined =>
  account.networkInterfaces
    .filter(({ attachment }) => attachment?.instanceId === instanceId)
    .toSorted((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0))[0]
    ?.subnetId;
