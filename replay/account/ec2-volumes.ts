import type {
  AttachVolumeRequest,
  CreateVolumeRequest,
  Volume as DescribedVolume,
  DescribeVolumesRequest,
  DescribeVolumesResult,
  DetachVolumeRequest,
  VolumeAttachment,
} from '@aws-sdk/client-ec2';
import { VolumeId } from '../../functions/shared/ids.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { attachmentsLeft } from './ec2-instance-types.ts';
import { interfacesOf } from './ec2-network.ts';
import { asked, matching, named, page, refusal, tagList, tagsFor } from './ec2-requests.ts';
import { madeUpUuid } from './made-up-ids.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type Volume = AccountState['volumes'][number];
type Instance = AccountState['instances'][number];

interface Attachment {
  readonly instance: Instance;
  readonly device: Instance['blockDevices'][number];
}

const attachmentOf = (state: AccountState, { volumeId }: Volume): Attachment | undefined =>
  attachmentsIn(state).get(volumeId);

/** By volume: looked up once for a call that may ask about thousands. */
const attachmentsIn = ({ instances }: AccountState): ReadonlyMap<string, Attachment> =>
  new Map(
    instances.flatMap((instance) =>
      instance.blockDevices.map((device) => [device.volumeId, { instance, device }] as const),
    ),
  );

function describeVolumes({ state }: Desk, input: DescribeVolumesRequest): DescribeVolumesResult {
  const attachments = attachmentsIn(state);
  const at = ({ volumeId }: Volume) => attachments.get(volumeId);
  const matched = matching(asked(state, 'volumes', input.VolumeIds), input.Filters, {
    'volume-id': ({ volumeId }) => volumeId,
    'attachment.instance-id': (volume) => at(volume)?.instance.instanceId,
    'attachment.device': (volume) => at(volume)?.device.deviceName,
    'attachment.delete-on-termination': (volume) => at(volume)?.device.deleteOnTermination,
    'attachment.status': (volume) => at(volume) && 'attached',
    'availability-zone': ({ availabilityZone }) => availabilityZone,
    encrypted: ({ encrypted }) => encrypted,
    size: ({ size }) => size,
    status: (volume) => volume.state,
    'volume-type': ({ volumeType }) => volumeType,
  });
  const { items, ...next } = page(matched, input, { ids: input.VolumeIds ?? [] });
  return { Volumes: items.map((volume) => describedVolume(state, volume)), ...next };
}

function describedVolume(state: AccountState, volume: Volume): DescribedVolume {
  const attachment = attachmentOf(state, volume);
  return {
    VolumeId: volume.volumeId,
    Size: volume.size,
    SnapshotId: '',
    // The SDK lists every type's name; EC2 was asked for one of them.
    VolumeType: volume.volumeType as NonNullable<DescribedVolume['VolumeType']>,
    AvailabilityZone: volume.availabilityZone,
    Encrypted: volume.encrypted,
    ...(volume.kmsKeyId && { KmsKeyId: volume.kmsKeyId }),
    ...(volume.iops && { Iops: volume.iops }),
    ...(volume.throughput && { Throughput: volume.throughput }),
    State: volume.state,
    CreateTime: new Date(volume.createTime),
    MultiAttachEnabled: false,
    Attachments: attachment ? [describedAttachment(attachment, 'attached')] : [],
    Tags: tagList(volume.tags),
  };
}

const describedAttachment = (
  { instance, device }: Attachment,
  State: NonNullable<VolumeAttachment['State']>,
): VolumeAttachment => ({
  VolumeId: device.volumeId,
  InstanceId: instance.instanceId,
  Device: device.deviceName,
  DeleteOnTermination: device.deleteOnTermination,
  AttachTime: new Date(instance.launchTime),
  State,
});

/**
 * Creates a volume, or finds the one that the same ClientToken created.
 *
 * EC2 answers before the volume is ready, so the answer says `creating`. One with a key that cannot
 * be used ends in `error`, and only a later look shows it.
 */
function createVolume(desk: Desk, input: CreateVolumeRequest): DescribedVolume {
  const { state } = desk;
  const request = JSON.stringify(input);
  const earlier = state.volumes.find(
    ({ clientToken }) => clientToken !== undefined && clientToken === input.ClientToken,
  );
  if (earlier && earlier.clientRequest !== request) {
    throw refusal(
      'IdempotentParameterMismatch',
      'The client token has been used before, with other parameters.',
    );
  }
  if (earlier) return describedVolume(state, earlier);

  const volume = { ...newVolume(desk, input), clientRequest: request };
  state.volumes.push(volume);
  return { ...describedVolume(state, volume), State: 'creating' };
}

