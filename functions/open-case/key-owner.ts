import {
  type AccessKeyMetadata,
  GetAccessKeyLastUsedCommand,
  type IAMClient,
  IAMServiceException,
  paginateListAccessKeys,
} from '@aws-sdk/client-iam';
import * as z from 'zod';
import { type AccessKeyId, UserName } from '../shared/ids.ts';
import type { Principal } from '../shared/principal.ts';
import { sideBySide } from '../shared/side-by-side.ts';

/** What IAM says of a user's key; nulls where it was not asked or knows nothing. */
export const Known = z.object({
  keyStatus: z.enum(['Active', 'Inactive']).nullable(),
  owner: UserName.nullable(),
});
export type Known = z.infer<typeof Known>;

/**
 * Asks IAM whose a key is and whether it is active, or whether a user is there at all.
 *
 * The user that a finding names is where it looks first, beside asking for the owner, and never the
 * answer: the owner is who lists the key. It changes nothing. `unknown-key`: no user of this
 * account has the key, or IAM will not say, which it does not tell apart for another account's.
 */
export async function askOwner(
  iam: IAMClient,
  { kind, accessKeyId, userName }: Principal,
): Promise<Known | 'root' | 'unknown-key' | 'unknown-principal'> {
  const longLived = kind === 'user-key' ? accessKeyId : null;
  const [lastUser, listed] = await sideBySide([
    longLived ? askLastUsed(iam, longLived) : undefined,
    userName ? listKeys(iam, userName) : undefined,
  ]);
  if (!longLived) {
    return listed ? { owner: userName, keyStatus: null } : 'unknown-principal';
  }
  const status = statusOf(listed, longLived);
  if (userName && status) return { owner: userName, keyStatus: status };
  if (lastUser === undefined) return 'unknown-key';

  // IAM answers for root's own keys as well, with what is no user's name.
  const owner = UserName.safeParse(lastUser);
  if (!owner.success) return 'root';
  const theirs = owner.data === userName ? listed : await listKeys(iam, owner.data);
  return { owner: owner.data, keyStatus: statusOf(theirs, longLived) };
}

/** The owner's name; null where IAM names none, undefined where it knows no such key. */
async function askLastUsed(
  iam: IAMClient,
  accessKeyId: AccessKeyId,
): Promise<string | null | undefined> {
  try {
    const { UserName: name } = await iam.send(
      new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }),
    );
    return name ?? null;
  } catch (error) {
    if (isOneOf(error, ['NoSuchEntity', 'NoSuchEntityException', 'AccessDenied'])) return undefined;
    throw error;
  }
}

async function listKeys(
  iam: IAMClient,
  user: UserName,
): Promise<readonly AccessKeyMetadata[] | undefined> {
  const keys: AccessKeyMetadata[] = [];
  try {
    for await (const page of paginateListAccessKeys({ client: iam }, { UserName: user })) {
      keys.push(...(page.AccessKeyMetadata ?? []));
    }
    return keys;
  } catch (error) {
    if (isOneOf(error, ['NoSuchEntity', 'NoSuchEntityException'])) return undefined;
    throw error;
  }
}

const isOneOf = (error: unknown, names: readonly string[]): boolean =>
  error instanceof IAMServiceException && names.includes(error.name);

function statusOf(
  keys: readonly AccessKeyMetadata[] | undefined,
  accessKeyId: AccessKeyId,
): Known['keyStatus'] {
  const status = keys?.find((key) => key.AccessKeyId === accessKeyId)?.Status;
  return status === 'Active' || status === 'Inactive' ? status : null;
}
