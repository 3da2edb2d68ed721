import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readJson } from '../../functions/shared/read-json.ts';
import { findingsIn } from '../../replay/findings-in.ts';
import { readCases } from '../../replay/read-case.ts';

/** An event and the file it was read from. */
interface OnHand {
  readonly source: string;
  readonly event: object;
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const own = pathOf('../../events');
const shared = pathOf('../../../shared/findings');

/**
 * Every event of `events/`, and of `shared/findings` where that lies beside the repository: as its
 * file has it, and as GuardDuty would send the findings in it.
 */
export function eventsOnHand(): readonly OnHand[] {
  return (existsSync(shared) ? [own, shared] : [own]).flatMap((folder) => {
    const found = [...asWritten(folder), ...asSent(folder)];
    if (found.length === 0) throw new Error(`${folder}: expected events in it`);
    return found;
  });
}

const asSent = (folder: string): OnHand[] =>
  readCases(folder)
    .flatMap(findingsIn)
    .flatMap(({ source, ...item }) =>
      'parsed' in item ? [{ source, event: item.parsed.event }] : [],
    );

/** Envelopes that nobody has read: also those whose finding no parser takes. */
function asWritten(folder: string): OnHand[] {
  return filesIn(folder).flatMap((source) => {
    const value: unknown = readJson(readFileSync(source, 'utf8'));
    const isEvent = typeof value === 'object' && value && 'detail' in value && 'source' in value;
    return isEvent ? [{ source, event: value }] : [];
  });
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((path) => path.endsWith('.json') && statSync(path).isFile());
