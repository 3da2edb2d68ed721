import {
  DescribeVolumesCommand,
  type EC2Client,
  EC2ServiceException,
  type Volume,
} from '@aws-sdk/client-ec2';
import type { VolumeId } from './ids.ts';

/** The volume as EC2 describes it, or undefined when EC2 knows none. */
export async function describeVolume(
  ec2: EC2Client,
  volumeId: VolumeId,
): Promise<Volume | undefined> {
  try {
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }));
    return Volumes[0];
  } catch (error) {
    if (error instanceof EC2ServiceException && error.name === 'InvalidVolume.NotFound') {
      return undefined;
    }
    throw error;
  }
}
