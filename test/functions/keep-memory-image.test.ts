import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { keepMemoryImage } from '../../functions/keep-memory-image/handler.ts';
import { at, calls, rehearsalOf } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const volumeId = 'vol-0eeeeeeeeeeeeeee1';
const input = { instanceId, volumeId, capture: 'finished', detail: null };

type State = Parameters<typeof rehearsalOf>[0];

/** The instance with its root volume and the memory volume, which has a snapshot of another case. */
const stateWith = (more: Partial<State> = {}): State => ({
  vpcs: [{ vpcId: 'vpc-0ccccccccccccccc1' }],
  subnets: [{ subnetId: 'subnet-0ddddddddddddddd1', vpcId: 'vpc-0ccccccccccccccc1' }],
  instances: [
    {
      instanceId,
      subnetId: 'subnet-0ddddddddddddddd1',
      blockDevices: [
        { deviceName: '/dev/xvda', volumeId: 'vol-0bbbbbbbbbbbbbbb1' },
        { deviceName: '/dev/sdf', volumeId, deleteOnTermination: false },
      ],
    },
  ],
  volumes: [{ volumeId, size: 15, encrypted: true, tags: { 'cordon:role': 'memory' } }],
  snapshots: [snapshotOf('snap-0dddddddddddddddd', 'case-9999999999')],
  ...more,
});

const snapshotOf = (
  snapshotId: string,
  caseId: string,
  {
    startTime = '2026-03-01T04:00:00Z',
    state = 'pending' as 'pending' | 'error',
    role = 'memory',
  } = {},
) => ({
  snapshotId,
  volumeId,
  state,
  startTime,
  tags: { 'cordon:case': caseId, 'cordon:role': role },
});

const lost = Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });

/** Makes the first CreateSnapshot fail, before or after it took effect. */
const losing = (when: 'before' | 'after') => {
  let faults = 0;
  return {
    fault: (call: string) =>
      call === 'ec2:CreateSnapshot' && faults++ === 0 ? { when, error: lost } : undefined,
  };
};

const sentWhenKept = ['ec2:DescribeVolumes', 'ec2:CreateSnapshot', 'ec2:DescribeSnapshots'];

