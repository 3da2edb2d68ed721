import { createHash } from 'node:crypto';

/** A body of evidence as the store has it. */
export interface Stored {
  readonly key: string;
  /** Of the bytes, hex. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
  /** The store's own name for this version of the key; null where it keeps no versions. */
  readonly version: string | null;
}

/**
 * Where bodies of evidence are kept, each under a key that is given once.
 *
 * Nothing is ever written over: putting the same bytes again, as a retry does, changes nothing, and
 * other bytes under a key that is taken throw an {@link EvidenceExistsError}. On AWS it is a bucket
 * (`evidence-store-s3.ts`); in a replay memory (`replay/evidence-in-memory.ts`). One contract test
 * holds both.
 */
export interface EvidenceStore {
  put(key: string, body: string | Uint8Array, contentType: string): Promise<Stored>;
  /** The bytes as they are stored; undefined where there are none. */
  get(key: string): Promise<Uint8Array | undefined>;
}

/** The key holds other bytes already. */
export class EvidenceExistsError extends Error {
  override readonly name = 'EvidenceExistsError';
}

export const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The same bytes for a text everywhere: UTF-8. */
export const bytesOf = (body: string | Uint8Array): Uint8Array =>
  typeof body === 'string' ? Buffer.from(body) : body;
