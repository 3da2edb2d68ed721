import * as z from 'zod';
import { canonicalJson } from './canonical-json.ts';

/** A signature, by whom, and how. */
export const Signature = z.strictObject({
  algorithm: z.enum(['ECDSA_SHA_256', 'REHEARSAL_ED25519']).meta({
    description:
      'ECDSA_SHA_256: on P-256, in DER, as AWS KMS gives it. REHEARSAL_ED25519: over the SHA-256 digest’s 32 bytes, by a key that everybody has; it proves nothing about who signed.',
  }),
  keyId: z.string().min(1).meta({ description: "The KMS key's ARN, or the rehearsal key's name." }),
  value: z.base64().meta({ description: 'Base64.' }),
});
export type Signature = z.infer<typeof Signature>;

/**
 * What is hashed and signed for a statement: the statement and, so that neither can be changed
 * afterwards, which key signs it and how, as canonical JSON.
 */
export const bytesSigned = (
  statement: object,
  { algorithm, keyId }: Pick<Signature, 'algorithm' | 'keyId'>,
): Buffer => Buffer.from(canonicalJson({ algorithm, keyId, statement }));
