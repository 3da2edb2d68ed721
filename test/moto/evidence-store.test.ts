import { createHash, createPublicKey, verify } from 'node:crypto';
import { CreateKeyCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { patient } from '../../functions/shared/connection.ts';
import { EvidenceStoreInS3 } from '../../functions/shared/evidence-store-s3.ts';
import { signWithKms } from '../../functions/shared/sign-with-kms.ts';
import { bytesSigned } from '../../functions/shared/signature.ts';
import { describeEvidenceStore } from '../functions/shared/evidence-store-contract.ts';
import { toMoto } from './moto.ts';

const s3 = new S3Client({ ...patient(toMoto), forcePathStyle: true });
let buckets = 0;

/** A bucket as the deployment makes it: versions, and a lock that is not asked for by who writes. */
async function lockedBucket(): Promise<string> {
  const Bucket = `evidence-${++buckets}`;
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  await s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 30 } },
      },
    }),
  );
  return Bucket;
}

describeEvidenceStore('in S3', async () => new EvidenceStoreInS3(s3, await lockedBucket()));

describe('the evidence store in S3', () => {
  it('sends a checksum that S3 keeps, and leaves the lock to the bucket', async () => {
    const Bucket = await lockedBucket();

    const { version } = await new EvidenceStoreInS3(s3, Bucket).put('a/b.txt', 'x', 'text/plain');

    const head = await s3.send(
      new HeadObjectCommand({ Bucket, Key: 'a/b.txt', ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({
      ChecksumSHA256: createHash('sha256').update('x').digest('base64'),
      ContentType: 'text/plain',
      ObjectLockMode: 'GOVERNANCE',
      VersionId: version,
    });
  });
});

describe('a signature by KMS', () => {
  const kms = new KMSClient(patient(toMoto));

  it('holds for what was signed, by the public key that KMS hands out', async () => {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    );
    const KeyId = KeyMetadata?.Arn ?? '';
    const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });

    const signature = await signWithKms(kms, KeyId, { head: 'a' });

    const holds = (of: object) =>
      verify('sha256', bytesSigned(of, signature), key, Buffer.from(signature.value, 'base64'));
    expect(signature).toMatchObject({ algorithm: 'ECDSA_SHA_256', keyId: KeyId });
    expect(holds({ head: 'a' })).toBe(true);
    expect(holds({ head: 'b' })).toBe(false);
  });
});
