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
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  DetachVolumeCommand,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
  paginateDescribeNetworkInterfaces,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { AccountState } from '../../../replay/account/state.ts';
import { at, errorOf, rehearsed } from './rehearsed.ts';

const vpcId = 'vpc-0aaaaaaaaaaaaaaa1';
const otherVpcId = 'vpc-0bbbbbbbbbbbbbbb1';
const subnetId = 'subnet-0aaaaaaaaaaaaaaa1';
const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const decoyId = 'i-0bbbbbbbbbbbbbbb1';
const eniId = 'eni-0aaaaaaaaaaaaaaa1';
const managedEniId = 'eni-0aaaaaaaaaaaaaaa3';
const groupId = 'sg-0aaaaaaaaaaaaaaa1';
const foreignGroupId = 'sg-0bbbbbbbbbbbbbbb1';
const rootId = 'vol-0aaaaaaaaaaaaaaa1';
const dataId = 'vol-0aaaaaaaaaaaaaaa2';
const absent = '0cccccccccccccccc';

/** Two instances in one subnet, one of them with two interfaces and two volumes; a second VPC with IPv6. */
const state = {
  vpcs: [{ vpcId }, { vpcId: otherVpcId, ipv6CidrBlocks: ['2001:db8::/56'] }],
  subnets: [
    { subnetId, vpcId, cidrBlock: '10.0.1.0/24' },
    { subnetId: 'subnet-0bbbbbbbbbbbbbbb1', vpcId: otherVpcId },
  ],
  securityGroups: [
    {
      groupId,
      groupName: 'web',
      vpcId,
      rules: [
        { isEgress: false, ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIpv4: '0.0.0.0/0' },
        { isEgress: false, ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIpv6: '::/0' },
        { ruleId: 'sgr-0aaaaaaaaaaaaaaa1', isEgress: true, cidrIpv4: '0.0.0.0/0' },
      ],
    },
    { groupId: foreignGroupId, groupName: 'web', vpcId: otherVpcId },
  ],
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2',
      subnetId,
      groups: [groupId],
      privateIpAddresses: ['10.0.1.6'],
      attachment: { instanceId, deviceIndex: 1 },
    },
    {
      networkInterfaceId: eniId,
      subnetId,
      groups: [groupId],
      privateIpAddresses: ['10.0.1.5'],
      ipv6Addresses: ['2001:db8::5'],
      attachment: { instanceId },
    },
    {
      networkInterfaceId: managedEniId,
      subnetId,
      requesterManaged: true,
      groups: [groupId],
    },
    {
      networkInterfaceId: 'eni-0bbbbbbbbbbbbbbb1',
      subnetId,
      groups: [groupId],
      privateIpAddresses: ['10.0.1.7'],
      attachment: { instanceId: decoyId },
    },
  ],
  instances: [
    {
      instanceId,
      iamInstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/web',
      blockDevices: [
        { deviceName: '/dev/xvda', volumeId: rootId },
        { deviceName: '/dev/sdf', volumeId: dataId, deleteOnTermination: false },
      ],
      tags: { Name: 'web-1' },
    },
    { instanceId: decoyId, tags: { Name: 'web-2' } },
    { instanceId: 'i-0ddddddddddddddd1', state: 'terminated' },
  ],
  volumes: [
    { volumeId: rootId, size: 20, tags: { team: 'web' } },
    { volumeId: 'vol-0bbbbbbbbbbbbbbb1', size: 4 },
  ],
  addresses: [
    {
      publicIp: '203.0.113.9',
      allocationId: 'eipalloc-0aaaaaaaaaaaaaaa1',
      networkInterfaceId: eniId,
    },
    { publicIp: '203.0.113.10', allocationId: 'eipalloc-0aaaaaaaaaaaaaaa2' },
  ],
  vpcEndpoints: [
    {
      vpcEndpointId: 'vpce-0aaaaaaaaaaaaaaa1',
      vpcId,
      serviceName: 'com.amazonaws.eu-west-1.ssm',
      groups: [groupId],
    },
    {
      vpcEndpointId: 'vpce-0aaaaaaaaaaaaaaa2',
      vpcId,
      serviceName: 'com.amazonaws.eu-west-1.s3',
      type: 'Gateway',
    },
  ],
} satisfies z.input<typeof AccountState>;

const ids = (items: readonly object[] | undefined, field: string) =>
  items?.map((item) => Reflect.get(item, field));

