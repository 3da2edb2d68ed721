import {
  type AutoScalingClient,
  DescribeAutoScalingInstancesCommand,
} from '@aws-sdk/client-auto-scaling';
import * as z from 'zod';
import { InstanceId } from '../shared/ids.ts';

/** An instance's place in an Auto Scaling group. */
export const Membership = z.strictObject({
  instanceId: InstanceId,
  group: z.string().min(1),
  lifecycleState: z.string().min(1),
  protectedFromScaleIn: z.boolean(),
});
export type Membership = z.infer<typeof Membership>;

/** The group an instance is a member of, of which there is at most one; undefined where it is none's. */
export async function membershipOf(
  autoScaling: AutoScalingClient,
  instanceId: InstanceId,
): Promise<Membership | undefined> {
  const { AutoScalingInstances = [] } = await autoScaling.send(
    new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] }),
  );
  const member = AutoScalingInstances.find(({ InstanceId: id }) => id === instanceId);
  return (
    member &&
    Membership.parse({
      instanceId,
      group: member.AutoScalingGroupName,
      lifecycleState: member.LifecycleState,
      protectedFromScaleIn: member.ProtectedFromScaleIn,
    })
  );
}
