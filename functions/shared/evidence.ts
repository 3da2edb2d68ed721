import { type Artefact, type ArtefactKind, evidenceKey } from './artefact.ts';
import type { CaseRef } from './case-record.ts';
import { bytesOf, sha256 } from './evidence-store.ts';
import type { Home } from './home.ts';
import { sideBySide } from './side-by-side.ts';
import type { StepContext } from './step.ts';

/** A body of evidence that a step keeps. */
export interface Evidence {
  readonly kind: ArtefactKind;
  /** What it is found again by; the last one of a name counts. */
  readonly name: string;
  /** AWS's id of what it is about; left out, its name. */
  readonly id?: string;
  readonly body: string | Uint8Array;
  readonly type: 'json' | 'json-lines' | 'text';
  readonly source: string;
}

const types = {
  json: { ending: 'json', contentType: 'application/json' },
  'json-lines': { ending: 'jsonl', contentType: 'application/jsonl' },
  text: { ending: 'txt', contentType: 'text/plain' },
} as const;

interface Taking extends Pick<StepContext, 'case' | 'now' | 'actor'> {
  readonly home: Pick<Home, 'cases' | 'evidence'>;
}

/**
 * Keeps bodies of evidence: their bytes in the evidence store, what they are in the case. The two are
 * written side by side, so a body may be listed and not be there; whoever reads it finds that out.
 *
 * A step that runs again adds what differs and replaces nothing. Throws `LockLostError`.
 */
export async function keepEvidence(context: Taking, ...evidence: Evidence[]): Promise<void> {
  const failed = await tryToKeep(context, ...evidence);
  const [first] = failed;
  if (first) throw first.error;
}

/** The same, for a step that goes on without what the store did not take: names it, with the error. */
export async function tryToKeep(
  { home, case: ref, now, actor }: Taking,
  ...evidence: Evidence[]
): Promise<readonly { readonly name: string; readonly error: Error }[]> {
  const time = now().toISOString();
  const named = evidence.map((each) => artefactOf(each, { caseId: ref.caseId, time, actor }));
  const [failures] = await sideBySide([
    Promise.all(evidence.map((each) => put(home, ref, each))),
    home.cases.keepEvidence(ref, ...named),
  ]);
  return failures.flatMap((error, n) => (error ? [{ name: evidence[n]?.name ?? '', error }] : []));
}

function artefactOf(
  { kind, name, id = name, body, type, source }: Evidence,
  { caseId, ...taken }: { caseId: string; time: string; actor: string },
): Artefact & { name: string } {
  const { ending, contentType } = types[type];
  const bytes = bytesOf(body);
  const key = evidenceKey(caseId, name, body, ending);
  const stored = { key, contentType, sha256: sha256(bytes), size: bytes.byteLength };
  return { name, kind, id, body: stored, ...taken, source, details: {} };
}

async function put(
  { evidence }: Pick<Home, 'evidence'>,
  { caseId }: CaseRef,
  { name, body, type }: Evidence,
): Promise<Error | undefined> {
  const { ending, contentType } = types[type];
  try {
    await evidence.put(evidenceKey(caseId, name, body, ending), body, contentType);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A body as the case last kept it by this name; undefined when none is there, whole. */
export async function evidenceOf(
  home: Pick<Home, 'cases' | 'evidence'>,
  caseId: CaseRef['caseId'],
  name: string,
): Promise<string | undefined> {
  const kept = await home.cases.evidence(caseId, name);
  if (!kept?.body) return undefined;
  const bytes = await home.evidence.get(kept.body.key);
  if (!bytes || sha256(bytes) !== kept.body.sha256) return undefined;
  return Buffer.from(bytes).toString();
}
