import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { protectInstance } from '../../functions/protect-instance/handler.ts';
import type { JournalEntry } from '../../functions/shared/journal.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type Instance = NonNullable<State['instances']>[number];

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const neighbourId = 'i-0ccccccccccccccc1';
const input = { instanceId };

const devices = [
  { deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaa1', deleteOnTermination: true },
  { deviceName: '/dev/sdf', volumeId: 'vol-0aaaaaaaaaaaaaaa2', deleteOnTermination: false },
  { deviceName: '/dev/sdg', volumeId: 'vol-0aaaaaaaaaaaaaaa3', deleteOnTermination: true },
];
const kept = devices.map((device) => ({ ...device, deleteOnTermination: false }));

/** An instance as it was started, and a neighbour just as unprotected. */
const world = (differs: Partial<Instance> = {}): State => ({
  instances: [
    {
      instanceId: neighbourId,
      shutdownBehavior: 'terminate',
      blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0ccccccccccccccc1' }],
    },
    { instanceId, shutdownBehavior: 'terminate', blockDevices: devices, ...differs },
  ],
});
const protectedWorld = world({
  disableApiTermination: true,
  disableApiStop: true,
  shutdownBehavior: 'stop',
  blockDevices: kept,
});

const reads = [
  'ec2:DescribeInstances sent',
  'ec2:DescribeInstanceAttribute sent',
  'ec2:DescribeInstanceAttribute sent',
  'ec2:DescribeInstanceAttribute sent',
];
const modify = 'ec2:ModifyInstanceAttribute';
const writes = Array(4).fill(`${modify} sent`);
const changed = (journal: readonly JournalEntry[]) =>
  journal.filter(({ call }) => call === modify).map((entry) => entry.input);
const fourChanges = [
  { InstanceId: instanceId, DisableApiTermination: { Value: true } },
  { InstanceId: instanceId, DisableApiStop: { Value: true } },
  { InstanceId: instanceId, InstanceInitiatedShutdownBehavior: { Value: 'stop' } },
  {
    InstanceId: instanceId,
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } },
      { DeviceName: '/dev/sdg', Ebs: { DeleteOnTermination: false } },
    ],
  },
];
const words = (word: string, differs: object = {}) => ({
  disableApiTermination: word,
  disableApiStop: word,
  shutdownBehavior: word,
  deleteOnTermination: word,
  ...differs,
});
const refusal = (name: string): EC2ServiceException =>
  new EC2ServiceException({ name, message: name, $fault: 'client', $metadata: {} });

const instanceIn = (state: { instances: readonly { instanceId: string }[] }, id = instanceId) =>
  state.instances.find((instance) => instance.instanceId === id);

