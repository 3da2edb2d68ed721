import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';

/**
 * The bucket of evidence. What is put into it cannot be replaced or deleted for as long as the
 * deployer says, by the steps never: each object is locked and encrypted by the bucket's own
 * defaults, and a request that asks for less is refused. Nothing here ever expires.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
export function evidenceBucket(scope: Construct, key: Key, { evidence }: Config): Bucket {
  const days = Duration.days(evidence.days);
  const bucket = new Bucket(scope, 'Evidence', {
    ...closed,
    encryption: BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    versioned: true,
    objectLockEnabled: true,
    objectLockDefaultRetention:
      evidence.mode === 'compliance'
        ? ObjectLockRetention.compliance(days)
        : ObjectLockRetention.governance(days),
    serverAccessLogsBucket: accessLogs(scope),
    serverAccessLogsPrefix: 'evidence/',
    lifecycleRules: [
      {
        abortIncompleteMultipartUploadAfter: Duration.days(7),
        transitions: [
          {
            storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL,
            transitionAfter: Duration.days(90),
          },
        ],
      },
    ],
  });
  // Left out, the bucket's defaults encrypt; what is asked for must be the same.
  refuse(bucket, 'OtherEncryption', { 's3:x-amz-server-side-encryption': 'aws:kms' });
  refuse(bucket, 'OtherKey', {
    's3:x-amz-server-side-encryption-aws-kms-key-id': key.keyArn,
  });
  return bucket;
}

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN,
};

/** S3 delivers these logs under its own key only. */
const accessLogs = (scope: Construct): IBucket =>
  // CDK's own class does not satisfy its interface where optional properties are exact.
  new Bucket(scope, 'AccessLogs', {
    ...closed,
    encryption: BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ expiration: Duration.days(400) }],
  }) as IBucket;

function refuse(bucket: Bucket, sid: string, unlessSaid: Record<string, string>): void {
  const [said = ''] = Object.keys(unlessSaid);
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects('*')],
      conditions: { StringNotEquals: unlessSaid, Null: { [said]: 'false' } },
    }),
  );
}