describe('instances', () => {
  it('are described with their interfaces in order, their volumes, groups, role and addresses', async () => {
    const { ec2 } = rehearsed(state);
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    expect(Reservations).toHaveLength(1);
    expect(Reservations?.[0]?.Instances).toMatchObject([
      {
        InstanceId: instanceId,
        State: { Name: 'running', Code: 16 },
        VpcId: vpcId,
        SubnetId: subnetId,
        Placement: { AvailabilityZone: 'eu-west-1a' },
        PrivateIpAddress: '10.0.1.5',
        PublicIpAddress: '203.0.113.9',
        IamInstanceProfile: { Arn: 'arn:aws:iam::111122223333:instance-profile/web' },
        BlockDeviceMappings: [
          { DeviceName: '/dev/xvda', Ebs: { VolumeId: rootId, DeleteOnTermination: true } },
          { DeviceName: '/dev/sdf', Ebs: { VolumeId: dataId, DeleteOnTermination: false } },
        ],
        NetworkInterfaces: [
          {
            NetworkInterfaceId: eniId,
            Attachment: { DeviceIndex: 0 },
            Association: { PublicIp: '203.0.113.9', IpOwnerId: '111122223333' },
            Ipv6Addresses: [{ Ipv6Address: '2001:db8::5' }],
          },
          { NetworkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2', Attachment: { DeviceIndex: 1 } },
        ],
        SecurityGroups: [{ GroupId: groupId, GroupName: 'web' }],
        Tags: [{ Key: 'Name', Value: 'web-1' }],
      },
    ]);
  });

  it('go on being described once terminated, without interfaces and volumes', async () => {
    const { ec2 } = rehearsed(state);
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ InstanceIds: ['i-0ddddddddddddddd1'] }),
    );
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      State: { Name: 'terminated', Code: 48 },
      NetworkInterfaces: [],
      BlockDeviceMappings: [],
      SecurityGroups: [],
    });
    expect(Reservations?.[0]?.Instances?.[0]).not.toHaveProperty('VpcId');
  });

  it.each([
    [{ Name: 'tag:Name', Values: ['web-*'] }, [instanceId, decoyId]],
    [{ Name: 'tag:Name', Values: ['web-?', 'db'] }, [instanceId, decoyId]],
    [{ Name: 'tag:Name', Values: ['WEB-1'] }, []],
    [{ Name: 'tag-key', Values: ['Name'] }, [instanceId, decoyId]],
    [{ Name: 'instance-state-name', Values: ['terminated'] }, ['i-0ddddddddddddddd1']],
    [
      { Name: 'network-interface.addresses.private-ip-address', Values: ['10.0.1.6'] },
      [instanceId],
    ],
    [{ Name: 'vpc-id', Values: [vpcId] }, [instanceId, decoyId]],
    [{ Name: 'block-device-mapping.volume-id', Values: [dataId] }, [instanceId]],
  ])('are found by the filter %j', async (filter, expected) => {
    const { ec2 } = rehearsed(state);
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [filter] }),
    );
    expect(
      ids(
        Reservations.flatMap(({ Instances = [] }) => Instances),
        'InstanceId',
      ),
    ).toEqual(expected);
  });

  it.each([
    ['InvalidInstanceID.NotFound', { InstanceIds: [`i-${absent}`] }],
    ['InvalidInstanceID.Malformed', { InstanceIds: ['i-xyz'] }],
    ['InvalidParameterValue', { Filters: [{ Name: 'no-such-filter', Values: ['x'] }] }],
    ['InvalidParameterCombination', { InstanceIds: [instanceId], MaxResults: 5 }],
    ['InvalidParameterValue', { MaxResults: 4 }],
    ['InvalidNextToken', { NextToken: 'elsewhere' }],
  ])('are refused with %s for %j', async (code, input) => {
    const { ec2 } = rehearsed(state);
    expect(await errorOf(ec2.send(new DescribeInstancesCommand(input)))).toBe(code);
  });

  it('are changed one attribute at a time, and say so when asked', async () => {
    const { ec2 } = rehearsed(state);
    const changes = [
      { DisableApiTermination: { Value: true } },
      { DisableApiStop: { Value: true } },
      { InstanceInitiatedShutdownBehavior: { Value: 'terminate' } },
      { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }] },
    ];
    for (const change of changes) {
      await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: instanceId, ...change }));
    }
    const attribute = (
      Attribute:
        | 'disableApiTermination'
        | 'disableApiStop'
        | 'instanceInitiatedShutdownBehavior'
        | 'blockDeviceMapping',
    ) => ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute }));
    expect(await attribute('disableApiTermination')).toMatchObject({
      DisableApiTermination: { Value: true },
    });
    expect(await attribute('disableApiStop')).toMatchObject({ DisableApiStop: { Value: true } });
    expect(await attribute('instanceInitiatedShutdownBehavior')).toMatchObject({
      InstanceInitiatedShutdownBehavior: { Value: 'terminate' },
    });
    expect(await attribute('blockDeviceMapping')).toMatchObject({
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } },
        { DeviceName: '/dev/sdf', Ebs: { DeleteOnTermination: false } },
      ],
    });
  });

  it('lose a volume on termination when DeleteOnTermination is left out, as on AWS', async () => {
    const { ec2, account } = rehearsed(state);
    await ec2.send(
      new ModifyInstanceAttributeCommand({
        InstanceId: instanceId,
        BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: {} }],
      }),
    );
    expect(account.state.instances[0]?.blockDevices[1]?.deleteOnTermination).toBe(true);
  });

  it.each([
    [
      'two attributes at once',
      'InvalidParameterCombination',
      { DisableApiStop: { Value: true }, DisableApiTermination: { Value: true } },
    ],
    ['no attribute', 'InvalidParameterCombination', {}],
    [
      'a device that is not there',
      'InvalidInstanceAttributeValue',
      { BlockDeviceMappings: [{ DeviceName: '/dev/sdz' }] },
    ],
    [
      'a word that is no behaviour',
      'InvalidParameterValue',
      { InstanceInitiatedShutdownBehavior: { Value: 'hibernate' } },
    ],
  ])('refuse to change %s', async (_what, code, change) => {
    const { ec2 } = rehearsed(state);
    const command = new ModifyInstanceAttributeCommand({ InstanceId: instanceId, ...change });
    expect(await errorOf(ec2.send(command))).toBe(code);
  });

  it.each([
    ['spot', 'DisableApiTermination', { instanceId, lifecycle: 'spot' as const }],
    ['spot', 'DisableApiStop', { instanceId, lifecycle: 'spot' as const }],
    ['instance-store', 'DisableApiStop', { instanceId, rootDeviceType: 'instance-store' as const }],
  ])('of kind %s cannot have %s', async (_kind, attribute, instance) => {
    const { ec2, account } = rehearsed({ instances: [instance] });
    const command = new ModifyInstanceAttributeCommand({
      InstanceId: instanceId,
      [attribute]: { Value: true },
    });
    expect(await errorOf(ec2.send(command))).toBe('UnsupportedOperation');
    expect(account.state.instances).toMatchObject([
      { disableApiTermination: false, disableApiStop: false },
    ]);
  });

  it('have types with a known memory, and others are refused', async () => {
    const { ec2 } = rehearsed(state);
    const described = await ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ['m6g.large', 't3.micro', 'c5.9xlarge'] }),
    );
    const sizes = described.InstanceTypes?.map(({ InstanceType, MemoryInfo, ProcessorInfo }) => [
      InstanceType,
      MemoryInfo?.SizeInMiB,
      ProcessorInfo?.SupportedArchitectures?.[0],
    ]);
    expect(sizes).toEqual([
      ['m6g.large', 8192, 'arm64'],
      ['t3.micro', 1024, 'x86_64'],
      ['c5.9xlarge', 73_728, 'x86_64'],
    ]);
    const unknown = ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['m1.small'] }));
    expect(await errorOf(unknown)).toBe('InvalidInstanceType');
  });
});

