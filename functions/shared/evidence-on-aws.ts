import type { Home } from './home.ts';
import { onFirstUse } from './on-first-use.ts';
import { UnusableInputError } from './unusable-input.ts';

/** What keeps and signs evidence; only the Lambdas of steps that do so are told of it. */
export interface EvidenceAt {
  readonly bucket: string | undefined;
  readonly signingKey: string | undefined;
}

/**
 * The evidence store and the signature of Cordon's own account. Their clients are loaded when a step
 * first asks for them: most steps never do. They are made in modules of their own, since a bundle
 * holds the whole of a package that is loaded so.
 */
export function evidenceOnAws(
  region: string,
  { bucket, signingKey }: EvidenceAt,
): Pick<Home, 'evidence' | 'sign'> {
  const store = onFirstUse(async () => {
    const name = said(bucket, 'CORDON_EVIDENCE_BUCKET', 'the name of the evidence bucket');
    const { evidenceStoreInS3 } = await import('./evidence-store-s3.ts');
    return evidenceStoreInS3(region, name);
  });
  const signer = onFirstUse(async () => {
    const key = said(signingKey, 'CORDON_SIGNING_KEY', 'the ARN of the signing key');
    const { signerInKms } = await import('./sign-with-kms.ts');
    return signerInKms(region, key);
  });
  return {
    evidence: {
      put: async (...body) => (await store()).put(...body),
      get: async (key) => (await store()).get(key),
    },
    sign: async (statement) => (await signer())(statement),
  };
}

function said(value: string | undefined, variable: string, expected: string): string {
  if (value) return value;
  throw new UnusableInputError(`environment.${variable}: expected ${expected}`);
}
