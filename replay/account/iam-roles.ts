import type {
  Role as DescribedRole,
  GetRoleRequest,
  GetRoleResponse,
  ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesForRoleResponse,
} from '@aws-sdk/client-iam';
import { encoded, type Held, page, type Role, roleNamed, tagList } from './iam-requests.ts';
import { iamId } from './iam-state.ts';
import type { Desk } from './rehearsal-account.ts';

const described = ({ state }: Desk, role: Role): DescribedRole => ({
  RoleName: role.roleName,
  RoleId: role.roleId,
  Path: role.path,
  Arn: `arn:aws:iam::${state.accountId}:role${role.path}${role.roleName}`,
  CreateDate: new Date(role.createDate),
  AssumeRolePolicyDocument: encoded(role.trustPolicy),
  MaxSessionDuration: role.maxSessionDuration,
  ...(role.description !== undefined && { Description: role.description }),
});

export function getRole(held: Held, { RoleName }: GetRoleRequest, desk: Desk): GetRoleResponse {
  const role = roleNamed(held, RoleName);
  const { tags, lastUsed, permissionsBoundary } = role;
  return {
    Role: {
      ...described(desk, role),
      RoleLastUsed: lastUsed
        ? { LastUsedDate: new Date(lastUsed.date), Region: lastUsed.region }
        : {},
      ...(permissionsBoundary && {
        PermissionsBoundary: { PermissionsBoundaryArn: permissionsBoundary },
      }),
      ...(Object.keys(tags).length > 0 && { Tags: tagList(tags) }),
    },
  };
}

export function listInstanceProfilesForRole(
  held: Held,
  input: ListInstanceProfilesForRoleRequest,
  desk: Desk,
): ListInstanceProfilesForRoleResponse {
  const role = roleNamed(held, input.RoleName);
  const { items, ...rest } = page(role.instanceProfiles, input);
  const InstanceProfiles = items.map((name) => ({
    InstanceProfileName: name,
    InstanceProfileId: iamId('AIPA', name),
    Path: '/',
    Arn: `arn:aws:iam::${desk.state.accountId}:instance-profile/${name}`,
    CreateDate: new Date(role.createDate),
    Roles: [described(desk, role)],
  }));
  return { InstanceProfiles, ...rest };
}
