import {
  CreateSecretCommand,
  DescribeSecretCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { AccessKeyId, UserName } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';

/** A key and the one it takes the place of. */
interface Replacement {
  readonly userName: UserName;
  readonly accessKeyId: AccessKeyId;
  readonly oldAccessKeyId: AccessKeyId;
}

/** A user's name may hold a comma, which a secret's may not. The key's id makes it the only one. */
const nameOf = ({ userName, accessKeyId }: Replacement): string =>
  `cordon/${userName.replaceAll(',', '_')}/${accessKeyId}`;

const replaces = 'cordon:replaces';

/** Keeps a key with its secret, under the account's own key for Secrets Manager; answers with the ARN. */
export async function storeSecret(
  secrets: SecretsManagerClient,
  replacement: Replacement,
  secretAccessKey: string,
  { case: ref, token }: StepContext,
): Promise<string> {
  const { userName, accessKeyId, oldAccessKeyId } = replacement;
  const { ARN } = await secrets.send(
    new CreateSecretCommand({
      Name: nameOf(replacement),
      ClientRequestToken: token(accessKeyId),
      Description: `Access key ${accessKeyId} of ${userName}, in place of ${oldAccessKeyId}`,
      SecretString: JSON.stringify({ accessKeyId, secretAccessKey }),
      Tags: [
        { Key: 'cordon:case', Value: ref.caseId },
        { Key: replaces, Value: oldAccessKeyId },
      ],
    }),
  );
  if (!ARN) throw new Error(`CreateSecret of ${nameOf(replacement)} answered without an ARN`);
  return ARN;
}

/** The ARN under which the replacement is kept; undefined when it is not, or not for this old key. */
export async function storedSecret(
  secrets: SecretsManagerClient,
  replacement: Replacement,
): Promise<string | undefined> {
  const describe = new DescribeSecretCommand({ SecretId: nameOf(replacement) });
  const secret = await secrets.send(describe).catch((error: unknown) => {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  });
  if (!secret || secret.DeletedDate) return undefined;
  const stages = Object.values(secret.VersionIdsToStages ?? {}).flat();
  const isOurs = secret.Tags?.some(
    ({ Key, Value }) => Key === replaces && Value === replacement.oldAccessKeyId,
  );
  return isOurs && stages.includes('AWSCURRENT') ? secret.ARN : undefined;
}
