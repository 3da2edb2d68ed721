import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  type EC2Client,
  EC2ServiceException,
  type Tag,
  type Volume,
} from '@aws-sdk/client-ec2';
import { VolumeId } from '../shared/ids.ts';
import { NotProvenError, type StepContext } from '../shared/step.ts';
import { describeVolume } from '../shared/volume.ts';
import type { Capturable } from './capturable.ts';

/** A gp3 volume's dimensions, and how long the memory takes to be written to it. */
export interface Sizing {
  readonly gibibytes: number;
  readonly throughput: number;
  readonly iops: number;
  readonly seconds: number;
}

/**
 * The volume that a host's memory fits on, whichever tool writes it.
 *
 * AVML writes ranges of RAM only, but WinPmem's raw image reaches up to the highest physical
 * address, which lies above the amount of memory: what the hole below 4 GiB displaces (at most
 * 4 GiB) comes back on top, and so do the 12 GiB that AMD reserves below 1 TiB where memory gets
 * that far. Then 2 % and 2 GiB for the file system, the tool and its trailer.
 *
 * gp3 gives 125 to 1,000 MiB/s, one for every four IOPS, and at most 500 IOPS for a GiB, hence the
 * least size (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html). The pace is
 * meant to fill half the time box, and is no better than what the instance type sustains.
 */
export function sizingFor(
  { memoryMebibytes, sustainedMegabytes }: Capturable,
  timeBoxSeconds: number,
): Sizing {
  const belowHole = memoryMebibytes / 1024 + 4;
  const highest = belowHole > 1012 ? belowHole + 12 : belowHole;
  const wanted = Math.ceil(memoryMebibytes / (timeBoxSeconds / 2));
  const throughput = Math.min(1000, Math.max(125, wanted));
  const sustained = (sustainedMegabytes ?? Number.POSITIVE_INFINITY) / 1.048576;
  return {
    gibibytes: Math.max(8, Math.ceil(highest * 1.02) + 2),
    throughput,
    iops: Math.max(3000, throughput * 4),
    seconds: Math.ceil(memoryMebibytes / Math.min(throughput, sustained)),
  };
}

type Attached =
  | { readonly volumeId: VolumeId; readonly deviceName: string }
  | { readonly reason: 'key-refused' | 'attachment-limit' };

/**
 * A fresh encrypted volume in the instance's zone, attached to it; or why there is none.
 *
 * A run that follows a lost one gets the same volume again by its ClientToken, and leaves an
 * attachment that is there alone: its device name is the one that the capture is told. A volume that could not be attached stays behind, tagged with its
 * case: this step has no leave to delete anything.
 */
export async function attachMemoryVolume(
  target: Capturable,
  sizing: Sizing,
  ec2: EC2Client,
  context: StepContext,
): Promise<Attached> {
  const { volumeKeys, kmsKeyId } = context.settings.memory;
  const created = await ec2.send(
    new CreateVolumeCommand({
      AvailabilityZone: target.availabilityZone,
      Size: sizing.gibibytes,
      VolumeType: 'gp3',
      Throughput: sizing.throughput,
      Iops: sizing.iops,
      Encrypted: true,
      KmsKeyId: volumeKeys[context.case.region] ?? kmsKeyId,
      ClientToken: context.token(`memory volume for ${target.instanceId}`),
      TagSpecifications: [
        { ResourceType: 'volume', Tags: tags(context.case.caseId, target.instanceId) },
      ],
    }),
  );
  const volumeId = VolumeId.parse(created.VolumeId);
  const volume = await settled(ec2, volumeId, context);
  if (!volume) return { reason: 'key-refused' };
  const there = attachmentTo(volume, target);
  if (there) return { volumeId, deviceName: there.Device ?? target.deviceName };
  return attach(volumeId, target, ec2);
}

const tags = (caseId: string, instanceId: string): Tag[] => [
  { Key: 'Name', Value: `memory of ${instanceId}` },
  { Key: 'cordon:case', Value: caseId },
  { Key: 'cordon:instance', Value: instanceId },
  { Key: 'cordon:role', Value: 'memory' },
];

const looks = 20;

/**
 * The volume once it can be attached, or undefined when KMS refused its key.
 *
 * KMS is asked after CreateVolume has answered: a refusal shows as a volume in `error`, or as one
 * that is never seen again (kubernetes-sigs/aws-ebs-csi-driver#3010).
 */
async function settled(
  ec2: EC2Client,
  volumeId: VolumeId,
  { sleep }: StepContext,
): Promise<Volume | undefined> {
  for (let look = 1; ; look++) {
    const volume = await describeVolume(ec2, volumeId);
    const state = volume?.State;
    if (state === 'available' || state === 'in-use') return volume;
    if (state === 'error' || state === 'deleting' || state === 'deleted') return undefined;
    if (look === looks) {
      if (!volume) return undefined;
      throw new NotProvenError(`${volumeId} is still ${state} after ${looks} looks`);
    }
    await sleep(1000);
  }
}

const attachmentTo = ({ Attachments = [] }: Volume, { instanceId }: Capturable) =>
  Attachments.find(({ InstanceId }) => InstanceId === instanceId);

async function attach(volumeId: VolumeId, target: Capturable, ec2: EC2Client): Promise<Attached> {
  const { instanceId, deviceName } = target;
  try {
    await ec2.send(
      new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: deviceName }),
    );
  } catch (error) {
    if (!(error instanceof EC2ServiceException)) throw error;
    if (error.name === 'AttachmentLimitExceeded') return { reason: 'attachment-limit' };
    if (error.name === 'CustomerKeyHasBeenRevoked') return { reason: 'key-refused' };
    // The SDK's own retry of an attachment whose answer was lost.
    const volume = error.name === 'VolumeInUse' && (await describeVolume(ec2, volumeId));
    if (!volume || !attachmentTo(volume, target)) throw error;
  }
  return { volumeId, deviceName };
}
