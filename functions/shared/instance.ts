import {
  DescribeInstancesCommand,
  type EC2Client,
  EC2ServiceException,
  type Instance,
} from '@aws-sdk/client-ec2';
import type { InstanceId } from './ids.ts';

/** The instance as EC2 describes it, or undefined when EC2 knows none: it forgets a terminated one within the hour. */
export async function describeInstance(
  ec2: EC2Client,
  instanceId: InstanceId,
): Promise<Instance | undefined> {
  try {
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    return Reservations.flatMap(({ Instances = [] }) => Instances)[0];
  } catch (error) {
    if (error instanceof EC2ServiceException && error.name === 'InvalidInstanceID.NotFound') {
      return undefined;
    }
    throw error;
  }
}

/** The instance, unless there is nothing left of it to act on: unknown, terminated or about to be. */
export function stillThere(instance: Instance | undefined): Instance | undefined {
  const state = instance?.State?.Name;
  return state === 'terminated' || state === 'shutting-down' ? undefined : instance;
}

/** Whether the instance runs Windows: EC2 answers `windows`, where the SDK's type says `Windows`. */
export const isWindows = ({ Platform }: Instance): boolean => Platform?.toLowerCase() === 'windows';