describe('network interfaces', () => {
  it.each([
    [{ Name: 'attachment.instance-id', Values: [instanceId] }, ['eni-0aaaaaaaaaaaaaaa2', eniId]],
    [{ Name: 'group-name', Values: ['web'] }, 4],
    [{ Name: 'association.public-ip', Values: ['203.0.113.9'] }, [eniId]],
    [{ Name: 'requester-managed', Values: ['true'] }, [managedEniId]],
    [{ Name: 'vpc-id', Values: [otherVpcId] }, []],
    [{ Name: 'ipv6-addresses.ipv6-address', Values: ['2001:db8::5'] }, [eniId]],
  ])('are found by the filter %j', async (filter, expected) => {
    const { ec2 } = rehearsed(state);
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [filter] }),
    );
    if (typeof expected === 'number') expect(NetworkInterfaces).toHaveLength(expected);
    else expect(ids(NetworkInterfaces, 'NetworkInterfaceId')).toEqual(expected);
  });

  it('come in pages as large as asked', async () => {
    const subnets = [{ subnetId, vpcId }];
    const networkInterfaces = Array.from({ length: 12 }, (_, n) => ({
      networkInterfaceId: `eni-0000000000000${String(n).padStart(4, '0')}`,
      subnetId,
    }));
    const { ec2 } = rehearsed({ vpcs: [{ vpcId }], subnets, networkInterfaces });
    const sizes: number[] = [];
    const pages = paginateDescribeNetworkInterfaces({ client: ec2, pageSize: 5 }, {});
    for await (const { NetworkInterfaces = [] } of pages) sizes.push(NetworkInterfaces.length);
    expect(sizes).toEqual([5, 5, 2]);
  });

  it('change groups, and their instance shows it', async () => {
    const { ec2 } = rehearsed(state);
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'empty', Description: 'd', VpcId: vpcId }),
    );
    await ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: eniId, Groups: [GroupId] }),
    );
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    const interfaces = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces;
    expect(interfaces?.map(({ Groups }) => Groups)).toEqual([
      [{ GroupId, GroupName: 'empty' }],
      [{ GroupId: groupId, GroupName: 'web' }],
    ]);
  });

  it.each([
    [
      'a group of another VPC',
      'InvalidGroup.NotFound',
      { NetworkInterfaceId: eniId, Groups: [foreignGroupId] },
    ],
    [
      'a group that is not there',
      'InvalidGroup.NotFound',
      { NetworkInterfaceId: eniId, Groups: [`sg-${absent}`] },
    ],
    [
      'an interface that is not there',
      'InvalidNetworkInterfaceID.NotFound',
      { NetworkInterfaceId: `eni-${absent}`, Groups: [groupId] },
    ],
    [
      "an interface of AWS's own",
      'OperationNotPermitted',
      { NetworkInterfaceId: managedEniId, Groups: [groupId] },
    ],
    [
      'two attributes at once',
      'InvalidParameterCombination',
      { NetworkInterfaceId: eniId, Groups: [groupId], Description: { Value: 'x' } },
    ],
    ['no attribute', 'InvalidParameterCombination', { NetworkInterfaceId: eniId, Groups: [] }],
  ])('refuse %s', async (_what, code, input) => {
    const { ec2, account } = rehearsed(state);
    const before = structuredClone(account.state);
    expect(await errorOf(ec2.send(new ModifyNetworkInterfaceAttributeCommand(input)))).toBe(code);
    expect(account.state).toEqual(before);
  });
});

