import { Aws, Stack } from 'aws-cdk-lib';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Home } from '../functions/shared/home.ts';
import type { Approvers } from './approval.ts';
import type { HomeResources } from './home-resources.ts';
import { machineName } from './names.ts';
import type { Statement } from './statements.ts';

/** What a step's Lambda is given so that it can use one member of `Home`. */
interface Given {
  readonly statements: readonly Statement[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface At {
  readonly home: HomeResources;
  readonly playbooks: readonly string[];
  readonly approvers: Approvers;
}

/** What CDK's own grants on an encrypted table come to, action by action (aws-dynamodb/lib/perms). */
export const tableKeyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/**
 * The permissions and variables behind each member of `Home`. Nothing here can delete evidence,
 * lift its retention or drop a table: no step may ever.
 */
export const homeAccess: Readonly<Record<keyof Home, (at: At) => Given>> = {
  cases: ({ home }) => ({
    statements: [
      allow(
        [
          'dynamodb:ConditionCheckItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Query',
          'dynamodb:UpdateItem',
        ],
        home.cases.tableArn,
      ),
      through('dynamodb', home.recordsKey, tableKeyActions),
    ],
  }),
  notify: ({ home }) => ({
    statements: [
      allow(['sns:Publish'], home.people.topicArn),
      through('sns', home.recordsKey, ['kms:Decrypt', 'kms:GenerateDataKey']),
    ],
  }),
  evidence: ({ home }) => ({
    statements: [
      allow(['s3:GetObject', 's3:PutObject'], home.evidence.arnForObjects('*')),
      // Without it S3 answers for an object that is not there as for one that is forbidden.
      allow(['s3:ListBucket'], home.evidence.bucketArn),
      through('s3', home.evidenceKey, ['kms:Decrypt', 'kms:GenerateDataKey']),
    ],
    environment: { CORDON_EVIDENCE_BUCKET: home.evidence.bucketName },
  }),
  sign: ({ home }) => ({
    statements: [allow(['kms:Sign'], home.signingKey.keyArn)],
    environment: { CORDON_SIGNING_KEY: home.signingKey.keyArn },
  }),
  isRunning: ({ home, playbooks }) => ({
    statements: [
      allow(
        ['states:DescribeExecution'],
        ...playbooks.map((playbook) => executionsOf(home, machineName(home.stage, playbook))),
      ),
    ],
  }),
  answer: ({ home, playbooks }) => ({
    statements: [
      allow(
        ['states:SendTaskSuccess'],
        ...playbooks.map((playbook) => home.machineArn(machineName(home.stage, playbook))),
      ),
    ],
  }),
  unitsOf: () => ({
    statements: [
      allow(
        ['organizations:ListParents'],
        ...['account', 'ou'].map((kind) => `arn:${Aws.PARTITION}:organizations::*:${kind}/*`),
      ),
    ],
  }),
  newKey: () => ({ statements: [] }),
  approvalPage: ({ approvers: { topic, url } }) => ({
    statements: [allow(['sns:Publish'], topic.topicArn)],
    environment: { CORDON_APPROVAL_PAGE: url, CORDON_APPROVERS_TOPIC_ARN: topic.topicArn },
  }),
  start: ({ home, playbooks }) => {
    const machines = playbooks.map((playbook) => ({
      playbook,
      arn: home.machineArn(machineName(home.stage, playbook)),
    }));
    const byPlaybook = Object.fromEntries(machines.map(({ playbook, arn }) => [playbook, arn]));
    return {
      statements: [allow(['states:StartExecution'], ...machines.map(({ arn }) => arn))],
      environment: { CORDON_PLAYBOOKS: Stack.of(home).toJsonString(byPlaybook) },
    };
  },
};

const executionsOf = (home: HomeResources, machine: string): string =>
  home.machineArn(`${machine}:*`).replace(':stateMachine:', ':execution:');

const allow = (actions: readonly string[], ...resources: readonly string[]): Statement => ({
  Effect: 'Allow',
  Action: actions,
  Resource: resources,
});

/** The use of a key by a service in the name of the step, and by no other way. */
const through = (service: string, key: Key, actions: readonly string[]): Statement => ({
  ...allow(actions, key.keyArn),
  Condition: {
    StringEquals: { 'kms:ViaService': `${service}.${Stack.of(key).region}.amazonaws.com` },
  },
});
