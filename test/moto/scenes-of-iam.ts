import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  DeleteAccessKeyCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetGroupPolicyCommand,
  GetLoginProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAccessKeysCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsForUserCommand,
  ListInstanceProfilesForRoleCommand,
  ListMFADevicesCommand,
  ListRolePoliciesCommand,
  ListSigningCertificatesCommand,
  ListSSHPublicKeysCommand,
  ListUserPoliciesCommand,
  ListUserTagsCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { AccountState } from '../../replay/account/state.ts';
import { type Principals, setUpPrincipals } from './iam-world.ts';
import { toMoto } from './moto.ts';
import { type Clients, clientsTo } from './world.ts';

const denyAll = 'arn:aws:iam::aws:policy/AWSDenyAll';
const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
const inline = {
  Version: '2012-10-17',
  // IAM shows every character but letters, digits and a few more percent-encoded.
  Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: "arn:aws:s3:::it's (all)/*" }],
};
const PolicyDocument = JSON.stringify(inline);
const GroupName = 'team';

/** The principals of `setUpPrincipals`, with a group that the user is in. */
export async function principalsInGroup(): Promise<Principals> {
  const world = await setUpPrincipals();
  const { iam } = clientsTo(toMoto);
  await iam.send(new CreateGroupCommand({ GroupName }));
  await iam.send(new AddUserToGroupCommand({ GroupName, UserName: world.user }));
  await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn: readOnly }));
  await iam.send(new PutGroupPolicyCommand({ GroupName, PolicyName: 'get', PolicyDocument }));
  const { iam: held } = world.state;
  const state = AccountState.parse({
    ...world.state,
    iam: {
      ...held,
      users: held.users.map((user) =>
        user.userName === world.user ? { ...user, groups: [GroupName] } : user,
      ),
      groups: [
        {
          groupName: GroupName,
          attachedPolicies: [{ arn: readOnly }],
          inlinePolicies: { get: inline },
        },
      ],
    },
  });
  return { ...world, state };
}

/** Goes on whether or not the call is refused: how it is answered is what is compared. */
const attempt = <T>(call: Promise<T>): Promise<T | undefined> => call.catch(() => undefined);
type Scene = (clients: Clients, world: Principals) => Promise<void>;

/** What is played in both accounts, by what it is about. */
export const scenesOfIam: Readonly<Record<string, Scene>> = {
  'a user is looked at': async ({ iam }, { user: UserName }) => {
    for (const of of [{ UserName }, { UserName: 'nobody' }]) {
      await attempt(iam.send(new GetUserCommand(of)));
      await attempt(iam.send(new GetLoginProfileCommand(of)));
      await attempt(iam.send(new ListMFADevicesCommand(of)));
      await attempt(iam.send(new ListGroupsForUserCommand(of)));
      await attempt(iam.send(new ListSigningCertificatesCommand(of)));
      await attempt(iam.send(new ListSSHPublicKeysCommand(of)));
      await attempt(iam.send(new ListUserTagsCommand(of)));
      await attempt(iam.send(new ListAccessKeysCommand(of)));
      await attempt(iam.send(new ListAttachedUserPoliciesCommand(of)));
      await attempt(iam.send(new ListUserPoliciesCommand(of)));
    }
  },

  'access keys are made, stopped and deleted': async ({ iam }, { user, bystander, keys }) => {
    const set = (UserName: string, AccessKeyId: string, Status: 'Active' | 'Inactive') =>
      attempt(iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status })));
    await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: keys.leaked }));
    await set(user, keys.leaked, 'Inactive');
    await set(user, keys.leaked, 'Inactive');
    await set(user, 'AKIAIOSFODNN7EXAMPLE', 'Inactive');
    await set(bystander, keys.leaked, 'Active');
    await iam.send(new ListAccessKeysCommand({ UserName: user }));
    // Nobody may have three.
    await attempt(iam.send(new CreateAccessKeyCommand({ UserName: user })));
    await iam.send(new CreateAccessKeyCommand({ UserName: bystander }));
    const gone = { UserName: user, AccessKeyId: keys.leaked };
    await iam.send(new DeleteAccessKeyCommand(gone));
    await attempt(iam.send(new DeleteAccessKeyCommand(gone)));
    await iam.send(new ListAccessKeysCommand({ UserName: user }));
  },

  'policies are put on a user and taken off': async ({ iam }, { user: UserName }) => {
    const attached = { UserName, PolicyArn: denyAll };
    await iam.send(new AttachUserPolicyCommand(attached));
    await iam.send(new AttachUserPolicyCommand(attached));
    await attempt(
      iam.send(new AttachUserPolicyCommand({ ...attached, PolicyArn: `${denyAll}Not` })),
    );
    await attempt(iam.send(new AttachUserPolicyCommand({ ...attached, UserName: 'nobody' })));
    await iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
    await iam.send(new DetachUserPolicyCommand(attached));
    await attempt(iam.send(new DetachUserPolicyCommand(attached)));
    const put = { UserName, PolicyName: 'cordon-case' };
    await attempt(iam.send(new GetUserPolicyCommand(put)));
    await iam.send(new PutUserPolicyCommand({ ...put, PolicyDocument }));
    await attempt(iam.send(new PutUserPolicyCommand({ ...put, PolicyDocument: 'no JSON' })));
    await iam.send(new GetUserPolicyCommand(put));
    await iam.send(new ListUserPoliciesCommand({ UserName }));
    await iam.send(new DeleteUserPolicyCommand(put));
    await attempt(iam.send(new DeleteUserPolicyCommand(put)));
  },

  'policies are put on a role and taken off': async ({ iam }, { role: { name: RoleName } }) => {
    await iam.send(new GetRoleCommand({ RoleName }));
    await attempt(iam.send(new GetRoleCommand({ RoleName: 'nobody' })));
    await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
    const attached = { RoleName, PolicyArn: denyAll };
    await iam.send(new AttachRolePolicyCommand(attached));
    await iam.send(new AttachRolePolicyCommand(attached));
    await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    await iam.send(new DetachRolePolicyCommand(attached));
    await attempt(iam.send(new DetachRolePolicyCommand(attached)));
    const put = { RoleName, PolicyName: 'cordon-case' };
    await attempt(iam.send(new GetRolePolicyCommand(put)));
    await iam.send(new PutRolePolicyCommand({ ...put, PolicyDocument }));
    await iam.send(new GetRolePolicyCommand(put));
    await iam.send(new ListRolePoliciesCommand({ RoleName }));
    await iam.send(new DeleteRolePolicyCommand(put));
    await attempt(iam.send(new DeleteRolePolicyCommand(put)));
  },

  'groups and managed policies are looked at': async ({ iam }) => {
    await iam.send(new ListAttachedGroupPoliciesCommand({ GroupName }));
    await iam.send(new ListGroupPoliciesCommand({ GroupName }));
    await iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName: 'get' }));
    await attempt(iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName: 'put' })));
    await attempt(iam.send(new ListGroupPoliciesCommand({ GroupName: 'nobodies' })));
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: denyAll }));
    const VersionId = Policy?.DefaultVersionId;
    await iam.send(new GetPolicyVersionCommand({ PolicyArn: denyAll, VersionId }));
    await attempt(iam.send(new GetPolicyVersionCommand({ PolicyArn: denyAll, VersionId: 'v9' })));
    await attempt(iam.send(new GetPolicyCommand({ PolicyArn: `${denyAll}Not` })));
  },
};
