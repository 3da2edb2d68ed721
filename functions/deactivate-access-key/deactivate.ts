import { type IAMClient, IAMServiceException } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { AccessKeyId, UserName } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { rememberDeactivation } from '../shared/user-keys.ts';
import { Key, keysOf, ownerOf, setStatus } from './keys.ts';

/** What came of deactivating keys. */
export const Deactivation = z.object({
  outcome: z.enum(['deactivated', 'already-inactive', 'absent', 'temporary']),
  userName: UserName.nullable(),
  /** The keys that this made inactive, or that were so already. */
  keys: z.array(Key),
});
export type Deactivation = z.infer<typeof Deactivation>;

/** A key before it was deactivated. */
export const Before = z.strictObject({
  userName: UserName,
  accessKeyId: AccessKeyId,
  /** A key that was inactive already is not recorded, and stays so. */
  status: z.literal('Active'),
});

/** Every key of a user, for want of a named one. */
export async function everyKey(
  iam: IAMClient,
  userName: UserName | null,
  context: StepContext,
): Promise<Deactivation> {
  if (!userName) {
    throw new UnusableInputError(
      '$.input: expected an accessKeyId, or a userName for all its keys',
    );
  }
  return deactivate(iam, userName, (await keysOf(iam, userName)) ?? [], context);
}

/** One key of a user; its status is read first unless it is known to be active. */
export async function oneKey(
  iam: IAMClient,
  userName: UserName,
  { accessKeyId, keyStatus }: { accessKeyId: AccessKeyId; keyStatus: Key['status'] | null },
  context: StepContext,
): Promise<Deactivation> {
  const keys: readonly Key[] | undefined =
    keyStatus === 'Active' ? [{ accessKeyId, status: keyStatus }] : await keysOf(iam, userName);
  const asked = (keys ?? []).filter((key) => key.accessKeyId === accessKeyId);
  return deactivate(iam, userName, asked, context);
}

async function deactivate(
  iam: IAMClient,
  userName: UserName,
  keys: readonly Key[],
  context: StepContext,
): Promise<Deactivation> {
  const { home, case: ref } = context;
  const due = keys.filter(({ status }) => status === 'Active');
  await home.cases.recordBefore(
    ref,
    ...due.map(({ accessKeyId }) => ({
      step: 'deactivate-access-key',
      resource: `arn:aws:iam::${ref.account}:access-key/${accessKeyId}`,
      state: { userName, accessKeyId, status: 'Active' } satisfies z.infer<typeof Before>,
    })),
  );
  const after = due.map((key) => ({ ...key, status: 'Inactive' as const }));
  const remembered = due.map(({ accessKeyId }) => rememberDeactivation(context, accessKeyId));
  const [answers] = await sideBySide([
    sideBySide(after.map((key) => setStatus(iam, userName, key))),
    sideBySide(remembered),
  ]);
  const gone = due.filter((_, n) => answers[n] === 'absent');
  const left = keys
    .filter((key) => !gone.includes(key))
    .map(({ accessKeyId }): Key => ({ accessKeyId, status: 'Inactive' }));
  if (left.length === 0) return { outcome: 'absent', userName, keys: left };
  const changed = due.length > gone.length;
  return { outcome: changed ? 'deactivated' : 'already-inactive', userName, keys: left };
}

/**
 * Who owns a key that its last known owner no longer has. For a key that is nobody's of this account
 * any more IAM's answer is a refusal, which here means what NoSuchEntity does.
 */
export const ownerNow = (iam: IAMClient, accessKeyId: AccessKeyId): Promise<UserName | undefined> =>
  ownerOf(iam, accessKeyId).catch((error: unknown) => {
    if (error instanceof IAMServiceException && /^AccessDenied/.test(error.name)) return undefined;
    throw error;
  });
