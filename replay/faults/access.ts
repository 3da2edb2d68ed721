import type { AccountState } from '../account/state.ts';

type Iam = AccountState['iam'];

/**
 * Each way in which an account is more open than it was, in a line; empty where nothing is. It looks
 * at what Cordon can change: who reaches an interface, what a group or a network ACL admits, which
 * keys are active, which policies deny, what protects an instance.
 */
export function widerThan(before: AccountState, after: AccountState): readonly string[] {
  return [
    ...interfaces(before, after),
    ...securityGroups(before, after),
    ...networkAcls(before, after),
    ...protections(before, after),
    ...principals(before.iam, after.iam),
  ];
}

const rule = ({ ruleId: _, ...rest }: { ruleId?: unknown }) => JSON.stringify(rest);

function admitted({ securityGroups }: AccountState, groups: readonly string[]): Set<string> {
  return new Set(
    securityGroups
      .filter(({ groupId }) => groups.includes(groupId))
      .flatMap(({ rules }) => rules.map((each) => rule(each as { ruleId?: unknown }))),
  );
}

function interfaces(before: AccountState, after: AccountState): readonly string[] {
  return after.networkInterfaces.flatMap(({ networkInterfaceId, groups }) => {
    const was = before.networkInterfaces.find(
      (one) => one.networkInterfaceId === networkInterfaceId,
    );
    if (!was) return [];
    const allowed = admitted(before, was.groups);
    const more = [...admitted(after, groups)].filter((one) => !allowed.has(one));
    return more.map((one) => `${networkInterfaceId} admits ${one}`);
  });
}

function securityGroups(before: AccountState, after: AccountState): readonly string[] {
  return before.securityGroups.flatMap(({ groupId }) => {
    const allowed = admitted(before, [groupId]);
    const more = [...admitted(after, [groupId])].filter((one) => !allowed.has(one));
    return more.map((one) => `${groupId} admits ${one}`);
  });
}

function networkAcls(before: AccountState, after: AccountState): readonly string[] {
  return before.networkAcls.flatMap(({ networkAclId, entries }) => {
    const now = after.networkAcls.find((one) => one.networkAclId === networkAclId)?.entries ?? [];
    const of = (list: typeof entries, action: string) =>
      list.filter(({ ruleAction }) => ruleAction === action).map((one) => JSON.stringify(one));
    return [
      ...of(now, 'allow').filter((one) => !of(entries, 'allow').includes(one)),
      ...of(entries, 'deny').filter((one) => !of(now, 'deny').includes(one)),
    ].map((one) => `${networkAclId}: ${one}`);
  });
}

function protections(before: AccountState, after: AccountState): readonly string[] {
  return before.instances.flatMap(({ instanceId, disableApiTermination, disableApiStop }) => {
    const now = after.instances.find((one) => one.instanceId === instanceId);
    if (!now) return [];
    const lost =
      (disableApiTermination && !now.disableApiTermination) ||
      (disableApiStop && !now.disableApiStop);
    return lost ? [`${instanceId} is no longer protected`] : [];
  });
}

function principals(before: Iam, after: Iam): readonly string[] {
  const active = ({ users }: Iam) =>
    users.flatMap(({ accessKeys }) =>
      accessKeys.flatMap(({ accessKeyId, status }) => (status === 'Active' ? accessKeyId : [])),
    );
  const keys = active(after).filter((key) => !active(before).includes(key));
  return [
    ...keys.map((key) => `${key} is active`),
    ...policiesLost(before.users.map(named), after.users.map(named)),
    ...policiesLost(before.roles.map(named), after.roles.map(named)),
  ];
}

interface Principal {
  readonly userName?: string;
  readonly roleName?: string;
  readonly attachedPolicies: readonly { readonly arn: string }[];
  readonly inlinePolicies: Readonly<Record<string, unknown>>;
}

const named = ({ userName, roleName, attachedPolicies, inlinePolicies }: Principal) => ({
  name: userName ?? roleName ?? '',
  policies: [...attachedPolicies.map(({ arn }) => arn), ...Object.keys(inlinePolicies)],
});

/** Cordon only ever adds policies, and what it adds denies. */
function policiesLost(
  before: readonly ReturnType<typeof named>[],
  after: readonly ReturnType<typeof named>[],
): readonly string[] {
  return before.flatMap(({ name, policies }) => {
    const now = after.find((one) => one.name === name)?.policies ?? [];
    return policies
      .filter((policy) => !now.includes(policy))
      .map((policy) => `${name} no longer has ${policy}`);
  });
}
