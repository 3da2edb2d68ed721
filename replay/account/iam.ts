import type { AwsCall } from '../../functions/shared/step.ts';
import {
  createAccessKey,
  deleteAccessKey,
  getAccessKeyLastUsed,
  listAccessKeys,
  updateAccessKey,
} from './iam-access-keys.ts';
import {
  attach,
  deleteInline,
  detach,
  getInline,
  getPolicy,
  getPolicyVersion,
  type Holder,
  listAttached,
  listInline,
  putInline,
} from './iam-policies.ts';
import { changeableRole, groupNamed, type Held, roleNamed, userNamed } from './iam-requests.ts';
import { getRole, listInstanceProfilesForRole } from './iam-roles.ts';
import {
  getLoginProfile,
  getUser,
  listGroupsForUser,
  listMfaDevices,
  listServiceSpecificCredentials,
  listSigningCertificates,
  listSshPublicKeys,
  listUserTags,
} from './iam-users.ts';
import type { Desk, Operation } from './rehearsal-account.ts';

// biome-ignore lint/suspicious/noExplicitAny: each operation narrows its own input, which the schema has checked
type IamOperation = (held: Held, input: any, desk: Desk) => object;

/** A read, which under `lag` shows what IAM held that many calls ago. */
const read =
  (operation: IamOperation): Operation =>
  (desk, input) => {
    const { iam } = desk.state;
    const shown = iam.stale[0] ?? iam;
    comeOneCallFurther(desk);
    return operation(shown, input, desk);
  };

/** A write, which works on what IAM really holds. */
const write =
  (operation: IamOperation): Operation =>
  (desk, input) => {
    comeOneCallFurther(desk);
    const { iam } = desk.state;
    const { users, roles, groups, policies, lag } = iam;
    const before = lag > 0 && structuredClone({ users, roles, groups, policies });
    const output = operation(iam, input, desk);
    if (before) iam.stale.push({ left: lag, ...before });
    return output;
  };

function comeOneCallFurther({ state: { iam } }: Desk): void {
  if (iam.stale.length === 0) return;
  iam.stale = iam.stale.flatMap((one) => (one.left > 1 ? [{ ...one, left: one.left - 1 }] : []));
}

function userHolder(held: Held, { UserName }: { UserName?: string }): Holder {
  const principal = userNamed(held, UserName);
  return { principal, noun: 'user', name: principal.userName };
}
function roleHolder(held: Held, { RoleName }: { RoleName?: string }): Holder {
  const principal = roleNamed(held, RoleName);
  return { principal, noun: 'role', name: principal.roleName };
}
function groupHolder(held: Held, { GroupName }: { GroupName?: string }): Holder {
  const principal = groupNamed(held, GroupName);
  return { principal, noun: 'group', name: principal.groupName };
}
function changeable(held: Held, { RoleName }: { RoleName?: string }): Holder {
  const principal = changeableRole(held, RoleName);
  return { principal, noun: 'role', name: principal.roleName };
}

/** IAM, as far as steps call it. It answers every Region alike, and no policy here has any effect. */
export const iamOperations: Readonly<Record<AwsCall, Operation>> = {
  'iam:GetUser': read(getUser),
  'iam:GetLoginProfile': read(getLoginProfile),
  'iam:ListMFADevices': read(listMfaDevices),
  'iam:ListGroupsForUser': read(listGroupsForUser),
  'iam:ListSigningCertificates': read(listSigningCertificates),
  'iam:ListSSHPublicKeys': read(listSshPublicKeys),
  'iam:ListServiceSpecificCredentials': read(listServiceSpecificCredentials),
  'iam:ListUserTags': read(listUserTags),

  'iam:ListAccessKeys': read(listAccessKeys),
  'iam:GetAccessKeyLastUsed': read(getAccessKeyLastUsed),
  'iam:UpdateAccessKey': write(updateAccessKey),
  'iam:CreateAccessKey': write(createAccessKey),
  'iam:DeleteAccessKey': write(deleteAccessKey),

  'iam:ListAttachedUserPolicies': read((held, input) =>
    listAttached(userHolder(held, input), input),
  ),
  'iam:AttachUserPolicy': write((held, input) => attach(held, userHolder(held, input), input)),
  'iam:DetachUserPolicy': write((held, input) => detach(userHolder(held, input), input)),
  'iam:ListUserPolicies': read((held, input) => listInline(userHolder(held, input), input)),
  'iam:GetUserPolicy': read((held, input) => ({
    UserName: input.UserName,
    ...getInline(userHolder(held, input), input.PolicyName),
  })),
  'iam:PutUserPolicy': write((held, input) => putInline(userHolder(held, input), input)),
  'iam:DeleteUserPolicy': write((held, input) =>
    deleteInline(userHolder(held, input), input.PolicyName),
  ),

  'iam:GetRole': read(getRole),
  'iam:ListInstanceProfilesForRole': read(listInstanceProfilesForRole),
  'iam:ListAttachedRolePolicies': read((held, input) =>
    listAttached(roleHolder(held, input), input),
  ),
  'iam:AttachRolePolicy': write((held, input) => attach(held, changeable(held, input), input)),
  'iam:DetachRolePolicy': write((held, input) => detach(changeable(held, input), input)),
  'iam:ListRolePolicies': read((held, input) => listInline(roleHolder(held, input), input)),
  'iam:GetRolePolicy': read((held, input) => ({
    RoleName: input.RoleName,
    ...getInline(roleHolder(held, input), input.PolicyName),
  })),
  'iam:PutRolePolicy': write((held, input) => putInline(changeable(held, input), input)),
  'iam:DeleteRolePolicy': write((held, input) =>
    deleteInline(changeable(held, input), input.PolicyName),
  ),

  'iam:ListAttachedGroupPolicies': read((held, input) =>
    listAttached(groupHolder(held, input), input),
  ),
  'iam:ListGroupPolicies': read((held, input) => listInline(groupHolder(held, input), input)),
  'iam:GetGroupPolicy': read((held, input) => ({
    GroupName: input.GroupName,
    ...getInline(groupHolder(held, input), input.PolicyName),
  })),

  'iam:GetPolicy': read(getPolicy),
  'iam:GetPolicyVersion': read(getPolicyVersion),
};
