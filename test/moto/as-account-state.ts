import {
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Instance,
  type Tag,
} from '@aws-sdk/client-ec2';
import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type * as z from 'zod';
import { AccountState } from '../../replay/account/state.ts';
import { account } from './test-config.ts';
import { type Clients, given } from './world.ts';

/**
 * What one VPC and its Auto Scaling groups, target groups and load balancers are in moto, as the
 * state of a rehearsal account, ids and all.
 */
export async function asAccountState(clients: Clients, vpcId: string): Promise<AccountState> {
  const [network, instances, scaling, balancing] = [
    await networkIn(clients.ec2, vpcId),
    await instancesIn(clients.ec2, vpcId),
    await scalingOf(clients),
    await balancingOf(clients),
  ];
  // Parsed at once: what does not fit is refused with its path.
  return AccountState.parse({
    accountId: account,
    region: 'eu-west-1',
    ...network,
    ...instances,
    ...scaling,
    ...balancing,
  } as z.input<typeof AccountState>);
}

const tagsOf = (tags: readonly Tag[] | undefined) =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key, Value]));

async function networkIn(ec2: EC2Client, vpcId: string) {
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }];
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters }));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
  const acls = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
  const enis = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
  return {
    vpcs: Vpcs.map((vpc) => ({
      vpcId: vpc.VpcId,
      cidrBlocks: vpc.CidrBlockAssociationSet?.map(({ CidrBlock }) => CidrBlock),
      ipv6CidrBlocks: vpc.Ipv6CidrBlockAssociationSet?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
    })),
    subnets: Subnets.map((subnet) => ({
      subnetId: subnet.SubnetId,
      vpcId: subnet.VpcId,
      availabilityZone: subnet.AvailabilityZone,
      cidrBlock: subnet.CidrBlock,
      networkAclId: acls.NetworkAcls?.find(({ Associations = [] }) =>
        Associations.some(({ SubnetId }) => SubnetId === subnet.SubnetId),
      )?.NetworkAclId,
    })),
    networkAcls: acls.NetworkAcls?.map((acl) => ({
      networkAclId: acl.NetworkAclId,
      vpcId: acl.VpcId,
      isDefault: acl.IsDefault,
      entries: acl.Entries?.map((entry) => ({
        ruleNumber: entry.RuleNumber,
        egress: entry.Egress,
        protocol: entry.Protocol,
        ruleAction: entry.RuleAction,
        cidrBlock: entry.CidrBlock,
        ipv6CidrBlock: entry.Ipv6CidrBlock,
      })),
    })),
    securityGroups: await groupsIn(ec2, vpcId),
    networkInterfaces: enis.NetworkInterfaces?.map((eni) => ({
      networkInterfaceId: eni.NetworkInterfaceId,
      subnetId: eni.SubnetId,
      description: eni.Description,
      groups: eni.Groups?.map(({ GroupId }) => GroupId),
      privateIpAddresses: eni.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress),
      ipv6Addresses: eni.Ipv6Addresses?.map(({ Ipv6Address }) => Ipv6Address),
      publicIp: eni.Association?.PublicIp,
      attachment: eni.Attachment && {
        attachmentId: eni.Attachment.AttachmentId,
        instanceId: eni.Attachment.InstanceId,
        deviceIndex: eni.Attachment.DeviceIndex,
      },
    })),
    addresses: Addresses.map((address) => ({
      publicIp: address.PublicIp,
      allocationId: address.AllocationId,
      networkInterfaceId: address.NetworkInterfaceId,
    })),
  };
}

async function groupsIn(ec2: EC2Client, vpcId: string) {
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({
      Filters: [{ Name: 'group-id', Values: SecurityGroups.map(({ GroupId }) => given(GroupId)) }],
    }),
  );
  return SecurityGroups.map((group) => ({
    groupId: group.GroupId,
    groupName: group.GroupName,
    vpcId: group.VpcId,
    description: group.Description,
    rules: SecurityGroupRules.filter(({ GroupId }) => GroupId === group.GroupId).map((rule) => ({
      ruleId: rule.SecurityGroupRuleId,
      isEgress: rule.IsEgress,
      ipProtocol: rule.IpProtocol,
      fromPort: rule.FromPort,
      toPort: rule.ToPort,
      cidrIpv4: rule.CidrIpv4,
      cidrIpv6: rule.CidrIpv6,
      referencedGroupId: rule.ReferencedGroupInfo?.GroupId,
    })),
  }));
}

