import { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import type { Artefact } from '../shared/artefact.ts';
import { once, patient } from '../shared/connection.ts';
import { InstanceId, VolumeId } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import {
  lockInWords,
  lockReads,
  lockSnapshots,
  lockWrites,
  proveLocked,
  SnapshotLock,
} from '../shared/snapshot-lock.ts';
import { impossibleId } from '../shared/stand-in.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { needs } from './needs.ts';
import { proveSnapshots } from './proof.ts';
import {
  completeSnapshots,
  findingTag,
  type SnapshotSet,
  snapshotsOfCase,
  tagDevices,
} from './snapshots.ts';
import { queryForVolumes, volumesOf } from './volumes.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  /** The volume that holds the memory image, which has a snapshot of its own. */
  exclude: VolumeId.nullable(),
});

const output = z.object({
  outcome: z.enum(['snapshotted', 'already-snapshotted', 'no-volumes', 'volumes-unknown']),
  snapshots: z.array(
    z.object({
      snapshotId: z.string(),
      volumeId: z.string(),
      /** Null for a volume of a gone instance of which nobody noted where it was attached. */
      device: z.string().nullable(),
    }),
  ),
  /** Further snapshots of this case, from an attempt whose answer was lost. Never deleted. */
  duplicates: z.array(z.string()),
  /** For a person: finds the volumes of an instance that nothing is known of any more. */
  query: z.string().nullable(),
  /** Left out where the deployment locks none. */
  lock: SnapshotLock.optional(),
});
type Snapshots = z.infer<typeof output>;

const snapshots = 'arn:aws:ec2:*::snapshot/*';
const volumes = 'arn:aws:ec2:*:*:volume/*';

/**
 * Snapshots every EBS volume of the instance but the excluded one, as one crash-consistent set.
 *
 * It does not wait for the copying: a snapshot holds what its volume held when it began, so
 * `pending` is enough. Volumes are snapshotted one by one, no longer of one moment, where their
 * instance is on its way out or a lost attempt left some behind. Instance store volumes have no
 * snapshots. There is no undo: snapshots are evidence.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
 */
export const snapshotVolumes = defineStep({
  name: 'snapshot-volumes',
  input,
  output,
  reads: {
    // Describe calls support no resource: service authorization reference of EC2.
    'ec2:DescribeInstances': { on: '*' },
    'ec2:DescribeVolumes': { on: '*' },
    'ec2:DescribeSnapshots': { on: '*' },
    ...lockReads,
  },
  writes: {
    'ec2:CreateSnapshots': {
      on: ['arn:aws:ec2:*:*:instance/*', volumes, snapshots],
      once: true,
      // The input names no volume, so the set cannot be made up here: see `createSet`.
      standIn: () => ({}),
    },
    'ec2:CreateSnapshot': {
      on: [volumes, snapshots],
      once: true,
      standIn: (asked) => ({ SnapshotId: impossibleId('snap', asked), State: 'pending' }),
    },
    'ec2:CreateTags': {
      on: snapshots,
      when: { 'ForAllValues:StringLike': { 'aws:TagKeys': 'cordon:*' } },
      standIn: () => ({}),
    },
    ...lockWrites,
  },
  needs,
  connect: (to) => ({ ec2: new EC2Client(patient(to)), ec2Once: new EC2Client(once(to)) }),

  async run({ instanceId, exclude }, aws, context): Promise<Snapshots> {
    const { home, case: ref, settings } = context;
    const [{ state, volumes }, { findings }, intent] = await Promise.all([
      volumesOf(aws.ec2, instanceId, () => home.cases.recallTarget(ref.target)),
      home.cases.findings(ref),
      home.cases.recordIntent(ref, 'snapshot-volumes'),
    ]);
    const none = { snapshots: [], duplicates: [], query: null };
    if (volumes.length === 0 && state === 'gone') {
      return { ...none, outcome: 'volumes-unknown', query: queryForVolumes(instanceId, ref) };
    }
    const wanted = volumes.filter(({ volumeId }) => volumeId !== exclude);
    if (wanted.length === 0) return { ...none, outcome: 'no-volumes' };

    const set: SnapshotSet = {
      whole: state === 'there',
      volumes: wanted,
      excluded: volumes.filter(({ volumeId }) => volumeId === exclude),
      tags: { case: ref.caseId, instance: instanceId, finding: findingTag(findings) },
    };
    const found = intent === 'again' ? await snapshotsOfCase(aws.ec2, set) : [];
    const { kept, made, duplicates } = await completeSnapshots(aws.ec2Once, set, found);
    await tagDevices(aws.ec2, [...kept, ...made]);
    const ids = { made: made.map(idOf), kept: kept.map(idOf) };
    const lock = await lockSnapshots(aws.ec2, ids, settings);
    return {
      outcome: made.length > 0 ? 'snapshotted' : 'already-snapshotted',
      snapshots: [...kept, ...made].map(({ tagged: _, ...snapshot }) => snapshot),
      duplicates,
      query: null,
      ...(lock && { lock }),
    };
  },

  prove: async (_input, result, { ec2 }, context) => {
    const { home, case: ref } = context;
    const ids = result.snapshots.map(idOf);
    const [lock] = await sideBySide([
      proveLocked(ec2, ids, result.lock),
      proveSnapshots(ec2, result.snapshots, ref.caseId),
      home.cases.recordArtefacts(ref, ...artefactsOf(result, context)),
    ] as const);
    return { ...result, ...(lock && { lock }) };
  },
});

const idOf = ({ snapshotId }: { readonly snapshotId: string }): string => snapshotId;

/** What the case lists of them: AWS keeps their bytes, and says nothing of a hash. */
function artefactsOf(
  { snapshots, duplicates, lock }: Snapshots,
  { now, actor, settings }: Pick<StepContext, 'now' | 'actor' | 'settings'>,
): Artefact[] {
  const taken = { kind: 'snapshot', body: null, time: now().toISOString(), actor } as const;
  const locked = lockInWords(lock, settings);
  return [
    ...snapshots.map(({ snapshotId: id, volumeId, device }) => ({
      ...taken,
      id,
      source: `ec2:CreateSnapshots ${volumeId}`,
      details: { volume: volumeId, ...(device && { device }), lock: locked },
    })),
    ...duplicates.map((id) => ({
      ...taken,
      id,
      source: 'ec2:CreateSnapshots, an attempt whose answer was lost',
      details: { duplicate: 'yes' },
    })),
  ];
}

export const handler = toLambda(snapshotVolumes);
