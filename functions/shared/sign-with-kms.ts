import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { patient } from './connection.ts';
import type { Signature } from './signature.ts';

/**
 * Signs a SHA-256 digest with an asymmetric KMS key (`ECC_NIST_P256`, `SIGN_VERIFY`), which never
 * leaves KMS. Nobody can sign without a call that CloudTrail records.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
export async function signWithKms(
  kms: KMSClient,
  key: string,
  digest: Uint8Array,
): Promise<Signature> {
  const { KeyId, Signature: signed } = await kms.send(
    new SignCommand({
      KeyId: key,
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
  );
  if (!KeyId || !signed) throw new Error(`KMS answered without a signature by ${key}`);
  return {
    algorithm: 'ECDSA_SHA_256',
    keyId: KeyId,
    value: Buffer.from(signed).toString('base64'),
  };
}

/** Signs with a key of Cordon's own Region. */
export function signerInKms(
  region: string,
  key: string,
): (digest: Uint8Array) => Promise<Signature> {
  const kms = new KMSClient(patient({ region }));
  return (digest) => signWithKms(kms, key, digest);
}
