import {
  AttachLoadBalancersCommand,
  AttachLoadBalancerTargetGroupsCommand,
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  AttachVolumeCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateNetworkAclEntryCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateLoadBalancerCommand,
  ElasticLoadBalancingClient,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { once, patient } from '../../functions/shared/connection.ts';
import type { toMoto } from './moto.ts';

/** A client of each service that a step may call. */
export const clientsTo = (to: typeof toMoto) => ({
  ec2: new EC2Client(patient(to)),
  autoScaling: new AutoScalingClient(patient(to)),
  elb: new ElasticLoadBalancingV2Client(patient(to)),
  classic: new ElasticLoadBalancingClient(patient(to)),
  ssm: new SSMClient(once(to)),
  iam: new IAMClient(patient(to)),
  logs: new CloudWatchLogsClient(patient(to)),
  config: new ConfigServiceClient(patient(to)),
  secrets: new SecretsManagerClient(patient(to)),
});
export type Clients = ReturnType<typeof clientsTo>;

/** An id that AWS must have answered with. */
export function given<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('moto answered without it');
  return value;
}

/**
 * Sets up, with plain SDK calls, the account in which `i-web` has been compromised, and a second
 * instance of everything that must be left alone.
 *
 * Two instances of one Auto Scaling group stand behind an instance and an ip target group and a
 * classic load balancer. Each has two network interfaces, in two subnets of one zone, and two volumes.
 */
export async function setUp({ ec2, autoScaling, elb, classic }: Clients) {
  const vpc = await ec2.send(
    new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }),
  );
  const vpcId = given(vpc.Vpc?.VpcId);
  const subnet = async (CidrBlock: string) => {
    const zone = { VpcId: vpcId, AvailabilityZone: 'eu-west-1a' };
    const made = await ec2.send(new CreateSubnetCommand({ ...zone, CidrBlock }));
    return given(made.Subnet?.SubnetId);
  };
  await addIpv6Entries(ec2, vpcId);
  const [front, back] = [await subnet('10.0.1.0/24'), await subnet('10.0.2.0/24')];
  const web = await groupWith443(ec2, vpcId, 'web');
  const peer = await groupWith443(ec2, vpcId, 'peer');

  const targets = { VpcId: vpcId, Protocol: 'HTTP', Port: 80 } as const;
  const targetGroup = async (Name: string, TargetType: 'instance' | 'ip') => {
    const made = await elb.send(new CreateTargetGroupCommand({ ...targets, Name, TargetType }));
    return given(made.TargetGroups?.[0]?.TargetGroupArn);
  };
  const byInstance = await targetGroup('web-by-instance', 'instance');
  const byAddress = await targetGroup('web-by-address', 'ip');
  for (const LoadBalancerName of ['by-group', 'by-hand']) {
    await classic.send(
      new CreateLoadBalancerCommand({
        LoadBalancerName,
        Subnets: [front],
        Listeners: [{ Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 80 }],
      }),
    );
  }

  const instanceIds = await scaledGroup({ ec2, autoScaling }, front);
  for (const id of instanceIds) await equip(ec2, id, { subnet: back, groups: { web, peer } });
  await autoScaling.send(
    new AttachLoadBalancerTargetGroupsCommand({
      AutoScalingGroupName: 'web',
      TargetGroupARNs: [byInstance],
    }),
  );
  await autoScaling.send(
    new AttachLoadBalancersCommand({
      AutoScalingGroupName: 'web',
      LoadBalancerNames: ['by-group'],
    }),
  );

  const [instanceId, otherId] = instanceIds.map(given);
  await classic.send(
    new RegisterInstancesWithLoadBalancerCommand({
      LoadBalancerName: 'by-hand',
      Instances: instanceIds.map((InstanceId) => ({ InstanceId })),
    }),
  );
  const addresses = await addressesOf(ec2, instanceIds);
  await elb.send(
    new RegisterTargetsCommand({
      TargetGroupArn: byAddress,
      // moto keeps one port of a target, the last; AWS keeps each.
      Targets: addresses.flat().map((Id) => ({ Id, Port: 8080 })),
    }),
  );
  return {
    vpcId,
    subnets: { front, back },
    groups: { web, peer },
    targetGroups: { byInstance, byAddress },
    instanceId: given(instanceId),
    /** The instance that nobody has anything against. */
    otherId: given(otherId),
  };
}
export type World = Awaited<ReturnType<typeof setUp>>;

