/** How evidence is signed: a KMS key on AWS; in a rehearsal, a key that everybody has. */
export const algorithms = ['ECDSA_SHA_256', 'REHEARSAL_ED25519'] as const;

/** A signature over a SHA-256 digest. */
export interface Signature {
  /**
   * `ECDSA_SHA_256`: on P-256, in DER, as AWS KMS gives it. `REHEARSAL_ED25519`: over the digest's
   * 32 bytes, with the rehearsal key. It proves nothing about who signed.
   */
  readonly algorithm: (typeof algorithms)[number];
  /** The key's ARN, or the rehearsal key's name. */
  readonly keyId: string;
  /** Base64. */
  readonly value: string;
}