describe('protect-instance', () => {
  it('sets each attribute in a call of its own, all devices in one', async () => {
    const { run, account } = await rehearsalOf(world());
    const neighbour = structuredClone(instanceIn(account.state, neighbourId));

    const { result, journal } = await run(protectInstance, input);

    expect(result).toEqual({ outcome: 'protected', attributes: words('set') });
    expect(calls(journal)).toEqual([...reads, ...writes, ...reads]);
    expect(changed(journal)).toEqual(fourChanges);
    expect(instanceIn(account.state)).toMatchObject({
      disableApiTermination: true,
      disableApiStop: true,
      shutdownBehavior: 'stop',
      blockDevices: kept,
    });
    expect(instanceIn(account.state, neighbourId)).toEqual(neighbour);
  });

  it('records what every attribute was before it changes one', async () => {
    const { run, cases, open } = await rehearsalOf(world());

    await run(protectInstance, input);

    expect(await cases.before((await open('live')).caseId)).toEqual([
      {
        step: 'protect-instance',
        resource: instanceId,
        state: {
          instanceId,
          disableApiTermination: false,
          disableApiStop: false,
          shutdownBehavior: 'terminate',
          devices,
        },
      },
    ]);
  });

  it('makes no call for what is set already', async () => {
    const { run } = await rehearsalOf(world({ disableApiStop: true, blockDevices: kept }));

    const { result, journal } = await run(protectInstance, input);

    expect(result).toEqual({
      outcome: 'protected',
      attributes: words('already-set', { disableApiTermination: 'set', shutdownBehavior: 'set' }),
    });
    expect(changed(journal)).toEqual([fourChanges[0], fourChanges[2]]);
  });

  it('writes and records nothing about an instance that is protected already', async () => {
    const { run, cases, open } = await rehearsalOf(protectedWorld);

    const { result, journal } = await run(protectInstance, input);

    expect(result).toEqual({ outcome: 'already-protected', attributes: words('already-set') });
    expect(calls(journal)).toEqual([...reads, ...reads]);
    expect(await cases.before((await open('live')).caseId)).toEqual([]);
  });

  it.each([
    [
      'a spot instance has neither protection',
      { lifecycle: 'spot' as const },
      { disableApiTermination: 'not-supported', disableApiStop: 'not-supported' },
    ],
    [
      'an instance-store root cannot be stopped',
      { rootDeviceType: 'instance-store' as const },
      { disableApiStop: 'not-supported', shutdownBehavior: 'not-supported' },
    ],
  ])('says so where %s, and sets the rest', async (_what, differs, unsupported) => {
    const { run } = await rehearsalOf(world(differs));

    const { result, journal } = await run(protectInstance, input);

    expect(result).toEqual({ outcome: 'partly-protected', attributes: words('set', unsupported) });
    expect(changed(journal)).toEqual(fourChanges);
    expect(journal.filter(({ error }) => error === 'UnsupportedOperation')).toHaveLength(2);
  });

  it('does no harm the second time and keeps what it recorded the first', async () => {
    const { run, cases, open, account } = await rehearsalOf(world());
    await run(protectInstance, input);
    const { caseId } = await open('live');
    const [recorded, after] = [await cases.before(caseId), structuredClone(account.state)];

    const { result, journal } = await run(protectInstance, input);

    expect(result).toEqual({ outcome: 'already-protected', attributes: words('already-set') });
    expect(changed(journal)).toEqual([]);
    expect(await cases.before(caseId)).toEqual(recorded);
    expect(account.state).toEqual(after);
  });

  it.each([
    ['terminated', world({ state: 'terminated' })],
    ['shutting down', world({ state: 'shutting-down' })],
    ['unknown', { instances: [{ instanceId: neighbourId }] }],
  ])('changes nothing when the instance is %s', async (_state, state) => {
    const { run } = await rehearsalOf(state);

    const { result, journal } = await run(protectInstance, input);

    expect(result).toEqual({ outcome: 'instance-gone', attributes: null });
    expect(calls(journal)).toEqual(reads);
  });
});

describe('protect-instance in a dry run', () => {
  it.each([
    ['is dry-run', {}],
    ['is missing', { mode: undefined }],
  ])('withholds the changes when the mode %s', async (_what, payload) => {
    const { run, account } = await rehearsalOf(world());
    const before = structuredClone(account.state);

    const { result, journal } = await run(protectInstance, input, 'dry-run', payload);

    expect(result).toEqual({ outcome: 'protected', attributes: words('set') });
    expect(calls(journal)).toEqual([...reads, ...Array(4).fill(`${modify} withheld`), ...reads]);
    expect(account.state).toEqual(before);
  });

  it.each([
    ['any', {}, 'would-be-protected'],
    ['a spot', { lifecycle: 'spot' as const }, 'would-be-partly-protected'],
  ])('ends on stand-ins alone, with the changes of a live run, for %s instance', async (...of) => {
    const [, differs, outcome] = of;
    const { run } = await rehearsalOf(world(differs), { dryRun: 'stand-ins' });

    const { result, journal } = await run(protectInstance, input, 'dry-run');

    expect(result.outcome).toBe(outcome);
    expect(calls(journal)).toEqual([...reads, ...Array(4).fill(`${modify} withheld`)]);
    expect(changed(journal)).toEqual(fourChanges);
  });
});

