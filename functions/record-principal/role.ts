import {
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  paginateListAttachedRolePolicies,
  paginateListInstanceProfilesForRole,
  paginateListRolePolicies,
  type Role,
} from '@aws-sdk/client-iam';
import { everyOne } from '../shared/iam-reads.ts';
import type { RoleName } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { Reads } from '../shared/step.ts';
import { unlessGone } from '../shared/unless-gone.ts';
import { type SparingReads, timeOf } from './readable.ts';

const on = 'arn:aws:iam::*:role/*';

/** What {@link readRole} asks of IAM. */
export const roleReads: Reads = {
  'iam:GetRole': { on },
  'iam:ListAttachedRolePolicies': { on },
  'iam:ListRolePolicies': { on },
  'iam:GetRolePolicy': { on },
  'iam:ListInstanceProfilesForRole': { on },
};

/** All that a role is and may do, and who may assume it; undefined when there is no such role. */
export async function readRole(iam: IAMClient, RoleName: RoleName, { read }: SparingReads) {
  const [role, attachedPolicies, inlinePolicies, instanceProfiles] = await sideBySide([
    unlessGone(iam.send(new GetRoleCommand({ RoleName }))),
    read('iam:ListAttachedRolePolicies', attachedTo(iam, RoleName), []),
    read('iam:ListRolePolicies', inlineOf(iam, RoleName, { read }), []),
    read('iam:ListInstanceProfilesForRole', profilesOf(iam, RoleName), []),
  ]);
  if (!role?.Role) return undefined;
  return { ...described(role.Role), attachedPolicies, inlinePolicies, instanceProfiles };
}

const described = (role: Role) => ({
  roleName: role.RoleName,
  roleId: role.RoleId,
  arn: role.Arn,
  description: role.Description ?? null,
  createDate: timeOf(role.CreateDate),
  lastUsed: role.RoleLastUsed?.LastUsedDate
    ? { date: timeOf(role.RoleLastUsed.LastUsedDate), region: role.RoleLastUsed.Region }
    : null,
  maxSessionDuration: role.MaxSessionDuration ?? null,
  permissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
  tags: Object.fromEntries((role.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
  trustPolicy: decodeURIComponent(role.AssumeRolePolicyDocument ?? ''),
});

async function attachedTo(client: IAMClient, RoleName: RoleName) {
  const pages = paginateListAttachedRolePolicies({ client }, { RoleName });
  const policies = await everyOne(pages, ({ AttachedPolicies }) => AttachedPolicies);
  return policies.map(({ PolicyArn }) => PolicyArn);
}

async function inlineOf(
  client: IAMClient,
  RoleName: RoleName,
  { read }: Pick<SparingReads, 'read'>,
) {
  const pages = paginateListRolePolicies({ client }, { RoleName });
  const names = await everyOne(pages, ({ PolicyNames }) => PolicyNames);
  const textOf = async (PolicyName: string) => {
    const policy = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    return decodeURIComponent(policy.PolicyDocument ?? '');
  };
  return sideBySide(
    names.map(async (name) => ({
      name,
      document: await read('iam:GetRolePolicy', textOf(name), null),
    })),
  );
}

async function profilesOf(client: IAMClient, RoleName: RoleName) {
  const pages = paginateListInstanceProfilesForRole({ client }, { RoleName });
  const profiles = await everyOne(pages, ({ InstanceProfiles }) => InstanceProfiles);
  return profiles.map(({ InstanceProfileName }) => InstanceProfileName);
}
