import {
  type AutoScalingClient,
  AutoScalingServiceException,
  DescribeLifecycleHooksCommand,
  RecordLifecycleActionHeartbeatCommand,
} from '@aws-sdk/client-auto-scaling';
import { sideBySide } from '../shared/side-by-side.ts';
import type { Membership } from './membership.ts';

/**
 * Starts the time-out of each of the group's termination hooks anew, which keeps the instance alive
 * for as long as the hook says: time for its snapshots.
 *
 * Auto Scaling lets a hook be held up for 48 hours or 100 time-outs, whichever is less.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html
 */
export async function holdTermination(
  autoScaling: AutoScalingClient,
  { instanceId, group }: Membership,
): Promise<void> {
  const { LifecycleHooks = [] } = await autoScaling.send(
    new DescribeLifecycleHooksCommand({ AutoScalingGroupName: group }),
  );
  const terminating = LifecycleHooks.filter(
    ({ LifecycleTransition }) => LifecycleTransition === 'autoscaling:EC2_INSTANCE_TERMINATING',
  );
  await sideBySide(
    terminating.map(async ({ LifecycleHookName }) => {
      try {
        await autoScaling.send(
          new RecordLifecycleActionHeartbeatCommand({
            AutoScalingGroupName: group,
            LifecycleHookName,
            InstanceId: instanceId,
          }),
        );
      } catch (error) {
        // This hook is done with the instance; another one is what still holds it.
        if (!(error instanceof AutoScalingServiceException)) throw error;
        if (!/No active Lifecycle Action/i.test(error.message)) throw error;
      }
    }),
  );
}