/** The entries that AWS adds to the default network ACL of a VPC with IPv6, and moto does not. */
async function addIpv6Entries(ec2: EC2Client, vpcId: string): Promise<void> {
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  const every = {
    NetworkAclId: given(NetworkAcls?.[0]?.NetworkAclId),
    Protocol: '-1',
    Ipv6CidrBlock: '::/0',
  };
  for (const Egress of [true, false]) {
    const allow = { ...every, Egress, RuleNumber: 101, RuleAction: 'allow' } as const;
    await ec2.send(new CreateNetworkAclEntryCommand(allow));
    const deny = { ...every, Egress, RuleNumber: 32_768, RuleAction: 'deny' } as const;
    await ec2.send(new CreateNetworkAclEntryCommand(deny));
  }
}

async function groupWith443(ec2: EC2Client, VpcId: string, GroupName: string): Promise<string> {
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId }),
  );
  const GroupId = given(made.GroupId);
  const IpRanges = [{ CidrIp: '0.0.0.0/0' }];
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges }],
    }),
  );
  return GroupId;
}

/** An Auto Scaling group of two, least one; the ids of its instances. */
async function scaledGroup(
  { ec2, autoScaling }: Pick<Clients, 'ec2' | 'autoScaling'>,
  subnet: string,
): Promise<string[]> {
  const { Images } = await ec2.send(
    new DescribeImagesCommand({
      Filters: [{ Name: 'name', Values: ['amzn2-ami-hvm-2.0*x86_64-gp2'] }],
    }),
  );
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'web',
      LaunchTemplateData: {
        ImageId: given(Images?.[0]?.ImageId),
        InstanceType: 'm5.large',
      },
    }),
  );
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'web',
      MinSize: 1,
      DesiredCapacity: 2,
      MaxSize: 3,
      VPCZoneIdentifier: subnet,
      HealthCheckType: 'ELB',
      LaunchTemplate: { LaunchTemplateName: 'web', Version: '$Latest' },
    }),
  );
  const { AutoScalingGroups } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['web'] }),
  );
  return (AutoScalingGroups?.[0]?.Instances ?? []).map(({ InstanceId }) => given(InstanceId));
}

/** Gives an instance a name, its group, a second interface with an Elastic IP, and a data volume. */
async function equip(
  ec2: EC2Client,
  InstanceId: string,
  { subnet, groups }: { subnet: string; groups: { web: string; peer: string } },
): Promise<void> {
  await ec2.send(
    new CreateTagsCommand({ Resources: [InstanceId], Tags: [{ Key: 'Name', Value: 'web' }] }),
  );
  // Not by the launch template: moto shows an instance's own groups on all of its interfaces, for good.
  const { NetworkInterfaces: [primary] = [] } = await ec2.send(
    new DescribeNetworkInterfacesCommand({
      Filters: [{ Name: 'attachment.instance-id', Values: [InstanceId] }],
    }),
  );
  await ec2.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: given(primary?.NetworkInterfaceId),
      Groups: [groups.web],
    }),
  );
  const eni = await ec2.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: subnet,
      Groups: [groups.peer],
      Description: 'peers',
    }),
  );
  const NetworkInterfaceId = given(eni.NetworkInterface?.NetworkInterfaceId);
  await ec2.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }),
  );
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
  await ec2.send(
    new AssociateAddressCommand({ AllocationId: given(AllocationId), NetworkInterfaceId }),
  );
  const volume = await ec2.send(
    new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 100, VolumeType: 'gp3' }),
  );
  await ec2.send(
    new AttachVolumeCommand({ VolumeId: given(volume.VolumeId), InstanceId, Device: '/dev/sdf' }),
  );
}

/** The private addresses of each instance. */
async function addressesOf(ec2: EC2Client, InstanceIds: string[]): Promise<string[][]> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
  return Reservations.flatMap(({ Instances = [] }) => Instances).map(({ NetworkInterfaces = [] }) =>
    NetworkInterfaces.flatMap(({ PrivateIpAddresses = [] }) =>
      PrivateIpAddresses.map(({ PrivateIpAddress }) => given(PrivateIpAddress)),
    ),
  );
}
