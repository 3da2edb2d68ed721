import { IAMClient } from '@aws-sdk/client-iam';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { once, patient } from '../shared/connection.ts';
import { AccessKeyId, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import { deleteKey, keysOfUser, LongLivedKeyId } from '../shared/user-keys.ts';
import { makeAndStore } from './replacement.ts';
import { judgeSecondKey } from './second-key.ts';
import { storedSecret } from './secret.ts';
import { keyStandIn, secretStandIn } from './stand-ins.ts';

const input = z.strictObject({ userName: UserName, oldAccessKeyId: LongLivedKeyId });

const output = z.object({
  /**
   * `absent`: the user does not hold the old key. `two-keys`: another key takes the place that a
   * replacement needs. `delete-first`: so it does, but the old key may be deleted to make room.
   */
  outcome: z.enum(['created', 'already-created', 'two-keys', 'delete-first', 'absent']),
  /** The replacement's. */
  accessKeyId: AccessKeyId.nullable(),
  /** Where the replacement and its secret are kept, for the application to fetch. */
  secretArn: z.string().nullable(),
  /** The user's second key, where that is none of Cordon's. */
  otherKeyId: AccessKeyId.nullable(),
});
type Output = z.infer<typeof output>;

const nothing = { accessKeyId: null, secretArn: null, otherKeyId: null };
const users = 'arn:aws:iam::*:user/*';
const secretsOfCordon = 'arn:aws:secretsmanager:*:*:secret:cordon/*';

/**
 * Makes a second access key for a user, active at once, and keeps it in Secrets Manager as
 * `cordon/USER/KEY`, for the application to take instead of the old one.
 *
 * The secret goes from IAM's answer into Secrets Manager within one invocation and nowhere else. Where
 * it cannot be kept the new key is deleted again, and so is one whose answer was lost, which nobody can
 * use. A user has room for two keys, inactive ones included: a second one that Cordon did not make is
 * never deleted, but left to a human.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
 *
 * It does not touch the old key, nor tell the application, nor take a quarantine from the user, under
 * which the new key can do no more than the old one. There is no undo: an application may already
 * sign with the new key.
 */
export const createReplacementKey = defineStep({
  name: 'create-replacement-key',
  input,
  output,
  reads: {
    'iam:ListAccessKeys': { on: users },
    'iam:GetAccessKeyLastUsed': { on: users },
    'secretsmanager:DescribeSecret': { on: secretsOfCordon },
  },
  writes: {
    'iam:CreateAccessKey': { on: users, once: true, standIn: keyStandIn },
    'iam:DeleteAccessKey': { on: users, standIn: () => ({}) },
    'secretsmanager:CreateSecret': { on: secretsOfCordon, standIn: secretStandIn },
  },
  needs: [
    {
      action: 'secretsmanager:TagResource',
      on: secretsOfCordon,
      because: 'CreateSecret demands it for the tags that the secret is created with.',
    },
  ],
  connect: (to) => ({
    iam: new IAMClient(patient(to)),
    iamOnce: new IAMClient(once(to)),
    secrets: new SecretsManagerClient(patient(to)),
  }),

  async run(asked, aws, context): Promise<Output> {
    const { userName, oldAccessKeyId } = asked;
    const keys = await keysOfUser(aws.iam, userName);
    const old = keys.find(({ accessKeyId }) => accessKeyId === oldAccessKeyId);
    if (!old) return { ...nothing, outcome: 'absent' };

    const other = keys.find((key) => key !== old);
    if (other) {
      const found = await judgeSecondKey(other, { ...asked, old }, aws, context);
      if (found.outcome !== 'lost') return { ...nothing, ...found };
      await deleteKey(aws.iam, userName, other.accessKeyId);
    }
    const made = await makeAndStore(asked, aws, context);
    if (made === 'limit') return { ...nothing, outcome: 'two-keys' };
    return { ...nothing, ...made, outcome: 'created' };
  },

  async prove({ userName, oldAccessKeyId }, result, { iam, secrets }): Promise<Output> {
    const { accessKeyId } = result;
    if (result.outcome !== 'created' || !accessKeyId) return result;
    const key = (await keysOfUser(iam, userName)).find((one) => one.accessKeyId === accessKeyId);
    const stored = await storedSecret(secrets, { userName, accessKeyId, oldAccessKeyId });
    if (key?.status === 'Active' && stored) return result;
    const missing = stored ? 'is not among its keys' : 'is not in Secrets Manager';
    throw new NotProvenError(`${accessKeyId}, made for ${userName}, ${missing}`);
  },
});

export const handler = toLambda(createReplacementKey);