describe('the network around them', () => {
  it('has VPCs, subnets, endpoints and addresses, found by what steps ask', async () => {
    const { ec2 } = rehearsed(state);
    const vpcs = await ec2.send(new DescribeVpcsCommand({ VpcIds: [otherVpcId] }));
    expect(vpcs.Vpcs).toMatchObject([
      {
        VpcId: otherVpcId,
        CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16' }],
        Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8::/56' }],
      },
    ]);
    const subnets = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
    );
    expect(subnets.Subnets).toMatchObject([{ SubnetId: subnetId, AvailabilityZone: 'eu-west-1a' }]);
    const endpoints = await ec2.send(
      new DescribeVpcEndpointsCommand({
        Filters: [
          { Name: 'vpc-id', Values: [vpcId] },
          { Name: 'service-name', Values: ['com.amazonaws.eu-west-1.ssm'] },
        ],
      }),
    );
    expect(endpoints.VpcEndpoints).toMatchObject([
      { PrivateDnsEnabled: true, Groups: [{ GroupId: groupId }], State: 'available' },
    ]);
    const addresses = await ec2.send(
      new DescribeAddressesCommand({
        Filters: [{ Name: 'instance-id', Values: [instanceId] }],
      }),
    );
    expect(addresses.Addresses).toMatchObject([
      { PublicIp: '203.0.113.9', NetworkInterfaceId: eniId, PrivateIpAddress: '10.0.1.5' },
    ]);
  });

  it.each([
    ['InvalidVpcID.NotFound', new DescribeVpcsCommand({ VpcIds: [`vpc-${absent}`] })],
    ['InvalidSubnetID.NotFound', new DescribeSubnetsCommand({ SubnetIds: [`subnet-${absent}`] })],
    ['InvalidAddress.NotFound', new DescribeAddressesCommand({ PublicIps: ['192.0.2.1'] })],
    [
      'InvalidVpcEndpointId.NotFound',
      new DescribeVpcEndpointsCommand({ VpcEndpointIds: [`vpce-${absent}`] }),
    ],
  ])('refuses what is not there with %s', async (code, command) => {
    const { ec2 } = rehearsed(state);
    // Each row pairs a command with its own input, which the union of them loses.
    expect(await errorOf(ec2.send(command as DescribeVpcsCommand))).toBe(code);
  });
});

