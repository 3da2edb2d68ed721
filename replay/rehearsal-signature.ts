import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { bytesSigned, type Signature } from '../functions/shared/signature.ts';

/** What stands where a KMS key's ARN would. */
const rehearsalKeyId = 'cordon-rehearsal-key-known-to-everybody';

/** Ed25519's private keys in PKCS #8 (RFC 8410) are this, then the seed. */
const beforeSeed = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Of the rehearsal key's own name, so that everybody has it and no secret is in the source. */
const privateKey = () =>
  createPrivateKey({
    key: Buffer.concat([beforeSeed, createHash('sha256').update(rehearsalKeyId).digest()]),
    format: 'der',
    type: 'pkcs8',
  });

/** What a rehearsal's signature is checked with. */
export const rehearsalPublicKey = () => createPublicKey(privateKey());

/**
 * Signs a statement as a rehearsal does: the same bytes each time, which ECDSA would not give, by a
 * key that anyone can make. It shows how evidence is verified and proves nothing.
 */
export async function signAsRehearsal(statement: object): Promise<Signature> {
  const by = { algorithm: 'REHEARSAL_ED25519', keyId: rehearsalKeyId } as const;
  const digest = createHash('sha256').update(bytesSigned(statement, by)).digest();
  return { ...by, value: sign(null, digest, privateKey()).toString('base64') };
}
