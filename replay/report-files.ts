import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { CaseId } from '../functions/shared/ids.ts';
import type { Replayed } from './replay.ts';
import { textOfReplay } from './report-text.ts';
import type { Ran } from './run-workflow.ts';

/** A folder that a report must not be written to. */
export class UnusableFolderError extends Error {
  override readonly name = 'UnusableFolderError';
}

/** Says that a folder holds reports and nothing else, so that the next replay may write over them. */
const mark = '.cordon-replay';

/**
 * Makes `folder` ready for reports, before anything is replayed.
 *
 * A folder with anything else in it is refused: nothing is written over that is not a report.
 */
export function prepareFolder(folder: string): void {
  const there = lstatSync(folder, { throwIfNoEntry: false });
  if (there && !there.isDirectory()) {
    throw new UnusableFolderError(`${folder}: expected a folder`);
  }
  if (there && readdirSync(folder).length > 0 && !existsSync(join(folder, mark))) {
    throw new UnusableFolderError(`${folder}: expected an empty folder, or one of earlier reports`);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, mark),
    'Reports of `npm run replay`. The next one writes over them.\n',
  );
}

/**
 * Writes the files of a replay to a folder of its own, named for its place among all and its source.
 */
export function writeReport(folder: string, place: number, replayed: Replayed): void {
  const name = `${String(place).padStart(3, '0')}-${fileName(replayed.replay.source)}`;
  const into = join(folder, name);
  // A link here would lead outside.
  if (lstatSync(into, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(into);
  mkdirSync(into, { recursive: true });
  for (const [file, text] of filesOf(replayed)) write(join(into, file), text);
  writeEvidence(into, replayed);
}

/** What the case keeps as it would lie in a bucket: its manifest, and beside it the bodies. */
function writeEvidence(into: string, { evidence, ran }: Replayed): void {
  const bodies = join(into, 'evidence');
  rmSync(join(into, 'manifest.json'), { force: true });
  rmSync(bodies, { recursive: true, force: true });
  const caseId = caseOf(ran);
  if (!evidence || !caseId) return;
  mkdirSync(bodies);
  for (const [key, bytes] of evidence.bodies(`${caseId}/`)) {
    const name = basename(key);
    write(/^manifest-/.test(name) ? join(into, 'manifest.json') : join(bodies, name), bytes);
  }
}

const Opened = z.object({ ref: z.object({ caseId: CaseId }) });

/** The case that an execution worked; undefined for one that was left to others. */
function caseOf(ran: Ran | undefined): CaseId | undefined {
  const results = (ran?.entered ?? []).flatMap(({ invocations }) =>
    invocations.map(({ result }) => Opened.safeParse(result).data),
  );
  return results.find((opened) => opened)?.ref.caseId;
}

function filesOf({ replay, finding, table }: Replayed): readonly (readonly [string, string])[] {
  const json = (value: unknown) => `${JSON.stringify(value ?? null, null, 2)}\n`;
  const journal = replay.steps.map(({ step, outcome, calls }) => ({ step, outcome, calls }));
  return [
    ['journal.json', json(journal)],
    ['case.json', json(table?.items() ?? [])],
    ['finding.json', json(finding)],
    ['account-before.json', json(replay.account?.before)],
    ['account-after.json', json(replay.account?.after)],
    ['report.txt', textOfReplay(replay, { colour: false, calls: 'all' })],
  ];
}

/** What was there is taken away first, never written into: a link would lead outside. */
function write(path: string, body: string | Uint8Array): void {
  rmSync(path, { force: true });
  writeFileSync(path, body, { flag: 'wx' });
}

/** The last part of a source, with nothing in it that a file system could take for a path. */
const fileName = (source: string): string => {
  const last = source.split('/').findLast((part) => part !== '') ?? '';
  const safe = last.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return safe.slice(0, 60) || 'finding';
};
