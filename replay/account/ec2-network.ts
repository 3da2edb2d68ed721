import type {
  DescribeAddressesRequest,
  DescribeAddressesResult,
  NetworkInterface as DescribedInterface,
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  DescribeVpcEndpointsRequest,
  DescribeVpcEndpointsResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  GroupIdentifier,
  ModifyNetworkInterfaceAttributeRequest,
  State,
} from '@aws-sdk/client-ec2';
import { SecurityGroupId } from '../../functions/shared/ids.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import {
  asked,
  type FilterFields,
  matching,
  named,
  page,
  refusal,
  tagList,
} from './ec2-requests.ts';
import { madeUpId } from './made-up-ids.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type NetworkInterface = AccountState['networkInterfaces'][number];

/** An instance's interfaces, the primary one first. */
export const interfacesOf = (state: AccountState, instanceId: string): NetworkInterface[] =>
  state.networkInterfaces
    .filter(({ attachment }) => attachment?.instanceId === instanceId)
    .toSorted((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0));

/** Groups as EC2 lists them on what is in them. */
export const groupList = (state: AccountState, ids: readonly string[]): GroupIdentifier[] =>
  ids.map((GroupId) => ({ GroupId, GroupName: named(state, 'securityGroups', GroupId).groupName }));

/** The public address of an interface: an Elastic IP of this account, or one that AWS lends. */
export function association(state: AccountState, eni: NetworkInterface) {
  if (!eni.publicIp) return undefined;
  const elastic = state.addresses.some(({ publicIp }) => publicIp === eni.publicIp);
  return { PublicIp: eni.publicIp, IpOwnerId: elastic ? state.accountId : 'amazon' };
}

function describeNetworkInterfaces(
  { state }: Desk,
  input: DescribeNetworkInterfacesRequest,
): DescribeNetworkInterfacesResult {
  const found = asked(state, 'networkInterfaces', input.NetworkInterfaceIds);
  const matched = matching(found, input.Filters, interfaceFilters(state));
  const { items, ...next } = page(matched, input, { ids: input.NetworkInterfaceIds ?? [] });
  return { NetworkInterfaces: items.map((eni) => describedInterface(state, eni)), ...next };
}

const interfaceFilters = (state: AccountState): FilterFields<NetworkInterface> => ({
  'network-interface-id': ({ networkInterfaceId }) => networkInterfaceId,
  'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
  'attachment.attachment-id': ({ attachment }) => attachment?.attachmentId,
  'attachment.device-index': ({ attachment }) => attachment?.deviceIndex,
  'attachment.status': ({ attachment }) => (attachment ? 'attached' : 'detached'),
  'subnet-id': ({ subnetId }) => subnetId,
  'vpc-id': ({ subnetId }) => named(state, 'subnets', subnetId).vpcId,
  'availability-zone': ({ subnetId }) => named(state, 'subnets', subnetId).availabilityZone,
  'group-id': ({ groups }) => groups,
  'group-name': ({ groups }) => groups.map((id) => named(state, 'securityGroups', id).groupName),
  'interface-type': ({ interfaceType }) => interfaceType,
  'owner-id': () => state.accountId,
  'requester-managed': ({ requesterManaged }) => requesterManaged,
  'private-ip-address': ({ privateIpAddresses }) => privateIpAddresses[0],
  'addresses.private-ip-address': ({ privateIpAddresses }) => privateIpAddresses,
  'addresses.association.public-ip': ({ publicIp }) => publicIp,
  'association.public-ip': ({ publicIp }) => publicIp,
  'ipv6-addresses.ipv6-address': ({ ipv6Addresses }) => ipv6Addresses,
  description: ({ description }) => description,
  status: ({ attachment }) => (attachment ? 'in-use' : 'available'),
});

function describedInterface(state: AccountState, eni: NetworkInterface): DescribedInterface {
  const subnet = named(state, 'subnets', eni.subnetId);
  const publicly = association(state, eni);
  return {
    NetworkInterfaceId: eni.networkInterfaceId,
    SubnetId: eni.subnetId,
    VpcId: subnet.vpcId,
    AvailabilityZone: subnet.availabilityZone,
    OwnerId: state.accountId,
    Description: eni.description,
    // The SDK lists every kind of interface; a case's is one of them.
    InterfaceType: eni.interfaceType as NonNullable<DescribedInterface['InterfaceType']>,
    RequesterManaged: eni.requesterManaged,
    ...(eni.requesterManaged && { RequesterId: 'amazon-aws' }),
    SourceDestCheck: true,
    Status: eni.attachment ? 'in-use' : 'available',
    Groups: groupList(state, eni.groups),
    PrivateIpAddress: eni.privateIpAddresses[0],
    PrivateIpAddresses: eni.privateIpAddresses.map((PrivateIpAddress, n) => ({
      PrivateIpAddress,
      Primary: n === 0,
      ...(n === 0 && publicly && { Association: publicly }),
    })),
    Ipv6Addresses: eni.ipv6Addresses.map((Ipv6Address) => ({ Ipv6Address })),
    ...(publicly && { Association: publicly }),
    ...(eni.attachment && {
      Attachment: {
        AttachmentId: eni.attachment.attachmentId,
        InstanceId: eni.attachment.instanceId,
        InstanceOwnerId: state.accountId,
        DeviceIndex: eni.attachment.deviceIndex,
        NetworkCardIndex: 0,
        DeleteOnTermination: eni.attachment.deviceIndex === 0,
        Status: 'attached',
      },
    }),
    TagSet: tagList(eni.tags),
  };
}

