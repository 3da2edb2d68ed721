import {
  GetAccessKeyLastUsedCommand,
  GetLoginProfileCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  type IAMClient,
  ListServiceSpecificCredentialsCommand,
  type ListServiceSpecificCredentialsResponse,
  paginateListAccessKeys,
  paginateListAttachedUserPolicies,
  paginateListGroupsForUser,
  paginateListMFADevices,
  paginateListSigningCertificates,
  paginateListSSHPublicKeys,
  paginateListUserPolicies,
} from '@aws-sdk/client-iam';
import { everyOne } from '../shared/iam-reads.ts';
import type { UserName } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { Reads } from '../shared/step.ts';
import { unlessGone } from '../shared/unless-gone.ts';
import { type SparingReads, timeOf } from './readable.ts';

const on = 'arn:aws:iam::*:user/*';

/** What {@link readUser} asks of IAM. */
export const userReads: Reads = {
  'iam:GetUser': { on },
  'iam:ListAccessKeys': { on },
  'iam:GetAccessKeyLastUsed': { on },
  'iam:GetLoginProfile': { on },
  'iam:ListMFADevices': { on },
  'iam:ListGroupsForUser': { on },
  'iam:ListAttachedUserPolicies': { on },
  'iam:ListUserPolicies': { on },
  'iam:GetUserPolicy': { on },
  'iam:ListSigningCertificates': { on },
  'iam:ListSSHPublicKeys': { on },
  'iam:ListServiceSpecificCredentials': { on },
};

/**
 * All that a user is, holds and may sign in with, in one round and one more for each key and policy;
 * undefined when there is no such user. Certificates and public keys are told by id, never by body.
 */
