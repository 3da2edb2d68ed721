import { createHash } from 'node:crypto';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { patient } from './connection.ts';
import { bytesSigned, type Signature } from './signature.ts';

/**
 * Signs a statement with an asymmetric KMS key (`ECC_NIST_P256`, `SIGN_VERIFY`), which never leaves
 * KMS. Nobody can sign without a call that CloudTrail records. KMS is sent the digest alone.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
export async function signWithKms(
  kms: KMSClient,
  keyId: string,
  statement: object,
): Promise<Signature> {
  const by = { algorithm: 'ECDSA_SHA_256', keyId } as const;
  const { Signature: signed } = await kms.send(
    new SignCommand({
      KeyId: keyId,
      Message: createHash('sha256').update(bytesSigned(statement, by)).digest(),
      MessageType: 'DIGEST',
      SigningAlgorithm: by.algorithm,
    }),
  );
  if (!signed) throw new Error(`KMS answered without a signature by ${keyId}`);
  return { ...by, value: Buffer.from(signed).toString('base64') };
}

/** Signs with a key of Cordon's own Region. */
export function signerInKms(
  region: string,
  key: string,
): (statement: object) => Promise<Signature> {
  const kms = new KMSClient(patient({ region }));
  return (statement) => signWithKms(kms, key, statement);
}
