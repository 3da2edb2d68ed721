import type { Artefact } from './artefact.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CaseFacts, Entry, Head, Manifest } from './evidence-manifest.ts';
import { sha256 } from './evidence-store.ts';

/** Apart from the manifest's schema, which no Lambda needs to write one. */
export const format = 'cordon-evidence-manifest-1';

/** Hash of what the chain begins with. */
export const hashOfCase = (of: CaseFacts): string => sha256(canonicalJson({ format, case: of }));

/** Hash that an entry must have. */
export const hashOfEntry = ({ hash: _, ...entry }: Entry): string => sha256(canonicalJson(entry));

/** What is signed. */
export const statementOf = (head: Head): object => ({ format, head });

/** Chains artefacts in the order they are given in. */
export function chain(of: CaseFacts, artefacts: readonly Artefact[]): Omit<Manifest, 'signature'> {
  const entries: Entry[] = [];
  let previous = hashOfCase(of);
  for (const [index, { kind, id, body, time, actor, source, details }] of artefacts.entries()) {
    const entry = {
      number: index + 1,
      ...{ kind, id, body, time, actor, source, details: { ...details } },
      previous,
    };
    previous = hashOfEntry({ ...entry, hash: '' });
    entries.push({ ...entry, hash: previous });
  }
  return { format, case: of, entries, head: { entries: entries.length, hash: previous } };
}
