import type {
  Instance as DescribedInstance,
  DescribeInstanceAttributeRequest,
  DescribeInstancesRequest,
  DescribeInstancesResult,
  GetConsoleOutputRequest,
  GetConsoleOutputResult,
  InstanceAttribute,
  InstanceNetworkInterface,
  ModifyInstanceAttributeRequest,
} from '@aws-sdk/client-ec2';
import type { AwsCall } from '../../functions/shared/step.ts';
import { isNitro } from './ec2-instance-types.ts';
import { association, groupList, interfacesOf } from './ec2-network.ts';
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

type Instance = AccountState['instances'][number];

function describeInstances(
  { state }: Desk,
  input: DescribeInstancesRequest,
): DescribeInstancesResult {
  const found = asked(state, 'instances', input.InstanceIds);
  const matched = matching(found, input.Filters, instanceFilters(state));
  const { items, ...next } = page(matched, input, { ids: input.InstanceIds ?? [] });
  return {
    Reservations: items.map((instance) => ({
      ReservationId: madeUpId('r', instance.instanceId),
      OwnerId: state.accountId,
      Groups: [],
      Instances: [describedInstance(state, instance)],
    })),
    ...next,
  };
}

function instanceFilters(state: AccountState): FilterFields<Instance> {
  const enis = ({ instanceId }: Instance) => interfacesOf(state, instanceId);
  return {
    'instance-id': ({ instanceId }) => instanceId,
    'instance-state-name': (instance) => instance.state,
    'instance-state-code': (instance) => stateCodes[instance.state],
    'instance-type': ({ instanceType }) => instanceType,
    'instance-lifecycle': ({ lifecycle }) => lifecycle,
    'image-id': ({ imageId }) => imageId,
    architecture: ({ architecture }) => architecture,
    platform: ({ platform }) => platform ?? undefined,
    'root-device-type': ({ rootDeviceType }) => rootDeviceType,
    'iam-instance-profile.arn': ({ iamInstanceProfileArn }) => iamInstanceProfileArn,
    'subnet-id': ({ subnetId }) => subnetId,
    'vpc-id': (instance) => placeOf(state, instance)?.vpcId,
    'availability-zone': (instance) => placeOf(state, instance)?.availabilityZone,
    'private-ip-address': (instance) => enis(instance)[0]?.privateIpAddresses[0],
    'ip-address': (instance) => enis(instance)[0]?.publicIp,
    'instance.group-id': (instance) => enis(instance)[0]?.groups,
    'network-interface.network-interface-id': (instance) =>
      enis(instance).map(({ networkInterfaceId }) => networkInterfaceId),
    'network-interface.addresses.private-ip-address': (instance) =>
      enis(instance).flatMap(({ privateIpAddresses }) => privateIpAddresses),
    'network-interface.group-id': (instance) => enis(instance).flatMap(({ groups }) => groups),
    'block-device-mapping.volume-id': ({ blockDevices }) =>
      blockDevices.map(({ volumeId }) => volumeId),
  };
}

const stateCodes = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

const placeOf = (state: AccountState, { subnetId }: Instance) =>
  state.subnets.find((subnet) => subnet.subnetId === subnetId);

