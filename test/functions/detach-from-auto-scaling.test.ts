import {
  AutoScalingServiceException,
  ResourceContentionFault,
  ScalingActivityInProgressFault,
} from '@aws-sdk/client-auto-scaling';
import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { detachFromAutoScaling } from '../../functions/detach-from-auto-scaling/handler.ts';
import { InstanceId } from '../../functions/shared/ids.ts';
import type { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type StatedGroup = NonNullable<State['autoScalingGroups']>[number];
type Group = AccountState['autoScalingGroups'][number];
type Instance = AccountState['instances'][number];

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const neighbourId = 'i-0ccccccccccccccc1';
const input = { instanceId, pollsLeft: 2 };

/** The instance's group, at its minimum, and another one with a member in the same state. */
const world = (
  lifecycleState: string | null = 'InService',
  differs: Partial<StatedGroup> = {},
  state: 'running' | 'terminated' | 'shutting-down' | 'stopped' = 'running',
): State => ({
  instances: [
    { instanceId: neighbourId },
    { instanceId: 'i-0ccccccccccccccc2' },
    { instanceId, state },
  ],
  autoScalingGroups: [
    {
      name: 'batch',
      maxSize: 5,
      lifecycleHooks: [{ name: 'flush', transition: 'autoscaling:EC2_INSTANCE_TERMINATING' }],
      instances: [{ instanceId: neighbourId, lifecycleState: lifecycleState ?? 'InService' }],
    },
    {
      name: 'web',
      minSize: 2,
      desiredCapacity: 2,
      maxSize: 2,
      lifecycleHooks: [
        { name: 'warm-up', transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' },
        { name: 'drain', transition: 'autoscaling:EC2_INSTANCE_TERMINATING' },
        { name: 'archive', transition: 'autoscaling:EC2_INSTANCE_TERMINATING' },
      ],
      instances: [
        { instanceId: 'i-0ccccccccccccccc2' },
        ...(lifecycleState ? [{ instanceId, lifecycleState, protectedFromScaleIn: true }] : []),
      ],
      ...differs,
    },
  ],
});

const reads = ['ec2:DescribeInstances sent', 'autoscaling:DescribeAutoScalingInstances sent'];
const detach = 'autoscaling:DetachInstances';
const heartbeat = 'autoscaling:RecordLifecycleActionHeartbeat';
const proof = ['autoscaling:DescribeAutoScalingInstances sent'];

const groupIn = ({ state }: RehearsalAccount, name = 'web'): Group => {
  const group = state.autoScalingGroups.find((one) => one.name === name);
  if (!group) throw new Error(`no group ${name}`);
  return group;
};
const membersOf = (group: Group): string[] => group.instances.map((member) => member.instanceId);
/** A member like another, under the instance's id. */
const like = ({ instances: [member] }: Group) => {
  if (!member) throw new Error('no member to be like');
  return { ...member, instanceId: InstanceId.parse(instanceId) };
};
const refused = new AutoScalingServiceException({
  name: 'AccessDenied',
  message: 'not allowed',
  $fault: 'client',
  $metadata: {},
});

describe('detach-from-auto-scaling', () => {
  it('takes a member out of its own group and has its capacity replaced', async () => {
    const { run, account } = await rehearsalOf(world());
    const other = structuredClone(groupIn(account, 'batch'));

    const { result, journal } = await run(detachFromAutoScaling, input);

    expect(result).toEqual({ outcome: 'detached', pollsLeft: 2, group: 'web' });
    expect(calls(journal)).toEqual([...reads, `${detach} sent`, ...proof]);
    expect(journal[2]?.input).toEqual({
      AutoScalingGroupName: 'web',
      InstanceIds: [instanceId],
      ShouldDecrementDesiredCapacity: false,
    });
    const group = groupIn(account);
    expect(group).toMatchObject({ minSize: 2, desiredCapacity: 2, maxSize: 2 });
    expect(membersOf(group)).not.toContain(instanceId);
    expect(group.instances).toHaveLength(2);
    expect(groupIn(account, 'batch')).toEqual(other);
  });

  it('records the group, the lifecycle state and the scale-in protection first', async () => {
    const { run, cases, open } = await rehearsalOf(world());

    await run(detachFromAutoScaling, input);

    expect(await cases.before((await open('live')).caseId)).toEqual([
      {
        step: 'detach-from-auto-scaling',
        resource: instanceId,
        state: {
          instanceId,
          group: 'web',
          lifecycleState: 'InService',
          protectedFromScaleIn: true,
        },
      },
    ]);
  });

  it.each([
    ['Pending', 'in-transition'],
    ['Pending:Wait', 'in-transition'],
    ['Pending:Proceed', 'in-transition'],
    ['EnteringStandby', 'in-transition'],
    ['Detaching', 'in-transition'],
    ['ReplacingRootVolume', 'in-transition'],
    ['Warmed:Pending:Wait', 'in-transition'],
    ['Standby', 'left-in-standby'],
    ['Warmed:Running', 'left-in-warm-pool'],
    ['Warmed:Stopped', 'left-in-warm-pool'],
    ['Terminating:Retained', 'left-retained'],
    ['Terminating', 'too-late'],
    ['Terminating:Proceed', 'too-late'],
    ['Terminated', 'too-late'],
    ['Warmed:Terminating', 'too-late'],
    ['Detached', 'not-in-group'],
  ])('changes nothing about a member that is %s: %s', async (lifecycleState, outcome) => {
    const { run, cases, open, account } = await rehearsalOf(world(lifecycleState));
    const before = structuredClone(account.state);

    const { result, journal } = await run(detachFromAutoScaling, input);

    const pollsLeft = outcome === 'in-transition' ? 1 : 2;
    expect(result).toEqual({ outcome, pollsLeft, group: 'web' });
    expect(calls(journal)).toEqual(reads);
    expect(account.state).toEqual(before);
    expect(await cases.before((await open('live')).caseId)).toEqual([]);
  });

  it('gives up on a member in transition when no poll is left', async () => {
    const { run } = await rehearsalOf(world('EnteringStandby'));

    const { result } = await run(detachFromAutoScaling, { ...input, pollsLeft: 0 });

    expect(result).toEqual({ outcome: 'still-in-transition', pollsLeft: 0, group: 'web' });
  });

  it.each([
    ['Terminating:Wait', 2, 'in-transition', 1],
    ['Terminating:Wait', 0, 'still-in-transition', 0],
    ['Warmed:Terminating:Wait', 2, 'in-transition', 1],
  ])('wins time from the termination hooks of a member in %s with %i polls left', async (...of) => {
    const [lifecycleState, pollsLeft, outcome, left] = of;
    const { run } = await rehearsalOf(world(lifecycleState));

    const { result, journal } = await run(detachFromAutoScaling, { ...input, pollsLeft });

    expect(result).toEqual({ outcome, pollsLeft: left, group: 'web' });
    expect(calls(journal)).toEqual([
      ...reads,
      'autoscaling:DescribeLifecycleHooks sent',
      `${heartbeat} sent`,
      `${heartbeat} sent`,
    ]);
    expect(journal.slice(3).map((entry) => entry.input)).toEqual([
      { AutoScalingGroupName: 'web', LifecycleHookName: 'drain', InstanceId: instanceId },
      { AutoScalingGroupName: 'web', LifecycleHookName: 'archive', InstanceId: instanceId },
    ]);
  });

  it('is not put off by a hook that is done with the instance already', async () => {
    const done = new AutoScalingServiceException({
      name: 'ValidationError',
      message: `No active Lifecycle Action found with instance ID ${instanceId}`,
      $fault: 'client',
      $metadata: {},
    });
    const { run } = await rehearsalOf(world('Terminating:Wait'), {
      fault: (call, sent) =>
        call === heartbeat && Reflect.get(sent, 'LifecycleHookName') === 'drain'
          ? { when: 'before', error: done }
          : undefined,
    });

    const { result, journal } = await run(detachFromAutoScaling, input);

    expect(result.outcome).toBe('in-transition');
    expect(journal.map(({ error }) => error)).toContain('ValidationError');
  });

  it('stops at a lifecycle state nobody has heard of', async () => {
    const { run } = await rehearsalOf(world('Quarantined'));

    const { error, journal } = await run(detachFromAutoScaling, input);

    expect(error?.message).toBe('Quarantined is no lifecycle state this step knows');
    expect(calls(journal)).toEqual(reads);
  });

  it('says that an instance is in no group', async () => {
    const { run } = await rehearsalOf(world(null));

    const { result, journal } = await run(detachFromAutoScaling, input);

    expect(result).toEqual({ outcome: 'not-in-group', pollsLeft: 2, group: null });
    expect(calls(journal)).toEqual(reads);
  });

  it.each(['terminated', 'shutting-down'] as const)(
    'does not detach an instance that is %s',
    async (state) => {
      const { run } = await rehearsalOf(world('InService', {}, state));

      const { result, journal } = await run(detachFromAutoScaling, input);

      expect(result).toMatchObject({ outcome: 'instance-gone', group: 'web' });
      expect(calls(journal)).toEqual(reads);
    },
  );

  it('does no harm the second time and says what the first one did', async () => {
    const { run, account } = await rehearsalOf(world());
    await run(detachFromAutoScaling, input);
    const after = structuredClone(account.state);

    const { result, journal } = await run(detachFromAutoScaling, input);

    expect(result).toEqual({ outcome: 'detached', pollsLeft: 2, group: 'web' });
    expect(calls(journal)).toEqual([...reads, ...proof]);
    expect(account.state).toEqual(after);
  });
});

describe('detach-from-auto-scaling in a dry run', () => {
  it.each([
    ['is dry-run', {}],
    ['is missing', { mode: undefined }],
  ])('withholds the change when the mode %s', async (_what, payload) => {
    const { run, account } = await rehearsalOf(world());
    const before = structuredClone(account.state);

    const { result, journal } = await run(detachFromAutoScaling, input, 'dry-run', payload);

    expect(result).toEqual({ outcome: 'detached', pollsLeft: 2, group: 'web' });
    expect(calls(journal)).toEqual([...reads, `${detach} withheld`, ...proof]);
    expect(account.state).toEqual(before);
  });

  it.each([
    ['InService', 'would-be-detached', [`${detach} withheld`]],
    [
      'Terminating:Wait',
      'would-be-in-transition',
      ['autoscaling:DescribeLifecycleHooks sent', `${heartbeat} withheld`, `${heartbeat} withheld`],
    ],
  ])('ends on stand-ins alone for a member %s', async (lifecycleState, outcome, more) => {
    const { run } = await rehearsalOf(world(lifecycleState), { dryRun: 'stand-ins' });

    const { result, journal } = await run(detachFromAutoScaling, input, 'dry-run');

    expect(result.outcome).toBe(outcome);
    expect(calls(journal)).toEqual([...reads, ...more]);
  });
});

describe('detach-from-auto-scaling failing', () => {
  const fault = { message: 'try later', $metadata: {} };

  it.each([
    [detach, new ResourceContentionFault(fault)],
    [detach, new ScalingActivityInProgressFault(fault)],
    ['autoscaling:DescribeAutoScalingInstances', refused],
    [
      'ec2:DescribeInstances',
      new EC2ServiceException({
        name: 'UnauthorizedOperation',
        message: 'not allowed',
        $fault: 'client',
        $metadata: {},
      }),
    ],
  ])('lets a failing %s out', async (call, error) => {
    const { run, account } = await rehearsalOf(world(), {
      fault: (made) => (made === call ? { when: 'before', error } : undefined),
    });

    const ran = await run(detachFromAutoScaling, input);

    expect(ran.error?.name).toBe(error.name);
    expect(membersOf(groupIn(account))).toContain(instanceId);
  });

  it.each(['autoscaling:DescribeLifecycleHooks', heartbeat])(
    'lets a failing %s out',
    async (call) => {
      const { run } = await rehearsalOf(world('Terminating:Wait'), {
        fault: (made) => (made === call ? { when: 'before', error: refused } : undefined),
      });

      expect((await run(detachFromAutoScaling, input)).error?.name).toBe('AccessDenied');
    },
  );

  it('says detached when the answer of the first attempt was lost', async () => {
    let lost = false;
    const { run } = await rehearsalOf(world(), {
      fault: (call) => {
        if (call !== detach || lost) return undefined;
        lost = true;
        return { when: 'after', error: refused };
      },
    });

    const first = await run(detachFromAutoScaling, input);
    const second = await run(detachFromAutoScaling, input);

    expect(first.error?.name).toBe('AccessDenied');
    expect(second.result).toEqual({ outcome: 'detached', pollsLeft: 2, group: 'web' });
    expect(calls(second.journal)).toEqual([...reads, ...proof]);
  });

  it('is not content when the member is in service again at the read-back', async () => {
    const made = await rehearsalOf(world(), {
      fault: (call) => {
        const group = groupIn(made.account);
        if (call === 'autoscaling:DescribeAutoScalingInstances' && isOut(group)) {
          group.instances.push(like(group));
        }
        return undefined;
      },
    });
    const isOut = (group: Group) => !membersOf(group).includes(instanceId);

    const { error } = await made.run(detachFromAutoScaling, input);

    expect(error).toMatchObject({
      name: 'NotProvenError',
      message: `${instanceId} is still InService in web, though detached`,
    });
  });

  it.each([
    ['no count of polls', { instanceId }],
    ['a negative count of polls', { instanceId, pollsLeft: -1 }],
    ['half a poll', { instanceId, pollsLeft: 0.5 }],
    ['shell characters in the id', { ...input, instanceId: 'i-0aaaaaaaaaaaaaaa1|id' }],
    ['a field it does not know', { ...input, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(detachFromAutoScaling, bad);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing detach-from-auto-scaling', () => {
  const roomy = { maxSize: 3 };
  const undoReads = [...reads, 'autoscaling:DescribeAutoScalingGroups sent'];

  it('puts the instance back into its group, once', async () => {
    const { run, undo, account } = await rehearsalOf(world('InService', roomy));
    await run(detachFromAutoScaling, input);

    const first = await undo(detachFromAutoScaling);
    const second = await undo(detachFromAutoScaling);

    expect(first.outcomes).toEqual({ [instanceId]: 'restored' });
    expect(calls(first.journal)).toEqual([...undoReads, 'autoscaling:AttachInstances sent']);
    expect(first.journal[3]?.input).toEqual({
      AutoScalingGroupName: 'web',
      InstanceIds: [instanceId],
    });
    expect(membersOf(groupIn(account))).toContain(instanceId);
    expect(second.outcomes).toEqual({ [instanceId]: 'already-restored' });
    expect(calls(second.journal)).toEqual(undoReads);
  });

  it('withholds it in a dry run', async () => {
    const { run, undo, account } = await rehearsalOf(world('InService', roomy));
    await run(detachFromAutoScaling, input);

    const { outcomes, journal } = await undo(detachFromAutoScaling, 'dry-run');

    expect(outcomes).toEqual({ [instanceId]: 'restored' });
    expect(calls(journal)).toEqual([...undoReads, 'autoscaling:AttachInstances withheld']);
    expect(membersOf(groupIn(account))).not.toContain(instanceId);
  });

  it.each<[string, string, (group: Group, instance: Instance) => void]>([
    ['is full', 'drifted', (group) => Object.assign(group, { maxSize: group.desiredCapacity })],
    ['is no more', 'drifted', (group) => Object.assign(group, { name: 'web-2' })],
    [
      'takes no stopped instance',
      'drifted',
      (_group, instance) => Object.assign(instance, { state: 'stopped' }),
    ],
    [
      'outlived the instance',
      'gone',
      (_group, instance) => Object.assign(instance, { state: 'terminated' }),
    ],
  ])('leaves the group alone when it %s', async (_what, outcome, drift) => {
    const { run, undo, account } = await rehearsalOf(world('InService', roomy));
    await run(detachFromAutoScaling, input);
    const instance = account.state.instances.find((one) => one.instanceId === instanceId);
    if (instance) drift(groupIn(account), instance);

    const { outcomes, journal } = await undo(detachFromAutoScaling);

    expect(outcomes).toEqual({ [instanceId]: outcome });
    expect(calls(journal)).toEqual(undoReads);
  });

  it('leaves the instance to another group that has taken it in', async () => {
    const { run, undo, account } = await rehearsalOf(world('InService', roomy));
    await run(detachFromAutoScaling, input);
    const other = groupIn(account, 'batch');
    other.instances.push(like(other));

    expect((await undo(detachFromAutoScaling)).outcomes).toEqual({ [instanceId]: 'drifted' });
  });
});
