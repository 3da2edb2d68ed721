import type {
  GetLoginProfileResponse,
  GetUserResponse,
  ListGroupsForUserRequest,
  ListGroupsForUserResponse,
  ListMFADevicesRequest,
  ListMFADevicesResponse,
  ListServiceSpecificCredentialsRequest,
  ListServiceSpecificCredentialsResponse,
  ListSigningCertificatesRequest,
  ListSigningCertificatesResponse,
  ListSSHPublicKeysRequest,
  ListSSHPublicKeysResponse,
  ListUserTagsRequest,
  ListUserTagsResponse,
} from '@aws-sdk/client-iam';
import { type Held, noSuchEntity, page, tagList, userNamed } from './iam-requests.ts';
import { iamId } from './iam-state.ts';
import type { Desk } from './rehearsal-account.ts';

interface OfUser {
  readonly UserName?: string | undefined;
}

/** A user, without what their groups give them. */
export function getUser(held: Held, { UserName }: OfUser, { state }: Desk): GetUserResponse {
  const user = userNamed(held, UserName);
  return {
    User: {
      UserName: user.userName,
      UserId: user.userId,
      Path: user.path,
      Arn: `arn:aws:iam::${state.accountId}:user${user.path}${user.userName}`,
      CreateDate: new Date(user.createDate),
      ...(user.passwordLastUsed && { PasswordLastUsed: new Date(user.passwordLastUsed) }),
      ...(user.permissionsBoundary && {
        PermissionsBoundary: { PermissionsBoundaryArn: user.permissionsBoundary },
      }),
      ...(Object.keys(user.tags).length > 0 && { Tags: tagList(user.tags) }),
    },
  };
}

/** Whether a user has a console password; IAM says that there is none by an error. */
export function getLoginProfile(held: Held, { UserName }: OfUser): GetLoginProfileResponse {
  const { userName, loginProfile, createDate } = userNamed(held, UserName);
  if (!loginProfile) throw noSuchEntity(`Login Profile for User ${userName} cannot be found.`);
  return {
    LoginProfile: {
      UserName: userName,
      CreateDate: new Date(createDate),
      PasswordResetRequired: false,
    },
  };
}

export function listMfaDevices(held: Held, input: ListMFADevicesRequest): ListMFADevicesResponse {
  const { userName, mfaDevices } = userNamed(held, input.UserName);
  const { items, ...rest } = page(mfaDevices, input);
  const MFADevices = items.map(({ serialNumber, enableDate }) => ({
    UserName: userName,
    SerialNumber: serialNumber,
    EnableDate: new Date(enableDate),
  }));
  return { MFADevices, ...rest };
}

export function listGroupsForUser(
  held: Held,
  input: ListGroupsForUserRequest,
  { state }: Desk,
): ListGroupsForUserResponse {
  const { items, ...rest } = page(userNamed(held, input.UserName).groups, input);
  const Groups = items.map((GroupName) => ({
    GroupName,
    GroupId: iamId('AGPA', GroupName),
    Path: '/',
    Arn: `arn:aws:iam::${state.accountId}:group/${GroupName}`,
    CreateDate: new Date('2026-01-01T00:00:00.000Z'),
  }));
  return { Groups, ...rest };
}

export function listSigningCertificates(
  held: Held,
  input: ListSigningCertificatesRequest,
): ListSigningCertificatesResponse {
  const { userName, signingCertificates } = userNamed(held, input.UserName);
  const { items, ...rest } = page(signingCertificates, input);
  const Certificates = items.map(({ certificateId, status, uploadDate }) => ({
    UserName: userName,
    CertificateId: certificateId,
    CertificateBody: '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----',
    Status: status,
    UploadDate: new Date(uploadDate),
  }));
  return { Certificates, ...rest };
}

export function listSshPublicKeys(
  held: Held,
  input: ListSSHPublicKeysRequest,
): ListSSHPublicKeysResponse {
  const { userName, sshPublicKeys } = userNamed(held, input.UserName);
  const { items, ...rest } = page(sshPublicKeys, input);
  const SSHPublicKeys = items.map(({ sshPublicKeyId, status, uploadDate }) => ({
    UserName: userName,
    SSHPublicKeyId: sshPublicKeyId,
    Status: status,
    UploadDate: new Date(uploadDate),
  }));
  return { SSHPublicKeys, ...rest };
}

export function listServiceSpecificCredentials(
  held: Held,
  input: ListServiceSpecificCredentialsRequest,
): ListServiceSpecificCredentialsResponse {
  const { userName, serviceSpecificCredentials } = userNamed(held, input.UserName);
  const listed = serviceSpecificCredentials.filter(
    ({ serviceName }) => !input.ServiceName || input.ServiceName === serviceName,
  );
  const { items, ...rest } = page(listed, input);
  const ServiceSpecificCredentials = items.map((one) => ({
    UserName: userName,
    Status: one.status,
    ServiceUserName: `${userName}-at-rehearsal`,
    CreateDate: new Date(one.createDate),
    ServiceSpecificCredentialId: one.serviceSpecificCredentialId,
    ServiceName: one.serviceName,
  }));
  return { ServiceSpecificCredentials, ...rest };
}

export function listUserTags(held: Held, input: ListUserTagsRequest): ListUserTagsResponse {
  const { items, ...rest } = page(tagList(userNamed(held, input.UserName).tags), input);
  return { Tags: items, ...rest };
}