describe('security groups', () => {
  it('list their rules by id, and as permissions on the group', async () => {
    const { ec2 } = rehearsed(state);
    const filter = [{ Name: 'group-id', Values: [groupId] }];
    const rules = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: filter }));
    expect(rules.SecurityGroupRules).toMatchObject([
      { IsEgress: false, IpProtocol: 'tcp', FromPort: 443, CidrIpv4: '0.0.0.0/0' },
      { IsEgress: false, IpProtocol: 'tcp', FromPort: 443, CidrIpv6: '::/0' },
      { IsEgress: true, IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' },
    ]);
    const groups = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: filter }));
    expect(groups.SecurityGroups).toMatchObject([
      {
        GroupName: 'web',
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 443,
            ToPort: 443,
            IpRanges: [{ CidrIp: '0.0.0.0/0' }],
            Ipv6Ranges: [{ CidrIpv6: '::/0' }],
          },
        ],
        IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      },
    ]);
  });

  it.each([
    ['only in IPv4', vpcId, ['0.0.0.0/0']],
    ['in IPv6 too where the VPC has it', otherVpcId, ['0.0.0.0/0', '::/0']],
  ])('are made letting everything out, %s', async (_what, VpcId, out) => {
    const { ec2 } = rehearsed(state);
    const made = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: 'cordon-no-rules',
        Description: 'd',
        VpcId,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'a', Value: 'b' }] }],
      }),
    );
    expect(made).toMatchObject({ GroupId: expect.stringMatching(/^sg-0/), Tags: [{ Key: 'a' }] });
    const { SecurityGroupRules = [] } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({
        Filters: [{ Name: 'group-id', Values: [made.GroupId ?? ''] }],
      }),
    );
    expect(SecurityGroupRules.map(({ CidrIpv4, CidrIpv6 }) => CidrIpv4 ?? CidrIpv6)).toEqual(out);
    expect(SecurityGroupRules.every(({ IsEgress }) => IsEgress)).toBe(true);
    expect(new Set(SecurityGroupRules.map((rule) => rule.SecurityGroupRuleId)).size).toBe(
      out.length,
    );
  });

  it.each([
    [
      'a name taken in its VPC, whatever its case',
      'InvalidGroup.Duplicate',
      { GroupName: 'WEB', VpcId: vpcId },
    ],
    [
      'a VPC that is not there',
      'InvalidVpcID.NotFound',
      { GroupName: 'x', VpcId: `vpc-${absent}` },
    ],
    ['a name like an id', 'InvalidParameterValue', { GroupName: 'sg-mine', VpcId: vpcId }],
    ['no VPC', 'VPCIdNotSpecified', { GroupName: 'x' }],
    [
      'tags for something else',
      'InvalidParameterValue',
      {
        GroupName: 'x',
        VpcId: vpcId,
        TagSpecifications: [{ ResourceType: 'volume' as const, Tags: [] }],
      },
    ],
  ])('are refused for %s', async (_what, code, input) => {
    const { ec2 } = rehearsed(state);
    const command = new CreateSecurityGroupCommand({ Description: 'd', ...input });
    expect(await errorOf(ec2.send(command))).toBe(code);
  });

  it('lose rules by id and by what they are, each in its own direction', async () => {
    const { ec2, account } = rehearsed(state);
    await ec2.send(
      new RevokeSecurityGroupEgressCommand({
        GroupId: groupId,
        SecurityGroupRuleIds: ['sgr-0aaaaaaaaaaaaaaa1'],
      }),
    );
    const { Return } = await ec2.send(
      new RevokeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [
          { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
        ],
      }),
    );
    expect(Return).toBe(true);
    expect(account.state.securityGroups[0]?.rules).toMatchObject([{ cidrIpv6: '::/0' }]);
  });

  it.each([
    [
      'InvalidPermission.NotFound',
      { IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8' }] }] },
    ],
    ['InvalidSecurityGroupRuleId.NotFound', { SecurityGroupRuleIds: ['sgr-0ccccccccccccccc1'] }],
    ['InvalidParameterCombination', {}],
  ])('refuse with %s to lose a rule that is not there: %j', async (code, input) => {
    const { ec2 } = rehearsed(state);
    const command = new RevokeSecurityGroupEgressCommand({ GroupId: groupId, ...input });
    expect(await errorOf(ec2.send(command))).toBe(code);
  });
});