describe('keep-memory-image', () => {
  it('snapshots the volume as it is, and leaves it attached', async () => {
    const rehearsal = await rehearsalOf(stateWith());
    const { instances } = structuredClone(rehearsal.account.state);
    const { result, journal } = await rehearsal.run(keepMemoryImage, input);
    const { caseId } = await rehearsal.open('live');
    const made = rehearsal.account.state.snapshots.at(-1);
    expect(result).toEqual({
      outcome: 'kept',
      reason: null,
      volumeId,
      snapshotId: made?.snapshotId,
      duplicates: [],
    });
    expect(journal).toEqual([
      {
        call: 'ec2:DescribeVolumes',
        disposition: 'sent',
        input: { VolumeIds: [volumeId] },
      },
      {
        call: 'ec2:CreateSnapshot',
        disposition: 'sent',
        input: {
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
                { Key: 'cordon:capture', Value: 'finished' },
                { Key: 'cordon:judged', Value: 'no' },
              ],
            },
          ],
        },
      },
      {
        call: 'ec2:DescribeSnapshots',
        disposition: 'sent',
        input: { SnapshotIds: [made?.snapshotId] },
      },
    ]);
    expect(rehearsal.account.state.instances).toEqual(instances);
  });

  it('locks the image where the deployment says so, and lists it as evidence not yet judged', async () => {
    const settings = { snapshotLock: { mode: 'governance' as const } };
    const rehearsal = await rehearsalOf(stateWith(), { settings });

    const { result, journal } = await rehearsal.run(keepMemoryImage, input);

    expect(result.lock).toEqual({ outcome: 'locked', reason: null });
    expect(rehearsal.account.state.snapshots.at(-1)?.lock?.mode).toBe('governance');
    expect(calls(journal)).toEqual([
      'ec2:DescribeVolumes sent',
      'ec2:CreateSnapshot sent',
      'ec2:LockSnapshot sent',
      'ec2:DescribeLockedSnapshots sent',
      'ec2:DescribeSnapshots sent',
    ]);
    const { caseId, execution } = await rehearsal.open('live');
    expect(await rehearsal.cases.artefacts(caseId)).toEqual([
      {
        kind: 'memory-image',
        id: result.snapshotId,
        body: null,
        time: at,
        actor: `keep-memory-image, ${execution}`,
        source: `ec2:CreateSnapshot ${volumeId}`,
        details: { volume: volumeId, lock: 'governance, 90 days', judged: 'no' },
      },
    ]);
  });

  it('keeps the image when its lock is refused, and says so', async () => {
    const rehearsal = await rehearsalOf(stateWith(), {
      settings: { snapshotLock: { mode: 'governance' } },
      fault: (call) =>
        call === 'ec2:LockSnapshot'
          ? { when: 'before', error: refusal('UnauthorizedOperation') }
          : undefined,
    });

    const { result } = await rehearsal.run(keepMemoryImage, input);

    expect(result).toMatchObject({ outcome: 'kept', lock: { outcome: 'not-locked' } });
  });

  it('hands on what was said of a failed capture', async () => {
    const rehearsal = await rehearsalOf(stateWith());
    const failed = { ...input, capture: 'failed', detail: 'exit code 23' };

    const { result } = await rehearsal.run(keepMemoryImage, failed);

    expect(result).toMatchObject({ outcome: 'kept-unfinished', reason: 'failed: exit code 23' });
  });

  it.each(['failed', 'time-box-over', 'cut-short', 'in-progress'])(
    'keeps what there is after a capture that came to %s, and says so',
    async (capture) => {
      const rehearsal = await rehearsalOf(stateWith());
      const { result } = await rehearsal.run(keepMemoryImage, { ...input, capture });
      expect(result).toMatchObject({ outcome: 'kept-unfinished', reason: capture });
      expect(rehearsal.account.state.snapshots.at(-1)?.tags['cordon:capture']).toBe(capture);
    },
  );

  it.each(['deleting', 'deleted', 'error'] as const)(
    'has nothing to keep of a volume in %s',
    async (state) => {
      const rehearsal = await rehearsalOf(
        stateWith({
          instances: [{ instanceId }],
          volumes: [{ volumeId, state, availabilityZone: 'eu-west-1a' }],
        }),
      );
      const { result, journal } = await rehearsal.run(keepMemoryImage, input);
      expect(result).toEqual({
        outcome: 'volume-gone',
        reason: state,
        volumeId,
        snapshotId: null,
        duplicates: [],
      });
      expect(calls(journal)).toEqual(['ec2:DescribeVolumes sent']);
    },
  );

  it('has nothing to keep of a volume that EC2 does not know', async () => {
    const rehearsal = await rehearsalOf(stateWith());
    const gone = { ...input, volumeId: 'vol-0eeeeeeeeeeeeeee9' };
    const { result } = await rehearsal.run(keepMemoryImage, gone);
    expect(result).toMatchObject({ outcome: 'volume-gone', reason: 'EC2 knows no such volume' });
  });

  describe('in a dry run', () => {
    const inDryRun = [
      'ec2:DescribeVolumes sent',
      'ec2:CreateSnapshot withheld',
      'ec2:DescribeSnapshots sent',
    ];

    it('withholds the snapshot, and does so when the mode is missing', async () => {
      const rehearsal = await rehearsalOf(stateWith());
      const before = structuredClone(rehearsal.account.state);
      const named = await rehearsal.run(keepMemoryImage, input, 'dry-run');
      expect(calls(named.journal)).toEqual(inDryRun);

      const another = await rehearsalOf(stateWith());
      const missing = await another.run(keepMemoryImage, input, 'dry-run', { mode: undefined });
      expect(calls(missing.journal)).toEqual(inDryRun);
      expect(rehearsal.account.state).toEqual(before);
      expect(another.account.state).toEqual(before);
    });

    it('runs to its end for a volume that only would have been made', async () => {
      const rehearsal = await rehearsalOf(stateWith(), { dryRun: 'stand-ins' });
      const made = { ...input, volumeId: 'vol-000000000000abcde', capture: 'would-be-started' };
      const first = await rehearsal.run(keepMemoryImage, made, 'dry-run');
      expect(first.result).toMatchObject({
        outcome: 'would-be-kept',
        snapshotId: expect.stringMatching(/^snap-0{12}[0-9a-f]{5}$/),
      });
      expect(calls(first.journal)).toEqual([
        'ec2:DescribeVolumes assumed',
        'ec2:CreateSnapshot withheld',
      ]);

      const second = await rehearsal.run(keepMemoryImage, made, 'dry-run');
      expect(second.result).toEqual(first.result);
      expect(calls(second.journal)).toEqual([
        'ec2:DescribeVolumes assumed',
        'ec2:DescribeSnapshots assumed',
        'ec2:CreateSnapshot withheld',
      ]);
    });
  });

  describe('run again', () => {
    const again = ['ec2:DescribeVolumes', 'ec2:DescribeSnapshots', 'ec2:DescribeSnapshots'];

    it('finds its own snapshot, and makes no other', async () => {
      const rehearsal = await rehearsalOf(stateWith());
      const first = await rehearsal.run(keepMemoryImage, input);
      const second = await rehearsal.run(keepMemoryImage, input);
      expect(second.result).toEqual(first.result);
      expect(calls(second.journal)).toEqual(again.map((call) => `${call} sent`));
      expect(rehearsal.account.state.snapshots).toHaveLength(2);
    });

    it('finds the snapshot whose answer was lost', async () => {
      const rehearsal = await rehearsalOf(stateWith(), losing('after'));
      const first = await rehearsal.run(keepMemoryImage, input);
      expect(first.error).toBe(lost);
      expect(calls(first.journal)).toEqual(sentWhenKept.slice(0, 2).map((call) => `${call} sent`));

      const { result } = await rehearsal.run(keepMemoryImage, input);
      expect(rehearsal.account.state.snapshots).toHaveLength(2);
      expect(result).toMatchObject({
        outcome: 'kept',
        snapshotId: rehearsal.account.state.snapshots.at(-1)?.snapshotId,
      });
    });

    it('keeps the snapshot although the volume has gone since', async () => {
      const rehearsal = await rehearsalOf(stateWith(), {
        fault: (call) => {
          const gone = call === 'ec2:DescribeVolumes' && looks++ > 0;
          return gone ? { when: 'before', error: refusal('InvalidVolume.NotFound') } : undefined;
        },
      });
      let looks = 0;
      const first = await rehearsal.run(keepMemoryImage, input);
      const second = await rehearsal.run(keepMemoryImage, input);
      expect(second.result).toEqual(first.result);
    });

    it('makes the snapshot when the lost attempt did not', async () => {
      const rehearsal = await rehearsalOf(stateWith(), losing('before'));
      await rehearsal.run(keepMemoryImage, input);
      const { result, journal } = await rehearsal.run(keepMemoryImage, input);
      expect(result.outcome).toBe('kept');
      expect(calls(journal)).toEqual(
        sentWhenKept.toSpliced(1, 0, 'ec2:DescribeSnapshots').map((call) => `${call} sent`),
      );
    });

    it('goes by the oldest sound one of several, and lists the others', async () => {
      const { caseId } = await (await rehearsalOf(stateWith())).open('live');
      const rehearsal = await rehearsalOf(
        stateWith({
          snapshots: [
            snapshotOf('snap-0aaaaaaaaaaaaaaa3', caseId, { startTime: '2026-03-01T04:00:03Z' }),
            snapshotOf('snap-0aaaaaaaaaaaaaaa1', caseId, {
              startTime: '2026-03-01T04:00:01Z',
              state: 'error',
            }),
            snapshotOf('snap-0aaaaaaaaaaaaaaa2', caseId, { startTime: '2026-03-01T04:00:02Z' }),
            snapshotOf('snap-0aaaaaaaaaaaaaaa4', caseId, { role: 'evidence' }),
          ],
        }),
        losing('before'),
      );
      await rehearsal.run(keepMemoryImage, input);
      const { result } = await rehearsal.run(keepMemoryImage, input);
      expect(result).toMatchObject({
        snapshotId: 'snap-0aaaaaaaaaaaaaaa2',
        duplicates: ['snap-0aaaaaaaaaaaaaaa3'],
      });
      expect(rehearsal.account.state.snapshots).toHaveLength(4);
    });
  });

  it('does not say kept when the snapshot, read back, is not there', async () => {
    const rehearsal = await rehearsalOf(stateWith(), {
      fault: (call) =>
        call === 'ec2:DescribeSnapshots'
          ? { when: 'before', error: refusal('InvalidSnapshot.NotFound') }
          : undefined,
    });
    const { error, result } = await rehearsal.run(keepMemoryImage, input);
    expect(error?.name).toBe('InvalidSnapshot.NotFound');
    expect(result).toBeUndefined();
  });

  it.each(['ec2:DescribeVolumes', 'ec2:CreateSnapshot'])(
    'lets a refusal of %s out',
    async (refused) => {
      const rehearsal = await rehearsalOf(stateWith(), {
        fault: (call) =>
          call === refused
            ? { when: 'before', error: refusal('UnauthorizedOperation') }
            : undefined,
      });
      const { error } = await rehearsal.run(keepMemoryImage, input);
      expect(error?.name).toBe('UnauthorizedOperation');
    },
  );

  it.each([
    [{ ...input, volumeId: null }, '$.input.volumeId'],
    [{ ...input, capture: 'Finished!' }, '$.input.capture'],
    [{ ...input, force: true }, '$.input'],
  ])('refuses %j before it calls AWS', async (bad, path) => {
    const rehearsal = await rehearsalOf(stateWith());
    const { error, journal } = await rehearsal.run(keepMemoryImage, bad);
    expect(error).toMatchObject({
      name: 'UnusableInputError',
      message: expect.stringContaining(path),
    });
    expect(journal).toEqual([]);
  });
});

const refusal = (name: string) =>
  new EC2ServiceException({
    name,
    message: name,
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
