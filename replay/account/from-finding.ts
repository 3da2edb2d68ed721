import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import type { Finding } from '../../functions/shared/finding.ts';
import { AccountState } from './state.ts';
import { madeUpId } from './surroundings.ts';

type Instance = NonNullable<Finding['instance']>;
type Stated = z.input<typeof AccountState>;

/**
 * An account in which a finding could have happened: its instance as the finding names it, with
 * two volumes, a role and an agent, in an Auto Scaling group behind a target group, beside two
 * healthy members that a careless step would hit too.
 *
 * What the finding leaves out is made up, and is the same for every finding on the same instance.
 * A finding that names no instance gets an account with nothing in it.
 */
export function accountFromFinding(finding: Finding): AccountState {
  const { account: accountId, instance } = finding;
  // IAM is in no Region; anything else a finding names is in one.
  const region = finding.region === 'global' ? 'us-east-1' : finding.region;
  const place = { accountId, region };
  if (!instance) return AccountState.parse(place);

  const network = networkOf(instance);
  const [primary] = network.interfaces;
  const fleet = fleetOf(instance, primary, place);
  return AccountState.parse({
    ...place,
    vpcs: network.vpcs,
    subnets: network.subnets,
    securityGroups: network.securityGroups,
    ...fleet,
    networkInterfaces: [...network.interfaces, ...fleet.networkInterfaces],
  } satisfies Stated);
}

type Interface = NonNullable<Stated['networkInterfaces']>[number];

/** The finding's interfaces, or one made up, with the subnets, VPCs and groups they need. */
function networkOf({ instanceId, networkInterfaces }: Instance) {
  const made = (prefix: string, what: string) => madeUpId(prefix, `${what} of ${instanceId}`);
  const named = networkInterfaces.length > 0 ? networkInterfaces : [blank];
  const subnets = new Map<string, NonNullable<Stated['subnets']>[number]>();
  const vpcs = new Map<string, NonNullable<Stated['vpcs']>[number]>();
  const interfaces = new Map<string, Interface>();

  for (const [n, eni] of named.entries()) {
    const networkInterfaceId = eni.networkInterfaceId ?? made('eni', `interface ${n}`);
    if (interfaces.has(networkInterfaceId)) continue;
    const privateIpAddresses = valid(z.ipv4(), eni.privateIpAddresses);
    const ipv6Addresses = valid(z.ipv6(), eni.ipv6Addresses);
    const address = privateIpAddresses[0] ?? `10.0.1.${10 + n}`;
    const subnetId = eni.subnetId ?? made('subnet', `subnet of ${eni.vpcId ?? 'the VPC'}`);
    const vpcId = subnets.get(subnetId)?.vpcId ?? eni.vpcId ?? made('vpc', 'the VPC');
    subnets.set(
      subnetId,
      subnets.get(subnetId) ?? { subnetId, vpcId, cidrBlock: around(address, 24) },
    );
    const vpc = vpcs.get(vpcId);
    vpcs.set(vpcId, {
      vpcId,
      cidrBlocks: vpc?.cidrBlocks ?? [around(address, 16)],
      ipv6CidrBlocks: [
        ...new Set([...(vpc?.ipv6CidrBlocks ?? []), ...ipv6Addresses.map((ip) => around(ip, 56))]),
      ],
    });
    interfaces.set(networkInterfaceId, {
      networkInterfaceId,
      subnetId,
      groups: [groupOf(vpcId)],
      privateIpAddresses: privateIpAddresses.length > 0 ? privateIpAddresses : [address],
      ipv6Addresses,
      ...(z.ipv4().safeParse(eni.publicIp).success && { publicIp: eni.publicIp }),
      attachment: { instanceId, deviceIndex: interfaces.size },
    });
  }
  return {
    vpcs: [...vpcs.values()],
    subnets: [...subnets.values()],
    interfaces: [...interfaces.values()],
    securityGroups: [...vpcs.keys()].map(securityGroup),
  };
}

const blank: Instance['networkInterfaces'][number] = { privateIpAddresses: [], ipv6Addresses: [] };

const valid = (schema: z.ZodType<string>, values: readonly string[]): string[] =>
  values.filter((value) => schema.safeParse(value).success);

/** The range of so many bits that an address lies in. */
function around(address: string, bits: number): string {
  const family = address.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  return `${family.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`;
}

const groupOf = (vpcId: string) => madeUpId('sg', `web of ${vpcId}`);

const securityGroup = (vpcId: string) => ({
  groupId: groupOf(vpcId),
  groupName: 'web',
  vpcId,
  description: 'web servers',
  rules: [
    { isEgress: false, ipProtocol: 'tcp', fromPort: 80, toPort: 80, cidrIpv4: '0.0.0.0/0' },
    { isEgress: false, ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIpv4: '10.0.0.0/8' },
    { isEgress: true, cidrIpv4: '0.0.0.0/0' },
  ],
});

/** The instance and two more like it, their volumes, their agents, their group and target group. */
function fleetOf(
  { instanceId }: Instance,
  primary: Interface | undefined,
  { accountId, region }: { accountId: string; region: string },
) {
  const made = (prefix: string, what: string) => madeUpId(prefix, `${what} of ${instanceId}`);
  const decoys = ['first', 'second'].map((which) => made('i', `${which} neighbour`));
  const members = [instanceId, ...decoys];
  const targetGroupArn = `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/web/${made('t', 'group').slice(-16)}`;
  return {
    instances: members.map((id, n) => ({
      instanceId: id,
      iamInstanceProfileArn: `arn:aws:iam::${accountId}:instance-profile/web`,
      blockDevices: [
        { deviceName: '/dev/xvda', volumeId: made('vol', `root ${n}`) },
        ...(n === 0
          ? [{ deviceName: '/dev/sdf', volumeId: made('vol', 'data'), deleteOnTermination: false }]
          : []),
      ],
      ...(primary && { subnetId: primary.subnetId }),
      tags: { Name: 'web', 'aws:autoscaling:groupName': 'web' },
    })),
    networkInterfaces: primary
      ? decoys.map((id, n) => ({
          networkInterfaceId: made('eni', `neighbour ${n}`),
          subnetId: primary.subnetId,
          groups: primary.groups,
          privateIpAddresses: [neighbour(primary, n)],
          attachment: { instanceId: id },
        }))
      : [],
    autoScalingGroups: [
      {
        name: 'web',
        minSize: 2,
        desiredCapacity: 3,
        maxSize: 6,
        targetGroupArns: [targetGroupArn],
        instances: members.map((id) => ({ instanceId: id })),
      },
    ],
    targetGroups: [{ arn: targetGroupArn, name: 'web', targets: members.map((id) => ({ id })) }],
    ssm: { managedInstances: members.map((id) => ({ instanceId: id })) },
  } satisfies Stated;
}

/** An address in the same subnet that is not the instance's. */
function neighbour({ privateIpAddresses = [] }: Interface, n: number): string {
  const [first = '10.0.1.10'] = privateIpAddresses;
  const octets = first.split('.');
  const last = (Number(octets.pop()) + 100 * (n + 1)) % 250;
  return [...octets, last + 4].join('.');
}
