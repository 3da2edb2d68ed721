import { AutoScalingClient, DetachInstancesCommand } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { InstanceId } from '../shared/ids.ts';
import { describeInstance, stillThere } from '../shared/instance.ts';
import { toLambda } from '../shared/lambda.ts';
import type { Pace } from '../shared/line.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep, NotProvenError, type StepContext } from '../shared/step.ts';
import { lineUp, Turn, takeTurn, type Waiting, WhenThrottled, waiting } from '../shared/turn.ts';
import { stageOf, waitsForHooks } from './lifecycle-states.ts';
import { Membership, membershipOf } from './membership.ts';
import { rejoinGroup } from './rejoin-group.ts';
import { holdTermination } from './termination-hooks.ts';

const name = 'detach-from-auto-scaling';
const groups = 'arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*';

const input = z.strictObject({
  instanceId: InstanceId,
  pollsLeft: z.int().min(0),
  whenThrottled: WhenThrottled,
  turn: Turn,
});

const output = z.object({
  outcome: z.enum([
    'detached',
    'not-in-group',
    'in-transition',
    'still-in-transition',
    'left-in-standby',
    'left-in-warm-pool',
    'left-retained',
    'too-late',
    'instance-gone',
    /** AWS takes no more such calls for now; to be done after the cut. */
    'put-off',
    /** Others are before it. */
    'in-line',
  ]),
  ...waiting,
  pollsLeft: z.int().min(0),
  group: z.string().nullable(),
});
type Output = z.infer<typeof output>;

/**
 * Takes the instance out of its Auto Scaling group, which would else find it unhealthy once isolated
 * and terminate it with its evidence: termination protection does not stop a group.
 *
 * The desired capacity is left as it is, so that the group launches a replacement and never falls
 * below its minimum, nor grows beyond its maximum. The replacement comes from the same template and
 * may have the same hole. Detaching also deregisters the instance from the group's load balancers.
 *
 * A member in Standby is left there: its health is not checked, while detaching it may make the
 * group terminate others. A group's deletion or an instance refresh that includes Standby still
 * ends it, and `left-in-standby` says so. Members of a warm pool cannot be detached at all. A member
 * on its way elsewhere is looked at again; where a hook holds up its termination, the hook's
 * time-out is started anew. It waits neither for connection draining nor for the replacement.
 *
 * Lets `ResourceContention` and `ScalingActivityInProgress` out: the workflow tries again.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html
 */
export const detachFromAutoScaling = defineStep({
  name,
  input,
  output,
  reads: {
    'ec2:DescribeInstances': { on: '*' },
    'autoscaling:DescribeAutoScalingInstances': { on: '*' },
    'autoscaling:DescribeLifecycleHooks': { on: '*' },
  },
  writes: {
    'autoscaling:DetachInstances': { on: groups, standIn: () => ({ Activities: [] }) },
    'autoscaling:RecordLifecycleActionHeartbeat': { on: groups, standIn: () => ({}) },
  },
  connect: (to) => ({
    ec2: new EC2Client(patient(to)),
    autoScaling: new AutoScalingClient(patient(to)),
  }),

  async run(
    { instanceId, pollsLeft, whenThrottled, turn },
    { ec2, autoScaling },
    context,
  ): Promise<Output> {
    const notYet = whenThrottled === 'wait' && (await takeTurn(turn, detachments, context));
    if (notYet) return inLine(pollsLeft, notYet);

    const [instance, member, earlier] = await sideBySide([
      describeInstance(ec2, instanceId),
      membershipOf(autoScaling, instanceId),
      detachedEarlier(context, instanceId),
    ]);
    const group = member?.group ?? earlier?.group ?? null;
    const out = (outcome: Output['outcome']): Output => ({ outcome, pollsLeft, group });
    if (!stillThere(instance)) return out('instance-gone');

    const stage = member ? stageOf(member.lifecycleState) : 'left';
    if (!member || stage === 'left') return out(earlier ? 'detached' : 'not-in-group');
    if (stage === 'leaving' && earlier) return out('detached');
    if (stage === 'detachable') {
      await detach(autoScaling, member, context);
      return out('detached');
    }
    if (stage !== 'in-transition' && stage !== 'leaving') return out(stage);

    if (waitsForHooks(member.lifecycleState)) await holdTermination(autoScaling, member);
    if (pollsLeft === 0) return out('still-in-transition');
    return { outcome: 'in-transition', pollsLeft: pollsLeft - 1, group };
  },

  async prove({ instanceId }, result, { autoScaling }): Promise<Output> {
    if (result.outcome !== 'detached') return result;
    const member = await membershipOf(autoScaling, instanceId);
    const stage = member ? stageOf(member.lifecycleState) : 'left';
    if (stage === 'left' || stage === 'leaving') return result;
    throw new NotProvenError(
      `${instanceId} is still ${member?.lifecycleState} in ${member?.group}, though detached`,
    );
  },

  throttled: async ({ pollsLeft, whenThrottled }, context): Promise<Output> =>
    whenThrottled === 'put-off'
      ? { outcome: 'put-off', pollsLeft, group: null }
      : inLine(pollsLeft, await lineUp(detachments, context)),

  undo: {
    before: Membership,
    reads: {
      'ec2:DescribeInstances': { on: '*' },
      'autoscaling:DescribeAutoScalingInstances': { on: '*' },
      'autoscaling:DescribeAutoScalingGroups': { on: '*' },
    },
    writes: { 'autoscaling:AttachInstances': { on: groups, standIn: () => ({}) } },
    run: (before, aws) => rejoinGroup(aws, before),
  },
});

/** Detachments in one account and Region that were put off; see `inspections`. */
const detachments: Pace = { name: 'detachment', perSecond: 3, burst: 30 };

const inLine = (pollsLeft: number, turn: Waiting): Output => ({
  outcome: 'in-line',
  pollsLeft,
  group: null,
  ...turn,
});

/** What this case recorded before an attempt of its own, whose answer may have been lost. */
async function detachedEarlier({ home, case: ref }: StepContext, instanceId: InstanceId) {
  const befores = await home.cases.before(ref.caseId, name);
  const before = befores.find(({ resource }) => resource === instanceId);
  return before && Membership.parse(before.state);
}

async function detach(autoScaling: AutoScalingClient, member: Membership, context: StepContext) {
  const { instanceId, group } = member;
  await context.home.cases.recordBefore(context.case, {
    step: name,
    resource: instanceId,
    state: member,
  });
  await autoScaling.send(
    new DetachInstancesCommand({
      AutoScalingGroupName: group,
      InstanceIds: [instanceId],
      ShouldDecrementDesiredCapacity: false,
    }),
  );
}

export const handler = toLambda(detachFromAutoScaling);
