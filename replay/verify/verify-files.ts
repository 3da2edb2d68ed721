import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, Manifest } from '../../functions/shared/evidence-manifest.ts';
import type { Failure } from './verify-manifest.ts';

/** What came of holding files against a manifest. */
export interface CheckedFiles {
  readonly held: number;
  /** In the manifest's order. */
  readonly failures: readonly Failure[];
  /** Files that the manifest does not name; the manifests themselves are not counted. */
  readonly unknown: number;
}

/**
 * Hashes the files of a folder and holds them against the entries that have bytes. A file's name is
 * the end of its key, as `aws s3 cp --recursive s3://BUCKET/CASE/ DIR` leaves it.
 */
export async function verifyFiles({ entries }: Manifest, folder: string): Promise<CheckedFiles> {
  const failures: Failure[] = [];
  const named = new Set<string>();
  for (const entry of entries) {
    const { number, kind, id, body } = entry;
    if (!body) continue;
    named.add(fileOf(body.key));
    const why = await faultOf(body, join(folder, fileOf(body.key)));
    if (why) failures.push({ entry: number, kind, id, why });
  }
  const there = readdirSync(folder).filter((name) => !/^manifest.*\.json$/.test(name));
  return {
    held: entries.filter(({ body }) => body).length - failures.length,
    failures,
    unknown: there.filter((name) => !named.has(name)).length,
  };
}

const fileOf = (key: string): string => key.slice(key.indexOf('/') + 1);

async function faultOf(
  { key, sha256, size }: NonNullable<Entry['body']>,
  path: string,
): Promise<string | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    const { code } = error instanceof Error && 'code' in error ? error : { code: undefined };
    return `${fileOf(key)} cannot be read (${String(code ?? error)})`;
  }
  const found = hash.digest('hex');
  if (found === sha256) return undefined;
  return `${fileOf(key)} has the hash ${found.slice(0, 12)}… and ${bytes} bytes, expected ${sha256.slice(0, 12)}… and ${size}`;
}