function describedInstance(state: AccountState, instance: Instance): DescribedInstance {
  const enis = interfacesOf(state, instance.instanceId);
  const [primary] = enis;
  const subnet = placeOf(state, instance);
  return {
    InstanceId: instance.instanceId,
    ImageId: instance.imageId,
    State: { Code: stateCodes[instance.state], Name: instance.state },
    // The SDK lists every type's name; a case's is one of them.
    InstanceType: instance.instanceType as NonNullable<DescribedInstance['InstanceType']>,
    Architecture: instance.architecture,
    // EC2 answers in lower case what the SDK's type spells `Windows`.
    ...(instance.platform === 'windows' && { Platform: 'windows' as 'Windows' }),
    PlatformDetails: instance.platform === 'windows' ? 'Windows' : 'Linux/UNIX',
    LaunchTime: new Date(instance.launchTime),
    ...(subnet && {
      Placement: { AvailabilityZone: subnet.availabilityZone, Tenancy: 'default' },
      SubnetId: subnet.subnetId,
      VpcId: subnet.vpcId,
    }),
    ...(primary && { PrivateIpAddress: primary.privateIpAddresses[0] }),
    ...(primary?.publicIp && { PublicIpAddress: primary.publicIp }),
    ...(instance.iamInstanceProfileArn && {
      IamInstanceProfile: {
        Arn: instance.iamInstanceProfileArn,
        Id: profileId(instance.iamInstanceProfileArn),
      },
    }),
    ...(instance.lifecycle && { InstanceLifecycle: instance.lifecycle }),
    RootDeviceName: instance.rootDeviceName,
    RootDeviceType: instance.rootDeviceType,
    BlockDeviceMappings: mappingsOf(instance),
    NetworkInterfaces: enis.map((eni) => describedInterface(state, eni)),
    SecurityGroups: primary ? groupList(state, primary.groups) : [],
    SourceDestCheck: true,
    EbsOptimized: false,
    EnaSupport: true,
    VirtualizationType: 'hvm',
    Tags: tagList(instance.tags),
  };
}

const profileId = (arn: string): string =>
  `AIPA${madeUpId('profile', arn).slice(-16).toUpperCase()}`;

const mappingsOf = (instance: Instance) =>
  instance.blockDevices.map(({ deviceName, volumeId, deleteOnTermination }) => ({
    DeviceName: deviceName,
    Ebs: {
      VolumeId: volumeId,
      DeleteOnTermination: deleteOnTermination,
      Status: 'attached' as const,
      AttachTime: new Date(instance.launchTime),
    },
  }));

function describedInterface(
  state: AccountState,
  eni: AccountState['networkInterfaces'][number],
): InstanceNetworkInterface {
  const subnet = named(state, 'subnets', eni.subnetId);
  const publicly = association(state, eni);
  return {
    NetworkInterfaceId: eni.networkInterfaceId,
    SubnetId: eni.subnetId,
    VpcId: subnet.vpcId,
    OwnerId: state.accountId,
    Status: 'in-use',
    InterfaceType: eni.interfaceType,
    Description: eni.description,
    SourceDestCheck: true,
    Groups: groupList(state, eni.groups),
    PrivateIpAddress: eni.privateIpAddresses[0],
    PrivateIpAddresses: eni.privateIpAddresses.map((address, n) => ({
      PrivateIpAddress: address,
      Primary: n === 0,
      ...(n === 0 && publicly && { Association: publicly }),
    })),
    Ipv6Addresses: eni.ipv6Addresses.map((Ipv6Address) => ({ Ipv6Address })),
    ...(publicly && { Association: publicly }),
    Attachment: {
      AttachmentId: eni.attachment?.attachmentId,
      DeviceIndex: eni.attachment?.deviceIndex,
      NetworkCardIndex: 0,
      Status: 'attached',
      DeleteOnTermination: eni.attachment?.deviceIndex === 0,
    },
  };
}

function describeInstanceAttribute(
  { state }: Desk,
  { InstanceId = '', Attribute = 'instanceType' }: Partial<DescribeInstanceAttributeRequest>,
): InstanceAttribute {
  const instance = named(state, 'instances', InstanceId);
  const answers: Partial<Record<typeof Attribute, InstanceAttribute>> = {
    disableApiTermination: { DisableApiTermination: { Value: instance.disableApiTermination } },
    disableApiStop: { DisableApiStop: { Value: instance.disableApiStop } },
    instanceInitiatedShutdownBehavior: {
      InstanceInitiatedShutdownBehavior: { Value: instance.shutdownBehavior },
    },
    blockDeviceMapping: { BlockDeviceMappings: mappingsOf(instance) },
    instanceType: { InstanceType: { Value: instance.instanceType } },
    rootDeviceName: { RootDeviceName: { Value: instance.rootDeviceName } },
    groupSet: {
      Groups: groupList(state, interfacesOf(state, InstanceId)[0]?.groups ?? []),
    },
  };
  const answer = answers[Attribute];
  if (!answer) throw new Error(`the rehearsal account keeps no instance attribute ${Attribute}`);
  return { InstanceId, ...answer };
}

