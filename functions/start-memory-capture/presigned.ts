import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Tool } from './capturable.ts';

/**
 * Signs a link to one object, and sends nothing. A module of its own, loaded when a capture has come
 * this far: S3's client is a fifth of what the step would load at each start otherwise.
 */
export function presigned(
  { bucket, key }: Tool,
  connection: Pick<S3Client['config'], 'region' | 'credentials'>,
  { expiresIn, signingDate }: { readonly expiresIn: number; readonly signingDate: Date },
): Promise<string> {
  const object = new GetObjectCommand({ Bucket: bucket, Key: key });
  return getSignedUrl(new S3Client(connection), object, { expiresIn, signingDate });
}
