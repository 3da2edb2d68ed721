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
    ...principals(before.iam, after.iam, keptIn(after)),
  ];
}

type Rule = AccountState['securityGroups'][number]['rules'][number];

const inWords = ({ ruleId: _, ...rest }: Rule) => JSON.stringify(rest);

const admitted = ({ securityGroups }: AccountState, groups: readonly string[]): readonly Rule[] =>
  securityGroups.filter(({ groupId }) => groups.includes(groupId)).flatMap(({ rules }) => rules);

/** What one list of rules admits and no single rule of the other does. */
const beyond = (now: readonly Rule[], allowed: readonly Rule[]): readonly string[] => [
  ...new Set(now.filter((one) => !allowed.some((other) => covers(other, one))).map(inWords)),
];

/** Whether whatever the second rule admits the first one admits as well. */
function covers(wide: Rule, narrow: Rule): boolean {
  if (wide.isEgress !== narrow.isEgress) return false;
  const anyProtocol = wide.ipProtocol === '-1';
  const ports = wide.fromPort <= narrow.fromPort && wide.toPort >= narrow.toPort;
  if (!anyProtocol && (wide.ipProtocol !== narrow.ipProtocol || !ports)) return false;
  // Whoever is in a group has an address. Of IPv6 nothing is taken for granted.
  const anybody = wide.cidrIpv4 === '0.0.0.0/0' && !narrow.cidrIpv6 && !narrow.prefixListId;
  const peer = ({ cidrIpv4, cidrIpv6, prefixListId, referencedGroupId }: Rule) =>
    JSON.stringify([cidrIpv4, cidrIpv6, prefixListId, referencedGroupId]);
  return anybody || peer(wide) === peer(narrow);
}

function interfaces(before: AccountState, after: AccountState): readonly string[] {
  return after.networkInterfaces.flatMap(({ networkInterfaceId, groups }) => {
    const was = before.networkInterfaces.find(
      (one) => one.networkInterfaceId === networkInterfaceId,
    );
    if (!was) return [];
    return beyond(admitted(after, groups), admitted(before, was.groups)).map(
      (one) => `${networkInterfaceId} admits ${one}`,
    );
  });
}

function securityGroups(before: AccountState, after: AccountState): readonly string[] {
  return before.securityGroups.flatMap(({ groupId }) => {
    return beyond(admitted(after, [groupId]), admitted(before, [groupId])).map(
      (one) => `${groupId} admits ${one}`,
    );
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

/** Of a key that was made and not kept for anybody: nobody can sign with it. */
export const lost = ', and nobody has its secret';

/** The keys that were made for an application, which finds them in Secrets Manager. */
const keptIn = ({ secrets }: AccountState): ReadonlySet<string> =>
  new Set(
    secrets.flatMap(({ name, deleteDate }) =>
      deleteDate ? [] : (/^cordon\/.+\/(AKIA\w{16})$/.exec(name)?.[1] ?? []),
    ),
  );

function principals(before: Iam, after: Iam, kept: ReadonlySet<string>): readonly string[] {
  const active = ({ users }: Iam) =>
    users.flatMap(({ accessKeys }) =>
      accessKeys.flatMap(({ accessKeyId, status }) => (status === 'Active' ? accessKeyId : [])),
    );
  const was = before.users.flatMap(({ accessKeys }) => accessKeys.map((key) => key.accessKeyId));
  const isReplacement = (key: string) => !was.some((one) => one === key) && kept.has(key);
  const keys = active(after).filter((key) => !active(before).includes(key) && !isReplacement(key));
  return [
    ...keys.map((key) =>
      was.some((one) => one === key) ? `${key} is active` : `${key} is active${lost}`,
    ),
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