/** How each attribute is changed; the account keeps no others. */
const attributes: Readonly<
  Record<string, (instance: Instance, input: ModifyInstanceAttributeRequest) => void>
> = {
  DisableApiTermination(instance, { DisableApiTermination }) {
    refuseSpot(instance, 'disableApiTermination');
    instance.disableApiTermination = DisableApiTermination?.Value ?? false;
  },
  DisableApiStop(instance, { DisableApiStop }) {
    refuseSpot(instance, 'disableApiStop');
    refuseInstanceStore(instance, 'disableApiStop');
    instance.disableApiStop = DisableApiStop?.Value ?? false;
  },
  InstanceInitiatedShutdownBehavior(instance, { InstanceInitiatedShutdownBehavior }) {
    refuseInstanceStore(instance, 'instanceInitiatedShutdownBehavior');
    const behavior = InstanceInitiatedShutdownBehavior?.Value;
    if (behavior !== 'stop' && behavior !== 'terminate') {
      throw refusal(
        'InvalidParameterValue',
        `Value (${behavior}) for parameter instanceInitiatedShutdownBehavior is invalid.`,
      );
    }
    instance.shutdownBehavior = behavior;
  },
  BlockDeviceMappings(instance, { BlockDeviceMappings = [] }) {
    for (const { DeviceName, Ebs } of BlockDeviceMappings) {
      const device = instance.blockDevices.find(({ deviceName }) => deviceName === DeviceName);
      if (!device) {
        throw refusal(
          'InvalidInstanceAttributeValue',
          `No device is currently mapped at ${DeviceName}`,
        );
      }
      // AWS's own default, which flips the wrong way when the member is left out.
      device.deleteOnTermination = Ebs?.DeleteOnTermination ?? true;
    }
  },
};

function modifyInstanceAttribute({ state }: Desk, input: ModifyInstanceAttributeRequest): object {
  const instance = named(state, 'instances', input.InstanceId ?? '');
  const given = Object.entries(input)
    .filter(([member, value]) => !['InstanceId', 'DryRun'].includes(member) && isGiven(value))
    .map(([member]) => member);
  const [attribute] = given;
  if (given.length !== 1 || !attribute) {
    throw refusal(
      'InvalidParameterCombination',
      given.length === 0
        ? 'No attributes specified.'
        : `Fields for multiple attribute types specified: ${given.join(', ')}`,
    );
  }
  if (instance.state === 'terminated') {
    throw refusal('IncorrectInstanceState', `Instance '${instance.instanceId}' is terminated`);
  }
  const change = attributes[attribute];
  if (!change) throw new Error(`the rehearsal account keeps no instance attribute ${attribute}`);
  change(instance, input);
  return {};
}

/** An empty list leaves nothing on the wire. */
const isGiven = (value: unknown): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

function refuseSpot({ lifecycle }: Instance, attribute: string): void {
  if (lifecycle === 'spot') {
    throw refusal(
      'UnsupportedOperation',
      `Modifying '${attribute}' is not supported for spot instances.`,
    );
  }
}

function refuseInstanceStore({ rootDeviceType }: Instance, attribute: string): void {
  if (rootDeviceType === 'instance-store') {
    throw refusal(
      'UnsupportedOperation',
      `Modifying '${attribute}' is not supported for instance store-backed instances.`,
    );
  }
}

/** EC2 answers without an output for an instance that has written nothing that it still has. */
function getConsoleOutput(
  { state, now }: Desk,
  { InstanceId = '', Latest }: GetConsoleOutputRequest,
): GetConsoleOutputResult {
  const { instanceId, instanceType, consoleOutput } = named(state, 'instances', InstanceId);
  if (Latest && !isNitro(instanceType)) {
    throw refusal('UnsupportedOperation', `${instanceType} does not support the latest output.`);
  }
  return {
    InstanceId: instanceId,
    Timestamp: now(),
    ...(consoleOutput && { Output: Buffer.from(consoleOutput).toString('base64') }),
  };
}

export const instanceOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeInstances': describeInstances,
  'ec2:GetConsoleOutput': getConsoleOutput,
  'ec2:DescribeInstanceAttribute': describeInstanceAttribute,
  'ec2:ModifyInstanceAttribute': modifyInstanceAttribute,
};