export async function readUser(iam: IAMClient, UserName: UserName, { read }: SparingReads) {
  const of = { UserName };
  const [user, accessKeys, loginProfile, ...lists] = await sideBySide([
    unlessGone(iam.send(new GetUserCommand(of))),
    read('iam:ListAccessKeys', keysOf(iam, UserName, { read }), []),
    read('iam:GetLoginProfile', loginProfileOf(iam, UserName), 'none'),
    read('iam:ListMFADevices', mfaDevicesOf(iam, UserName), []),
    read('iam:ListGroupsForUser', groupsOf(iam, UserName), []),
    read('iam:ListAttachedUserPolicies', attachedTo(iam, UserName), []),
    read('iam:ListUserPolicies', inlineOf(iam, UserName, { read }), []),
    read('iam:ListSigningCertificates', certificatesOf(iam, UserName), []),
    read('iam:ListSSHPublicKeys', sshKeysOf(iam, UserName), []),
    read('iam:ListServiceSpecificCredentials', serviceCredentialsOf(iam, UserName), []),
  ]);
  if (!user?.User) return undefined;
  const { User } = user;
  const [mfaDevices, groups, attached, inline, certificates, sshKeys, credentials] = lists;
  return {
    userName: User.UserName ?? UserName,
    userId: User.UserId ?? null,
    arn: User.Arn ?? null,
    createDate: timeOf(User.CreateDate),
    passwordLastUsed: timeOf(User.PasswordLastUsed),
    permissionsBoundary: User.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
    tags: Object.fromEntries((User.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
    accessKeys,
    loginProfile,
    mfaDevices,
    groups,
    attachedPolicies: attached,
    inlinePolicies: inline,
    signingCertificates: certificates,
    sshPublicKeys: sshKeys,
    serviceSpecificCredentials: credentials,
  };
}

type Reading = Pick<SparingReads, 'read'>;

async function keysOf(client: IAMClient, UserName: UserName, { read }: Reading) {
  const keys = await everyOne(
    paginateListAccessKeys({ client }, { UserName }),
    (page) => page.AccessKeyMetadata,
  );
  return sideBySide(
    keys.map(async ({ AccessKeyId, Status, CreateDate }) => ({
      accessKeyId: AccessKeyId,
      status: Status,
      createDate: timeOf(CreateDate),
      lastUsed: await read('iam:GetAccessKeyLastUsed', lastUseOf(client, AccessKeyId), null),
    })),
  );
}

async function lastUseOf(iam: IAMClient, AccessKeyId: string | undefined) {
  const { AccessKeyLastUsed: use } = await iam.send(
    new GetAccessKeyLastUsedCommand({ AccessKeyId }),
  );
  if (!use?.LastUsedDate) return null;
  return { date: timeOf(use.LastUsedDate), service: use.ServiceName, region: use.Region };
}

async function loginProfileOf(iam: IAMClient, UserName: UserName) {
  const { LoginProfile: profile } = await iam.send(new GetLoginProfileCommand({ UserName }));
  return {
    createDate: timeOf(profile?.CreateDate),
    passwordResetRequired: profile?.PasswordResetRequired ?? false,
  };
}

async function mfaDevicesOf(client: IAMClient, UserName: UserName) {
  const pages = paginateListMFADevices({ client }, { UserName });
  return (await everyOne(pages, ({ MFADevices }) => MFADevices)).map(
    ({ SerialNumber, EnableDate }) => ({
      serialNumber: SerialNumber,
      enableDate: timeOf(EnableDate),
    }),
  );
}

async function groupsOf(client: IAMClient, UserName: UserName) {
  const pages = paginateListGroupsForUser({ client }, { UserName });
  return (await everyOne(pages, ({ Groups }) => Groups)).map(({ GroupName }) => GroupName);
}

async function attachedTo(client: IAMClient, UserName: UserName) {
  const pages = paginateListAttachedUserPolicies({ client }, { UserName });
  const policies = await everyOne(pages, ({ AttachedPolicies }) => AttachedPolicies);
  return policies.map(({ PolicyArn }) => PolicyArn);
}

async function inlineOf(client: IAMClient, UserName: UserName, { read }: Reading) {
  const pages = paginateListUserPolicies({ client }, { UserName });
  const names = await everyOne(pages, ({ PolicyNames }) => PolicyNames);
  const textOf = async (PolicyName: string) => {
    const policy = await client.send(new GetUserPolicyCommand({ UserName, PolicyName }));
    return decodeURIComponent(policy.PolicyDocument ?? '');
  };
  return sideBySide(
    names.map(async (name) => ({
      name,
      document: await read('iam:GetUserPolicy', textOf(name), null),
    })),
  );
}

async function certificatesOf(client: IAMClient, UserName: UserName) {
  const pages = paginateListSigningCertificates({ client }, { UserName });
  return (await everyOne(pages, ({ Certificates }) => Certificates)).map(
    ({ CertificateId, Status, UploadDate }) => ({
      certificateId: CertificateId,
      status: Status,
      uploadDate: timeOf(UploadDate),
    }),
  );
}

async function sshKeysOf(client: IAMClient, UserName: UserName) {
  const pages = paginateListSSHPublicKeys({ client }, { UserName });
  return (await everyOne(pages, ({ SSHPublicKeys }) => SSHPublicKeys)).map(
    ({ SSHPublicKeyId, Status, UploadDate }) => ({
      sshPublicKeyId: SSHPublicKeyId,
      status: Status,
      uploadDate: timeOf(UploadDate),
    }),
  );
}

/** The SDK has no paginator for these. */
async function serviceCredentialsOf(iam: IAMClient, UserName: UserName) {
  const all: NonNullable<ListServiceSpecificCredentialsResponse['ServiceSpecificCredentials']> = [];
  let Marker: string | undefined;
  do {
    const page: ListServiceSpecificCredentialsResponse = await iam.send(
      new ListServiceSpecificCredentialsCommand({ UserName, ...(Marker && { Marker }) }),
    );
    all.push(...(page.ServiceSpecificCredentials ?? []));
    Marker = page.IsTruncated ? page.Marker : undefined;
  } while (Marker);
  return all.map(({ ServiceSpecificCredentialId, ServiceName, Status, CreateDate }) => ({
    serviceSpecificCredentialId: ServiceSpecificCredentialId,
    serviceName: ServiceName,
    status: Status,
    createDate: timeOf(CreateDate),
  }));
}
