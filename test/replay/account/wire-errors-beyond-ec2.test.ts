import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CloudWatchLogsClient, GetQueryResultsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  ConfigServiceClient,
  GetResourceConfigHistoryCommand,
} from '@aws-sdk/client-config-service';
import {
  AttachUserPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { HttpResponse } from '@smithy/core/protocols';
import { describe, expect, it } from 'vitest';
import { rehearsed } from './rehearsed.ts';

const managed = Array.from({ length: 10 }, (_, n) => ({
  arn: `arn:aws:iam::111122223333:policy/own-${n}`,
}));
const { iam, cloudTrail, logs, secretsManager, config } = rehearsed({
  iam: {
    users: [{ userName: 'dana', attachedPolicies: managed }],
    roles: [{ roleName: 'AWSServiceRoleForX', path: '/aws-service-role/x.amazonaws.com/' }],
  },
});

/** Options of a client that is answered with this body, as if from AWS. */
const answering = (statusCode: number, body: string) => ({
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test' },
  maxAttempts: 1,
  requestHandler: {
    handle: async () => ({
      response: new HttpResponse({ statusCode, headers: {}, body: Buffer.from(body) }),
    }),
  },
});
const query = (status: number, code: string) =>
  answering(
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  );
const json = (code: string) => answering(400, JSON.stringify({ __type: code, message: 'm' }));

/** What a step can tell errors apart by. */
// biome-ignore lint/suspicious/noExplicitAny: any client and any command of it
const errorOf = async (client: { send: (command: any) => Promise<unknown> }, command: object) => {
  const error = await client.send(command).then(
    () => new Error('no error'),
    (thrown: Error) => thrown,
  );
  return {
    class: error.constructor.name,
    name: error.name,
    fault: Reflect.get(error, '$fault'),
    status: Reflect.get(error, '$metadata')?.httpStatusCode,
  };
};

const PolicyDocument = '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}';

/** A code, our client and a command that it refuses so, and a client that AWS answers with the code. */
const rows = [
  [
    'NoSuchEntity',
    iam,
    new GetRoleCommand({ RoleName: 'x' }),
    new IAMClient(query(404, 'NoSuchEntity')),
  ],
  [
    'LimitExceeded',
    iam,
    new AttachUserPolicyCommand({
      UserName: 'dana',
      PolicyArn: 'arn:aws:iam::aws:policy/AWSDenyAll',
    }),
    new IAMClient(query(409, 'LimitExceeded')),
  ],
  [
    'UnmodifiableEntity',
    iam,
    new PutRolePolicyCommand({ RoleName: 'AWSServiceRoleForX', PolicyName: 'p', PolicyDocument }),
    new IAMClient(query(400, 'UnmodifiableEntity')),
  ],
  [
    'MalformedPolicyDocument',
    iam,
    new PutUserPolicyCommand({ UserName: 'dana', PolicyName: 'p', PolicyDocument: '{' }),
    new IAMClient(query(400, 'MalformedPolicyDocument')),
  ],
  [
    'AccessDenied',
    iam,
    new GetAccessKeyLastUsedCommand({ AccessKeyId: 'AKIANOBODYNOBODYNOBO' }),
    new IAMClient(query(403, 'AccessDenied')),
  ],
  [
    'ValidationError',
    iam,
    new UpdateAccessKeyCommand({ AccessKeyId: 'AKIANOBODYNOBODYNOBO', Status: 'Inactive' }),
    new IAMClient(query(400, 'ValidationError')),
  ],
  [
    'InvalidNextTokenException',
    cloudTrail,
    new LookupEventsCommand({ NextToken: 'x' }),
    new CloudTrailClient(json('InvalidNextTokenException')),
  ],
  [
    'ResourceNotFoundException',
    logs,
    new GetQueryResultsCommand({ queryId: 'x' }),
    new CloudWatchLogsClient(json('ResourceNotFoundException')),
  ],
  [
    'ResourceNotFoundException',
    secretsManager,
    new DescribeSecretCommand({ SecretId: 'x' }),
    new SecretsManagerClient(json('ResourceNotFoundException')),
  ],
  [
    'NoAvailableConfigurationRecorderException',
    config,
    new GetResourceConfigHistoryCommand({ resourceType: 'AWS::IAM::User', resourceId: 'x' }),
    new ConfigServiceClient(json('NoAvailableConfigurationRecorderException')),
  ],
] as const;

describe("the rehearsal account's errors", () => {
  it.each(rows)(
    "are those the SDK makes of AWS's answer: %s",
    async (_code, ours, command, theirs) => {
      expect(await errorOf(ours, command)).toEqual(await errorOf(theirs, command));
    },
  );
});
