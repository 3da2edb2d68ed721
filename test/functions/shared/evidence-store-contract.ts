import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  EvidenceExistsError,
  type EvidenceStore,
} from '../../../functions/shared/evidence-store.ts';

const text = 'Ein Gerät — 💾\r\n\0';

/** What an evidence store does, wherever it keeps its bodies. `open` gives an empty one. */
export function describeEvidenceStore(kind: string, open: () => Promise<EvidenceStore>): void {
  describe(`the evidence store ${kind}`, () => {
    let store: EvidenceStore;
    beforeEach(async () => {
      store = await open();
    });

    it.each([
      ['a text, as UTF-8', text, Buffer.from(text)],
      ['bytes that are no text', Uint8Array.of(0, 255, 128), Uint8Array.of(0, 255, 128)],
      ['nothing at all', '', new Uint8Array()],
      ['a body larger than any item', 'ä'.repeat(300_000), Buffer.from('ä'.repeat(300_000))],
    ])('gives back %s, and says its hash and size', async (_what, body, bytes) => {
      const stored = await store.put('case-1/body.txt', body, 'text/plain');

      expect(Buffer.from((await store.get('case-1/body.txt')) ?? 'none')).toEqual(
        Buffer.from(bytes),
      );
      expect(stored).toMatchObject({
        key: 'case-1/body.txt',
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size: bytes.byteLength,
      });
    });

    it('has nothing under a key that nothing was put under', async () => {
      await store.put('case-1/body.txt', text, 'text/plain');

      expect(await store.get('case-1/body')).toBeUndefined();
    });

    it('takes the same body again, as a retry puts it', async () => {
      const first = await store.put('case-1/body.txt', text, 'text/plain');

      expect(await store.put('case-1/body.txt', text, 'text/plain')).toEqual(first);
    });

    it('never writes over a body, whatever another one says', async () => {
      await store.put('case-1/body.txt', text, 'text/plain');

      await expect(store.put('case-1/body.txt', 'other', 'text/plain')).rejects.toThrow(
        EvidenceExistsError,
      );
      expect(Buffer.from((await store.get('case-1/body.txt')) ?? '').toString()).toBe(text);
    });

    it('keeps one of ten bodies that come at once for one key', async () => {
      const came = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => store.put('case-1/body.txt', `${n}`, 'text/plain')),
      );

      expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });
}
