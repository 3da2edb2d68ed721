import type { IAMClient } from '@aws-sdk/client-iam';
import type { AccessKeyId } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import { lastUseOf, type UserKey, useSinceDeactivation } from '../shared/user-keys.ts';
import { type Asked, type Clients, recordedBefore } from './replacement.ts';
import { storedSecret } from './secret.ts';

/** What the key is that a user holds beside the old one. */
type SecondKey =
  /** A replacement, kept and usable. */
  | {
      readonly outcome: 'already-created';
      readonly accessKeyId: AccessKeyId;
      readonly secretArn: string;
    }
  /** An attempt of this case made it, and its secret is lost. */
  | { readonly outcome: 'lost' }
  /** Somebody else's business. */
  | { readonly outcome: 'two-keys' | 'delete-first'; readonly otherKeyId: AccessKeyId };

/** Tells a key of Cordon's making from one that is not. It changes nothing. */
export async function judgeSecondKey(
  key: UserKey,
  asked: Asked & { readonly old: UserKey },
  { iam, secrets }: Clients,
  context: StepContext,
): Promise<SecondKey> {
  const { accessKeyId, status } = key;
  const secretArn = await storedSecret(secrets, { ...asked, accessKeyId });
  if (secretArn && status === 'Active') {
    return { outcome: 'already-created', accessKeyId, secretArn };
  }
  if (!secretArn && (await isLostAttempts(key, asked, iam, context))) return { outcome: 'lost' };
  const { isUsedSince } = await useSinceDeactivation(iam, asked.oldAccessKeyId, context);
  const makesRoom = asked.old.status === 'Inactive' && !isUsedSince;
  return { outcome: makesRoom ? 'delete-first' : 'two-keys', otherKeyId: accessKeyId };
}

/**
 * Whether a key is what an attempt of this case made and then lost, with its secret: it came after
 * the record, and was never used, which nobody could have done.
 *
 * A key that a person makes for the same user within such an attempt, and has not used yet, would be
 * taken for it.
 */
async function isLostAttempts(
  { accessKeyId, createdAt }: UserKey,
  asked: Asked,
  iam: IAMClient,
  context: StepContext,
): Promise<boolean> {
  const before = await recordedBefore(asked, context);
  if (!before || before.keys.includes(accessKeyId)) return false;
  // IAM tells times by the second.
  const from = Math.floor(new Date(before.at).getTime() / 1000) * 1000;
  return createdAt.getTime() >= from && (await lastUseOf(iam, accessKeyId)) === undefined;
}
