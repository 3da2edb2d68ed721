import { createHash } from 'node:crypto';
import {
  type CreateSecretRequest,
  type CreateSecretResponse,
  type DescribeSecretRequest,
  type DescribeSecretResponse,
  InvalidParameterException,
  InvalidRequestException,
  type PutSecretValueRequest,
  type PutSecretValueResponse,
  ResourceExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import type { AwsCall } from '../../functions/shared/step.ts';
import { madeUpUuid } from './made-up-ids.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type Secret = AccountState['secrets'][number];
type Version = Secret['versions'][number];

const $metadata = { httpStatusCode: 400 };
const invalid = (message: string) => new InvalidParameterException({ message, $metadata });
const exists = (message: string) => new ResourceExistsException({ message, $metadata });

/** AWS ends a secret's ARN in six characters of its own choice. */
const arnOf = ({ state, region }: Desk, { name }: Secret): string => {
  const end = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:${region}:${state.accountId}:secret:${name}-${end}`;
};

const secretsHere = ({ state, region }: Desk): Secret[] =>
  state.secrets.filter((secret) => (secret.region ?? state.region) === region);

function secretNamed(desk: Desk, id: string | undefined): Secret {
  const secret = secretsHere(desk).find((one) => one.name === id || arnOf(desk, one) === id);
  if (secret) return secret;
  throw new ResourceNotFoundException({
    message: "Secrets Manager can't find the specified secret.",
    $metadata,
  });
}

/** Keeps a new secret. A repeated request, by its token, keeps nothing new. */
function createSecret(desk: Desk, input: CreateSecretRequest): CreateSecretResponse {
  const { Name = '', Description = '', KmsKeyId, Tags = [] } = input;
  if (!/^[\w/+=.@-]{1,512}$/.test(Name)) {
    throw invalid('Invalid name. Must be a valid name containing alphanumeric characters');
  }
  const before = secretsHere(desk).find(({ name }) => name === Name);
  if (before) {
    const version = before.versions.find(({ versionId }) => versionId === input.ClientRequestToken);
    if (!version || version.digest !== digestOf(input)) {
      throw exists(`The operation failed because the secret ${Name} already exists.`);
    }
    return { ARN: arnOf(desk, before), Name, VersionId: version.versionId };
  }
  const version = versionFrom(desk, input);
  const secret: Secret = {
    name: Name,
    // The account's own Region goes without saying.
    ...(desk.region !== desk.state.region && { region: desk.region as Secret['region'] }),
    description: Description,
    ...(KmsKeyId && { kmsKeyId: KmsKeyId }),
    tags: Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])),
    createDate: desk.now().toISOString(),
    changeDate: desk.now().toISOString(),
    versions: version.digest === undefined ? [] : [{ ...version, stages: ['AWSCURRENT'] }],
  };
  desk.state.secrets.push(secret);
  return {
    ARN: arnOf(desk, secret),
    Name,
    ...(version.digest !== undefined && { VersionId: version.versionId }),
  };
}

/** Keeps a new value as the current one; the current one so far becomes the previous one. */
function putSecretValue(desk: Desk, input: PutSecretValueRequest): PutSecretValueResponse {
  const secret = secretNamed(desk, input.SecretId);
  if (secret.deleteDate) {
    throw new InvalidRequestException({
      message: "You can't perform this operation on the secret because it was marked for deletion.",
      $metadata,
    });
  }
  const { versionId, digest } = versionFrom(desk, input);
  if (digest === undefined) throw invalid('You must provide either SecretString or SecretBinary.');
  const known = secret.versions.find((version) => version.versionId === versionId);
  if (known && known.digest !== digest) {
    throw exists(`A version ${versionId} with another value already exists.`);
  }
  const version: Version = known ?? { versionId, digest, stages: [] };
  if (!known) {
    secret.versions.push(version);
    for (const stage of input.VersionStages ?? ['AWSCURRENT']) moveStage(secret, stage, version);
    secret.changeDate = desk.now().toISOString();
  }
  const { stages: VersionStages } = version;
  return { ARN: arnOf(desk, secret), Name: secret.name, VersionId: versionId, VersionStages };
}

function moveStage(secret: Secret, stage: string, to: Version): void {
  const from = secret.versions.find(({ stages }) => stages.includes(stage));
  if (from === to) return;
  if (from) from.stages = from.stages.filter((one) => one !== stage);
  to.stages = [...to.stages, stage];
  if (from && stage === 'AWSCURRENT') moveStage(secret, 'AWSPREVIOUS', from);
}

interface Valued {
  readonly ClientRequestToken?: string | undefined;
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

const digestOf = ({ SecretString, SecretBinary }: Valued): string | undefined => {
  const value = SecretString ?? SecretBinary;
  return value === undefined ? undefined : createHash('sha256').update(value).digest('hex');
};

function versionFrom(desk: Desk, input: Valued): Omit<Version, 'stages'> {
  const versionId = input.ClientRequestToken ?? madeUpUuid(desk.newId('version'));
  if (versionId.length < 32 || versionId.length > 64) {
    throw invalid('ClientRequestToken must be 32 to 64 characters long.');
  }
  if (input.SecretString !== undefined && input.SecretBinary !== undefined) {
    throw invalid("You can't specify both SecretString and SecretBinary.");
  }
  return { versionId, digest: digestOf(input) };
}

function describeSecret(desk: Desk, { SecretId }: DescribeSecretRequest): DescribeSecretResponse {
  const secret = secretNamed(desk, SecretId);
  return {
    ARN: arnOf(desk, secret),
    Name: secret.name,
    ...(secret.description && { Description: secret.description }),
    ...(secret.kmsKeyId && { KmsKeyId: secret.kmsKeyId }),
    ...(secret.deleteDate && { DeletedDate: new Date(secret.deleteDate) }),
    CreatedDate: new Date(secret.createDate),
    LastChangedDate: new Date(secret.changeDate),
    Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
    VersionIdsToStages: Object.fromEntries(
      secret.versions
        .filter(({ stages }) => stages.length > 0)
        .map(({ versionId, stages }) => [versionId, stages]),
    ),
  };
}

/** Secrets Manager, as far as steps fill it. No call here gives a value back. */
export const secretsManagerOperations: Readonly<Record<AwsCall, Operation>> = {
  'secretsmanager:CreateSecret': createSecret,
  'secretsmanager:PutSecretValue': putSecretValue,
  'secretsmanager:DescribeSecret': describeSecret,
};
