import type {
  CreateSnapshotRequest,
  CreateSnapshotsRequest,
  CreateSnapshotsResult,
  Snapshot as DescribedSnapshot,
  DescribeLockedSnapshotsRequest,
  DescribeLockedSnapshotsResult,
  DescribeSnapshotsRequest,
  DescribeSnapshotsResult,
  LockSnapshotRequest,
  LockSnapshotResult,
} from '@aws-sdk/client-ec2';
import { SnapshotId } from '../../functions/shared/ids.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { asked, matching, named, page, refusal, tagList, tagsFor } from './ec2-requests.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type Snapshot = AccountState['snapshots'][number];
type Volume = AccountState['volumes'][number];

const ownerOf = ({ accountId }: AccountState, { ownerId }: Snapshot): string =>
  ownerId ?? accountId;

function describeSnapshots(
  { state }: Desk,
  input: DescribeSnapshotsRequest,
): DescribeSnapshotsResult {
  const owners = (input.OwnerIds ?? []).map((id) => (id === 'self' ? state.accountId : id));
  const found = asked(state, 'snapshots', input.SnapshotIds).filter(
    (snapshot) => owners.length === 0 || owners.includes(ownerOf(state, snapshot)),
  );
  const matched = matching(found, input.Filters, {
    'snapshot-id': ({ snapshotId }) => snapshotId,
    'volume-id': ({ volumeId }) => volumeId,
    'volume-size': ({ volumeSize }) => volumeSize,
    'owner-id': (snapshot) => ownerOf(state, snapshot),
    status: (snapshot) => snapshot.state,
    encrypted: ({ encrypted }) => encrypted,
    description: ({ description }) => description,
  });
  const { items, ...next } = page(matched, input, { ids: input.SnapshotIds ?? [] });
  return { Snapshots: items.map((snapshot) => describedSnapshot(state, snapshot)), ...next };
}

const describedSnapshot = (state: AccountState, snapshot: Snapshot) =>
  ({
    SnapshotId: snapshot.snapshotId,
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.volumeSize,
    OwnerId: ownerOf(state, snapshot),
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    StartTime: new Date(snapshot.startTime),
    State: snapshot.state,
    Progress: snapshot.state === 'completed' ? '100%' : '',
    Tags: tagList(snapshot.tags),
  }) satisfies DescribedSnapshot;

interface Wanted {
  readonly description: string;
  readonly tags: Record<string, string>;
}

function refuseSnapshot(
  { snapshots }: AccountState,
  { volumeId, volumeType, state }: Volume,
): void {
  if (state !== 'in-use' && state !== 'available') {
    throw refusal('IncorrectState', `${volumeId} is '${state}'.`);
  }
  const pending = snapshots.filter(
    (snapshot) => snapshot.volumeId === volumeId && snapshot.state === 'pending',
  );
  // https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
  if (pending.length >= (/^(?:st1|sc1)$/.test(volumeType) ? 1 : 5)) {
    throw refusal(
      'ConcurrentSnapshotLimitExceeded',
      'Maximum allowed in-progress snapshots for a single volume exceeded.',
    );
  }
}

/** Takes a snapshot that stays `pending`: no time passes in a rehearsal. */
function take(desk: Desk, volume: Volume, { description, tags }: Wanted): Snapshot {
  const snapshot: Snapshot = {
    snapshotId: SnapshotId.parse(desk.newId('snap')),
    volumeId: volume.volumeId,
    state: 'pending',
    startTime: desk.now().toISOString(),
    tags,
    description,
    volumeSize: volume.size,
    encrypted: volume.encrypted,
  };
  desk.state.snapshots.push(snapshot);
  return snapshot;
}

function createSnapshot(desk: Desk, input: Partial<CreateSnapshotRequest>): DescribedSnapshot {
  const volume = named(desk.state, 'volumes', input.VolumeId ?? '');
  refuseSnapshot(desk.state, volume);
  const snapshot = take(desk, volume, {
    description: input.Description ?? '',
    tags: tagsFor('snapshot', input.TagSpecifications),
  });
  return describedSnapshot(desk.state, snapshot);
}

