import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import {
  deleteKey,
  keysOfUser,
  LongLivedKeyId,
  useSinceDeactivation,
} from '../shared/user-keys.ts';

const input = z.strictObject({ userName: UserName, accessKeyId: LongLivedKeyId });

const output = z.object({
  /** `used-since`: after it was deactivated, so somebody had made it active again. */
  outcome: z.enum(['deleted', 'absent', 'still-active', 'used-since']),
  lastUsed: z.iso.datetime().nullable(),
  /** From when on the key must not have been used. */
  since: z.iso.datetime().nullable(),
});
type Output = z.infer<typeof output>;

const users = 'arn:aws:iam::*:user/*';

/**
 * Deletes an access key that was replaced. There is no undo: IAM gives no key back, and no secret.
 *
 * Only a key that is inactive, and has not been used since it was deactivated, is deleted; any other
 * may be one that an application still needs, and is left to a human. What was known of the key is in
 * the case. It does not look whether there is a replacement: the workflow makes one first.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html
 */
export const deleteReplacedKey = defineStep({
  name: 'delete-replaced-key',
  input,
  output,
  reads: { 'iam:ListAccessKeys': { on: users }, 'iam:GetAccessKeyLastUsed': { on: users } },
  writes: { 'iam:DeleteAccessKey': { on: users, standIn: () => ({}) } },
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  async run({ userName, accessKeyId }, { iam }, context): Promise<Output> {
    const key = (await keysOfUser(iam, userName)).find((one) => one.accessKeyId === accessKeyId);
    if (!key) return { outcome: 'absent', lastUsed: null, since: null };
    const use = await useSinceDeactivation(iam, accessKeyId, context);
    const known = {
      lastUsed: use.lastUsed?.toISOString() ?? null,
      since: use.since.toISOString(),
    };
    if (key.status === 'Active') return { ...known, outcome: 'still-active' };
    if (use.isUsedSince) return { ...known, outcome: 'used-since' };

    const { home, case: ref } = context;
    await home.cases.recordBefore(ref, {
      step: 'delete-replaced-key',
      resource: `arn:aws:iam::${ref.account}:access-key/${accessKeyId}`,
      state: { userName, ...key, createdAt: key.createdAt.toISOString(), ...known },
    });
    await deleteKey(iam, userName, accessKeyId);
    return { ...known, outcome: 'deleted' };
  },

  async prove({ userName, accessKeyId }, result, { iam }): Promise<Output> {
    if (result.outcome !== 'deleted') return result;
    const keys = await keysOfUser(iam, userName);
    if (!keys.some((one) => one.accessKeyId === accessKeyId)) return result;
    throw new NotProvenError(`${accessKeyId} of ${userName} is still there`);
  },
});

export const handler = toLambda(deleteReplacedKey);
