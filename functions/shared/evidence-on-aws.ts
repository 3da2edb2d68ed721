import { patient } from './connection.ts';
import type { Home } from './home.ts';
import { UnusableInputError } from './unusable-input.ts';

/** What keeps and signs evidence; only the Lambdas of steps that do so are told of it. */
export interface EvidenceAt {
  readonly bucket: string | undefined;
  readonly signingKey: string | undefined;
}

/**
 * The evidence store and the signature of Cordon's own account. Their clients are loaded when a step
 * first asks for them: most steps never do.
 */
export function evidenceOnAws(
  region: string,
  { bucket, signingKey }: EvidenceAt,
): Pick<Home, 'evidence' | 'sign'> {
  const store = once(async () => {
    const name = said(bucket, 'CORDON_EVIDENCE_BUCKET', 'the name of the evidence bucket');
    const [{ S3Client }, { EvidenceStoreInS3 }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('./evidence-store-s3.ts'),
    ]);
    return new EvidenceStoreInS3(new S3Client(patient({ region })), name);
  });
  const signer = once(async () => {
    const key = said(signingKey, 'CORDON_SIGNING_KEY', 'the ARN of the signing key');
    const [{ KMSClient }, { signWithKms }] = await Promise.all([
      import('@aws-sdk/client-kms'),
      import('./sign-with-kms.ts'),
    ]);
    const kms = new KMSClient(patient({ region }));
    return (digest: Uint8Array) => signWithKms(kms, key, digest);
  });
  return {
    evidence: {
      put: async (...body) => (await store()).put(...body),
      get: async (key) => (await store()).get(key),
    },
    sign: async (digest) => (await signer())(digest),
  };
}

function said(value: string | undefined, variable: string, expected: string): string {
  if (value) return value;
  throw new UnusableInputError(`environment.${variable}: expected ${expected}`);
}

/** Makes something when it is first asked for; what could not be made is tried again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: T | undefined;
  return async () => {
    made ??= await make();
    return made;
  };
}
