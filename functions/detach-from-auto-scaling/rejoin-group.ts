import {
  AttachInstancesCommand,
  type AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { describeInstance, stillThere } from '../shared/instance.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { stageOf } from './lifecycle-states.ts';
import { type Membership, membershipOf } from './membership.ts';

/**
 * Attaches the instance to its group again and so to the group's load balancers.
 *
 * The group gets one more of desired capacity, since the replacement stays; a group without room for
 * it has drifted. Scale-in protection, which detaching lost, is not given back.
 */
export async function rejoinGroup(
  { ec2, autoScaling }: { ec2: EC2Client; autoScaling: AutoScalingClient },
  before: Membership,
) {
  const [instance, member, { AutoScalingGroups = [] }] = await sideBySide([
    describeInstance(ec2, before.instanceId),
    membershipOf(autoScaling, before.instanceId),
    autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [before.group] }),
    ),
  ]);
  if (!stillThere(instance)) return { outcome: 'gone' as const };

  const stage = member ? stageOf(member.lifecycleState) : 'left';
  if (stage !== 'left') {
    const back = member?.group === before.group && stage !== 'leaving';
    return { outcome: back ? ('already-restored' as const) : ('drifted' as const) };
  }
  // Auto Scaling takes in running instances only.
  if (instance?.State?.Name !== 'running' || !hasRoom(AutoScalingGroups[0])) {
    return { outcome: 'drifted' as const };
  }
  await autoScaling.send(
    new AttachInstancesCommand({
      AutoScalingGroupName: before.group,
      InstanceIds: [before.instanceId],
    }),
  );
  return { outcome: 'restored' as const };
}

/** A group has a status only while it is being deleted. */
function hasRoom(group: AutoScalingGroup | undefined): boolean {
  if (!group || group.Status) return false;
  return (group.DesiredCapacity ?? 0) < (group.MaxSize ?? 0);
}
