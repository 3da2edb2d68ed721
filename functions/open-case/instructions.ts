import type { ForHuman } from './target.ts';

/** What a person does where Cordon does nothing, and where they do it. */
export const instructions: Readonly<Record<ForHuman, string>> = {
  'never-touch-account':
    'This account is on the never-touch list. Ask its owner; to have Cordon act, take it off ' +
    'neverTouch.accounts in the settings and start the playbook by hand.',
  'never-touch-instance':
    'This instance is on the never-touch list. Ask its owner; to have Cordon act, take it off ' +
    'neverTouch.instances in the settings and start the playbook by hand.',
  'never-touch-user':
    'This user is on the never-touch list. Ask its owner whether the key can be replaced at once; ' +
    'deactivate it in the IAM console, under the user’s security credentials.',
  'never-touch-role':
    'This role is on the never-touch list. Ask its owner whether its sessions can be ended; the ' +
    'IAM console does it on the role’s page, under Revoke sessions.',
  'break-glass':
    'These are break-glass credentials. Find out from who keeps them whether this is a drill or ' +
    'an emergency; if it is neither, reset them by their own procedure.',
  'own-role':
    'The role is one that Cordon itself acts with, so denying it would stop every response. Check ' +
    'in CloudTrail what it did and from where; then stop its functions and revoke its sessions by hand.',
  'service-linked-role':
    'AWS does not let anyone edit a service-linked role or revoke its sessions. Look at the service ' +
    'it belongs to: remove what uses it there, delete the role by way of that service, and open a ' +
    'case with AWS Support.',
  'identity-center-role':
    'The role belongs to IAM Identity Center, which undoes changes to it. In Identity Center, ' +
    'disable the user, end the user’s active sessions and remove the account assignment; sessions ' +
    'in the account end when the permission set’s session duration is over, sooner by a deny on ' +
    'the user in a service control policy.',
  root:
    'No policy in the account binds the root user. Sign in as root from a clean machine: change ' +
    'the password, delete root access keys, replace its MFA devices, check its e-mail address and ' +
    'phone number. If you cannot sign in, use AWS Support’s account recovery. From the ' +
    'organisation’s management account, delete root credentials centrally (IAM, root access ' +
    'management) and deny root by a service control policy, which binds every account but that one.',
  'aws-service':
    'An AWS service made the call for someone. Find in CloudTrail (invokedBy, sourceIdentity) on ' +
    'whose behalf, and contain that principal or the resource that made the service act.',
  'other-account':
    'The credentials are another account’s, out of reach of this Cordon. Tell that account’s owner; ' +
    'from this side, take the account out of the resource policies and role trust policies that let it in.',
  'management-account':
    'The credentials are the organisation’s management account’s, where no service control policy ' +
    'binds anyone and every account can be reached. Contain it by hand with whoever runs the ' +
    'organisation: deactivate the key, deny the session, check Organizations for changes.',
  'unknown-principal':
    'Whose credentials these are cannot be told from what the finding says. Look its events up in ' +
    'CloudTrail by the access key id, find the user or role in userIdentity, and start the ' +
    'playbook by hand with {"userName": …} or {"roleName": …}.',
  'unknown-key':
    'IAM knows no such key in this account, or does not let Cordon see whose it is: it has been ' +
    'deleted, is another account’s, or is root’s. `aws sts get-access-key-info` names its account; ' +
    'if that is this one, look for it in the credential report.',
  'guard-unreadable':
    'Whether people must be asked first depends on the organisational unit of the account, and AWS ' +
    'Organizations did not say which it is. Decide by hand; that Cordon’s account may call ' +
    'organizations:ListParents, as management account or delegated administrator, is the cure.',
};

/** What a person is told when AWS knows the key as someone else's than the finding does. */
export const ownerDiffers = (said: string, owner: string): string =>
  `The finding says the key is ${said}'s; IAM says it is ${owner}'s, who was acted on. Nothing was ` +
  `done to ${said}: find out why the two differ.`;
