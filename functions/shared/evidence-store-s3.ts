import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { patient } from './connection.ts';
import {
  bytesOf,
  EvidenceExistsError,
  type EvidenceStore,
  type Stored,
  sha256,
} from './evidence-store.ts';

/**
 * Evidence in an S3 bucket whose own defaults encrypt it with a KMS key and lock it.
 *
 * Each body is sent with its SHA-256, which S3 checks before it accepts the body, as a bucket with
 * Object Lock demands; and on condition that its key is free. Neither retention nor encryption is
 * asked for here: whoever could write a weaker one would.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export class EvidenceStoreInS3 implements EvidenceStore {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  async put(key: string, body: string | Uint8Array, contentType: string): Promise<Stored> {
    const bytes = bytesOf(body);
    const hash = sha256(bytes);
    try {
      const { VersionId } = await this.#s3.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: bytes,
          ContentType: contentType,
          ChecksumAlgorithm: 'SHA256',
          ChecksumSHA256: inBase64(hash),
          IfNoneMatch: '*',
        }),
      );
      return { key, sha256: hash, size: bytes.byteLength, version: VersionId ?? null };
    } catch (error) {
      if (!(error instanceof S3ServiceException && taken.has(error.name))) throw error;
      return this.#already({ key, sha256: hash, size: bytes.byteLength });
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await this.#s3.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
      );
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  /** What holds the key, if it is the same body; an attempt whose answer was lost has put it there. */
  async #already(wanted: Omit<Stored, 'version'>): Promise<Stored> {
    const { ChecksumSHA256, VersionId } = await this.#s3.send(
      new HeadObjectCommand({ Bucket: this.#bucket, Key: wanted.key, ChecksumMode: 'ENABLED' }),
    );
    if (ChecksumSHA256 !== inBase64(wanted.sha256)) {
      throw new EvidenceExistsError(`${wanted.key} holds another body already`);
    }
    return { ...wanted, version: VersionId ?? null };
  }
}

/** The evidence store in a bucket of Cordon's own Region. */
export const evidenceStoreInS3 = (region: string, bucket: string): EvidenceStore =>
  new EvidenceStoreInS3(new S3Client(patient({ region })), bucket);

/** The key is taken, or is just being written by someone else. */
const taken: ReadonlySet<string> = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

const inBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
