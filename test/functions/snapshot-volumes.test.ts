import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { VolumeId } from '../../functions/shared/ids.ts';
import { snapshotVolumes } from '../../functions/snapshot-volumes/handler.ts';
import { at, calls, finding, rehearsalOf } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const other = 'i-0aaaaaaaaaaaaaaa2';
const root = 'vol-0aaaaaaaaaaaaaaa1';
const data = 'vol-0aaaaaaaaaaaaaaa2';
const memory = 'vol-0aaaaaaaaaaaaaaa3';
const target = `arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`;

/** Beside the instance: another one, a volume of nobody, and an old snapshot of the root volume. */
const world = (differs: object = {}) => ({
  vpcs: [{ vpcId: 'vpc-0aaaaaaaaaaaaaaa1' }],
  subnets: [{ subnetId: 'subnet-0aaaaaaaaaaaaaaa1', vpcId: 'vpc-0aaaaaaaaaaaaaaa1' }],
  networkInterfaces: [1, 2].map((n) => ({
    networkInterfaceId: `eni-0aaaaaaaaaaaaaaa${n}`,
    subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
    attachment: { instanceId: `i-0aaaaaaaaaaaaaaa${n}` },
  })),
  instances: [
    {
      instanceId,
      blockDevices: [
        { deviceName: '/dev/xvda', volumeId: root },
        { deviceName: '/dev/sdf', volumeId: data, deleteOnTermination: false },
        { deviceName: '/dev/sdp', volumeId: memory },
      ],
      ...differs,
    },
    {
      instanceId: other,
      blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0bbbbbbbbbbbbbbb1' }],
    },
  ],
  volumes: [
    { volumeId: root, tags: { team: 'shop' } },
    { volumeId: data, encrypted: true, kmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/k' },
    { volumeId: 'vol-0bbbbbbbbbbbbbbb2' },
  ],
  snapshots: [
    {
      snapshotId: 'snap-0bbbbbbbbbbbbbbb1',
      volumeId: root,
      state: 'completed' as const,
      tags: { 'cordon:case': 'case-0000000000' },
    },
  ],
});
const input = { instanceId, exclude: memory };

const set = (caseId: string) => ({
  Description: `Cordon ${caseId}: ${instanceId}`,
  InstanceSpecification: { InstanceId: instanceId, ExcludeDataVolumeIds: [memory] },
  TagSpecifications: [
    {
      ResourceType: 'snapshot',
      Tags: [
        { Key: 'cordon:case', Value: caseId },
        { Key: 'cordon:instance', Value: instanceId },
        { Key: 'cordon:finding', Value: 'f1d1d1d1' },
      ],
    },
  ],
  CopyTagsFromSource: 'volume',
});
const looks = ['ec2:DescribeInstances sent', 'ec2:DescribeVolumes sent'];

const down = (name: string) =>
  new EC2ServiceException({ name, message: name, $fault: 'server', $metadata: {} });

describe('snapshot-volumes', () => {
  it('snapshots the attached volumes as one set, without the memory volume', async () => {
    const rehearsal = await rehearsalOf(world());
    const { caseId } = await rehearsal.open('live');
    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    const [first, second] = result.snapshots;
    expect(result).toEqual({
      outcome: 'snapshotted',
      snapshots: [
        { snapshotId: expect.stringMatching(/^snap-/), volumeId: root, device: '/dev/xvda' },
        { snapshotId: expect.stringMatching(/^snap-/), volumeId: data, device: '/dev/sdf' },
      ],
      duplicates: [],
      query: null,
    });
    const device = (snapshot: string, Value: string) => ({
      call: 'ec2:CreateTags',
      input: { Resources: [snapshot], Tags: [{ Key: 'cordon:device', Value }] },
      disposition: 'sent',
    });
    expect(journal).toEqual([
      {
        call: 'ec2:DescribeInstances',
        input: { InstanceIds: [instanceId] },
        disposition: 'sent',
      },
      {
        call: 'ec2:DescribeVolumes',
        input: { Filters: [{ Name: 'attachment.instance-id', Values: [instanceId] }] },
        disposition: 'sent',
      },
      { call: 'ec2:CreateSnapshots', input: set(caseId), disposition: 'sent' },
      device(first.snapshotId, '/dev/xvda'),
      device(second.snapshotId, '/dev/sdf'),
      {
        call: 'ec2:DescribeSnapshots',
        input: { SnapshotIds: [first.snapshotId, second.snapshotId] },
        disposition: 'sent',
      },
    ]);
  });

  it('tags each snapshot with case, instance, finding and device beside its volume’s own tags', async () => {
    const rehearsal = await rehearsalOf(world());
    const { caseId } = await rehearsal.open('live');
    await rehearsal.run(snapshotVolumes, input);

    const tags = { 'cordon:case': caseId, 'cordon:instance': instanceId };
    expect(
      rehearsal.account.state.snapshots.slice(1).map((one) => [one.volumeId, one.tags]),
    ).toEqual([
      [root, { team: 'shop', ...tags, 'cordon:finding': 'f1d1d1d1', 'cordon:device': '/dev/xvda' }],
      [data, { ...tags, 'cordon:finding': 'f1d1d1d1', 'cordon:device': '/dev/sdf' }],
    ]);
  });

  it.each([
    ['the mode is dry-run', {}],
    ['the mode is missing', { mode: undefined }],
  ])('withholds every snapshot when %s', async (_when, payload) => {
    const rehearsal = await rehearsalOf(world());
    const { result, journal } = await rehearsal.run(snapshotVolumes, input, 'dry-run', payload);

    expect(result.outcome).toBe('snapshotted');
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:CreateSnapshots withheld',
      'ec2:CreateTags withheld',
      'ec2:CreateTags withheld',
      'ec2:DescribeSnapshots sent',
    ]);
    expect(rehearsal.account.state.snapshots).toHaveLength(1);
  });

  it('withholds the same calls when stand-ins alone answer', async () => {
    const rehearsal = await rehearsalOf(world(), { dryRun: 'stand-ins' });
    const { result, journal } = await rehearsal.run(snapshotVolumes, input, 'dry-run');

    expect(result.outcome).toBe('would-be-snapshotted');
    expect(result.snapshots.map((one: { volumeId: string }) => one.volumeId)).toEqual([root, data]);
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:CreateSnapshots withheld',
      'ec2:CreateTags withheld',
      'ec2:CreateTags withheld',
    ]);
  });

  it('finds the set again when its answer was lost, instead of taking a second one', async () => {
    const lost = { when: 'after' as const, error: down('InternalError') };
    let asked = 0;
    const rehearsal = await rehearsalOf(world(), {
      fault: (call) => (call === 'ec2:CreateSnapshots' && asked++ === 0 ? lost : undefined),
    });
    expect((await rehearsal.run(snapshotVolumes, input)).error?.name).toBe('InternalError');
    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    expect(asked).toBe(1);
    expect(result).toMatchObject({ outcome: 'already-snapshotted', duplicates: [] });
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:DescribeSnapshots sent',
      'ec2:CreateTags sent',
      'ec2:CreateTags sent',
      'ec2:DescribeSnapshots sent',
    ]);
    expect(rehearsal.account.state.snapshots).toHaveLength(3);
  });

  it('takes no second set when run twice, and leaves tags alone that are there', async () => {
    const rehearsal = await rehearsalOf(world());
    const first = await rehearsal.run(snapshotVolumes, input);
    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    expect(result).toEqual({ ...first.result, outcome: 'already-snapshotted' });
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:DescribeSnapshots sent',
      'ec2:DescribeSnapshots sent',
    ]);
  });

  it('does not take the memory image of the same case for a snapshot of its own', async () => {
    const { caseId } = await (await rehearsalOf({})).open('live');
    const tags = { 'cordon:case': caseId, 'cordon:role': 'memory' };
    const image = { snapshotId: 'snap-0ccccccccccccccc9', volumeId: root, tags };
    const rehearsal = await rehearsalOf({ ...world(), snapshots: [image] });
    const first = await rehearsal.run(snapshotVolumes, input);

    const { result } = await rehearsal.run(snapshotVolumes, input);

    expect(result).toEqual({ ...first.result, outcome: 'already-snapshotted' });
    expect(JSON.stringify(result)).not.toContain(image.snapshotId);
  });

  it('makes only what an earlier attempt left out, and names what there is twice', async () => {
    // The case's id depends on its target and execution alone.
    const { caseId } = await (await rehearsalOf({})).open('live');
    const taken = (snapshotId: string, volumeId: string, startTime: string, state = 'pending') => ({
      snapshotId,
      volumeId,
      startTime,
      state: state as 'pending',
      tags: {
        'cordon:case': caseId,
        'cordon:instance': instanceId,
        'cordon:finding': 'f1d1d1d1',
        'cordon:device': '/dev/xvda',
      },
    });
    const rehearsal = await rehearsalOf({
      ...world(),
      snapshots: [
        taken('snap-0ccccccccccccccc2', root, '2026-03-01T04:00:02.000Z'),
        taken('snap-0ccccccccccccccc1', root, '2026-03-01T04:00:01.000Z'),
        taken('snap-0ccccccccccccccc3', data, '2026-03-01T04:00:01.000Z', 'error'),
        taken('snap-0ccccccccccccccc4', memory, '2026-03-01T04:00:01.000Z'),
      ],
    });
    await rehearsal.cases.recordIntent(await rehearsal.open('live'), 'snapshot-volumes');
    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    expect(result).toMatchObject({
      outcome: 'snapshotted',
      snapshots: [
        { snapshotId: 'snap-0ccccccccccccccc1', volumeId: root },
        { volumeId: data, device: '/dev/sdf' },
      ],
      duplicates: ['snap-0ccccccccccccccc3', 'snap-0ccccccccccccccc2'],
    });
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:DescribeSnapshots sent',
      'ec2:CreateSnapshot sent',
      'ec2:DescribeSnapshots sent',
    ]);
    expect(journal[3]?.input).toMatchObject({
      VolumeId: data,
      TagSpecifications: [
        { Tags: expect.arrayContaining([{ Key: 'cordon:device', Value: '/dev/sdf' }]) },
      ],
    });
  });

  it('snapshots volume by volume while the instance shuts down', async () => {
    const rehearsal = await rehearsalOf(world({ state: 'shutting-down' }));
    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    expect(result.outcome).toBe('snapshotted');
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:CreateSnapshot sent',
      'ec2:CreateSnapshot sent',
      'ec2:DescribeSnapshots sent',
    ]);
    expect(journal.slice(2, 4).map((entry) => entry.input)).toMatchObject([
      { VolumeId: root },
      { VolumeId: data },
    ]);
  });

  it('snapshots what is left of the volumes that an earlier look noted of a gone instance', async () => {
    const rehearsal = await rehearsalOf(world({ state: 'terminated' }));
    await rehearsal.cases.rememberTarget(target, {
      outcome: 'inspected',
      volumes: [
        { volumeId: root, deviceName: '/dev/xvda' },
        { volumeId: data, deviceName: '/dev/sdf' },
      ],
    });
    const { result, journal } = await rehearsal.run(snapshotVolumes, { instanceId, exclude: null });

    // The root volume went with the instance.
    expect(result).toMatchObject({
      outcome: 'snapshotted',
      snapshots: [{ volumeId: data, device: '/dev/sdf' }],
    });
    expect(calls(journal)).toEqual([
      ...looks,
      'ec2:DescribeVolumes sent',
      'ec2:CreateSnapshot sent',
      'ec2:DescribeSnapshots sent',
    ]);
    expect(journal[3]?.input).toMatchObject({ VolumeId: data });
  });

  it.each([
    ['nothing is remembered', undefined],
    ['what is remembered makes no sense', { volumes: 'many' }],
    ['no remembered volume is left', { volumes: [{ volumeId: root, deviceName: '/dev/xvda' }] }],
  ])('gives the query that finds the volumes of a gone instance when %s', async (_when, facts) => {
    const rehearsal = await rehearsalOf(world({ state: 'terminated' }));
    if (facts) await rehearsal.cases.rememberTarget(target, facts);
    const { result, journal } = await rehearsal.run(snapshotVolumes, { instanceId, exclude: null });

    expect(result).toMatchObject({ outcome: 'volumes-unknown', snapshots: [], duplicates: [] });
    expect(result.query).toBe(
      `aws cloudtrail lookup-events --region eu-west-1 --lookup-attributes AttributeKey=ResourceName,AttributeValue=${instanceId} --query "Events[?EventName=='RunInstances' || EventName=='AttachVolume' || EventName=='DetachVolume' || EventName=='TerminateInstances'].CloudTrailEvent" --output text`,
    );
    expect(journal.every(({ call }) => call.startsWith('ec2:Describe'))).toBe(true);
  });

  it('treats an instance that EC2 has never heard of as gone', async () => {
    const rehearsal = await rehearsalOf({});
    const { result } = await rehearsal.run(snapshotVolumes, { instanceId, exclude: null });
    expect(result.outcome).toBe('volumes-unknown');
  });

  it('does nothing for an instance that has no EBS volume', async () => {
    const rehearsal = await rehearsalOf(
      world({ rootDeviceType: 'instance-store', blockDevices: [] }),
    );
    const { result, journal } = await rehearsal.run(snapshotVolumes, { instanceId, exclude: null });

    expect(result).toEqual({ outcome: 'no-volumes', snapshots: [], duplicates: [], query: null });
    expect(calls(journal)).toEqual(looks);
  });

  it('names no volume to exclude when the memory volume is not attached', async () => {
    const rehearsal = await rehearsalOf(world());
    const exclude = 'vol-0bbbbbbbbbbbbbbb2';
    const { result, journal } = await rehearsal.run(snapshotVolumes, { instanceId, exclude });

    expect(result.snapshots).toHaveLength(3);
    expect(journal[2]?.input).toMatchObject({
      InstanceSpecification: { InstanceId: instanceId },
    });
    expect(JSON.stringify(journal[2]?.input)).not.toContain('ExcludeDataVolumeIds');
  });

  it.each([
    ['are too many for ours beside them', Object.fromEntries(tagKeys(47))],
    ['speak in Cordon’s name', { 'cordon:case': 'case-forged000' }],
  ])('does not copy a volume’s tags when they %s', async (_why, tags) => {
    const state = world();
    const rehearsal = await rehearsalOf({ ...state, volumes: [{ volumeId: root, tags }] });
    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    expect(result.outcome).toBe('snapshotted');
    expect(journal[2]?.input).not.toHaveProperty('CopyTagsFromSource');
  });

  it('names the findings in a tag as far as whole ids fit', async () => {
    const long = (n: number) => `${n}`.repeat(120);
    const rehearsal = await rehearsalOf(world(), { finding: finding({ id: long(1) }) });
    await rehearsal.open('live');
    for (const n of [2, 3]) await rehearsal.cases.join('live', target, finding({ id: long(n) }));
    await rehearsal.run(snapshotVolumes, input);

    expect(rehearsal.account.state.snapshots.at(-1)?.tags['cordon:finding']).toBe(
      `${long(1)} ${long(2)}`,
    );
  });

  it.each([
    ['ConcurrentSnapshotLimitExceeded', 'ConcurrentSnapshotLimitExceeded'],
    ['RequestLimitExceeded', 'ThrottledError'],
  ])(
    'lets %s out after a single attempt, as %s, since AWS would snapshot again',
    async (name, thrown) => {
      let asked = 0;
      const rehearsal = await rehearsalOf(world(), {
        fault: (call) => {
          if (call !== 'ec2:CreateSnapshots') return undefined;
          asked++;
          return { when: 'before', error: down(name) };
        },
      });
      const { error, journal } = await rehearsal.run(snapshotVolumes, input);

      expect(error?.name).toBe(thrown);
      expect(asked).toBe(1);
      expect(journal.at(-1)).toMatchObject({ call: 'ec2:CreateSnapshots', error: name });
    },
  );

  it.each([
    ['is not there', 'InvalidSnapshot.NotFound'],
    ['cannot be read', 'UnauthorizedOperation'],
  ])('does not call a set snapshotted that %s', async (_what, name) => {
    const rehearsal = await rehearsalOf(world(), {
      fault: (call, asked) =>
        call === 'ec2:DescribeSnapshots' && 'SnapshotIds' in asked
          ? { when: 'before', error: down(name) }
          : undefined,
    });
    const { error } = await rehearsal.run(snapshotVolumes, input);
    expect(error?.name).toBe(
      name === 'InvalidSnapshot.NotFound' ? 'NotProvenError' : 'UnauthorizedOperation',
    );
  });

  it.each([
    ['failed', 'failed', { state: 'error' as const }],
    ['lost its tags', 'lacks its tags', { tags: {} }],
    ['is of another volume', `is of ${memory}`, { volumeId: VolumeId.parse(memory) }],
  ])(
    'does not call a set snapshotted when a snapshot, read back, %s',
    async (_how, said, differs) => {
      const rehearsal = await rehearsalOf(world(), {
        fault: (call, asked) => {
          if (call !== 'ec2:DescribeSnapshots' || !('SnapshotIds' in asked)) return undefined;
          Object.assign(rehearsal.account.state.snapshots.at(-1) ?? {}, differs);
          return undefined;
        },
      });
      const { error } = await rehearsal.run(snapshotVolumes, input);
      expect(error?.name).toBe('NotProvenError');
      expect(error?.message).toMatch(new RegExp(`^snap-\\w+ of ${data} ${said}$`));
    },
  );

  it.each([
    ['an instance id with a newline', { instanceId: `${instanceId}\n`, exclude: null }],
    ['a volume id that is none', { instanceId, exclude: 'vol-1; rm' }],
    ['no word on the memory volume', { instanceId }],
    ['a field it does not know', { ...input, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const rehearsal = await rehearsalOf(world());
    const { error, journal } = await rehearsal.run(snapshotVolumes, bad);
    expect(error?.name).toBe('UnusableInputError');
    expect(journal).toEqual([]);
  });
});

