import { createHash } from 'node:crypto';
import type {
  CreateAccessKeyRequest,
  CreateAccessKeyResponse,
  DeleteAccessKeyRequest,
  GetAccessKeyLastUsedRequest,
  GetAccessKeyLastUsedResponse,
  ListAccessKeysRequest,
  ListAccessKeysResponse,
  UpdateAccessKeyRequest,
} from '@aws-sdk/client-iam';
import {
  type Held,
  limitExceeded,
  noSuchEntity,
  page,
  refusal,
  userNamed,
} from './iam-requests.ts';
import { iamId } from './iam-state.ts';
import type { Desk } from './rehearsal-account.ts';

type AccessKey = Held['users'][number]['accessKeys'][number];

export function listAccessKeys(held: Held, input: ListAccessKeysRequest): ListAccessKeysResponse {
  const { userName, accessKeys } = userNamed(held, input.UserName);
  const { items, ...rest } = page(accessKeys, input);
  const AccessKeyMetadata = items.map(({ accessKeyId, status, createDate }) => ({
    UserName: userName,
    AccessKeyId: accessKeyId,
    Status: status,
    CreateDate: new Date(createDate),
  }));
  return { AccessKeyMetadata, ...rest };
}

/**
 * Whose a key is and when it was last used, which IAM tells of this account's long-term keys alone.
 *
 * Of a key it was never asked with, and of another account's, AWS says that the caller may not know.
 */
export function getAccessKeyLastUsed(
  held: Held,
  { AccessKeyId = '' }: Partial<GetAccessKeyLastUsedRequest>,
  { state }: Desk,
): GetAccessKeyLastUsedResponse {
  checkKeyId(AccessKeyId);
  const user = held.users.find(({ accessKeys }) =>
    accessKeys.some(({ accessKeyId }) => accessKeyId === AccessKeyId),
  );
  const key = user?.accessKeys.find(({ accessKeyId }) => accessKeyId === AccessKeyId);
  if (!user || !key) {
    if (state.iam.unknownAccessKey === 'NoSuchEntity') throw keyNotFound(AccessKeyId);
    throw refusal(
      'AccessDenied',
      `The caller is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${AccessKeyId}`,
      403,
    );
  }
  return {
    UserName: user.userName,
    AccessKeyLastUsed: {
      ...(key.lastUsed && { LastUsedDate: new Date(key.lastUsed.date) }),
      ServiceName: key.lastUsed?.service ?? 'N/A',
      Region: key.lastUsed?.region ?? 'N/A',
    },
  };
}

export function updateAccessKey(
  held: Held,
  { UserName, AccessKeyId, Status }: UpdateAccessKeyRequest,
): object {
  if (Status !== 'Active' && Status !== 'Inactive') {
    throw refusal('ValidationError', `Value '${Status}' at 'status' must be Active or Inactive`);
  }
  keyOf(held, UserName, AccessKeyId).status = Status;
  return {};
}

/** Makes a key. The secret, made up and of AWS's shape, is in this answer and nowhere else. */
export function createAccessKey(
  held: Held,
  { UserName }: CreateAccessKeyRequest,
  desk: Desk,
): CreateAccessKeyResponse {
  const user = userNamed(held, UserName);
  if (user.accessKeys.length >= 2) {
    throw limitExceeded('Cannot exceed quota for AccessKeysPerUser: 2');
  }
  const accessKeyId = newKeyId(held, user.userName);
  const createDate = desk.now().toISOString();
  user.accessKeys.push({ accessKeyId, status: 'Active', createDate });
  return {
    AccessKey: {
      UserName: user.userName,
      AccessKeyId: accessKeyId,
      Status: 'Active',
      SecretAccessKey: createHash('sha256').update(accessKeyId).digest('base64').slice(0, 40),
      CreateDate: new Date(createDate),
    },
  };
}

export function deleteAccessKey(
  held: Held,
  { UserName, AccessKeyId }: DeleteAccessKeyRequest,
): object {
  const key = keyOf(held, UserName, AccessKeyId);
  const user = userNamed(held, UserName);
  user.accessKeys.splice(user.accessKeys.indexOf(key), 1);
  return {};
}

const keyNotFound = (id: string) => noSuchEntity(`The Access Key with id ${id} cannot be found.`);

function checkKeyId(id: string): void {
  if (/^\w{16,128}$/.test(id)) return;
  throw refusal('ValidationError', `Value '${id}' at 'accessKeyId' is no access key's id`);
}

/** A user's own key. Nobody's temporary key is found here, nor another user's. */
function keyOf(held: Held, userName: string | undefined, id = ''): AccessKey {
  checkKeyId(id);
  const key = userNamed(held, userName).accessKeys.find(({ accessKeyId }) => accessKeyId === id);
  if (!key) throw keyNotFound(id);
  return key;
}

function newKeyId({ users }: Held, userName: string): string {
  const taken = new Set(
    users.flatMap(({ accessKeys }) => accessKeys.map((key) => key.accessKeyId)),
  );
  for (let attempt = 0; ; attempt++) {
    const id = iamId('AKIA', `${userName} ${attempt}`);
    if (!taken.has(id)) return id;
  }
}
