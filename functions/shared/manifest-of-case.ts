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

const byHand =
  'By hand: invoke the Lambda that closed the case again with what it was sent; of a closed case only the manifest is written';

/**
 * Writes the case's evidence manifest and says in the case where it is, or why there is none.
 *
 * Nothing that goes wrong here is thrown: the case is closed, what was contained stays so, and a
 * human is told instead. Run again, it leaves the manifest that is there.
 */
export async function manifestOf(context: Closing, ending: Ending): Promise<Manifested> {
  const { home, case: ref } = context;
  try {
    const known = await home.cases.manifest(ref.caseId);
    if (known && 'key' in known) return { key: known.key, missing: [], there: lineOf(known) };
    const { lost, ...written } = await writeManifest(context, ending);
    await home.cases.recordManifest(ref.caseId, written);
    return { key: written.key, missing: lost, there: lineOf(written) };
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    // The table may be what failed; the notification and the step's result say it all the same.
    await home.cases.recordManifest(ref.caseId, { missing: why }).catch(() => undefined);
    return {
      key: null,
      missing: [`Evidence manifest: not written (${why}). ${byHand}`],
      there: [],
    };
  }
}

const lineOf = ({ key, entries }: { key: string; entries: number }): string[] => [
  `${entries} artefacts, listed and signed in ${key}`,
];
