import {
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateTagsCommand,
  type EC2Client,
  paginateDescribeSnapshots,
  type Tag,
} from '@aws-sdk/client-ec2';
import type { Finding } from '../shared/finding.ts';
import { impossibleId } from '../shared/stand-in.ts';
import type { Volume } from './volumes.ts';

/** The snapshots to be: of which volumes, with which tags. */
export interface SnapshotSet {
  /** The instance is there for CreateSnapshots to name. */
  readonly whole: boolean;
  readonly volumes: readonly Volume[];
  readonly excluded: readonly Volume[];
  readonly tags: { readonly case: string; readonly instance: string; readonly finding: string };
}

interface Snapshot {
  readonly snapshotId: string;
  readonly volumeId: string;
  readonly device: string | null;
  /** It carries its device already. */
  readonly tagged: boolean;
}

interface Found extends Snapshot {
  readonly failed: boolean;
}

/** What earlier attempts of this case made of these volumes, oldest first. */
export async function snapshotsOfCase(
  ec2: EC2Client,
  { volumes, tags }: SnapshotSet,
): Promise<Found[]> {
  const found: (Found & { began: number })[] = [];
  const pages = paginateDescribeSnapshots(
    { client: ec2 },
    { OwnerIds: ['self'], Filters: [{ Name: 'tag:cordon:case', Values: [tags.case] }] },
  );
  for await (const { Snapshots = [] } of pages) {
    for (const { SnapshotId, VolumeId, State, Tags = [], StartTime } of Snapshots) {
      const volume = volumes.find(({ volumeId }) => volumeId === VolumeId);
      // The memory image's snapshot is of the same case, and another step's.
      if (!SnapshotId || !volume || Tags.some(({ Key }) => Key === 'cordon:role')) continue;
      found.push({
        snapshotId: SnapshotId,
        volumeId: volume.volumeId,
        device: volume.device,
        tagged: Tags.some(({ Key }) => Key === 'cordon:device'),
        failed: State === 'error',
        began: StartTime?.getTime() ?? 0,
      });
    }
  }
  return found.sort((a, b) => a.began - b.began || (a.snapshotId < b.snapshotId ? -1 : 1));
}

/** Keeps one sound snapshot of each volume and makes the missing ones. */
export async function completeSnapshots(
  ec2Once: EC2Client,
  set: SnapshotSet,
  found: readonly Found[],
) {
  const kept = set.volumes.flatMap(
    ({ volumeId }) => found.find((one) => one.volumeId === volumeId && !one.failed) ?? [],
  );
  const whole = set.whole && kept.length === 0 ? await createSet(ec2Once, set) : [];
  const covered = new Set([...kept, ...whole].map(({ volumeId }) => volumeId));
  const missing = set.volumes.filter(({ volumeId }) => !covered.has(volumeId));
  const single = await Promise.all(missing.map((volume) => createOne(ec2Once, set, volume)));
  return {
    kept,
    made: [...whole, ...single],
    duplicates: found.filter((one) => !kept.includes(one)).map(({ snapshotId }) => snapshotId),
  };
}

async function createSet(ec2Once: EC2Client, set: SnapshotSet): Promise<Snapshot[]> {
  const { volumes, excluded, tags } = set;
  const { Snapshots } = await ec2Once.send(
    new CreateSnapshotsCommand({
      Description: descriptionOf(set),
      InstanceSpecification: {
        InstanceId: tags.instance,
        ...(excluded.length > 0 && {
          ExcludeDataVolumeIds: excluded.map(({ volumeId }) => volumeId),
        }),
      },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: tagsOf(set) }],
      ...(volumes.every(leavesRoom) && { CopyTagsFromSource: 'volume' }),
    }),
  );
  return volumes.flatMap(({ volumeId, device }) => {
    // AWS answers with the set; a stand-in cannot know it, and answers without one.
    const snapshotId = Snapshots
      ? Snapshots.find(({ VolumeId }) => VolumeId === volumeId)?.SnapshotId
      : impossibleId('snap', { ...tags, volumeId });
    return snapshotId ? [{ snapshotId, volumeId, device, tagged: false }] : [];
  });
}

async function createOne(
  ec2Once: EC2Client,
  set: SnapshotSet,
  { volumeId, device }: Volume,
): Promise<Snapshot> {
  const { SnapshotId } = await ec2Once.send(
    new CreateSnapshotCommand({
      VolumeId: volumeId,
      Description: descriptionOf(set),
      TagSpecifications: [
        { ResourceType: 'snapshot', Tags: [...tagsOf(set), ...deviceTag(device)] },
      ],
    }),
  );
  if (!SnapshotId) throw new Error(`CreateSnapshot of ${volumeId} answered without an id`);
  return { snapshotId: SnapshotId, volumeId, device, tagged: true };
}

/** The ids of the case's findings, as many whole ones as a tag's 256 characters hold. */
export function findingTag(findings: readonly Finding[]): string {
  const ids = findings.map(({ id }) => id);
  while (ids.length > 1 && ids.join(' ').length > 256) ids.pop();
  return ids.join(' ').slice(0, 256);
}

/** Says of each snapshot which device it was: tags given to a set are the same on all of it. */
export async function tagDevices(ec2: EC2Client, snapshots: readonly Snapshot[]): Promise<void> {
  const untagged = snapshots.filter(({ tagged, device }) => !tagged && device !== null);
  await Promise.all(
    untagged.map(({ snapshotId, device }) =>
      ec2.send(new CreateTagsCommand({ Resources: [snapshotId], Tags: deviceTag(device) })),
    ),
  );
}

/**
 * Whether a volume's tags can be copied beside ours: a resource has at most 50, and whoever may tag
 * the volume could otherwise make the snapshot fail, or speak in our name.
 */
const leavesRoom = ({ tags }: Volume) =>
  tags.length <= 50 - 4 && !tags.some((key) => key.startsWith('cordon:'));

const tagsOf = ({ tags }: SnapshotSet): Tag[] =>
  Object.entries(tags).map(([key, Value]) => ({ Key: `cordon:${key}`, Value }));

const deviceTag = (device: string | null): Tag[] =>
  device === null ? [] : [{ Key: 'cordon:device', Value: device }];

const descriptionOf = ({ tags }: SnapshotSet) => `Cordon ${tags.case}: ${tags.instance}`;
