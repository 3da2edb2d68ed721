import type { Config } from './config.ts';
import type { Access, Statement } from './statements.ts';

/**
 * Refuses every change to what must never be touched, whatever the steps decide: the last guard rail
 * is not theirs. Reads stay allowed, since who must not be touched has to be recognised.
 *
 * A user or a role may have a path, which the list does not know.
 */
export function neverTouched(
  { accounts, instances, users, roles, breakGlass }: Config['neverTouch'],
  { writes = {}, needs = [] }: Access,
): readonly Statement[] {
  const changes = [...new Set([...Object.keys(writes), ...needs.map(({ action }) => action)])];
  if (changes.length === 0) return [];
  const deny = { Effect: 'Deny', Action: changes.sort() } as const;
  const named = (kind: 'user' | 'role', name: string) => [
    `arn:aws:iam::*:${kind}/${name}`,
    `arn:aws:iam::*:${kind}/*/${name}`,
  ];
  const resources = [
    ...instances.map((id) => `arn:aws:ec2:*:*:instance/${id}`),
    ...[...users, ...breakGlass].flatMap((name) => named('user', name)),
    ...[...roles, ...breakGlass].flatMap((name) => named('role', name)),
  ];
  const inAccounts = { StringEquals: { 'aws:ResourceAccount': [...accounts] } };
  return [
    ...(resources.length > 0 ? [{ ...deny, Resource: resources }] : []),
    ...(accounts.length > 0 ? [{ ...deny, Resource: ['*'], Condition: inAccounts }] : []),
  ];
}