/** Changes one attribute of one interface; the account keeps its groups and its description. */
function modifyNetworkInterfaceAttribute(
  { state }: Desk,
  { NetworkInterfaceId = '', ...input }: Partial<ModifyNetworkInterfaceAttributeRequest>,
): object {
  const eni = named(state, 'networkInterfaces', NetworkInterfaceId);
  const { Groups = [], Description, DryRun: _, ...others } = input;
  const given = [
    Groups.length > 0,
    Description !== undefined,
    ...Object.keys(others).map(() => true),
  ];
  if (given.filter(Boolean).length !== 1) {
    throw refusal('InvalidParameterCombination', 'Exactly one attribute is expected in a request');
  }
  if (eni.requesterManaged) {
    throw refusal(
      'OperationNotPermitted',
      `You are not allowed to manage the requester-managed interface '${NetworkInterfaceId}'.`,
    );
  }
  const [other] = Object.keys(others);
  if (other) throw new Error(`the rehearsal account keeps no interface attribute ${other}`);
  if (Description) eni.description = Description.Value ?? '';
  else eni.groups = groupsFor(state, eni, Groups);
  return {};
}

function groupsFor(
  state: AccountState,
  eni: NetworkInterface,
  groups: readonly string[],
): SecurityGroupId[] {
  // https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
  if (groups.length > 5) {
    throw refusal(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
  }
  const { vpcId } = named(state, 'subnets', eni.subnetId);
  for (const id of groups) {
    if (named(state, 'securityGroups', id).vpcId !== vpcId) {
      throw refusal(
        'InvalidGroup.NotFound',
        'You have specified two resources that belong to different networks.',
      );
    }
  }
  return [...new Set(groups)].map((id) => SecurityGroupId.parse(id));
}

function describeVpcs({ state }: Desk, input: DescribeVpcsRequest): DescribeVpcsResult {
  const matched = matching(asked(state, 'vpcs', input.VpcIds), input.Filters, {
    'vpc-id': ({ vpcId }) => vpcId,
    cidr: ({ cidrBlocks }) => cidrBlocks[0],
    'cidr-block-association.cidr-block': ({ cidrBlocks }) => cidrBlocks,
    'ipv6-cidr-block-association.ipv6-cidr-block': ({ ipv6CidrBlocks }) => ipv6CidrBlocks,
    'owner-id': () => state.accountId,
    'is-default': () => false,
    state: () => 'available',
  });
  const { items, ...next } = page(matched, input);
  const Vpcs = items.map(({ vpcId, cidrBlocks, ipv6CidrBlocks, tags }) => ({
    VpcId: vpcId,
    OwnerId: state.accountId,
    State: 'available' as const,
    IsDefault: false,
    InstanceTenancy: 'default' as const,
    CidrBlock: cidrBlocks[0],
    CidrBlockAssociationSet: cidrBlocks.map((CidrBlock) => ({
      CidrBlock,
      AssociationId: madeUpId('vpc-cidr-assoc', `${vpcId} ${CidrBlock}`),
      CidrBlockState: { State: 'associated' as const },
    })),
    Ipv6CidrBlockAssociationSet: ipv6CidrBlocks.map((Ipv6CidrBlock) => ({
      Ipv6CidrBlock,
      AssociationId: madeUpId('vpc-cidr-assoc', `${vpcId} ${Ipv6CidrBlock}`),
      Ipv6CidrBlockState: { State: 'associated' as const },
    })),
    Tags: tagList(tags),
  }));
  return { Vpcs, ...next };
}

function describeSubnets({ state }: Desk, input: DescribeSubnetsRequest): DescribeSubnetsResult {
  const matched = matching(asked(state, 'subnets', input.SubnetIds), input.Filters, {
    'subnet-id': ({ subnetId }) => subnetId,
    'vpc-id': ({ vpcId }) => vpcId,
    'availability-zone': ({ availabilityZone }) => availabilityZone,
    'cidr-block': ({ cidrBlock }) => cidrBlock,
    'owner-id': ({ ownerId }) => ownerId ?? state.accountId,
    state: () => 'available',
  });
  const { items, ...next } = page(matched, input);
  const Subnets = items.map((subnet) => ({
    SubnetId: subnet.subnetId,
    SubnetArn: `arn:aws:ec2:${state.region}:${subnet.ownerId ?? state.accountId}:subnet/${subnet.subnetId}`,
    VpcId: subnet.vpcId,
    OwnerId: subnet.ownerId ?? state.accountId,
    State: 'available' as const,
    AvailabilityZone: subnet.availabilityZone,
    CidrBlock: subnet.cidrBlock,
    Ipv6CidrBlockAssociationSet: [],
    DefaultForAz: false,
    Tags: tagList(subnet.tags),
  }));
  return { Subnets, ...next };
}

function describeAddresses(
  { state }: Desk,
  input: DescribeAddressesRequest,
): DescribeAddressesResult {
  const unknown = (input.PublicIps ?? []).find(
    (ip) => !state.addresses.some(({ publicIp }) => publicIp === ip),
  );
  if (unknown) throw refusal('InvalidAddress.NotFound', `Address '${unknown}' not found.`);
  const found = asked(state, 'addresses', input.AllocationIds).filter(
    ({ publicIp }) => !input.PublicIps?.length || input.PublicIps.includes(publicIp),
  );
  const holder = ({ networkInterfaceId }: AccountState['addresses'][number]) =>
    networkInterfaceId && named(state, 'networkInterfaces', networkInterfaceId);
  const matched = matching(found, input.Filters, {
    'allocation-id': ({ allocationId }) => allocationId,
    'public-ip': ({ publicIp }) => publicIp,
    'network-interface-id': ({ networkInterfaceId }) => networkInterfaceId,
    'instance-id': (address) => holder(address)?.attachment?.instanceId,
    'private-ip-address': (address) => holder(address)?.privateIpAddresses[0],
    domain: () => 'vpc',
  });
  const Addresses = matched.map((address) => {
    const eni = holder(address);
    return {
      PublicIp: address.publicIp,
      AllocationId: address.allocationId,
      Domain: 'vpc' as const,
      ...(eni && {
        AssociationId: madeUpId('eipassoc', address.allocationId),
        NetworkInterfaceId: eni.networkInterfaceId,
        NetworkInterfaceOwnerId: state.accountId,
        PrivateIpAddress: eni.privateIpAddresses[0],
        ...(eni.attachment && { InstanceId: eni.attachment.instanceId }),
      }),
      Tags: tagList(address.tags),
    };
  });
  return { Addresses };
}

function describeVpcEndpoints(
  { state }: Desk,
  input: DescribeVpcEndpointsRequest,
): DescribeVpcEndpointsResult {
  const matched = matching(asked(state, 'vpcEndpoints', input.VpcEndpointIds), input.Filters, {
    'vpc-endpoint-id': ({ vpcEndpointId }) => vpcEndpointId,
    'vpc-id': ({ vpcId }) => vpcId,
    'service-name': ({ serviceName }) => serviceName,
    'vpc-endpoint-state': (endpoint) => endpoint.state,
    'vpc-endpoint-type': ({ type }) => type,
  });
  const { items, ...next } = page(matched, input, { least: 1 });
  const VpcEndpoints = items.map((endpoint) => ({
    VpcEndpointId: endpoint.vpcEndpointId,
    VpcEndpointType: endpoint.type,
    VpcId: endpoint.vpcId,
    ServiceName: endpoint.serviceName,
    // EC2 answers in lower case, where its model (and so the SDK's type) has capitals.
    State: endpoint.state as State,
    PrivateDnsEnabled: endpoint.type === 'Interface' && endpoint.privateDnsEnabled,
    Groups: groupList(state, endpoint.groups),
    SubnetIds: endpoint.subnetIds,
    RouteTableIds: [],
    NetworkInterfaceIds: [],
    RequesterManaged: false,
    OwnerId: state.accountId,
    Tags: tagList(endpoint.tags),
  }));
  return { VpcEndpoints, ...next };
}

export const networkOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeNetworkInterfaces': describeNetworkInterfaces,
  'ec2:ModifyNetworkInterfaceAttribute': modifyNetworkInterfaceAttribute,
  'ec2:DescribeVpcs': describeVpcs,
  'ec2:DescribeSubnets': describeSubnets,
  'ec2:DescribeAddresses': describeAddresses,
  'ec2:DescribeVpcEndpoints': describeVpcEndpoints,
};
