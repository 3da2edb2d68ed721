import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import * as z from 'zod';
import { Mode } from '../functions/shared/journal.ts';
import { readJson } from '../functions/shared/read-json.ts';
import type { Settings } from '../functions/shared/settings.ts';
import { parseInput, UnusableInputError } from '../functions/shared/unusable-input.ts';
import { AccountState } from './account/state.ts';
import { RehearsalSettings, rehearsalSettings } from './rehearsal-settings.ts';
import { approvers, type RehearsedApprover } from './waits.ts';

const statuses = ['succeeded', 'failed', 'declined', 'invalid'] as const;

/** What one finding must come to. */
const ExpectedReplay = z.strictObject({
  status: z.enum(statuses),
  steps: z.array(z.strictObject({ step: z.string(), outcome: z.string() })),
  /** Step and AWS call, such as `isolate-instance ec2:DescribeInstances`, as in the journals. */
  calls: z.array(z.string()),
});
export type ExpectedReplay = z.infer<typeof ExpectedReplay>;

const mode = Mode.optional();
/** What a case must come to live, where that differs: people are asked first. */
const live = z.array(ExpectedReplay).min(1).optional();
const Expected = z.union([
  z
    .strictObject({ mode, live, ...ExpectedReplay.shape })
    .transform(({ mode, live, ...replay }) => ({ mode, live, replays: [replay] })),
  z.strictObject({ mode, live, replays: z.array(ExpectedReplay).min(1) }),
]);
/**
 * `expected.json`: what a case must come to, in the mode it names. A case of several findings has
 * one member `replays`, with what each comes to; one that waits for people has `live` beside it.
 */
export type Expected = z.infer<typeof Expected>;

/** One file of findings: its JSON, or what is wrong with it. */
export type Document =
  | { readonly file: string; readonly value: unknown }
  | { readonly file: string; readonly problem: string };

/** What is replayed together, in one rehearsal account. */
export interface Case {
  /** As the report names it: from the working directory where it lies below it. */
  readonly source: string;
  readonly documents: readonly Document[];
  /** Left out, the account is built from the finding. */
  readonly account?: AccountState;
  readonly settings: Settings;
  /** What people answer who are asked first; left out, the case is left waiting for them. */
  readonly approver?: RehearsedApprover | undefined;
  /** The organisational units of accounts, from an account's own up to the root. */
  readonly units?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly expected?: Expected;
}

/**
 * The largest file that is read. A finding is some 10 KB, so this holds hundreds; what is larger is
 * no export of findings but something else by mistake.
 */
const mostBytes = 6 * 1024 * 1024;

/**
 * Finds the cases under `path`: a case's folder, a folder of cases and JSON files, or a JSON file.
 *
 * Never throws for what it finds there: what cannot be read or used becomes a document with a
 * problem, so that the rest is still replayed. Links to folders are not followed.
 */
export function readCases(path: string): readonly Case[] {
  try {
    if (!statSync(path).isDirectory()) return [readFile(path)];
    const cases = readFolder(path);
    return cases.length > 0 ? cases : [unusable(path, 'expected a folder with JSON files')];
  } catch (error) {
    return [unusable(path, whyUnreadable(error))];
  }
}

function readFolder(folder: string): readonly Case[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort(byName);
  const events = entries.map(({ name }) => name).filter((name) => /^event.*\.json$/.test(name));
  if (events.length > 0) return [readCaseFolder(folder, events)];
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return inFolder(path);
    return entry.name.endsWith('.json') ? readCases(path) : [];
  });
}

function inFolder(path: string): readonly Case[] {
  try {
    return readFolder(path);
  } catch (error) {
    return [unusable(path, whyUnreadable(error))];
  }
}

function readCaseFolder(folder: string, events: readonly string[]): Case {
  const source = sourceOf(folder);
  try {
    const { settings, approver, units, ...account } =
      optional(join(folder, 'account.json'), WithSettings) ?? {};
    const expected = optional(join(folder, 'expected.json'), Expected);
    return {
      source,
      documents: events.map((name) => readDocument(join(folder, name))),
      settings: settings ?? rehearsalSettings(),
      approver,
      units,
      ...(Object.keys(account).length > 0 && {
        account: inFile(join(folder, 'account.json'), () => parseInput(AccountState, account)),
      }),
      ...(expected && { expected }),
    };
  } catch (error) {
    if (error instanceof UnusableInputError) return unusable(folder, error.message);
    throw error;
  }
}

/** `settings` beside the account's own members: how Cordon was configured in this case. */
const WithSettings = z.looseObject({
  settings: RehearsalSettings.optional(),
  approver: z.enum(approvers).optional(),
  units: z.record(z.string(), z.array(z.string())).optional(),
});

function optional<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): z.output<Schema> | undefined {
  const document = statSync(path, { throwIfNoEntry: false }) && readDocument(path);
  if (!document) return undefined;
  if ('problem' in document) {
    throw new UnusableInputError(`${basename(path)}: ${document.problem}`);
  }
  return inFile(path, () => parseInput(schema, document.value));
}

function inFile<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UnusableInputError)) throw error;
    throw new UnusableInputError(`${basename(path)}: ${error.message}`);
  }
}

const readFile = (path: string): Case => ({
  source: sourceOf(path),
  documents: [readDocument(path)],
  settings: rehearsalSettings(),
});

function readDocument(path: string): Document {
  const file = sourceOf(path);
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return { file, problem: 'expected a file' };
    if (stat.size === 0) return { file, problem: 'the file is empty; expected JSON' };
    if (stat.size > mostBytes) {
      return { file, problem: `the file has ${stat.size} bytes; at most ${mostBytes} are read` };
    }
    return { file, value: readJson(decode(readFileSync(path))) };
  } catch (error) {
    if (error instanceof UnusableInputError) return { file, problem: error.message };
    return { file, problem: whyUnreadable(error) };
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnusableInputError('$: expected text in UTF-8');
  }
}

const unusable = (path: string, problem: string): Case => ({
  source: sourceOf(path),
  documents: [{ file: sourceOf(path), problem }],
  settings: rehearsalSettings(),
});

/** Lets anything through that is not the file system's own refusal. */
function whyUnreadable(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return `cannot be read: ${error.code === 'ENOENT' ? 'there is no such file or folder' : error.code}`;
  }
  throw error;
}

const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);

function sourceOf(path: string): string {
  const below = relative(process.cwd(), path);
  const shown = below === '' ? '.' : below.startsWith('..') ? path : below;
  return shown.split(sep).join('/');
}
