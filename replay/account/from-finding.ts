import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import type { Finding, Sequence } from '../../functions/shared/finding.ts';
import { InstanceId } from '../../functions/shared/ids.ts';
import { madeUpId } from './made-up-ids.ts';
import { principalIn, principalsFrom } from './principals-from-finding.ts';
import { AccountState } from './state.ts';

type Instance = NonNullable<Finding['instance']>;
type Stated = z.input<typeof AccountState>;

/**
 * An account in which a finding could have happened: its instance as the finding names it, with
 * two volumes, a role and an agent, in an Auto Scaling group behind two target groups beside
 * two healthy members that a careless step would hit too.
 *
 * Where it names credentials, it has whoever they are of, as `principals-from-finding.ts` tells.
 *
 * An attack sequence gets its first instance and its first credentials, and no other of its resources.
 *
 * What the finding leaves out is made up, and is the same for every finding on the same instance.
 * A finding that names neither gets an account with nothing in it.
 */
export function accountFromFinding(stated: Finding): AccountState {
  const finding = stated.sequence ? { ...stated, ...firstIn(stated.sequence) } : stated;
  const { account: accountId } = finding;
  // IAM is in no Region; anything else a finding names is in one.
  const region = finding.region === 'global' ? 'us-east-1' : finding.region;
  const principal = principalIn(finding);
  const place = { accountId, region, ...(principal && principalsFrom(finding, principal)) };
  const instance = finding.instance ?? instanceOf(principal?.instanceId);
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

/** GuardDuty does not say whether it names a resource by its ARN or by its bare id. */
function firstIn({ resources, actors }: Sequence): Pick<Finding, 'instance' | 'accessKey'> {
  const named = (type: string) => resources.find(({ resourceType }) => resourceType === type);
  const key = named('ACCESS_KEY');
  return {
    instance: instanceOf(InstanceId.safeParse(lastOf(named('EC2_INSTANCE'))).data),
    accessKey: key ? { ...key.credentials, accessKeyId: lastOf(key) } : actors[0],
  };
}

const lastOf = (resource: Sequence['resources'][number] | undefined) =>
  resource?.uid.split('/').at(-1);

/** The instance whose session was stolen, where the finding says no more of it. */
const instanceOf = (instanceId: Instance['instanceId'] | null | undefined): Instance | undefined =>
  instanceId ? { instanceId, networkInterfaces: [] } : undefined;

type Interface = NonNullable<Stated['networkInterfaces']>[number];

/** An interface of the finding, with what the finding left out of it. */
interface Placed {
  readonly networkInterfaceId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly privateIpAddresses: readonly [string, ...string[]];
  readonly ipv6Addresses: readonly string[];
  readonly publicIp?: string | undefined;
}

function placedIn({ instanceId, networkInterfaces }: Instance): Placed[] {
  const made = (prefix: string, what: string) => madeUpId(prefix, `${what} of ${instanceId}`);
  const named = networkInterfaces.length > 0 ? networkInterfaces : [blank];
  const placed = named.map((eni, n): Placed => {
    const [first = `10.0.1.${10 + n}`, ...others] = valid(z.ipv4(), eni.privateIpAddresses);
    return {
      networkInterfaceId: eni.networkInterfaceId ?? made('eni', `interface ${n}`),
      subnetId: eni.subnetId ?? made('subnet', `subnet of ${eni.vpcId ?? 'the VPC'}`),
      vpcId: eni.vpcId ?? made('vpc', 'the VPC'),
      privateIpAddresses: [first, ...others],
      ipv6Addresses: valid(z.ipv6(), eni.ipv6Addresses),
      publicIp: valid(z.ipv4(), [eni.publicIp ?? ''])[0],
    };
  });
  return firstBy(placed, ({ networkInterfaceId }) => networkInterfaceId);
}

/** The finding's interfaces, or one made up, with the subnets, VPCs and groups they need. */
function networkOf(instance: Instance) {
  const placed = placedIn(instance);
  const subnets = firstBy(placed, ({ subnetId }) => subnetId);
  const vpcs = firstBy(subnets, ({ vpcId }) => vpcId);
  // A subnet is in one VPC, whatever a second interface says of it.
  const vpcOf = ({ subnetId, vpcId }: Placed) =>
    subnets.find((subnet) => subnet.subnetId === subnetId)?.vpcId ?? vpcId;
  return {
    vpcs: vpcs.map(({ vpcId, privateIpAddresses: [address] }) => {
      const inIt = placed.filter((eni) => vpcOf(eni) === vpcId);
      const ranges = inIt.flatMap((eni) => eni.ipv6Addresses.map((ip) => around(ip, 56)));
      return { vpcId, cidrBlocks: [around(address, 16)], ipv6CidrBlocks: [...new Set(ranges)] };
    }),
    subnets: subnets.map(({ subnetId, vpcId, privateIpAddresses: [address] }) => ({
      subnetId,
      vpcId,
      cidrBlock: around(address, 24),
    })),
    interfaces: placed.map((eni, deviceIndex): Interface => {
      const { vpcId: _, publicIp, privateIpAddresses, ipv6Addresses, ...rest } = eni;
      return {
        ...rest,
        groups: [groupOf(vpcOf(eni))],
        privateIpAddresses: [...privateIpAddresses],
        ipv6Addresses: [...ipv6Addresses],
        ...(publicIp && { publicIp }),
        attachment: { instanceId: instance.instanceId, deviceIndex },
      };
    }),
    securityGroups: vpcs.map(({ vpcId }) => securityGroup(vpcId)),
  };
}

const firstBy = <T>(items: readonly T[], key: (item: T) => string): T[] =>
  items.filter((item, n) => items.findIndex((other) => key(other) === key(item)) === n);

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
  const targetGroupArn = (name: string) =>
    `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/${name}/${made('t', name).slice(-16)}`;
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
        targetGroupArns: [targetGroupArn('web')],
        instances: members.map((id) => ({ instanceId: id })),
      },
    ],
    targetGroups: [
      { arn: targetGroupArn('web'), name: 'web', targets: members.map((id) => ({ id })) },
      // Not the Auto Scaling group's own: leaving that does not take the instance out of this one.
      ...(primary ? [metricsOf(primary, targetGroupArn('metrics'))] : []),
    ],
    ssm: { managedInstances: members.map((id) => ({ instanceId: id })) },
  } satisfies Stated;
}

/** A target group that knows the instance by its address, on a port of its own. */
const metricsOf = ({ privateIpAddresses = [] }: Interface, arn: string) => ({
  arn,
  name: 'metrics',
  targetType: 'ip' as const,
  port: 9100,
  targets: privateIpAddresses.slice(0, 1).map((id) => ({ id, port: 9100 })),
});

/** An address in the same subnet that is not the instance's. */
function neighbour({ privateIpAddresses = [] }: Interface, n: number): string {
  const [first = '10.0.1.10'] = privateIpAddresses;
  const octets = first.split('.');
  const last = (Number(octets.pop()) + 100 * (n + 1)) % 250;
  return [...octets, last + 4].join('.');
}
