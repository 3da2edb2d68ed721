import type { Principals } from './iam-world.ts';

type Policies = Readonly<Record<string, unknown>>;

/** What steps, or single states, change of a user: which of it there is to be seen. */
export async function userFacts({ read, keys, user, hop }: Principals) {
  const { users, roles } = await read();
  const its = users.find(({ userName }) => userName === user);
  return {
    'deactivate-access-key': its?.accessKeys.some(
      ({ accessKeyId, status }) => accessKeyId === keys.leaked && status === 'Inactive',
    ),
    'quarantine-user': its?.attachedPolicies.some(({ arn }) => arn?.endsWith('/AWSDenyAll')),
    'revoke-user-sessions': olderDenied(its?.inlinePolicies),
    'Revoke role sessions': olderDenied(policiesOf(roles, hop.name)),
  };
}

/** The same of a role. */
export async function roleFacts({ read, role, hop }: Principals, sessionName: string) {
  const { roles } = await read();
  const policies = policiesOf(roles, role.name);
  return {
    'Deny the stolen session': said(policies).includes(
      `"StringLike":{"aws:userid":"${role.id}:${sessionName}"}`,
    ),
    'Revoke the whole role': olderDenied(policies),
    'Revoke role sessions': olderDenied(policiesOf(roles, hop.name)),
  };
}

/** All that nobody has anything against. */
export async function bystanders({ read, bystander, keys, other }: Principals) {
  const { users, roles } = await read();
  return {
    user: users.find(({ userName }) => userName === bystander),
    key: users.flatMap(({ accessKeys }) =>
      accessKeys.filter(({ accessKeyId }) => accessKeyId === keys.kept),
    ),
    role: roles.find(({ roleName }) => roleName === other.name),
  };
}

const policiesOf = (
  roles: readonly { roleName: string; inlinePolicies: Policies }[],
  name: string,
): Policies | undefined => roles.find(({ roleName }) => roleName === name)?.inlinePolicies;

const said = (policies: Policies = {}): string => JSON.stringify(Object.values(policies));

/** Whether every session issued until some time is denied everything. */
const olderDenied = (policies: Policies | undefined): boolean =>
  /"Effect":"Deny","Action":"\*","Resource":"\*","Condition":\{"DateLessThan":\{"aws:TokenIssueTime"/.test(
    said(policies),
  );
