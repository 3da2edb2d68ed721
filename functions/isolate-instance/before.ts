import type { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { NetworkInterfaceId, SecurityGroupId } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import type { NetworkInterface } from './interfaces.ts';
import { rulesOf } from './rules.ts';
import { securityGroups } from './security-groups.ts';

const InterfaceBefore = z.strictObject({
  networkInterfaceId: NetworkInterfaceId,
  groups: z.array(SecurityGroupId),
  /** By name: while this is recorded, a group's id may not be known or the group not made yet. */
  isolationGroups: z.array(z.string().min(1)),
});
export type InterfaceBefore = z.infer<typeof InterfaceBefore>;

const GroupBefore = z.strictObject({ groupId: SecurityGroupId, rules: z.array(z.string()) });
export type GroupBefore = z.infer<typeof GroupBefore>;

/** An interface's groups before isolation, or the rules of such a group when it was left. */
export const Before = z.union([InterfaceBefore, GroupBefore]);
export type Before = z.infer<typeof Before>;

const step = 'isolate-instance';

/** Keeps which groups the interfaces carried: all of them in one go. */
export async function recordGroups(
  interfaces: readonly NetworkInterface[],
  { home, case: ref, settings }: StepContext,
): Promise<void> {
  const isolationGroups = Object.values(settings.isolation);
  await home.cases.recordBefore(
    ref,
    ...interfaces.map(({ NetworkInterfaceId: networkInterfaceId, Groups }) => {
      const groups = Groups.map(({ GroupId }) => GroupId);
      const state: InterfaceBefore = { networkInterfaceId, groups, isolationGroups };
      return { step, resource: networkInterfaceId, state };
    }),
  );
}

/**
 * Keeps what the rules of the groups that interfaces leave, or have left in this case, were, so that
 * nobody is put back into a group that was opened in the meantime. It runs beside the cut, which does
 * not wait for it: so a cut that a lost attempt has made may be one whose rules are not kept yet.
 */
export async function recordRules(
  ec2: EC2Client,
  { open, cut }: { open: readonly NetworkInterface[]; cut: readonly NetworkInterface[] },
  context: StepContext,
): Promise<void> {
  const { home, case: ref } = context;
  const leaving = open.flatMap(({ Groups }) => Groups.map(({ GroupId }) => GroupId));
  const ids = new Set([...leaving, ...(cut.length > 0 ? await leftWithoutRules(context) : [])]);
  if (ids.size === 0) return;
  const groups = await securityGroups(ec2, { 'group-id': [...ids] });
  await home.cases.recordBefore(
    ref,
    ...groups.map((group) => {
      const groupId = SecurityGroupId.parse(group.GroupId);
      const state: GroupBefore = { groupId, rules: rulesOf(group) };
      return { step, resource: groupId, state };
    }),
  );
}

/** Groups that the case has taken interfaces out of, and whose rules it has not kept. */
async function leftWithoutRules({ home, case: ref }: StepContext): Promise<SecurityGroupId[]> {
  const befores = await home.cases.before(ref.caseId, step);
  const kept = new Set(befores.map(({ resource }) => resource));
  return befores
    .flatMap(({ state }) => InterfaceBefore.safeParse(state).data?.groups ?? [])
    .filter((groupId) => !kept.has(groupId));
}

/** The recorded rules of groups, by group. */
export async function recordedRules({ home, case: ref }: StepContext) {
  const befores = await home.cases.before(ref.caseId, step);
  return new Map(
    befores.flatMap(({ state }) => {
      const { success, data } = GroupBefore.safeParse(state);
      return success ? [[data.groupId, data.rules] as const] : [];
    }),
  );
}