function tagKeys(count: number): [string, string][] {
  return Array.from({ length: count }, (_, n) => [`key-${n}`, 'value']);
}

describe('snapshot-volumes, locking', () => {
  const governance = { snapshotLock: { mode: 'governance' as const, days: 30 } };
  const compliance = { snapshotLock: { mode: 'compliance' as const, coolOffHours: 24 } };
  const locks = (rehearsal: Awaited<ReturnType<typeof rehearsalOf>>) =>
    rehearsal.account.state.snapshots.flatMap(({ lock }) => lock ?? []);
  const locking = (name: string, when: 'before' | 'after' = 'before') => ({
    fault: (call: string) =>
      call === 'ec2:LockSnapshot' ? { when, error: down(name) } : undefined,
  });

  it.each([
    [governance, { mode: 'governance', days: 30, coolOffHours: 0, since: at }],
    [compliance, { mode: 'compliance', days: 90, coolOffHours: 24, since: at }],
    [
      { snapshotLock: { mode: 'compliance' as const, coolOffHours: 0 } },
      { mode: 'compliance', days: 90, coolOffHours: 0, since: at },
    ],
  ])(
    'locks each snapshot of its own as %j says, and reads the locks back',
    async (settings, lock) => {
      const rehearsal = await rehearsalOf(world(), { settings });

      const { result, journal } = await rehearsal.run(snapshotVolumes, input);

      expect(result).toMatchObject({
        outcome: 'snapshotted',
        lock: { outcome: 'locked', reason: null },
      });
      expect(locks(rehearsal)).toEqual([lock, lock]);
      expect(calls(journal).filter((call) => call.includes('Lock'))).toEqual([
        'ec2:LockSnapshot sent',
        'ec2:LockSnapshot sent',
        'ec2:DescribeLockedSnapshots sent',
      ]);
    },
  );

  it('locks nothing unless it is told to', async () => {
    const rehearsal = await rehearsalOf(world());
    const { result } = await rehearsal.run(snapshotVolumes, input);

    expect(result).not.toHaveProperty('lock');
    expect(locks(rehearsal)).toEqual([]);
  });

  it.each(['copy', 'stand-ins'] as const)('withholds locks in a dry run (%s)', async (dryRun) => {
    const rehearsal = await rehearsalOf(world(), { settings: governance, dryRun });
    const { result, journal } = await rehearsal.run(snapshotVolumes, input, 'dry-run');

    expect(result.lock).toEqual({ outcome: 'locked', reason: null });
    expect(calls(journal).filter((call) => call.includes('LockSnapshot'))).toEqual([
      'ec2:LockSnapshot withheld',
      'ec2:LockSnapshot withheld',
    ]);
    expect(locks(rehearsal)).toEqual([]);
  });

  it('leaves the locks of an earlier attempt as they are', async () => {
    const rehearsal = await rehearsalOf(world(), { settings: compliance });
    await rehearsal.run(snapshotVolumes, input);

    const { result, journal } = await rehearsal.run(snapshotVolumes, input);

    expect(result.lock).toEqual({ outcome: 'locked', reason: null });
    expect(calls(journal)).not.toContain('ec2:LockSnapshot sent');
  });

  it('keeps the snapshots when a lock is refused, and says so', async () => {
    const rehearsal = await rehearsalOf(world(), {
      settings: governance,
      ...locking('UnauthorizedOperation'),
    });
    const { result } = await rehearsal.run(snapshotVolumes, input);

    expect(result.outcome).toBe('snapshotted');
    expect(result.lock).toEqual({
      outcome: 'not-locked',
      reason: `${result.snapshots[0].snapshotId}: UnauthorizedOperation`,
    });
  });

  it('calls a lock one whose answer was lost', async () => {
    const rehearsal = await rehearsalOf(world(), {
      settings: governance,
      ...locking('InternalError', 'after'),
    });
    const { result } = await rehearsal.run(snapshotVolumes, input);

    expect(result.lock).toEqual({ outcome: 'locked', reason: null });
  });

  it('does not say locked when EC2, asked again, shows no lock', async () => {
    const rehearsal = await rehearsalOf(world(), {
      settings: governance,
      fault: (call) => {
        if (call !== 'ec2:DescribeLockedSnapshots') return undefined;
        for (const snapshot of rehearsal.account.state.snapshots) delete snapshot.lock;
        return undefined;
      },
    });
    const { result } = await rehearsal.run(snapshotVolumes, input);

    expect(result).toMatchObject({
      outcome: 'snapshotted',
      lock: { outcome: 'not-locked', reason: expect.stringContaining('no lock to be seen') },
    });
  });

  it('does not say locked when the locks cannot be read back', async () => {
    const rehearsal = await rehearsalOf(world(), {
      settings: governance,
      fault: (call) =>
        call === 'ec2:DescribeLockedSnapshots'
          ? { when: 'before', error: down('UnauthorizedOperation') }
          : undefined,
    });
    const { result } = await rehearsal.run(snapshotVolumes, input);

    expect(result).toMatchObject({
      outcome: 'snapshotted',
      lock: { outcome: 'not-locked', reason: 'UnauthorizedOperation' },
    });
  });

  it('lists its snapshots as evidence, with their locks, duplicates too', async () => {
    let lost = 0;
    const rehearsal = await rehearsalOf(world(), {
      settings: governance,
      fault: (call) =>
        call === 'ec2:CreateSnapshots' && lost++ < 1
          ? { when: 'after', error: down('RequestTimeout') }
          : undefined,
    });
    await rehearsal.run(snapshotVolumes, input);
    const { result } = await rehearsal.run(snapshotVolumes, input);

    const { caseId, execution } = await rehearsal.open('live');
    const [first, second] = result.snapshots;
    const listed = await rehearsal.cases.artefacts(caseId);
    expect(listed.toSorted((a, b) => (a.source < b.source ? -1 : 1))).toEqual(
      [first, second].map(({ snapshotId, volumeId, device }) => ({
        kind: 'snapshot',
        id: snapshotId,
        body: null,
        time: at,
        actor: `snapshot-volumes, ${execution}`,
        source: `ec2:CreateSnapshots ${volumeId}`,
        details: { volume: volumeId, device, lock: 'governance, 30 days' },
      })),
    );
  });
});
