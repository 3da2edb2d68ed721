import { Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AnyPrincipal,
  Effect,
  type IPrincipal,
  PolicyStatement,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { targetRoleName } from '../functions/shared/target-role.ts';
import { type Config, listedAccounts } from './config.ts';
import { volumeKeyAlias } from './names.ts';

/**
 * The key of Cordon's records: the case table, the log groups, the topic and the dead letters.
 *
 * AWS's services use it in their own name, and CDK grants them nothing: without these statements
 * EventBridge loses its dead letters, an alarm tells nobody and no log group can be made, all
 * silently. Each is let use it for this account's resources alone.
 */
export function recordsKey(scope: Construct): Key {
  const key = new Key(scope, 'RecordsKey', {
    description: 'Cordon: cases, logs, notifications, dead letters',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const ofThisAccount = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
  const messages = ['kms:Decrypt', 'kms:GenerateDataKey*'];
  allow(key, 'EventBridgeSendsDeadLetters', service('events'), messages, ofThisAccount);
  allow(key, 'AlarmsNotify', service('cloudwatch'), messages, ofThisAccount);
  allow(key, 'TopicDelivers', service('sns'), messages, ofThisAccount);
  allow(key, 'QueueKeeps', service('sqs'), messages, ofThisAccount);
  allow(
    key,
    'LogsEncrypt',
    service(`logs.${Aws.REGION}`),
    ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
    {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
      },
    },
  );
  return key;
}

/** Evidence's own key, so that who may read cases need not be let read evidence. */
export const evidenceKey = (scope: Construct): Key =>
  new Key(scope, 'EvidenceKey', {
    description: 'Cordon: evidence',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });

/** Signs manifests. It cannot be rotated by AWS: an asymmetric key is its public half's word. */
export const signingKey = (scope: Construct): Key =>
  new Key(scope, 'SigningKey', {
    description: 'Cordon: signs the manifest of a case',
    keySpec: KeySpec.ECC_NIST_P256,
    keyUsage: KeyUsage.SIGN_VERIFY,
    removalPolicy: RemovalPolicy.RETAIN,
  });

/**
 * The key of the volumes that memory is written to, in Cordon's account: whoever has taken over an
 * account where one is attached cannot delete the key and the evidence with it.
 *
 * A volume's key must be in its Region. The account where the volume is uses it through EC2 alone, by
 * the target role alone, and EC2 is granted it for as long as the volume is attached.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
 */
export function volumeKey(scope: Construct, config: Config): Key {
  const key = new Key(scope, 'VolumeKey', {
    alias: volumeKeyAlias(config.stage),
    description: 'Cordon: volumes and snapshots that hold memory',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const { organization } = config;
  if (!organization) return key;
  const byTargetRole = {
    StringEquals: {
      'aws:PrincipalOrgID': organization,
      'kms:ViaService': `ec2.${Stack.of(scope).region}.amazonaws.com`,
      ...(config.members !== 'organization' && {
        'kms:CallerAccount': [...listedAccounts(config)],
      }),
    },
    ArnLike: { 'aws:PrincipalArn': `arn:${Aws.PARTITION}:iam::*:role/${targetRoleName(config)}` },
  };
  const uses = [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ];
  allow(key, 'TargetRoleThroughEc2', new AnyPrincipal(), uses, byTargetRole);
  allow(key, 'Ec2WhileAttached', new AnyPrincipal(), ['kms:CreateGrant'], {
    ...byTargetRole,
    Bool: { 'kms:GrantIsForAWSResource': 'true' },
  });
  return key;
}

const service = (name: string) => new ServicePrincipal(`${name}.amazonaws.com`);

function allow(
  key: Key,
  sid: string,
  principal: IPrincipal,
  actions: string[],
  conditions: Record<string, Record<string, unknown>>,
): void {
  key.addToResourcePolicy(
    new PolicyStatement({
      sid,
      effect: Effect.ALLOW,
      principals: [principal],
      actions,
      resources: ['*'],
      conditions,
    }),
  );
}
