import {
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  type IAMClient,
  paginateListAccessKeys,
} from '@aws-sdk/client-iam';
import * as z from 'zod';
import type { CaseRef } from './case-record.ts';
import { AccessKeyId, type UserName } from './ids.ts';
import type { StepContext } from './step.ts';
import { unlessGone } from './unless-gone.ts';

/** A key that a user holds. A temporary one (ASIA…) belongs to a session and is never listed. */
export const LongLivedKeyId = AccessKeyId.refine(
  (id) => id.startsWith('AKIA'),
  'expected the id of a long-lived key, AKIA…',
);

/** A user's key, as IAM lists it. */
export interface UserKey {
  readonly accessKeyId: AccessKeyId;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: Date;
}

const Listed = z
  .object({
    AccessKeyId,
    Status: z.enum(['Active', 'Inactive']),
    CreateDate: z.date(),
  })
  .transform(({ AccessKeyId: accessKeyId, Status: status, CreateDate: createdAt }) => ({
    accessKeyId,
    status,
    createdAt,
  }));

/** The user's keys, at most two; none where there is no such user. */
export async function keysOfUser(iam: IAMClient, UserName: UserName): Promise<readonly UserKey[]> {
  return (await unlessGone(listed(iam, UserName))) ?? [];
}

async function listed(client: IAMClient, UserName: UserName): Promise<UserKey[]> {
  const keys: UserKey[] = [];
  for await (const { AccessKeyMetadata = [] } of paginateListAccessKeys({ client }, { UserName })) {
    keys.push(...AccessKeyMetadata.map((key) => Listed.parse(key)));
  }
  return keys;
}

/** Deletes a key; one that is gone already is as good. Nothing brings it back. */
export async function deleteKey(
  iam: IAMClient,
  UserName: UserName,
  accessKeyId: AccessKeyId,
): Promise<void> {
  await unlessGone(iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId })));
}

/** When the key was last used; undefined when it never was. */
export async function lastUseOf(
  iam: IAMClient,
  accessKeyId: AccessKeyId,
): Promise<Date | undefined> {
  const used = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }));
  return used.AccessKeyLastUsed?.LastUsedDate;
}

/** How long a key must have lain unused where nobody knows when it was deactivated. */
const idleMilliseconds = 24 * 60 * 60 * 1000;

/** Whether a key was used after it was deactivated. */
interface Use {
  readonly lastUsed: Date | undefined;
  /** When a case deactivated it; a day ago where none did. */
  readonly since: Date;
  readonly isUsedSince: boolean;
}

/**
 * Whether an inactive key was used since it was deactivated, which only somebody who made it active
 * again for a while can have done.
 *
 * IAM keeps the first use in each span of 15 minutes alone:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */
export async function useSinceDeactivation(
  iam: IAMClient,
  accessKeyId: AccessKeyId,
  { home, case: ref, now }: StepContext,
): Promise<Use> {
  const lastUsed = await lastUseOf(iam, accessKeyId);
  // What a live run would go by, its rehearsal goes by as well.
  const memory = memoryOf({ ...ref, mode: 'live' }, accessKeyId);
  const known = Deactivated.safeParse(await home.cases.recallTarget(memory));
  const since = known.data
    ? new Date(known.data.deactivatedAt)
    : new Date(now().getTime() - idleMilliseconds);
  return { lastUsed, since, isUsedSince: lastUsed !== undefined && lastUsed > since };
}

const Deactivated = z.object({ deactivatedAt: z.iso.datetime() });

/** Keeps when a case deactivated a key, for a later case on it. A dry run tells no live run. */
export const rememberDeactivation = (
  { home, case: ref, now }: StepContext,
  accessKeyId: AccessKeyId,
): Promise<void> =>
  home.cases.rememberTarget(memoryOf(ref, accessKeyId), {
    deactivatedAt: now().toISOString(),
  } satisfies z.infer<typeof Deactivated>);

const memoryOf = ({ mode, account }: CaseRef, accessKeyId: AccessKeyId): string =>
  `${mode}#arn:aws:iam::${account}:access-key/${accessKeyId}`;
