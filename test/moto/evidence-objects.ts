import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { patient } from '../../functions/shared/connection.ts';
import { toMoto } from './moto.ts';
import { given } from './world.ts';

const s3 = new S3Client(patient(toMoto));
const known = new Set<string>();

/**
 * What was put into the bucket of evidence for a case since this was last asked, read with nothing of
 * Cordon's. A playbook that another one started goes on beside it, with a case of its own.
 */
export async function evidenceIn(
  Bucket: string,
  caseId: string | undefined,
): Promise<readonly string[]> {
  if (caseId === undefined) return [];
  const { Contents = [], IsTruncated } = await s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: caseId }),
  );
  if (IsTruncated) throw new Error('more evidence than one page');
  const keys = Contents.map(({ Key }) => given(Key)).filter(
    (key) => !known.has(`${Bucket} ${key}`),
  );
  for (const key of keys) known.add(`${Bucket} ${key}`);
  return evidenceNamed(keys);
}

/** Keys without what differs from case to case. */
export const evidenceNamed = (keys: readonly string[]): readonly string[] =>
  [
    ...new Set(
      // moto makes an instance's console output up.
      keys
        .filter((key) => !key.includes('console-output'))
        .map((key) =>
          key
            .replace(/case-[0-9a-f]+(-plan-[0-9a-f]+)?/g, (_, plan) => (plan ? 'plan' : 'case'))
            .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
            .replace(/\b[0-9a-f]{12,64}\b/g, 'hash')
            .replace(/\d{4}-\d\d-\d\d[T0-9:.Z-]*/g, 'time'),
        ),
    ),
  ].sort();
