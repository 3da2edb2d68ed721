import {
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  type IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListRolePoliciesCommand,
  ListUserPoliciesCommand,
} from '@aws-sdk/client-iam';

/** What some users and roles are in moto, as the state of a rehearsal account has them. */
export async function asIamState(
  iam: IAMClient,
  { users, roles }: { users: readonly string[]; roles: readonly string[] },
) {
  const found: { users: User[]; roles: Role[] } = { users: [], roles: [] };
  for (const name of users) found.users.push(await userIn(iam, name));
  for (const name of roles) found.roles.push(await roleIn(iam, name));
  return found;
}

type User = Awaited<ReturnType<typeof userIn>>;
type Role = Awaited<ReturnType<typeof roleIn>>;

async function userIn(iam: IAMClient, UserName: string) {
  const { User } = await iam.send(new GetUserCommand({ UserName }));
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
  const attached = await iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
  const { PolicyNames = [] } = await iam.send(new ListUserPoliciesCommand({ UserName }));
  const inlinePolicies: Record<string, unknown> = {};
  for (const PolicyName of PolicyNames) {
    const policy = await iam.send(new GetUserPolicyCommand({ UserName, PolicyName }));
    inlinePolicies[PolicyName] = document(policy.PolicyDocument);
  }
  return {
    userName: UserName,
    createDate: User?.CreateDate?.toISOString(),
    accessKeys: AccessKeyMetadata.map((key) => ({
      accessKeyId: key.AccessKeyId,
      status: key.Status,
      createDate: key.CreateDate?.toISOString(),
    })),
    attachedPolicies: (attached.AttachedPolicies ?? []).map(({ PolicyArn }) => ({
      arn: PolicyArn,
    })),
    inlinePolicies,
  };
}

async function roleIn(iam: IAMClient, RoleName: string) {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const inlinePolicies: Record<string, unknown> = {};
  for (const PolicyName of PolicyNames) {
    const policy = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    inlinePolicies[PolicyName] = document(policy.PolicyDocument);
  }
  return {
    roleName: RoleName,
    roleId: Role?.RoleId,
    createDate: Role?.CreateDate?.toISOString(),
    trustPolicy: document(Role?.AssumeRolePolicyDocument),
    attachedPolicies: (attached.AttachedPolicies ?? []).map(({ PolicyArn }) => ({
      arn: PolicyArn,
    })),
    inlinePolicies,
  };
}

/** IAM shows policies percent-encoded. */
const document = (encoded: string | undefined): unknown =>
  JSON.parse(decodeURIComponent(encoded ?? '{}'));
