import * as z from 'zod';
import { NetworkInterfaceId, SecurityGroupId, VpcId } from '../shared/ids.ts';
import { type Waiting, waiting } from '../shared/turn.ts';
import type { Cut } from './cut.ts';
import type { NetworkInterface } from './interfaces.ts';
import { Kind, Reason } from './isolation-groups.ts';

/** What came of isolating an instance. */
export const Isolation = z.object({
  /** `partly-isolated` and `not-isolated`: some, or all, interfaces are AWS's own to change. */
  outcome: z.enum([
    'isolated',
    'already-isolated',
    'partly-isolated',
    'not-isolated',
    'instance-gone',
    /** AWS changes so many interfaces in a second: others are before it. */
    'in-line',
  ]),
  ...waiting,
  group: Kind,
  reason: Reason.nullable(),
  interfaces: z.array(
    z.object({
      networkInterfaceId: NetworkInterfaceId,
      vpcId: VpcId,
      groupId: SecurityGroupId,
    }),
  ),
  skipped: z.array(
    z.object({
      networkInterfaceId: NetworkInterfaceId,
      reason: z.enum(['requester-managed', 'operation-not-permitted']),
    }),
  ),
});
export type Isolation = z.infer<typeof Isolation>;

/** Nothing was decided yet: the case waits for its turn to be cut. */
export const inLine = (group: Isolation['group'], turn: Waiting): Isolation => ({
  outcome: 'in-line',
  group,
  reason: null,
  interfaces: [],
  skipped: [],
  ...turn,
});

/** Says in a word what became of the interfaces, those that AWS keeps for itself included. */
export function isolationFrom(done: Cut, managed: readonly NetworkInterface[]): Isolation {
  const skipped = [
    ...managed.map((eni) => ({ eni, reason: 'requester-managed' as const })),
    ...done.refused.map((eni) => ({ eni, reason: 'operation-not-permitted' as const })),
  ];
  const whole = done.changed ? 'isolated' : 'already-isolated';
  const some = done.inGroup.length > 0 ? 'partly-isolated' : 'not-isolated';
  return {
    outcome: skipped.length === 0 ? whole : some,
    group: done.kind,
    reason: done.reason,
    interfaces: done.inGroup.flatMap(({ NetworkInterfaceId: networkInterfaceId, VpcId: vpcId }) => {
      const groupId = done.groupIds.get(vpcId);
      return groupId ? [{ networkInterfaceId, vpcId, groupId }] : [];
    }),
    skipped: skipped.map(({ eni, reason }) => ({
      networkInterfaceId: eni.NetworkInterfaceId,
      reason,
    })),
  };
}
