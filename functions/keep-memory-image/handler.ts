import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
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
import { defineStep, NotProvenError, type StepContext } from '../shared/step.ts';
import { describeVolume } from '../shared/volume.ts';
import { findSnapshots, isSound, snapshot } from './memory-snapshot.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  volumeId: VolumeId,
  /** The outcome that the capture came to, whichever step said it. */
  capture: z.string().regex(/^[a-z-]{1,40}$/, 'expected an outcome, such as finished'),
  /** What was said of that outcome. */
  detail: z.string().max(500).nullable(),
});

const output = z.object({
  /** `kept-unfinished`: the capture did not say that it had finished; what is there is kept. */
  outcome: z.enum(['kept', 'kept-unfinished', 'volume-gone']),
  reason: z.string().nullable(),
  volumeId: z.string(),
  snapshotId: z.string().nullable(),
  /** Snapshots that a lost attempt made as well. Listed, never deleted. */
  duplicates: z.array(z.string()),
  /** Left out where the deployment locks none. */
  lock: SnapshotLock.optional(),
});
type Kept = z.infer<typeof output>;

/**
 * Snapshots the volume that an instance's memory was written to, as it is.
 *
 * The volume is neither unmounted nor detached: forcing it from a host that still writes would
 * damage what is there, and a capture past its time box goes on. The snapshot is tagged as not yet
 * judged. Whether it holds an image is for a later step, which reads the blocks; nothing that the
 * host said of it is proof.
 */
export const keepMemoryImage = defineStep({
  name: 'keep-memory-image',
  input,
  output,
  reads: {
    // Neither supports a resource: service authorization reference of EC2.
    'ec2:DescribeVolumes': {
      on: '*',
      standIn: () => ({ Volumes: [{ State: 'in-use' }] }),
    },
    'ec2:DescribeSnapshots': { on: '*', standIn: () => ({ Snapshots: [] }) },
    ...lockReads,
  },
  writes: {
    'ec2:CreateSnapshot': {
      on: 'arn:aws:ec2:*:*:volume/*',
      when: { StringEquals: { 'aws:ResourceTag/cordon:role': 'memory' } },
      once: true,
      standIn: (asked) => ({ SnapshotId: impossibleId('snap', asked), State: 'pending' }),
    },
    ...lockWrites,
  },
  needs: [
    {
      action: 'ec2:CreateSnapshot',
      on: 'arn:aws:ec2:*::snapshot/*',
      when: { StringEquals: { 'aws:RequestTag/cordon:role': 'memory' } },
      because:
        'CreateSnapshot is authorised on the snapshot as well, which is still without the tag asked of the volume.',
    },
    {
      action: 'ec2:CreateTags',
      on: 'arn:aws:ec2:*::snapshot/*',
      when: { StringEquals: { 'ec2:CreateAction': 'CreateSnapshot' } },
      because: 'CreateSnapshot with tags is authorised as tagging too.',
    },
  ],
  connect: (to) => ({ ec2: new EC2Client(patient(to)), ec2Once: new EC2Client(once(to)) }),

  async run(asked, { ec2, ec2Once }, context): Promise<Kept> {
    const { volumeId } = asked;
    // A dry run on AWS waits for no capture: it is taken to have finished, as it mostly would have.
    const capture = asked.capture === 'would-be-started' ? 'finished' : asked.capture;
    const [volume, intent] = await sideBySide([
      describeVolume(ec2, volumeId),
      context.home.cases.recordIntent(context.case, `snapshot memory on ${volumeId}`),
    ] as const);
    const [made, ...duplicates] =
      intent === 'again' ? await findSnapshots(ec2, volumeId, context) : [];
    const state = volume?.State;
    const gone = !volume || state === 'deleting' || state === 'deleted' || state === 'error';
    if (!made && gone) {
      const reason = state ?? 'EC2 knows no such volume';
      return { outcome: 'volume-gone', reason, volumeId, snapshotId: null, duplicates: [] };
    }
    const snapshotId = made ?? (await snapshot({ ...asked, capture }, ec2Once, context));
    const whose = made ? { made: [], kept: [made] } : { made: [snapshotId], kept: [] };
    const lock = await lockSnapshots(ec2, whose, context.settings);
    return {
      outcome: capture === 'finished' ? 'kept' : 'kept-unfinished',
      reason: capture === 'finished' ? null : [capture, asked.detail ?? []].flat().join(': '),
      volumeId,
      snapshotId,
      duplicates,
      ...(lock && { lock }),
    };
  },

  async prove(_asked, result, { ec2 }, context): Promise<Kept> {
    const { snapshotId } = result;
    if (!snapshotId) return result;
    const { home, case: ref } = context;
    const [lock, { Snapshots = [] }] = await sideBySide([
      proveLocked(ec2, [snapshotId], result.lock),
      ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] })),
      // Beside the read-back, since containment may be waiting for this step.
      home.cases.recordArtefacts(ref, ...artefactsOf(snapshotId, result, context)),
    ] as const);
    if (Snapshots.some(isSound)) return { ...result, ...(lock && { lock }) };
    throw new NotProvenError(`${snapshotId} is ${Snapshots[0]?.State ?? 'not there'}`);
  },
});

function artefactsOf(
  snapshotId: string,
  { outcome, reason, volumeId, duplicates, lock }: Kept,
  { now, actor, settings }: Pick<StepContext, 'now' | 'actor' | 'settings'>,
): Artefact[] {
  const taken = { kind: 'memory-image', body: null, time: now().toISOString(), actor } as const;
  const source = `ec2:CreateSnapshot ${volumeId}`;
  const details = {
    volume: volumeId,
    lock: lockInWords(lock, settings),
    ...(outcome === 'kept' ? {} : { unfinished: reason ?? 'yes' }),
    judged: 'no',
  };
  return [
    { ...taken, id: snapshotId, source, details },
    ...duplicates.map((id) => ({ ...taken, id, source, details: { duplicate: 'yes' } })),
  ];
}

export const handler = toLambda(keepMemoryImage);
