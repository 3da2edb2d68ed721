import { type Artefact, artefactKinds, evidenceKey } from './artefact.ts';
import { canonicalJson } from './canonical-json.ts';
import { chain, statementOf } from './evidence-chain.ts';
import type { CaseFacts, Manifest } from './evidence-manifest.ts';
import { bytesOf, EvidenceExistsError, sha256 } from './evidence-store.ts';
import type { Finding } from './finding.ts';
import type { StepContext } from './step.ts';

/** What is said of a case that has come to its end. */
export type Ending = Pick<CaseFacts, 'playbook' | 'status' | 'missing'>;

/** The manifest as it is kept. */
interface Written {
  readonly key: string;
  readonly entries: number;
  /** Evidence that the case lists and the store does not have, whole. */
  readonly lost: readonly string[];
}

/** The closed case, and who closed it. */
export type Closing = Pick<StepContext, 'home' | 'case' | 'actor'>;

/**
 * Writes the manifest of a closed case: its findings, what was as it was before, its journal and
 * whatever the steps kept, chained and signed. Every body is read back and hashed first, so that the
 * manifest lists nothing that is not there.
 *
 * It is the same for the same case but for the signature. Asked for again, as by a retry, it leaves
 * the one that is there. Throws when the store or the key refuses; the evidence itself is then kept.
 */
export async function writeManifest(context: Closing, ending: Ending): Promise<Written> {
  const { home, case: ref } = context;
  const { caseId, mode, account, region, target, execution } = ref;
  const opened = await home.cases.opened(caseId);
  const closedAt = await home.cases.closedAt(caseId);
  if (!closedAt) throw new Error(`${caseId} is not closed`);

  const taken = [
    ...(await keptAtEnd(context, closedAt)),
    ...(await home.cases.artefacts(caseId)).filter(({ body }) => body || mode === 'live'),
  ];
  const { there, lost } = await readBack(context, taken);
  const missing = [...ending.missing, ...lost];
  const facts = {
    ...{ caseId, mode, account, region, target, ...ending, missing, execution },
    ...{ openedAt: opened?.at ?? null, closedAt },
  };
  const chained = chain(facts, there.toSorted(inOrder));
  const key = `${caseId}/manifest-${chained.head.hash.slice(0, 12)}.json`;
  await putOnce(context, key, {
    ...chained,
    signature: await home.sign(statementOf(chained.head)),
  });
  return { key, entries: chained.head.entries, lost };
}

/** What the case's own record holds, put into the store now that nothing is added to it any more. */
async function keptAtEnd(context: Closing, closedAt: string): Promise<Artefact[]> {
  const { home, case: ref, actor } = context;
  const { findings } = await home.cases.findings(ref);
  const found: Artefact[] = [];
  for (const finding of findings) found.push(await keepFinding(context, finding, closedAt));

  const source = `the record of ${ref.caseId}`;
  const from = { time: closedAt, actor, source, details: {} };
  const before = await home.cases.before(ref.caseId);
  const steps = await home.cases.steps(ref.caseId);
  const journal = steps
    .map(({ step, outcome, journal: calls, at }) => ({ step, outcome, at, calls }))
    .toSorted((a, b) => compare(a.at, b.at));
  const records = [
    { kind: 'approval', items: await decidedIn(context) },
    { kind: 'state-before', items: before.map(withoutPolicies) },
    { kind: 'api-journal', items: journal },
  ] as const;
  for (const { kind, items } of records) {
    if (items.length === 0) continue;
    found.push({ kind, id: kind, body: await keepJson(context, kind, items), ...from });
  }
  return found;
}

/** What a principal was allowed stays in the case's record alone: here is the hash of it. */
const withoutPolicies = ({ step, resource, state }: Before): object =>
  step === 'record-principal'
    ? { step, resource, sha256: sha256(canonicalJson(state)) }
    : { step, resource, state };

/** What people were asked and what they said, without what lets anyone answer in their place. */
async function decidedIn({ home, case: { caseId } }: Closing): Promise<readonly object[]> {
  const last = await home.cases.approvals.of(caseId);
  if (!last) return [];
  const { token: _, key: __, ...said } = last;
  const all = [...(await home.cases.approvals.earlier(caseId)), said];
  return all.map(({ version: _, ...asked }) => asked);
}

async function keepFinding(
  context: Closing,
  finding: Finding,
  closedAt: string,
): Promise<Artefact> {
  const { id, type, source, updatedAt } = finding;
  // A detector's own words, where a time may be anything.
  const time = Number.isNaN(Date.parse(updatedAt)) ? closedAt : new Date(updatedAt).toISOString();
  const body = await keepJson(context, `finding-${id}`, finding);
  return { kind: 'finding', id, body, time, actor: source, source: type, details: {} };
}

async function keepJson({ home, case: ref }: Closing, name: string, value: object) {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  const contentType = 'application/json';
  const key = evidenceKey(ref.caseId, name, text, 'json');
  const { sha256: hash, size } = await home.evidence.put(key, text, contentType);
  return { key, contentType, sha256: hash, size };
}

/** Parts what the store has, byte for byte, from what it lost. One at a time: a trace is large. */
async function readBack({ home }: Closing, artefacts: readonly Artefact[]) {
  const there: Artefact[] = [];
  const lost: string[] = [];
  for (const artefact of artefacts) {
    const { kind, id, body } = artefact;
    const bytes = body && (await home.evidence.get(body.key));
    if (!body || (bytes && sha256(bytes) === body.sha256)) there.push(artefact);
    else lost.push(`Evidence: ${kind} of ${id} is listed in the case and not in the store.`);
  }
  return { there, lost };
}

/** A signature may differ each time, so a manifest that is there stays if it is of the same chain. */
async function putOnce({ home }: Closing, key: string, manifest: Manifest): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  try {
    await home.evidence.put(key, bytesOf(text), 'application/json');
  } catch (error) {
    if (!(error instanceof EvidenceExistsError)) throw error;
  }
}

type Before = Awaited<ReturnType<StepContext['home']['cases']['before']>>[number];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const inOrder = (a: Artefact, b: Artefact): number =>
  compare(a.time, b.time) ||
  artefactKinds.indexOf(a.kind) - artefactKinds.indexOf(b.kind) ||
  compare(a.id, b.id) ||
  compare(a.body?.key ?? '', b.body?.key ?? '');
