import { isDeepStrictEqual } from 'node:util';
import type { AccountState } from '../replay/account/state.ts';

type Iam = AccountState['iam'];
type Holder = Pick<Iam['users'][number], 'attachedPolicies' | 'inlinePolicies'>;

/** What differs in IAM between two states of an account: a line for each change, by whom it befell. */
export function iamChanges({ iam: before }: AccountState, { iam: after }: AccountState): string[] {
  return [
    ...changesOf(before.users, after.users, ({ userName }) => userName),
    ...changesOf(before.roles, after.roles, ({ roleName }) => roleName),
    ...(isDeepStrictEqual(before.policies, after.policies) ? [] : ['managed policies changed']),
  ].sort();
}

function changesOf<T extends Holder>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (holder: T) => string,
): string[] {
  const found = new Map(before.map((holder) => [nameOf(holder), holder]));
  const gone = before.filter((one) => !after.some((other) => nameOf(one) === nameOf(other)));
  return [
    ...gone.map((one) => `${nameOf(one)}: gone`),
    ...after.flatMap((holder) => {
      const was = found.get(nameOf(holder));
      const changes = was ? [...keys(was, holder), ...policies(was, holder)] : ['new'];
      return changes.map((change) => `${nameOf(holder)}: ${change}`);
    }),
  ];
}

/** Changed keys of a user, and that anything else about it changed than keys and policies. */
function keys(before: Holder, after: Holder): string[] {
  const [were, are] = [keysOf(before), keysOf(after)];
  const rest = (holder: Holder) => ({
    ...holder,
    ...{ accessKeys: [], attachedPolicies: [], inlinePolicies: {} },
  });
  return [
    ...are.flatMap((key) =>
      were.some((one) => isDeepStrictEqual(one, key)) ? [] : `${key.accessKeyId} ${key.status}`,
    ),
    ...(were.length === are.length ? [] : [`${are.length} keys, not ${were.length}`]),
    ...(isDeepStrictEqual(rest(before), rest(after))
      ? []
      : ['more than keys and policies changed']),
  ];
}

const keysOf = (holder: Holder | Iam['users'][number]) =>
  'accessKeys' in holder ? holder.accessKeys : [];

function policies(before: Holder, after: Holder): string[] {
  const attached = (holder: Holder) => holder.attachedPolicies.map(({ name }) => name);
  const inline = Object.entries(after.inlinePolicies);
  return [
    ...attached(after).filter((name) => !attached(before).includes(name)),
    ...attached(before).flatMap((name) => (attached(after).includes(name) ? [] : `no ${name}`)),
    ...inline.flatMap(([name, document]) =>
      isDeepStrictEqual(before.inlinePolicies[name], document) ? [] : denied(document),
    ),
    ...Object.keys(before.inlinePolicies).flatMap((name) =>
      name in after.inlinePolicies ? [] : `no ${name}`,
    ),
  ];
}

type Condition = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a policy denies, in words; whatever is no denial of everything, as it is written. */
function denied(document: unknown): string {
  const { Statement } = document as { Statement: { Condition?: Condition } };
  const { Condition } = Statement;
  const denial = { Effect: 'Deny', Action: '*', Resource: '*', ...(Condition && { Condition }) };
  if (!isDeepStrictEqual(document, { Statement: denial })) return JSON.stringify(document);
  const before = Condition?.DateLessThan?.['aws:TokenIssueTime'];
  const session = Condition?.StringLike?.['aws:userid'];
  if (Condition === undefined) return 'denied everything';
  if (before) return `denied in sessions before ${before}`;
  return session ? `denied in ${session}` : JSON.stringify(document);
}
