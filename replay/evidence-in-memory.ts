import {
  bytesOf,
  EvidenceExistsError,
  type EvidenceStore,
  type Stored,
  sha256,
} from '../functions/shared/evidence-store.ts';

/** The evidence store of one replay. Bytes go in and out as copies, as they would over the wire. */
export class EvidenceInMemory implements EvidenceStore {
  readonly #bodies = new Map<string, Uint8Array>();
  readonly #latency: () => Promise<void>;

  /** `latency` is awaited before every request; the bench measures with it. */
  constructor(latency: () => Promise<void> = async () => {}) {
    this.#latency = latency;
  }

  async put(key: string, body: string | Uint8Array, _contentType: string): Promise<Stored> {
    await this.#latency();
    const bytes = Uint8Array.from(bytesOf(body));
    const hash = sha256(bytes);
    const there = this.#bodies.get(key);
    if (there && sha256(there) !== hash) {
      throw new EvidenceExistsError(`${key} holds another body already`);
    }
    this.#bodies.set(key, bytes);
    return { key, sha256: hash, size: bytes.byteLength, version: null };
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#latency();
    const bytes = this.#bodies.get(key);
    return bytes && Uint8Array.from(bytes);
  }

  /** Everything in the store whose key starts with `prefix`, in order of key. */
  bodies(prefix: string): readonly (readonly [key: string, bytes: Uint8Array])[] {
    const wanted = [...this.#bodies].filter(([key]) => key.startsWith(prefix));
    return wanted.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