describe('network ACLs', () => {
  const aclOf = async (ec2: ReturnType<typeof rehearsed>['ec2']) => {
    const { NetworkAcls } = await ec2.send(
      new DescribeNetworkAclsCommand({
        Filters: [{ Name: 'association.subnet-id', Values: [subnetId] }],
      }),
    );
    return NetworkAcls?.[0];
  };

  it('are found by a subnet of theirs, take entries in canonical form and give them up', async () => {
    const { ec2 } = rehearsed(state);
    const { NetworkAclId = '', IsDefault, Associations } = (await aclOf(ec2)) ?? {};
    expect(IsDefault).toBe(true);
    expect(Associations).toMatchObject([{ SubnetId: subnetId }]);
    const entry = { NetworkAclId, RuleNumber: 1, Egress: true };
    await ec2.send(
      new CreateNetworkAclEntryCommand({
        ...entry,
        Protocol: '-1',
        RuleAction: 'deny',
        CidrBlock: '198.51.100.77/24',
      }),
    );
    expect((await aclOf(ec2))?.Entries?.[0]).toEqual({
      RuleNumber: 1,
      Egress: true,
      Protocol: '-1',
      RuleAction: 'deny',
      CidrBlock: '198.51.100.0/24',
    });
    await ec2.send(new DeleteNetworkAclEntryCommand(entry));
    expect((await aclOf(ec2))?.Entries).toHaveLength(4);
    const again = ec2.send(new DeleteNetworkAclEntryCommand(entry));
    expect(await errorOf(again)).toBe('InvalidNetworkAclEntry.NotFound');
  });

  it.each([
    ['a number that is taken', 'NetworkAclEntryAlreadyExists', { RuleNumber: 100 }],
    ['the number of the last denial', 'InvalidParameterValue', { RuleNumber: 32_767 }],
    ['an IPv6 range as IPv4', 'InvalidParameterValue', { CidrBlock: '2001:db8::1/128' }],
    ['two ranges', 'InvalidParameterCombination', { Ipv6CidrBlock: '2001:db8::1/128' }],
    ['no range', 'MissingParameter', { CidrBlock: undefined }],
    ['TCP without ports', 'MissingParameter', { Protocol: '6' }],
    ['an ACL that is not there', 'InvalidNetworkAclID.NotFound', { NetworkAclId: `acl-${absent}` }],
  ])('refuse %s', async (_what, code, differs) => {
    const { ec2 } = rehearsed(state);
    const { NetworkAclId } = (await aclOf(ec2)) ?? {};
    const command = new CreateNetworkAclEntryCommand({
      NetworkAclId,
      RuleNumber: 7,
      Egress: false,
      Protocol: '-1',
      RuleAction: 'deny',
      CidrBlock: '198.51.100.7/32',
      ...differs,
    });
    expect(await errorOf(ec2.send(command))).toBe(code);
  });

  it('hold twenty entries for each direction and IP version, the last denial among them', async () => {
    const { ec2 } = rehearsed(state);
    const { NetworkAclId } = (await aclOf(ec2)) ?? {};
    const add = (RuleNumber: number, Egress = false) =>
      ec2.send(
        new CreateNetworkAclEntryCommand({
          NetworkAclId,
          RuleNumber,
          Egress,
          Protocol: '-1',
          RuleAction: 'deny',
          CidrBlock: `198.51.100.${RuleNumber}/32`,
        }),
      );
    for (let number = 1; number <= 18; number++) await add(number);
    expect(await errorOf(add(19))).toBe('NetworkAclEntryLimitExceeded');
    expect(await errorOf(add(19, true))).toBe('no error');
  });

  it('let nobody but their owner change them', async () => {
    const { ec2 } = rehearsed({
      vpcs: [{ vpcId }],
      networkAcls: [{ networkAclId: 'acl-0aaaaaaaaaaaaaaa1', vpcId, ownerId: '999988887777' }],
    });
    const command = new DeleteNetworkAclEntryCommand({
      NetworkAclId: 'acl-0aaaaaaaaaaaaaaa1',
      RuleNumber: 1,
      Egress: false,
    });
    expect(await errorOf(ec2.send(command))).toBe('UnauthorizedOperation');
  });
});

