import * as z from 'zod';
import type { CaseRef } from './case-record.ts';
import { AccessKeyId, InstanceId, RoleName, UserName } from './ids.ts';
import type { RecordedChange, Undone } from './releases.ts';

/** The members by which recorded states name things; each step's own undo reads the rest. */
const State = z.object({
  instanceId: InstanceId.optional().catch(undefined),
  userName: UserName.optional().catch(undefined),
  roleName: RoleName.optional().catch(undefined),
  accessKeyId: AccessKeyId.optional().catch(undefined),
  /** Of an Auto Scaling group. */
  group: z.string().optional().catch(undefined),
  targetGroupArn: z.string().optional().catch(undefined),
  /** Of a classic load balancer. */
  name: z.string().optional().catch(undefined),
});

/** Whom a change was made to: what guard rails are asked about. */
export function heldTo({ state }: Pick<RecordedChange, 'state'>, { target }: CaseRef) {
  const { instanceId, userName, roleName } = State.parse(state);
  const ofTarget = InstanceId.safeParse(/:instance\/(.+)$/.exec(target)?.[1]).data;
  return { instanceId: instanceId ?? ofTarget, userName, roleName };
}

/** Of a change that is only taken back when its group or load balancer is named: its names. */
export function namesOf({ step, state }: Pick<RecordedChange, 'step' | 'state'>): string[] {
  if (step !== 'detach-from-auto-scaling' && step !== 'deregister-from-load-balancers') return [];
  const { group, targetGroupArn, name } = State.parse(state);
  // arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
  return [group, targetGroupArn, targetGroupArn?.split('/')[1], name].flatMap((one) => one ?? []);
}

/** Of a change that is only taken back when its key is named: the key. */
export const keyOf = ({ step, state }: Pick<RecordedChange, 'step' | 'state'>) =>
  step === 'deactivate-access-key' ? State.parse(state).accessKeyId : undefined;

/** Outcomes of an undo that leave nothing to take back. */
export const nothingLeft: ReadonlySet<string> = new Set(['restored', 'already-restored', 'gone']);

/** What an earlier release has taken back and read back, unless the case was worked on since. */
export const settledSince = (undone: readonly Undone[], openedAt: string): ReadonlySet<string> =>
  new Set(
    undone
      .filter(({ outcome, proven, at }) => proven && nothingLeft.has(outcome) && at >= openedAt)
      .map(nameOfChange),
  );

/** One change of a case, by what no other change of it has. */
export const nameOfChange = ({ step, resource }: { step: string; resource: string }): string =>
  `${step} ${resource}`;