describe('protect-instance failing', () => {
  it('tries the other attributes when one fails, then lets the failure out', async () => {
    const { run, account } = await rehearsalOf(world(), {
      fault: (call, sent) =>
        call === modify && 'DisableApiTermination' in sent
          ? { when: 'before', error: refusal('UnauthorizedOperation') }
          : undefined,
    });

    const { error, journal } = await run(protectInstance, input);

    expect(error).toMatchObject({ name: 'UnauthorizedOperation' });
    expect(changed(journal)).toEqual(fourChanges);
    expect(instanceIn(account.state)).toMatchObject({
      disableApiTermination: false,
      disableApiStop: true,
      shutdownBehavior: 'stop',
      blockDevices: kept,
    });
  });

  it.each(['ec2:DescribeInstances', 'ec2:DescribeInstanceAttribute'])(
    'lets a refused %s out and changes nothing',
    async (refused) => {
      const { run } = await rehearsalOf(world(), {
        fault: (call) =>
          call === refused
            ? { when: 'before', error: refusal('UnauthorizedOperation') }
            : undefined,
      });

      const { error, journal } = await run(protectInstance, input);

      expect(error).toMatchObject({ name: 'UnauthorizedOperation' });
      expect(changed(journal)).toEqual([]);
    },
  );

  it('is not content when a protection is off again at the read-back', async () => {
    let modified = 0;
    const made = await rehearsalOf(world(), {
      fault: (call) => {
        const instance = made.account.state.instances.find((one) => one.instanceId === instanceId);
        if (call === modify) modified++;
        else if (modified === 4 && instance) instance.disableApiStop = false;
        return undefined;
      },
    });

    const { error } = await made.run(protectInstance, input);

    expect(error).toMatchObject({
      name: 'NotProvenError',
      message: `${instanceId} does not have disableApiStop as it was set`,
    });
  });

  it.each([
    ['no instance', {}],
    ['shell characters in the id', { instanceId: 'i-0aaaaaaaaaaaaaaa1$(id)' }],
    ['a field it does not know', { ...input, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(protectInstance, bad);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing protect-instance', () => {
  it.each([
    ['an instance', {}],
    ['a spot instance', { lifecycle: 'spot' as const }],
    ['an instance that had a protection of its own', { disableApiTermination: true }],
  ])('gives %s its attributes back, once', async (_what, differs) => {
    const { run, undo, account } = await rehearsalOf(world(differs));
    const before = structuredClone(account.state);
    await run(protectInstance, input);

    const first = await undo(protectInstance);
    const second = await undo(protectInstance);

    expect(first.outcomes).toEqual({ [instanceId]: 'restored' });
    expect(second.outcomes).toEqual({ [instanceId]: 'already-restored' });
    expect(account.state).toEqual(before);
    expect(changed(second.journal)).toEqual([]);
  });

  it('withholds it all in a dry run', async () => {
    const { run, undo, account } = await rehearsalOf(world());
    await run(protectInstance, input);
    const after = structuredClone(account.state);

    const { outcomes, journal } = await undo(protectInstance, 'dry-run');

    expect(outcomes).toEqual({ [instanceId]: 'restored' });
    expect(calls(journal)).toEqual([...reads, ...Array(4).fill(`${modify} withheld`)]);
    expect(account.state).toEqual(after);
  });

  it('leaves an instance alone whose own protection someone took off meanwhile', async () => {
    const { run, undo, account } = await rehearsalOf(world({ disableApiTermination: true }));
    await run(protectInstance, input);
    Object.assign(instanceIn(account.state) ?? {}, { disableApiTermination: false });

    const { outcomes, journal } = await undo(protectInstance);

    expect(outcomes).toEqual({ [instanceId]: 'drifted' });
    expect(changed(journal)).toEqual([]);
  });

  it('leaves an instance alone one of whose volumes was replaced', async () => {
    const { run, undo, account } = await rehearsalOf(world());
    await run(protectInstance, input);
    const swapped = { ...kept[0], volumeId: 'vol-0ddddddddddddddd1' };
    Object.assign(instanceIn(account.state) ?? {}, { blockDevices: [swapped, ...kept.slice(1)] });

    const { outcomes, journal } = await undo(protectInstance);

    expect(outcomes).toEqual({ [instanceId]: 'drifted' });
    expect(changed(journal)).toEqual([]);
  });

  it('says that the instance is gone', async () => {
    const { run, undo, account } = await rehearsalOf(world());
    await run(protectInstance, input);
    Object.assign(instanceIn(account.state) ?? {}, { state: 'terminated' });

    expect((await undo(protectInstance)).outcomes).toEqual({ [instanceId]: 'gone' });
  });
});
