import type { CaseRecord } from './case-record.ts';
import { type Closing, type Ending, writeManifest } from './write-manifest.ts';

/** What came of the manifest of a closed case. */
interface Manifested {
  /** Its key in the evidence store; null where there is none. */
  readonly key: string | null;
  /** What of the evidence, or that the manifest itself, is missing: for a human. */
  readonly missing: readonly string[];
  /** What is there, in a line. */
  readonly there: readonly string[];
}

/** Close-case, invoked again, finds the case closed by itself and goes on to the manifest. */
const closeAgain =
  'By hand: invoke the Lambda of close-case again with what the state "Close case" sent it; of a closed case only the manifest is written';

/**
 * Writes the case's evidence manifest and says in the case where it is, or why there is none.
 *
 * Nothing that goes wrong here is thrown: the case is closed, what was contained stays so, and a
 * human is told instead. Run again, it leaves the manifest that is there.
 */
export async function manifestOf(
  context: Closing,
  ending: Ending,
  byHand = closeAgain,
): Promise<Manifested> {
  const { home, case: ref } = context;
  try {
    const known = await home.cases.manifest(ref.caseId);
    if (known && 'key' in known) return { key: known.key, missing: [], there: lineOf(known) };
    const { lost, ...written } = await writeManifest(context, ending);
    const unnoted = await note(written, context);
    return { key: written.key, missing: [...lost, ...unnoted], there: lineOf(written) };
  } catch (error) {
    const why = wordsOf(error);
    // The table may be what failed; the notification and the step's result say it all the same.
    await home.cases.recordManifest(ref.caseId, { missing: why }).catch(() => undefined);
    return {
      key: null,
      missing: [`Evidence manifest: not written (${why}). ${byHand}`],
      there: [],
    };
  }
}

/** Says in the case where the manifest is, twice if need be: it may only be the answer that was lost. */
async function note(
  written: Exclude<Parameters<CaseRecord['recordManifest']>[1], { missing: string }>,
  { home, case: { caseId } }: Closing,
): Promise<readonly string[]> {
  const record = () => home.cases.recordManifest(caseId, written);
  try {
    await record().catch(record);
    return [];
  } catch (error) {
    return [`Evidence manifest: written, but the case does not say where (${wordsOf(error)})`];
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const lineOf = ({ key, entries }: { key: string; entries: number }): string[] => [
  `${entries} artefacts, listed and signed in ${key}`,
];

/**
 * The same, for a case that people have been told of already, or that a workflow tells them of: what
 * is wrong with its evidence they hear apart. The playbook is the state machine's name.
 */
export async function keepManifest(
  context: Closing,
  { status, missing }: Pick<Ending, 'status' | 'missing'>,
): Promise<void> {
  const { caseId, execution, mode } = context.case;
  const playbook = execution.split(':')[6] ?? 'unknown';
  const byHand = `By hand: what there is lies in the evidence store under ${caseId}/ and in the case table`;
  const made = await manifestOf(context, { playbook, status, missing }, byHand);
  if (made.missing.length === 0) return;
  await context.home.notify({
    title: `Evidence of case ${caseId} is not complete`,
    text: made.missing.map((line) => `• ${line}`).join('\n'),
    keywords: ['cordon', 'needs-human', mode],
  });
}
