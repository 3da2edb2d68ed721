import type { SecurityGroup } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { NetworkInterfaceId, SecurityGroupId } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import type { NetworkInterface } from './interfaces.ts';
import { rulesOf } from './rules.ts';

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

/** Groups that the case has taken interfaces out of, and whose rules it has not kept yet. */
export async function leftWithoutRules({
  home,
  case: ref,
}: StepContext): Promise<SecurityGroupId[]> {
  const befores = await home.cases.before(ref.caseId, step);
  const kept = new Set(befores.map(({ resource }) => resource));
  return befores
    .flatMap(({ state }) => InterfaceBefore.safeParse(state).data?.groups ?? [])
    .filter((groupId) => !kept.has(groupId));
}

/** Keeps the rules of groups that interfaces left, so that nobody is put back into one opened since. */
export async function recordRules(
  groups: readonly SecurityGroup[],
  { home, case: ref }: StepContext,
): Promise<void> {
  if (groups.length === 0) return;
  await home.cases.recordBefore(
    ref,
    ...groups.map((group) => {
      const groupId = SecurityGroupId.parse(group.GroupId);
      const state: GroupBefore = { groupId, rules: rulesOf(group) };
      return { step, resource: groupId, state };
    }),
  );
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
