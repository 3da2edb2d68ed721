import {
  AttachInstancesCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  DetachInstancesCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  AttachVolumeCommand,
  CreateNetworkAclEntryCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteNetworkAclEntryCommand,
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRegionsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  DetachVolumeCommand,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import {
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  GetCommandInvocationCommand,
  GetDocumentCommand,
  ListCommandsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import { beforeEach, describe, expect, it } from 'vitest';
import { InstanceId as InstanceIdSchema } from '../../functions/shared/ids.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { asAccountState } from './as-account-state.ts';
import { differences } from './differences.ts';
import { emptyMoto, toMoto } from './moto.ts';
import { unplayed } from './unplayed.ts';
import { type Clients, clientsTo, given, setUp, type World } from './world.ts';

const ec2 = (operation: string) =>
  `https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_${operation}.html`;
const ec2Errors = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html';
const elb = (operation: string) =>
  `https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_${operation}.html`;
const classicElb = (operation: string) =>
  `https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_${operation}.html`;
const scaling = (operation: string) =>
  `https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_${operation}.html`;
const standby = (way: 'enter' | 'exit') =>
  `https://docs.aws.amazon.com/cli/latest/reference/autoscaling/${way}-standby.html`;
const statuses =
  'https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html';

/**
 * Where the two differ, and the page of AWS's by which the rehearsal account is right. A row that
 * no scene needs any more fails the last test.
 */
const decided: Readonly<Record<string, string>> = {
  // What moto leaves out.
  'ec2:CreateSecurityGroup Tags': ec2('CreateSecurityGroup'),
  'ec2:DescribeSecurityGroupRules SecurityGroupRules GroupOwnerId': ec2('SecurityGroupRule'),
  'ec2:RevokeSecurityGroupEgress RevokedSecurityGroupRules': ec2('RevokeSecurityGroupEgress'),
  'ec2:RevokeSecurityGroupIngress RevokedSecurityGroupRules': ec2('RevokeSecurityGroupIngress'),
  'ec2:DescribeNetworkInterfaces NetworkInterfaces PrivateIpAddresses Association': ec2(
    'NetworkInterfacePrivateIpAddress',
  ),
  'ec2:DescribeInstances Reservations Instances EnaSupport': ec2('Instance'),
  'ec2:DescribeInstances Reservations Instances PlatformDetails': ec2('Instance'),
  // moto keeps an instance's groups apart from its primary interface's; they are the same.
  'ec2:DescribeInstances Reservations Instances SecurityGroups': ec2('Instance'),
  'ec2:DescribeAddresses Addresses InstanceId': ec2('Address'),
  'ec2:CreateVolume MultiAttachEnabled': ec2('Volume'),
  'ec2:DescribeVolumes Volumes MultiAttachEnabled': ec2('Volume'),
  'ec2:AttachVolume DeleteOnTermination': ec2('AttachVolume'),
  'ec2:DetachVolume DeleteOnTermination': ec2('DetachVolume'),
  'elasticloadbalancing:DeregisterInstancesFromLoadBalancer Instances': classicElb(
    'DeregisterInstancesFromLoadBalancer',
  ),
  'elasticloadbalancing:RegisterInstancesWithLoadBalancer Instances': classicElb(
    'RegisterInstancesWithLoadBalancer',
  ),

  // What moto has at once, and AWS takes time for.
  'ec2:CreateVolume State':
    'https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-lifecycle.html',
  'ec2:CreateSnapshot State': ec2('CreateSnapshot'),
  'ec2:CreateSnapshots Snapshots State': ec2('SnapshotInfo'),
  'ec2:DescribeSnapshots Snapshots State': ec2('Snapshot'),
  'elasticloadbalancing:DescribeTargetHealth TargetHealthDescriptions': elb('DeregisterTargets'),
  'elasticloadbalancing:DescribeTargetHealth TargetHealthDescriptions TargetHealth State':
    elb('TargetHealth'),
  'elasticloadbalancing:DescribeTargetHealth TargetHealthDescriptions TargetHealth Reason':
    elb('TargetHealth'),
  'ssm:SendCommand Command Status': statuses,
  'ssm:SendCommand Command StatusDetails': statuses,
  'ssm:ListCommands Commands Status': statuses,
  'ssm:ListCommands Commands StatusDetails': statuses,
  'ssm:GetCommandInvocation Status': statuses,
  'ssm:GetCommandInvocation StatusDetails': statuses,
  'ssm:GetCommandInvocation ResponseCode':
    'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html',

  // What moto answers otherwise.
  'ec2:DescribeNetworkInterfaces NetworkInterfaces Attachment DeleteOnTermination':
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html',
  'ec2:DescribeInstances Reservations Instances NetworkInterfaces Attachment DeleteOnTermination':
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html',
  'ec2:DescribeVolumes Volumes Attachments DeleteOnTermination':
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html',
  // A command that names no Targets, moto sends to every instance as well.
  'ssm:SendCommand Command InstanceIds':
    'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Command.html',
  'ssm:SendCommand Command TargetCount':
    'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Command.html',
  'ssm:ListCommands Commands InstanceIds':
    'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Command.html',
  'ssm:ListCommands Commands TargetCount':
    'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Command.html',
  'autoscaling:DescribeAutoScalingInstances AutoScalingInstances HealthStatus': scaling(
    'AutoScalingInstanceDetails',
  ),
  // Words for people.
  'autoscaling:DetachInstances Activities Cause': scaling('Activity'),
  'autoscaling:EnterStandby Activities Cause': scaling('Activity'),
  'autoscaling:EnterStandby Activities Description': standby('enter'),
  'autoscaling:ExitStandby Activities Cause': scaling('Activity'),
  'autoscaling:ExitStandby Activities Description': standby('exit'),

  // What moto does and AWS refuses, or the other way round, or refuses by another name.
  'ec2:CreateSecurityGroup: InvalidGroup.Duplicate, not an answer': ec2('CreateSecurityGroup'),
  'ec2:CreateSecurityGroup: InvalidParameterValue, not an answer': ec2('CreateSecurityGroup'),
  'ec2:CreateSecurityGroup: InvalidVpcID.NotFound, not an answer': ec2Errors,
  'ec2:DescribeSecurityGroups: InvalidGroupId.Malformed, not InvalidGroup.NotFound': ec2Errors,
  'ec2:RevokeSecurityGroupEgress: InvalidSecurityGroupRuleId.NotFound, not InvalidPermission.NotFound':
    ec2Errors,
  'ec2:ModifyNetworkInterfaceAttribute: InvalidGroup.NotFound, not an answer': ec2Errors,
  'ec2:DescribeInstances: InvalidInstanceID.Malformed, not InvalidInstanceID.NotFound': ec2Errors,
  'ec2:ModifyInstanceAttribute: InvalidParameterValue, not an answer':
    ec2('ModifyInstanceAttribute'),
  'ec2:ModifyInstanceAttribute: InvalidParameterCombination, not an answer':
    ec2('ModifyInstanceAttribute'),
  'ec2:CreateVolume: InvalidZone.NotFound, not an answer': ec2Errors,
  'ec2:DescribeRegions: InvalidParameterValue, not an answer': ec2Errors,
  'ec2:AttachVolume: VolumeInUse, not an answer': ec2Errors,
  'ec2:DetachVolume: IncorrectState, not InvalidAttachment.NotFound': ec2Errors,
  'ec2:CreateSnapshots Snapshots': ec2('InstanceSpecification'),
  'ec2:CreateNetworkAclEntry: InvalidParameterValue, not an answer': ec2('CreateNetworkAclEntry'),
  'ec2:DescribeNetworkAcls: InvalidNetworkAclID.NotFound, not InvalidRouteTableID.NotFound':
    ec2Errors,
  'autoscaling:DetachInstances: ValidationError, not an answer':
    'https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html',
  'elasticloadbalancing:DeregisterTargets: an answer, not InvalidTargetException':
    elb('DeregisterTargets'),
};
const seen = new Set<string>();

let world: World;
let state: AccountState;
beforeEach(async () => {
  await emptyMoto();
  const clients = clientsTo(toMoto);
  world = await setUp(clients);
  state = await asAccountState(clients, world.vpcId);
});

/** Plays a scene in both accounts; the differences that nothing below accounts for. */
async function unexplained(scene: (aws: Clients) => Promise<void>) {
  const found = Object.entries(await differences(state, scene));
  for (const [at] of found) seen.add(at);
  return Object.fromEntries(found.filter(([at]) => !(at in decided)));
}

/** Goes on whether or not the call is refused: how it is answered is what is compared. */
const attempt = async <T>(call: Promise<T>): Promise<T | undefined> => call.catch(() => undefined);

const missing = (prefix: string) => `${prefix}-00000000000000000`;
const tagged = (ResourceType: 'security-group' | 'volume' | 'snapshot') => [
  { ResourceType, Tags: [{ Key: 'cordon:case', Value: 'case-1' }] },
];
const filter = (Name: string, ...Values: string[]) => [{ Name, Values }];

describe('the rehearsal account answers as moto does', () => {
  it('when security groups are made, looked for and emptied', async () => {
    const { vpcId, groups } = world;
    const found = await unexplained(async ({ ec2 }) => {
      const asked = { GroupName: 'cordon-no-rules', Description: 'no rules', VpcId: vpcId };
      const TagSpecifications = tagged('security-group');
      const made = await ec2.send(new CreateSecurityGroupCommand({ ...asked, TagSpecifications }));
      const GroupId = given(made.GroupId);
      await attempt(ec2.send(new CreateSecurityGroupCommand(asked)));

      await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
      await ec2.send(new DescribeSecurityGroupsCommand({ Filters: filter('vpc-id', vpcId) }));
      await ec2.send(
        new DescribeSecurityGroupsCommand({
          Filters: [...filter('vpc-id', vpcId), ...filter('group-name', 'cordon-no-rules')],
        }),
      );
      await ec2.send(
        new DescribeSecurityGroupsCommand({ Filters: filter('group-name', 'nobody') }),
      );
      await ec2.send(
        new DescribeSecurityGroupsCommand({ Filters: filter('tag:cordon:case', 'case-1') }),
      );
      await attempt(ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [missing('sg')] })));
      await attempt(ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: ['web'] })));

      const of = { Filters: filter('group-id', GroupId) };
      const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand(of));
      const SecurityGroupRuleIds = SecurityGroupRules.map((rule) =>
        given(rule.SecurityGroupRuleId),
      );
      await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds }));
      await attempt(
        ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds })),
      );
      await ec2.send(new DescribeSecurityGroupRulesCommand(of));
      await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters: filter('group-id', groups.web) }),
      );
      await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));

      const inbound = await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters: filter('group-id', groups.peer) }),
      );
      const admitting = (inbound.SecurityGroupRules ?? []).filter(({ IsEgress }) => !IsEgress);
      await ec2.send(
        new RevokeSecurityGroupIngressCommand({
          GroupId: groups.peer,
          SecurityGroupRuleIds: admitting.map((rule) => given(rule.SecurityGroupRuleId)),
        }),
      );
      await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [groups.peer] }));

      // moto makes all of these.
      const make = (differs: object) =>
        attempt(ec2.send(new CreateSecurityGroupCommand({ ...asked, ...differs })));
      await make({ GroupName: 'Cordon-No-Rules' });
      await make({ GroupName: 'sg-not-allowed' });
      await make({ GroupName: 'other', VpcId: missing('vpc') });
    });
    expect(found).toEqual({});
  });

  it('when network interfaces are looked for and change groups', async () => {
    const { instanceId, otherId, groups, vpcId } = world;
    const found = await unexplained(async ({ ec2 }) => {
      const of = { Filters: filter('attachment.instance-id', instanceId) };
      const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand(of));
      await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: filter('vpc-id', vpcId) }));
      await ec2.send(
        new DescribeNetworkInterfacesCommand({
          Filters: filter('attachment.instance-id', missing('i')),
        }),
      );
      for (const { NetworkInterfaceId } of NetworkInterfaces) {
        await ec2.send(
          new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [groups.peer] }),
        );
      }
      await ec2.send(new DescribeNetworkInterfacesCommand(of));
      await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
      await ec2.send(
        new DescribeNetworkInterfacesCommand({ Filters: filter('group-id', groups.peer) }),
      );
      await ec2.send(
        new DescribeNetworkInterfacesCommand({
          Filters: filter('attachment.instance-id', otherId),
        }),
      );
      const NetworkInterfaceId = given(NetworkInterfaces[0]?.NetworkInterfaceId);
      await attempt(
        ec2.send(
          new ModifyNetworkInterfaceAttributeCommand({
            NetworkInterfaceId: missing('eni'),
            Groups: [groups.peer],
          }),
        ),
      );
      await attempt(
        ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [missing('eni')] })),
      );
      await ec2.send(new DescribeNetworkInterfacesCommand(of));
      await attempt(
        ec2.send(
          new ModifyNetworkInterfaceAttributeCommand({
            NetworkInterfaceId,
            Groups: [missing('sg')],
          }),
        ),
      );
    });
    expect(found).toEqual({});
  });

  it('when instances are described and their attributes set', async () => {
    const { instanceId: InstanceId, otherId } = world;
    const found = await unexplained(async ({ ec2 }) => {
      await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
      await attempt(ec2.send(new DescribeInstancesCommand({ InstanceIds: [missing('i')] })));
      await attempt(
        ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId, missing('i')] })),
      );
      await attempt(ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-web'] })));

      const read = async (instance: string) => {
        const Attributes = [
          'disableApiTermination',
          'disableApiStop',
          'instanceInitiatedShutdownBehavior',
        ] as const;
        for (const Attribute of Attributes) {
          await ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: instance, Attribute }));
        }
      };
      await read(InstanceId);
      const set = (change: object) =>
        attempt(ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, ...change })));
      await set({ DisableApiTermination: { Value: true } });
      await set({ DisableApiStop: { Value: true } });
      await set({ InstanceInitiatedShutdownBehavior: { Value: 'terminate' } });
      await set({ InstanceInitiatedShutdownBehavior: { Value: 'hibernate' } });
      await set({ InstanceInitiatedShutdownBehavior: { Value: 'stop' } });
      await set({
        BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { DeleteOnTermination: false } }],
      });
      await set({ DisableApiTermination: { Value: true }, DisableApiStop: { Value: true } });
      await set({ DisableApiTermination: { Value: true }, InstanceId: missing('i') });
      await read(InstanceId);
      await read(otherId);
      await attempt(
        ec2.send(
          new DescribeInstanceAttributeCommand({
            InstanceId: missing('i'),
            Attribute: 'disableApiStop',
          }),
        ),
      );
      await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
      await ec2.send(new DescribeInstancesCommand({ InstanceIds: [otherId] }));
      await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['m5.large'] }));
    });
    expect(found).toEqual({});
  });

  it('when volumes are made, attached and detached', async () => {
    const { instanceId: InstanceId } = world;
    const found = await unexplained(async ({ ec2 }) => {
      const asked = {
        AvailabilityZone: 'eu-west-1a',
        Size: 12,
        VolumeType: 'gp3' as const,
        Encrypted: true,
      };
      const made = await ec2.send(
        new CreateVolumeCommand({
          ...asked,
          TagSpecifications: tagged('volume'),
          ClientToken: 'a',
        }),
      );
      const VolumeId = given(made.VolumeId);
      await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
      await ec2.send(
        new DescribeVolumesCommand({ Filters: filter('attachment.instance-id', InstanceId) }),
      );
      await ec2.send(new DescribeVolumesCommand({ Filters: filter('tag:cordon:case', 'case-1') }));
      await attempt(ec2.send(new DescribeVolumesCommand({ VolumeIds: [missing('vol')] })));

      const at = { InstanceId, Device: '/dev/sdg' };
      await attempt(ec2.send(new AttachVolumeCommand({ ...at, VolumeId: missing('vol') })));
      await ec2.send(new AttachVolumeCommand({ ...at, VolumeId }));
      await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
      await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
      await ec2.send(new DetachVolumeCommand({ VolumeId, InstanceId }));
      await attempt(ec2.send(new DetachVolumeCommand({ VolumeId, InstanceId })));
      await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
      const late = { Tags: [{ Key: 'late', Value: 'yes' }] };
      await ec2.send(new CreateTagsCommand({ ...late, Resources: [VolumeId] }));
      await attempt(ec2.send(new CreateTagsCommand({ ...late, Resources: [missing('vol')] })));
      await ec2.send(new DescribeVolumesCommand({ Filters: filter('tag-key', 'late') }));

      // moto does both.
      await attempt(
        ec2.send(new CreateVolumeCommand({ ...asked, AvailabilityZone: 'eu-west-1z' })),
      );
      await ec2.send(new AttachVolumeCommand({ ...at, VolumeId }));
      await attempt(ec2.send(new AttachVolumeCommand({ ...at, VolumeId, Device: '/dev/sdh' })));
    });
    expect(found).toEqual({});
  });

  it('when snapshots are taken of one volume, and of all that an instance has', async () => {
    const { instanceId: InstanceId } = world;
    const data = given(state.volumes.find(({ size }) => size === 100)?.volumeId);
    const found = await unexplained(async ({ ec2 }) => {
      const set = await ec2.send(
        new CreateSnapshotsCommand({
          Description: 'the set',
          InstanceSpecification: { InstanceId },
          TagSpecifications: tagged('snapshot'),
        }),
      );
      const one = await ec2.send(
        new CreateSnapshotCommand({
          VolumeId: data,
          Description: 'one',
          TagSpecifications: tagged('snapshot'),
        }),
      );
      await attempt(ec2.send(new CreateSnapshotCommand({ VolumeId: missing('vol') })));
      const SnapshotIds = [one.SnapshotId, set.Snapshots?.[0]?.SnapshotId].map(given);
      await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds }));
      await ec2.send(
        new DescribeSnapshotsCommand({
          OwnerIds: ['self'],
          Filters: filter('tag:cordon:case', 'case-1'),
        }),
      );
      await attempt(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [missing('snap')] })));

      // moto leaves no volume out.
      const device = state.instances
        .find(({ instanceId }) => instanceId === InstanceId)
        ?.blockDevices.find(({ deviceName }) => deviceName === '/dev/sdf');
      const ExcludeDataVolumeIds = [given(device?.volumeId)];
      await ec2.send(
        new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId, ExcludeDataVolumeIds } }),
      );
    });
    expect(found).toEqual({});
  });

  it('when entries of a network ACL are made and taken away', async () => {
    const { subnets } = world;
    const found = await unexplained(async ({ ec2 }) => {
      const of = { Filters: filter('association.subnet-id', subnets.front) };
      const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand(of));
      const NetworkAclId = given(NetworkAcls?.[0]?.NetworkAclId);
      const deny = {
        NetworkAclId,
        RuleNumber: 1,
        Protocol: '-1',
        RuleAction: 'deny' as const,
        Egress: true,
        CidrBlock: '198.51.100.7/32',
      };
      await ec2.send(new CreateNetworkAclEntryCommand(deny));
      await attempt(ec2.send(new CreateNetworkAclEntryCommand(deny)));
      await ec2.send(new CreateNetworkAclEntryCommand({ ...deny, Egress: false }));
      const { CidrBlock: _, ...v6 } = deny;
      await ec2.send(
        new CreateNetworkAclEntryCommand({
          ...v6,
          RuleNumber: 2,
          Ipv6CidrBlock: '2001:db8::7/128',
        }),
      );
      await attempt(
        ec2.send(new CreateNetworkAclEntryCommand({ ...deny, NetworkAclId: missing('acl') })),
      );
      await ec2.send(new DescribeNetworkAclsCommand(of));
      await ec2.send(
        new DeleteNetworkAclEntryCommand({ NetworkAclId, RuleNumber: 1, Egress: true }),
      );
      await ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [NetworkAclId] }));
      await attempt(ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [missing('acl')] })));
      await attempt(ec2.send(new CreateNetworkAclEntryCommand({ ...deny, RuleNumber: 40_000 })));
    });
    expect(found).toEqual({});
  });

  it('when the network around an instance is described', async () => {
    const { vpcId, subnets } = world;
    const found = await unexplained(async ({ ec2 }) => {
      await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpcId] }));
      await attempt(ec2.send(new DescribeVpcsCommand({ VpcIds: [missing('vpc')] })));
      await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnets.back] }));
      await attempt(ec2.send(new DescribeSubnetsCommand({ SubnetIds: [missing('subnet')] })));
      await ec2.send(new DescribeAddressesCommand({}));
      await ec2.send(new DescribeVpcEndpointsCommand({ Filters: filter('vpc-id', vpcId) }));
    });
    expect(found).toEqual({});
  });

  it('when an instance leaves its Auto Scaling group', async () => {
    const { instanceId, otherId } = world;
    const found = await unexplained(async ({ autoScaling }) => {
      const members = new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] });
      const groups = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['web'] });
      await autoScaling.send(members);
      await autoScaling.send(
        new DescribeAutoScalingInstancesCommand({ InstanceIds: [missing('i')] }),
      );
      await autoScaling.send(groups);
      await autoScaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['nobody'] }),
      );
      await autoScaling.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName: 'web' }));

      const detach = (InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
        attempt(
          autoScaling.send(
            new DetachInstancesCommand({
              AutoScalingGroupName: 'web',
              InstanceIds: [InstanceId],
              ShouldDecrementDesiredCapacity,
            }),
          ),
        );
      await detach(missing('i'), false);
      await detach(instanceId, false);
      await detach(instanceId, false);
      await autoScaling.send(members);
      await autoScaling.send(groups);
      await detach(otherId, true);
      await autoScaling.send(groups);
    });
    expect(found).toEqual({});
  });

  it('when the last member that the minimum asks for would leave', async () => {
    const { instanceId, otherId } = world;
    const found = await unexplained(async ({ autoScaling }) => {
      for (const InstanceId of [instanceId, otherId]) {
        await attempt(
          autoScaling.send(
            new DetachInstancesCommand({
              AutoScalingGroupName: 'web',
              InstanceIds: [InstanceId],
              ShouldDecrementDesiredCapacity: true,
            }),
          ),
        );
      }
    });
    expect(found).toEqual({});
  });

  it('when members of an Auto Scaling group stand by and come back', async () => {
    const { instanceId } = world;
    const found = await unexplained(async ({ autoScaling }) => {
      const AutoScalingGroupName = 'web';
      const members = new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] });
      const of = { AutoScalingGroupName, InstanceIds: [instanceId] };
      await autoScaling.send(
        new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 0 }),
      );
      await autoScaling.send(
        new EnterStandbyCommand({ ...of, ShouldDecrementDesiredCapacity: true }),
      );
      await autoScaling.send(members);
      await autoScaling.send(new ExitStandbyCommand(of));
      await autoScaling.send(members);
      await autoScaling.send(
        new DetachInstancesCommand({ ...of, ShouldDecrementDesiredCapacity: true }),
      );
      await autoScaling.send(new AttachInstancesCommand(of));
      await autoScaling.send(members);
      await attempt(
        autoScaling.send(
          new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: 'nobody', MinSize: 0 }),
        ),
      );
    });
    expect(found).toEqual({});
  });

  it('when Regions, a console and a document are asked for', async () => {
    const found = await unexplained(async ({ ec2, ssm }) => {
      await ec2.send(new DescribeRegionsCommand({ RegionNames: ['eu-west-1', 'us-east-1'] }));
      await attempt(ec2.send(new DescribeRegionsCommand({ RegionNames: ['eu-nowhere-1'] })));
      await attempt(ec2.send(new GetConsoleOutputCommand({ InstanceId: missing('i') })));
      await attempt(ssm.send(new GetDocumentCommand({ Name: 'nothing' })));
    });
    expect(found).toEqual({});
  });

  it('when targets leave their target groups', async () => {
    const { instanceId, targetGroups } = world;
    const address = given(
      state.networkInterfaces.find(({ attachment }) => attachment?.instanceId === instanceId)
        ?.privateIpAddresses[0],
    );
    const found = await unexplained(async ({ elb }) => {
      await elb.send(new DescribeTargetGroupsCommand({}));
      await attempt(
        elb.send(
          new DescribeTargetGroupsCommand({ TargetGroupArns: [`${targetGroups.byAddress}f`] }),
        ),
      );
      const health = async () => {
        for (const TargetGroupArn of Object.values(targetGroups)) {
          await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
        }
      };
      await health();
      const leave = (TargetGroupArn: string, ...Targets: { Id: string; Port?: number }[]) =>
        attempt(elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets })));
      await leave(targetGroups.byInstance, { Id: instanceId, Port: 80 });
      await leave(targetGroups.byAddress, { Id: address, Port: 8080 });
      await health();
      await leave(targetGroups.byInstance, { Id: instanceId, Port: 80 });
      await leave(`${targetGroups.byAddress}f`, { Id: address, Port: 8080 });
      await attempt(
        elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: `${targetGroups.byAddress}f` })),
      );
      await elb.send(
        new RegisterTargetsCommand({
          TargetGroupArn: targetGroups.byInstance,
          Targets: [{ Id: instanceId }],
        }),
      );
      await health();
    });
    expect(found).toEqual({});
  });

  it('when an instance leaves its classic load balancer', async () => {
    const { instanceId } = world;
    const found = await unexplained(async ({ classic }) => {
      const all = new DescribeLoadBalancersCommand({});
      const of = (...ids: string[]) => ({
        LoadBalancerName: 'by-hand',
        Instances: ids.map((InstanceId) => ({ InstanceId })),
      });
      await classic.send(all);
      await classic.send(new DeregisterInstancesFromLoadBalancerCommand(of(instanceId)));
      await attempt(classic.send(new DeregisterInstancesFromLoadBalancerCommand(of(instanceId))));
      await classic.send(all);
      await classic.send(new RegisterInstancesWithLoadBalancerCommand(of(instanceId)));
      await classic.send(all);
      await attempt(
        classic.send(new DescribeLoadBalancersCommand({ LoadBalancerNames: ['nobody'] })),
      );
    });
    expect(found).toEqual({});
  });

  it('when a command is sent to an instance', async () => {
    const { instanceId: InstanceId } = world;
    // moto sends commands to every instance.
    const managedInstances = [
      {
        instanceId: InstanceIdSchema.parse(InstanceId),
        pingStatus: 'Online' as const,
        platformType: 'Linux' as const,
        platformName: 'Amazon Linux',
        agentVersion: '3.3.1611.0',
      },
    ];
    state = { ...state, ssm: { ...state.ssm, managedInstances } };
    const found = await unexplained(async ({ ssm }) => {
      const sent = await ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: [InstanceId],
          Comment: 'case-1',
          TimeoutSeconds: 60,
          Parameters: { commands: ['true'], executionTimeout: ['600'] },
        }),
      );
      const CommandId = given(sent.Command?.CommandId);
      await ssm.send(new ListCommandsCommand({ CommandId }));
      await ssm.send(new ListCommandsCommand({ InstanceId }));
      await attempt(ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId })));
      await attempt(ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId })));
      await attempt(
        ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: missing('i') })),
      );
    });
    expect(found).toEqual({});
  });

  it('whatever operation both of them have', async () => {
    const services = ['ec2', 'autoscaling', 'elasticloadbalancing', 'ssm', 'cloudtrail'];
    expect(await unplayed(...services)).toEqual([]);
  });

  it('but for differences that are still there', () => {
    expect(Object.keys(decided).filter((at) => !seen.has(at))).toEqual([]);
  });
});