/** Takes one snapshot of every volume of an instance but the excluded ones, or none at all. */
function createSnapshots(
  desk: Desk,
  input: Partial<CreateSnapshotsRequest>,
): CreateSnapshotsResult {
  const volumes = volumesFor(desk.state, input);
  for (const volume of volumes) refuseSnapshot(desk.state, volume);
  const made = tagsFor('snapshot', input.TagSpecifications);
  const Snapshots = volumes.map((volume) => {
    const copied = input.CopyTagsFromSource === 'volume' ? volume.tags : {};
    return take(desk, volume, {
      description: input.Description ?? '',
      tags: { ...copied, ...made },
    });
  });
  return { Snapshots: Snapshots.map((snapshot) => describedSnapshot(desk.state, snapshot)) };
}

function volumesFor(
  state: AccountState,
  { InstanceSpecification }: Partial<CreateSnapshotsRequest>,
): Volume[] {
  const {
    InstanceId = '',
    ExcludeBootVolume,
    ExcludeDataVolumeIds = [],
  } = InstanceSpecification ?? {};
  const instance = named(state, 'instances', InstanceId);
  if (instance.state === 'terminated' || instance.state === 'pending') {
    throw refusal('IncorrectInstanceState', `Instance '${InstanceId}' is '${instance.state}'.`);
  }
  const root = instance.blockDevices.find(
    ({ deviceName }) => deviceName === instance.rootDeviceName,
  );
  for (const excluded of ExcludeDataVolumeIds) {
    const attached = instance.blockDevices.some(({ volumeId }) => volumeId === excluded);
    if (!attached || excluded === root?.volumeId) {
      throw refusal(
        'InvalidParameterValue',
        `The volume '${excluded}' is not a data volume of instance '${InstanceId}'.`,
      );
    }
  }
  const wanted = instance.blockDevices.filter(
    (device) =>
      !(ExcludeBootVolume && device === root) && !ExcludeDataVolumeIds.includes(device.volumeId),
  );
  if (wanted.length === 0) {
    throw refusal('InvalidParameterValue', `Instance '${InstanceId}' has no volume to snapshot.`);
  }
  return wanted.map(({ volumeId }) => named(state, 'volumes', volumeId));
}

type Lock = NonNullable<Snapshot['lock']>;

const after = (from: string, hours: number): Date => new Date(Date.parse(from) + hours * 3_600_000);

/** A rehearsal's clock stands still, so no cool-off is ever over. */
function lockInfo({ snapshotId }: Snapshot, lock: Lock) {
  const coolOff = lock.mode === 'compliance' && lock.coolOffHours > 0;
  return {
    SnapshotId: snapshotId,
    LockState: coolOff ? ('compliance-cooloff' as const) : lock.mode,
    LockDuration: lock.days,
    ...(coolOff && {
      CoolOffPeriod: lock.coolOffHours,
      CoolOffPeriodExpiresOn: after(lock.since, lock.coolOffHours),
    }),
    LockCreatedOn: new Date(lock.since),
    LockExpiresOn: after(lock.since, lock.days * 24),
  };
}

function lockSnapshot(desk: Desk, input: Partial<LockSnapshotRequest>): LockSnapshotResult {
  const snapshot = named(desk.state, 'snapshots', input.SnapshotId ?? '');
  const { LockMode: mode = 'governance', LockDuration: days = 1, CoolOffPeriod = 0 } = input;
  if (mode === 'governance' && CoolOffPeriod > 0) {
    throw refusal('InvalidParameterCombination', 'A cool-off period is of compliance mode only.');
  }
  const { lock } = snapshot;
  if (lock?.mode === 'compliance' && lock.coolOffHours === 0 && days <= lock.days) {
    throw refusal('InvalidParameterValue', 'The lock duration can only be increased.');
  }
  const since = desk.now().toISOString();
  snapshot.lock = { mode, days, coolOffHours: CoolOffPeriod, since };
  return lockInfo(snapshot, snapshot.lock);
}

function describeLockedSnapshots(
  { state }: Desk,
  input: DescribeLockedSnapshotsRequest,
): DescribeLockedSnapshotsResult {
  return {
    Snapshots: asked(state, 'snapshots', input.SnapshotIds).flatMap((snapshot) =>
      snapshot.lock ? [lockInfo(snapshot, snapshot.lock)] : [],
    ),
  };
}

export const snapshotOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:CreateSnapshot': createSnapshot,
  'ec2:CreateSnapshots': createSnapshots,
  'ec2:DescribeSnapshots': describeSnapshots,
  'ec2:LockSnapshot': lockSnapshot,
  'ec2:DescribeLockedSnapshots': describeLockedSnapshots,
};
