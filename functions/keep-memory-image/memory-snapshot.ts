import {
  CreateSnapshotCommand,
  type EC2Client,
  paginateDescribeSnapshots,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import type { InstanceId, VolumeId } from '../shared/ids.ts';
import { NotProvenError, type StepContext } from '../shared/step.ts';

/** Makes the snapshot, tagged with its case and as not yet judged, and returns its id. */
export async function snapshot(
  {
    instanceId,
    volumeId,
    capture,
  }: { instanceId: InstanceId; volumeId: VolumeId; capture: string },
  ec2Once: EC2Client,
  { case: { caseId } }: StepContext,
): Promise<string> {
  const { SnapshotId } = await ec2Once.send(
    new CreateSnapshotCommand({
      VolumeId: volumeId,
      Description: `Memory of ${instanceId}, ${caseId}`,
      TagSpecifications: [
        {
          ResourceType: 'snapshot',
          Tags: [
            { Key: 'Name', Value: `memory of ${instanceId}` },
            { Key: 'cordon:case', Value: caseId },
            { Key: 'cordon:instance', Value: instanceId },
            { Key: 'cordon:role', Value: 'memory' },
            { Key: 'cordon:capture', Value: capture },
            { Key: 'cordon:judged', Value: 'no' },
          ],
        },
      ],
    }),
  );
  if (!SnapshotId) throw new NotProvenError(`EC2 named no snapshot of ${volumeId}`);
  return SnapshotId;
}

/** Sound snapshots that this case has of the volume, oldest first. */
export async function findSnapshots(
  ec2: EC2Client,
  volumeId: VolumeId,
  { case: ref }: StepContext,
) {
  const found: Snapshot[] = [];
  const pages = paginateDescribeSnapshots(
    { client: ec2 },
    {
      OwnerIds: ['self'],
      Filters: [
        { Name: 'volume-id', Values: [volumeId] },
        { Name: 'tag:cordon:case', Values: [ref.caseId] },
        { Name: 'tag:cordon:role', Values: ['memory'] },
      ],
    },
  );
  for await (const { Snapshots = [] } of pages) found.push(...Snapshots.filter(isSound));
  return found
    .toSorted((a, b) => Number(a.StartTime) - Number(b.StartTime))
    .flatMap(({ SnapshotId }) => SnapshotId ?? []);
}

export const isSound = ({ State }: Snapshot): boolean => State !== 'error';