describe('volumes', () => {
  const wanted = {
    AvailabilityZone: 'eu-west-1a',
    Size: 10,
    VolumeType: 'gp3' as const,
    Encrypted: true,
    ClientToken: 'once',
  };

  it('are created once for one client token, attached, and detached', async () => {
    const { ec2, account } = rehearsed(state);
    const made = await ec2.send(new CreateVolumeCommand(wanted));
    const again = await ec2.send(new CreateVolumeCommand(wanted));
    expect(made.State).toBe('creating');
    expect(again).toMatchObject({ VolumeId: made.VolumeId, State: 'available' });
    const VolumeId = made.VolumeId ?? '';
    const device = { VolumeId, InstanceId: instanceId, Device: '/dev/sdg' };
    expect(await ec2.send(new AttachVolumeCommand(device))).toMatchObject({
      State: 'attaching',
      DeleteOnTermination: false,
    });
    const found = await ec2.send(
      new DescribeVolumesCommand({
        Filters: [{ Name: 'attachment.instance-id', Values: [instanceId] }],
      }),
    );
    expect(ids(found.Volumes, 'VolumeId')).toEqual([rootId, dataId, VolumeId]);
    expect(found.Volumes?.[2]).toMatchObject({
      State: 'in-use',
      Encrypted: true,
      Attachments: [{ Device: '/dev/sdg', State: 'attached' }],
    });
    await ec2.send(new DetachVolumeCommand({ VolumeId }));
    expect(account.state.volumes.at(-1)).toMatchObject({ volumeId: VolumeId, state: 'available' });
  });

  it('end in error, seen only on a later look, when their key cannot be used', async () => {
    const { ec2 } = rehearsed({ ...state, kmsKeys: ['alias/evidence'] });
    const { VolumeId = '', State } = await ec2.send(
      new CreateVolumeCommand({ ...wanted, KmsKeyId: 'alias/elsewhere' }),
    );
    expect(State).toBe('creating');
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
    expect(Volumes).toMatchObject([{ State: 'error' }]);
    const attaching = ec2.send(
      new AttachVolumeCommand({ VolumeId, InstanceId: instanceId, Device: '/dev/sdg' }),
    );
    expect(await errorOf(attaching)).toBe('IncorrectState');
  });

  it('are refused under a client token that asked for something else', async () => {
    const { ec2 } = rehearsed(state);
    await ec2.send(new CreateVolumeCommand(wanted));
    const other = ec2.send(new CreateVolumeCommand({ ...wanted, Size: 11 }));
    expect(await errorOf(other)).toBe('IdempotentParameterMismatch');
  });

  it.each([
    ['MissingParameter', { Size: undefined }],
    ['InvalidZone.NotFound', { AvailabilityZone: 'us-east-1a' }],
  ])('are refused with %s for %j', async (code, differs) => {
    const { ec2 } = rehearsed(state);
    expect(await errorOf(ec2.send(new CreateVolumeCommand({ ...wanted, ...differs })))).toBe(code);
  });

  const spare = 'vol-0bbbbbbbbbbbbbbb1';
  it.each([
    ['a volume in use', 'VolumeInUse', { VolumeId: rootId }],
    ['a volume that is not there', 'InvalidVolume.NotFound', { VolumeId: `vol-${absent}` }],
    ['a terminated instance', 'IncorrectState', { InstanceId: 'i-0ddddddddddddddd1' }],
    ['a device in use', 'InvalidParameterValue', { Device: '/dev/sdf' }],
    ['a name that is no device', 'InvalidParameterValue', { Device: 'C:' }],
  ])('refuse to attach %s', async (_what, code, differs) => {
    const { ec2 } = rehearsed(state);
    const command = new AttachVolumeCommand({
      VolumeId: spare,
      InstanceId: instanceId,
      Device: '/dev/sdg',
      ...differs,
    });
    expect(await errorOf(ec2.send(command))).toBe(code);
  });

  it('attach in their own zone only', async () => {
    const { ec2 } = rehearsed(state);
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({ ...wanted, AvailabilityZone: 'eu-west-1b' }),
    );
    const command = new AttachVolumeCommand({
      VolumeId,
      InstanceId: instanceId,
      Device: '/dev/sdg',
    });
    expect(await errorOf(ec2.send(command))).toBe('InvalidVolume.ZoneMismatch');
  });

  it('attach as long as a place is left beside the interfaces', async () => {
    const blockDevices = Array.from({ length: 26 }, (_, n) => ({
      deviceName: `/dev/xvd${String.fromCharCode(97 + n)}`,
      volumeId: `vol-00000000000000${String(n).padStart(3, '0')}`,
    }));
    const full = { ...state, instances: [{ instanceId, blockDevices }, { instanceId: decoyId }] };
    const { ec2 } = rehearsed({ ...full, volumes: [{ volumeId: spare }] });
    const command = new AttachVolumeCommand({
      VolumeId: spare,
      InstanceId: instanceId,
      Device: '/dev/sdg',
    });
    expect(await errorOf(ec2.send(command))).toBe('AttachmentLimitExceeded');
  });

  it.each([
    ['a volume that is not attached', 'IncorrectState', { VolumeId: spare }],
    [
      'a volume of another instance',
      'InvalidAttachment.NotFound',
      { VolumeId: dataId, InstanceId: decoyId },
    ],
    ['the root of a running instance', 'OperationNotPermitted', { VolumeId: rootId }],
  ])('refuse to detach %s', async (_what, code, input) => {
    const { ec2 } = rehearsed(state);
    expect(await errorOf(ec2.send(new DetachVolumeCommand(input)))).toBe(code);
  });
});