function newVolume({ state, now, newId }: Desk, input: CreateVolumeRequest): Volume {
  const { Size, AvailabilityZone = '', VolumeType = 'gp2', KmsKeyId, ClientToken } = input;
  if (!Size) {
    throw refusal('MissingParameter', 'The request must contain the parameter size/snapshot');
  }
  if (!new RegExp(`^${state.region}[a-f]$`).test(AvailabilityZone)) {
    throw refusal('InvalidZone.NotFound', `The zone '${AvailabilityZone}' does not exist.`);
  }
  if (KmsKeyId && !input.Encrypted) {
    throw refusal('InvalidParameterDependency', 'The parameter KmsKeyId requires Encrypted.');
  }
  const usable = !KmsKeyId || !state.kmsKeys || state.kmsKeys.includes(KmsKeyId);
  return {
    volumeId: VolumeId.parse(newId('vol')),
    size: Size,
    volumeType: VolumeType,
    availabilityZone: AvailabilityZone,
    encrypted: input.Encrypted ?? false,
    ...(input.Encrypted && {
      kmsKeyId: KmsKeyId ?? defaultKey(state),
    }),
    ...(input.Iops && { iops: input.Iops }),
    ...(input.Throughput && { throughput: input.Throughput }),
    state: usable ? 'available' : 'error',
    createTime: now().toISOString(),
    tags: tagsFor('volume', input.TagSpecifications),
    ...(ClientToken && { clientToken: ClientToken }),
  };
}

/** The account's own key for EBS, by its ARN as EC2 answers it: never by its alias. */
const defaultKey = ({ region, accountId }: AccountState): string =>
  `arn:aws:kms:${region}:${accountId}:key/${madeUpUuid('alias/aws/ebs')}`;

function attachVolume(
  { state, now }: Desk,
  { VolumeId: id = '', InstanceId = '', Device = '' }: Partial<AttachVolumeRequest>,
): VolumeAttachment {
  const volume = named(state, 'volumes', id);
  const instance = named(state, 'instances', InstanceId);
  refuseAttachment(state, volume, instance, Device);
  const device = { deviceName: Device, volumeId: volume.volumeId, deleteOnTermination: false };
  instance.blockDevices.push(device);
  volume.state = 'in-use';
  return { ...describedAttachment({ instance, device }, 'attaching'), AttachTime: now() };
}

function refuseAttachment(
  state: AccountState,
  volume: Volume,
  instance: Instance,
  device: string,
): void {
  if (volume.state === 'in-use') {
    throw refusal('VolumeInUse', `${volume.volumeId} is already attached to an instance`);
  }
  if (volume.state !== 'available') {
    throw refusal('IncorrectState', `${volume.volumeId} is not 'available'.`);
  }
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw refusal('IncorrectState', `Instance '${instance.instanceId}' is not 'running'.`);
  }
  const subnet = state.subnets.find(({ subnetId }) => subnetId === instance.subnetId);
  if (subnet && subnet.availabilityZone !== volume.availabilityZone) {
    throw refusal(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volume.volumeId}' is not in the same availability zone as instance '${instance.instanceId}'`,
    );
  }
  refuseDevice(state, instance, device);
}

function refuseDevice(state: AccountState, instance: Instance, device: string): void {
  if (!/^(?:\/dev\/)?(?:sd|xvd|hd)[a-z]{1,2}\d{0,2}$/.test(device)) {
    throw refusal(
      'InvalidParameterValue',
      `Value (${device}) for parameter device is invalid. ${device} is not a valid EBS device name.`,
    );
  }
  if (instance.blockDevices.some(({ deviceName }) => deviceName === device)) {
    throw refusal(
      'InvalidParameterValue',
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
  const interfaces = interfacesOf(state, instance.instanceId).length;
  const volumes = instance.blockDevices.length;
  if (attachmentsLeft(instance.instanceType, { interfaces, volumes }) <= 0) {
    throw refusal('AttachmentLimitExceeded', 'The instance has no attachment left for a volume.');
  }
}

function detachVolume({ state }: Desk, input: DetachVolumeRequest): VolumeAttachment {
  const volume = named(state, 'volumes', input.VolumeId ?? '');
  const attachment = attachmentOf(state, volume);
  if (!attachment) {
    throw refusal(
      'IncorrectState',
      `Volume '${volume.volumeId}' is in the '${volume.state}' state.`,
    );
  }
  const { instance, device } = attachment;
  if (
    (input.InstanceId ?? instance.instanceId) !== instance.instanceId ||
    (input.Device ?? device.deviceName) !== device.deviceName
  ) {
    throw refusal(
      'InvalidAttachment.NotFound',
      `The volume '${volume.volumeId}' is not attached to instance '${input.InstanceId}' as device '${input.Device}'.`,
    );
  }
  if (device.deviceName === instance.rootDeviceName && instance.state !== 'stopped') {
    throw refusal(
      'OperationNotPermitted',
      `Unable to detach root volume '${device.deviceName}' from instance '${instance.instanceId}'`,
    );
  }
  instance.blockDevices = instance.blockDevices.filter((other) => other !== device);
  volume.state = 'available';
  return describedAttachment(attachment, 'detaching');
}

export const volumeOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeVolumes': describeVolumes,
  'ec2:CreateVolume': createVolume,
  'ec2:AttachVolume': attachVolume,
  'ec2:DetachVolume': detachVolume,
};
