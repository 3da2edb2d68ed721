import {
  CreateAccessKeyCommand,
  type IAMClient,
  LimitExceededException,
} from '@aws-sdk/client-iam';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { AccessKeyId, type UserName } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import { deleteKey } from '../shared/user-keys.ts';
import { storeSecret } from './secret.ts';

/** Whose key is replaced. */
export interface Asked {
  readonly userName: UserName;
  readonly oldAccessKeyId: AccessKeyId;
}

export interface Clients {
  readonly iam: IAMClient;
  readonly iamOnce: IAMClient;
  readonly secrets: SecretsManagerClient;
}

/** The secret of a new key was not kept. The key, which nobody can use, has been deleted again. */
class SecretNotStoredError extends Error {
  override readonly name = 'SecretNotStoredError';
}

const Made = z
  .object({ AccessKeyId, SecretAccessKey: z.string().min(1) })
  .transform((key) => ({ accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey }));

/** What the user held before the first attempt of this case, and when that was. */
const Before = z.object({ keys: z.array(AccessKeyId), at: z.iso.datetime() });

const step = 'create-replacement-key';

/** What an earlier attempt of this case put on record before it made a key. */
export async function recordedBefore(
  { userName }: Asked,
  context: StepContext,
): Promise<z.infer<typeof Before> | undefined> {
  const { home, case: ref } = context;
  const resource = resourceOf(userName, context);
  const records = await home.cases.before(ref.caseId, step);
  const record = records.find((one) => one.resource === resource);
  return record && Before.parse(record.state);
}

/**
 * Makes a key and keeps its secret, which is in no variable that outlives this call. `limit`: the
 * user has two keys already, whatever IAM has listed.
 *
 * What the user held is on record first: that is the intent, by which a run that follows a lost one
 * tells what was made since. An error of Secrets Manager is let out by its name alone, since nobody
 * can promise that its message does not repeat what it was sent.
 */
export async function makeAndStore(
  { userName, oldAccessKeyId }: Asked,
  { iam, iamOnce, secrets }: Clients,
  context: StepContext,
): Promise<{ accessKeyId: AccessKeyId; secretArn: string } | 'limit'> {
  const { home, case: ref, now } = context;
  const state: z.infer<typeof Before> = { keys: [oldAccessKeyId], at: now().toISOString() };
  const recorded = await home.cases.recordBefore(ref, {
    step,
    resource: resourceOf(userName, context),
    state,
  });
  const made = await makeKey(iamOnce, userName, recorded === 'recorded');
  if (made === 'limit') return made;
  const { accessKeyId, secretAccessKey } = made;
  const replacement = { userName, accessKeyId, oldAccessKeyId };
  try {
    const secretArn = await storeSecret(secrets, replacement, secretAccessKey, context);
    return { accessKeyId, secretArn };
  } catch (error) {
    await deleteKey(iam, userName, accessKeyId);
    const why = error instanceof Error ? error.name : 'unknown';
    throw new SecretNotStoredError(
      `${accessKeyId} of ${userName} was made and deleted again, for its secret was not stored: ${why}`,
    );
  }
}

async function makeKey(iamOnce: IAMClient, UserName: UserName, isFirst: boolean) {
  try {
    const { AccessKey } = await iamOnce.send(new CreateAccessKeyCommand({ UserName }));
    return Made.parse(AccessKey);
  } catch (error) {
    // After a lost attempt it is rather its key that IAM does not list yet: to be tried again.
    if (error instanceof LimitExceededException && isFirst) return 'limit';
    throw error;
  }
}

const resourceOf = (userName: UserName, { case: ref }: StepContext): string =>
  `arn:aws:iam::${ref.account}:user/${userName}`;