describe('snapshots', () => {
  it('are taken of all volumes of an instance but the excluded ones, with tags', async () => {
    const { ec2, account } = rehearsed(state);
    const { Snapshots } = await ec2.send(
      new CreateSnapshotsCommand({
        InstanceSpecification: { InstanceId: instanceId, ExcludeDataVolumeIds: [dataId] },
        CopyTagsFromSource: 'volume',
        Description: 'evidence',
        TagSpecifications: [
          { ResourceType: 'snapshot', Tags: [{ Key: 'cordon:case', Value: 'case-1' }] },
        ],
      }),
    );
    expect(Snapshots).toMatchObject([{ VolumeId: rootId, State: 'pending', VolumeSize: 20 }]);
    expect(account.state.snapshots).toMatchObject([
      { volumeId: rootId, startTime: at, tags: { team: 'web', 'cordon:case': 'case-1' } },
    ]);
    const found = await ec2.send(
      new DescribeSnapshotsCommand({
        OwnerIds: ['self'],
        Filters: [{ Name: 'tag:cordon:case', Values: ['case-1'] }],
      }),
    );
    expect(ids(found.Snapshots, 'SnapshotId')).toEqual(ids(Snapshots, 'SnapshotId'));
  });

  it('are taken again when asked again: there is no client token', async () => {
    const { ec2, account } = rehearsed(state);
    const command = () =>
      new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: instanceId } });
    await ec2.send(command());
    await ec2.send(command());
    expect(account.state.snapshots).toHaveLength(4);
    expect(new Set(ids(account.state.snapshots, 'snapshotId')).size).toBe(4);
  });

  it.each([
    ['an instance that is not there', 'InvalidInstanceID.NotFound', { InstanceId: `i-${absent}` }],
    ['a terminated instance', 'IncorrectInstanceState', { InstanceId: 'i-0ddddddddddddddd1' }],
    ['an instance without volumes', 'InvalidParameterValue', { InstanceId: decoyId }],
    [
      'the root among the excluded data volumes',
      'InvalidParameterValue',
      { InstanceId: instanceId, ExcludeDataVolumeIds: [rootId] },
    ],
  ])('are refused for %s', async (_what, code, InstanceSpecification) => {
    const { ec2, account } = rehearsed(state);
    const command = new CreateSnapshotsCommand({ InstanceSpecification });
    expect(await errorOf(ec2.send(command))).toBe(code);
    expect(account.state.snapshots).toEqual([]);
  });

  it('of one volume are at most five on the way', async () => {
    const { ec2 } = rehearsed(state);
    const take = () => ec2.send(new CreateSnapshotCommand({ VolumeId: rootId }));
    for (let n = 0; n < 5; n++) await take();
    expect(await errorOf(take())).toBe('ConcurrentSnapshotLimitExceeded');
  });
});

describe('tags', () => {
  it('are put on all that is named, beside those already there', async () => {
    const { ec2, account } = rehearsed(state);
    await ec2.send(
      new CreateTagsCommand({
        Resources: [instanceId, rootId, groupId],
        Tags: [{ Key: 'cordon:case', Value: 'case-1' }],
      }),
    );
    expect(account.state.instances[0]?.tags).toEqual({ Name: 'web-1', 'cordon:case': 'case-1' });
    expect(account.state.volumes[0]?.tags).toEqual({ team: 'web', 'cordon:case': 'case-1' });
    expect(account.state.securityGroups[0]?.tags).toEqual({ 'cordon:case': 'case-1' });
  });

  it.each([
    ['a resource that is not there', 'InvalidVolume.NotFound', [rootId, `vol-${absent}`], 'a'],
    ['an id of no kind', 'InvalidID', ['thing-1'], 'a'],
    ["a key of AWS's own", 'InvalidParameterValue', [rootId], 'aws:x'],
  ])('are put on nothing when they name %s', async (_what, code, Resources, Key) => {
    const { ec2, account } = rehearsed(state);
    const command = new CreateTagsCommand({ Resources, Tags: [{ Key, Value: 'b' }] });
    expect(await errorOf(ec2.send(command))).toBe(code);
    expect(account.state.volumes[0]?.tags).toEqual({ team: 'web' });
  });
});