async function instancesIn(ec2: EC2Client, vpcId: string) {
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }];
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  const found = Reservations.flatMap(({ Instances = [] }) => Instances);
  const instances = [];
  for (const instance of found) {
    instances.push({ ...instanceFrom(instance), ...(await attributesOf(ec2, instance)) });
  }
  const VolumeIds = found.flatMap(({ BlockDeviceMappings = [] }) =>
    BlockDeviceMappings.map(({ Ebs }) => given(Ebs?.VolumeId)),
  );
  const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({ VolumeIds }));
  const volumes = Volumes.map((volume) => ({
    volumeId: volume.VolumeId,
    size: volume.Size,
    volumeType: volume.VolumeType,
    availabilityZone: volume.AvailabilityZone,
    encrypted: volume.Encrypted,
    createTime: volume.CreateTime?.toISOString(),
    tags: tagsOf(volume.Tags),
  }));
  return { instances, volumes };
}

const instanceFrom = (instance: Instance) => ({
  instanceId: instance.InstanceId,
  state: instance.State?.Name,
  instanceType: instance.InstanceType,
  architecture: instance.Architecture,
  imageId: instance.ImageId,
  subnetId: instance.SubnetId,
  rootDeviceName: instance.RootDeviceName,
  blockDevices: instance.BlockDeviceMappings?.map(({ DeviceName, Ebs }) => ({
    deviceName: DeviceName,
    volumeId: Ebs?.VolumeId,
    deleteOnTermination: Ebs?.DeleteOnTermination,
  })),
  tags: tagsOf(instance.Tags),
  launchTime: instance.LaunchTime?.toISOString(),
});

async function attributesOf(ec2: EC2Client, { InstanceId }: Instance) {
  const attribute = (
    Attribute: 'disableApiTermination' | 'disableApiStop' | 'instanceInitiatedShutdownBehavior',
  ) => ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute }));
  const shutdown = await attribute('instanceInitiatedShutdownBehavior');
  return {
    disableApiTermination: (await attribute('disableApiTermination')).DisableApiTermination?.Value,
    disableApiStop: (await attribute('disableApiStop')).DisableApiStop?.Value,
    shutdownBehavior: shutdown.InstanceInitiatedShutdownBehavior?.Value,
  };
}

async function scalingOf({ autoScaling }: Clients) {
  const { AutoScalingGroups = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({}),
  );
  const autoScalingGroups = [];
  for (const group of AutoScalingGroups) {
    const { LifecycleHooks = [] } = await autoScaling.send(
      new DescribeLifecycleHooksCommand({ AutoScalingGroupName: group.AutoScalingGroupName }),
    );
    autoScalingGroups.push({
      name: group.AutoScalingGroupName,
      minSize: group.MinSize,
      desiredCapacity: group.DesiredCapacity,
      maxSize: group.MaxSize,
      targetGroupArns: group.TargetGroupARNs,
      loadBalancerNames: group.LoadBalancerNames,
      lifecycleHooks: LifecycleHooks.map((hook) => ({
        name: hook.LifecycleHookName,
        transition: hook.LifecycleTransition,
      })),
      instances: group.Instances?.map((member) => ({
        instanceId: member.InstanceId,
        lifecycleState: member.LifecycleState,
        healthStatus: member.HealthStatus,
        protectedFromScaleIn: member.ProtectedFromScaleIn,
        availabilityZone: member.AvailabilityZone,
      })),
    });
  }
  return { autoScalingGroups };
}

async function balancingOf({ elb, classic }: Clients) {
  const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
  const targetGroups = [];
  for (const group of TargetGroups) {
    const { TargetHealthDescriptions = [] } = await elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: group.TargetGroupArn }),
    );
    targetGroups.push({
      arn: group.TargetGroupArn,
      name: group.TargetGroupName,
      targetType: group.TargetType,
      vpcId: group.VpcId,
      protocol: group.Protocol,
      port: group.Port,
      targets: TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
        id: Target?.Id,
        port: Target?.Port,
        state: TargetHealth?.State,
      })),
    });
  }
  const { LoadBalancerDescriptions = [] } = await classic.send(
    new DescribeLoadBalancersCommand({}),
  );
  return {
    targetGroups,
    classicLoadBalancers: LoadBalancerDescriptions.map((balancer) => ({
      name: balancer.LoadBalancerName,
      vpcId: balancer.VPCId,
      instances: balancer.Instances?.map(({ InstanceId }) => InstanceId),
    })),
  };
}
