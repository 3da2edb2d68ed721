import type { LifecycleState } from '@aws-sdk/client-auto-scaling';

/** What a member's lifecycle state means for leaving its group. */
type Stage =
  | 'detachable'
  /** On its way to another state: look again. */
  | 'in-transition'
  /** On its way out of the group, with nothing that ends the instance. */
  | 'leaving'
  | 'left'
  /** Members that cannot be detached, or not safely, and that the group leaves alone. */
  | 'left-in-standby'
  | 'left-in-warm-pool'
  | 'left-retained'
  | 'too-late';

/**
 * Every lifecycle state that Auto Scaling documents. `Quarantined` is in its model and nowhere
 * explained, so it counts as unknown.
 *
 * Only a member InService is detached: EC2 Auto Scaling detaches from nowhere else but Standby,
 * where its documentation warns that other members may be terminated.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
 */
const stages: Readonly<Record<Exclude<LifecycleState, 'Quarantined'>, Stage>> = {
  InService: 'detachable',
  Pending: 'in-transition',
  'Pending:Wait': 'in-transition',
  'Pending:Proceed': 'in-transition',
  EnteringStandby: 'in-transition',
  Standby: 'left-in-standby',
  Detaching: 'leaving',
  Detached: 'left',
  'Terminating:Wait': 'in-transition',
  Terminating: 'too-late',
  'Terminating:Proceed': 'too-late',
  'Terminating:Retained': 'left-retained',
  Terminated: 'too-late',
  ReplacingRootVolume: 'in-transition',
  'ReplacingRootVolume:Wait': 'in-transition',
  'ReplacingRootVolume:Proceed': 'in-transition',
  RootVolumeReplaced: 'in-transition',
  'Warmed:Pending': 'in-transition',
  'Warmed:Pending:Wait': 'in-transition',
  'Warmed:Pending:Proceed': 'in-transition',
  'Warmed:Pending:Retained': 'left-retained',
  'Warmed:Running': 'left-in-warm-pool',
  'Warmed:Stopped': 'left-in-warm-pool',
  'Warmed:Hibernated': 'left-in-warm-pool',
  'Warmed:Terminating': 'too-late',
  'Warmed:Terminating:Wait': 'in-transition',
  'Warmed:Terminating:Proceed': 'too-late',
  'Warmed:Terminating:Retained': 'left-retained',
  'Warmed:Terminated': 'too-late',
};
const known: ReadonlyMap<string, Stage> = new Map(Object.entries(stages));

/** Throws for a state nobody has heard of: whether such a member can leave is a human's to say. */
export function stageOf(lifecycleState: string): Stage {
  const stage = known.get(lifecycleState);
  if (!stage) throw new Error(`${lifecycleState} is no lifecycle state this step knows`);
  return stage;
}

/** Whether a lifecycle hook holds the member's termination up, and could do so for longer. */
export const waitsForHooks = (lifecycleState: string): boolean =>
  lifecycleState.endsWith('Terminating:Wait');
