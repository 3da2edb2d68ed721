import {
  DescribeLockedSnapshotsCommand,
  type EC2Client,
  LockSnapshotCommand,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { UndeclaredCallError } from './journal.ts';
import type { Settings } from './settings.ts';
import type { ReadGrant, WriteGrant } from './step.ts';

/** Whether snapshots are locked against deletion, where they are to be; the reason is why not. */
export const SnapshotLock = z.object({
  outcome: z.enum(['locked', 'not-locked']),
  reason: z.string().nullable(),
});
export type SnapshotLock = z.infer<typeof SnapshotLock>;

/** What locking reads and writes. Only what carries a case's tag may be locked. */
export const lockReads = {
  // Supports no resource: service authorization reference of EC2.
  'ec2:DescribeLockedSnapshots': { on: '*', standIn: () => ({ Snapshots: [] }) },
} satisfies Record<string, ReadGrant>;
export const lockWrites = {
  'ec2:LockSnapshot': {
    on: 'arn:aws:ec2:*::snapshot/*',
    when: { StringLike: { 'aws:ResourceTag/cordon:case': 'case-*' } },
    standIn: () => ({ LockState: 'governance' }),
  },
} satisfies Record<string, WriteGrant>;

/**
 * Locks snapshots as the deployment says: in governance mode they can still be unlocked by who may,
 * in compliance mode, after the cool-off, by nobody. A lock that is there stays as it is.
 *
 * A lock that is refused is told and not thrown: the snapshot is there all the same. The lock is of
 * no use against who may delete the KMS key that the snapshot is encrypted under.
 * https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lock-considerations.html
 */
export async function lockSnapshots(
  ec2: EC2Client,
  { made, kept }: { readonly made: readonly string[]; readonly kept: readonly string[] },
  { snapshotLock }: Pick<Settings, 'snapshotLock'>,
): Promise<SnapshotLock | undefined> {
  if (snapshotLock.mode === 'off' || made.length + kept.length === 0) return undefined;
  return told(async () => {
    // What was made just now has no lock; only of what an earlier attempt made is it asked.
    const locked = kept.length > 0 ? await lockedAmong(ec2, kept) : new Set();
    const open = [...made, ...kept.filter((id) => !locked.has(id))];
    const locks = await Promise.all(open.map((id) => lockOne(ec2, id, snapshotLock)));
    return locks.find(({ outcome }) => outcome === 'not-locked') ?? well;
  });
}

const well: SnapshotLock = { outcome: 'locked', reason: null };

const lockOne = (
  ec2: EC2Client,
  SnapshotId: string,
  { mode, days, coolOffHours }: Settings['snapshotLock'],
): Promise<SnapshotLock> =>
  told(async () => {
    const coolOff = mode === 'compliance' && coolOffHours > 0;
    await ec2.send(
      new LockSnapshotCommand({
        SnapshotId,
        LockMode: mode === 'compliance' ? 'compliance' : 'governance',
        LockDuration: days,
        ...(coolOff && { CoolOffPeriod: coolOffHours }),
      }),
    );
    return well;
  }, SnapshotId);

/** Reads the locks back: `locked` is what EC2 says, whatever became of the calls. Throws nothing. */
export async function proveLocked(
  ec2: EC2Client,
  ids: readonly string[],
  claim: SnapshotLock | undefined,
): Promise<SnapshotLock | undefined> {
  if (!claim) return undefined;
  return told(async () => {
    const locked = await lockedAmong(ec2, ids);
    const open = ids.filter((id) => !locked.has(id));
    if (open.length === 0) return well;
    return { outcome: 'not-locked', reason: claim.reason ?? `${open[0]}: no lock to be seen` };
  });
}

const inForce: ReadonlySet<string> = new Set(['governance', 'compliance', 'compliance-cooloff']);

async function lockedAmong(ec2: EC2Client, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { Snapshots = [] } = await ec2.send(
    new DescribeLockedSnapshotsCommand({ SnapshotIds: [...ids] }),
  );
  return new Set(
    Snapshots.flatMap(({ SnapshotId, LockState = '' }) =>
      SnapshotId && inForce.has(LockState) ? [SnapshotId] : [],
    ),
  );
}

/** Whatever goes wrong with a lock, its snapshot must not be given up for it. */
async function told(lock: () => Promise<SnapshotLock>, of?: string): Promise<SnapshotLock> {
  try {
    return await lock();
  } catch (error) {
    if (error instanceof UndeclaredCallError) throw error;
    const name = error instanceof Error ? error.name : 'unknown';
    return { outcome: 'not-locked', reason: of ? `${of}: ${name}` : name };
  }
}

/** The lock as an artefact's details have it. */
export const lockInWords = (
  lock: SnapshotLock | undefined,
  { snapshotLock: { mode, days } }: Pick<Settings, 'snapshotLock'>,
): string => {
  if (!lock) return 'none';
  return lock.outcome === 'locked' ? `${mode}, ${days} days` : `none: ${lock.reason}`;
};
