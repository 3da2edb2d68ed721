import * as z from 'zod';
import { type Memory, type Priority, Words } from './asked.ts';
import type { Finding } from './finding.ts';
import { members, type ParsedFinding, readDocument } from './finding-documents.ts';
import { eventOf } from './guardduty-event.ts';
import type { CaseId } from './ids.ts';
import type { Mode } from './journal.ts';
import { manualStart, readManual } from './manual-start.ts';
import { inside, type Place, parseAt, refuse } from './place.ts';
import { refuseUnsafe } from './plain-json.ts';

export { Memory, Priority } from './asked.ts';

/** What a workflow was asked to do: the finding, and how to go about it. */
interface Request {
  readonly finding: Finding;
  readonly mode: Mode;
  readonly priority: Priority;
  readonly memory: Memory;
  readonly approval: 'required' | 'none';
  /** A person's words, from a start by hand. */
  readonly reason?: string | undefined;
  /** The case whose playbook asked, where it was no finding and no person. */
  readonly parent?: CaseId | undefined;
  /** The playbook that a person meant, where they said so. */
  readonly playbook?: string | undefined;
}

/** What surrounds a request: Cordon's own account and Region, and the execution it came to. */
interface Surroundings {
  readonly account: string;
  readonly region: string;
  /** ARN of the execution; a manual start's id is made from it. */
  readonly execution: string;
  /** The time of a finding that tells none. */
  readonly now: Date;
}

export type { ParsedFinding } from './finding-documents.ts';

/** What a rule's input transformer sends, or a person who adds words to an event. */
const Wrapped = z.strictObject({ ...Words, event: z.unknown() });

/**
 * Reads a workflow's input: a finding with what was asked for, in any form that {@link parseFindings}
 * takes. The mode is a dry run unless the input says `live` in so many letters.
 *
 * It decides nothing: `open-case` makes a sample's run dry. An input with several findings is
 * refused, since a case is about one. Throws {@link UnusableInputError} with the path at fault.
 */
export function parseRequest(json: unknown, surroundings: Surroundings): Request {
  const place = { path: '$' };
  refuseUnsafe(json, place);
  const { words, found } = read(json, place, surroundings);
  const [one, ...more] = found;
  if (!one || more.length > 0) {
    refuse(place, `one finding, found ${found.length}; start one execution for each`);
  }
  return { ...words, finding: one.finding };
}

/**
 * Reads every finding of a document: an EventBridge event, a finding in EventBridge's spelling or
 * the SDK's, alone or as `{"Findings": […]}`, a Security Hub event or finding, a manual input, a
 * workflow's input, or a list of any of these.
 *
 * Without `surroundings`, a manual input must name its account and Region. Throws an
 * {@link UnusableInputError} with the path at fault; one bad finding makes the document unusable.
 */
export function parseFindings(
  document: unknown,
  surroundings: Partial<Surroundings> = {},
): readonly ParsedFinding[] {
  const place = { path: '$' };
  refuseUnsafe(document, place);
  if (!Array.isArray(document)) return read(document, place, surroundings).found;
  if (document.length === 0) refuse(place, 'at least one finding, found an empty list');
  return document.flatMap((one, index) => read(one, inside(place, index), surroundings).found);
}

type Read = {
  words: Omit<Request, 'finding'>;
  found: readonly ParsedFinding[];
};

function read(json: unknown, place: Place, surroundings: Partial<Surroundings>): Read {
  const said = members(json, place);
  const { now = new Date(0), execution = 'replay', ...own } = surroundings;
  const start = manualStart(said);
  if (start) {
    const { words, finding } = readManual(start, said, place, { ...own, execution, now });
    const one = { finding, event: eventOf(finding), request: said, path: place.path };
    return { words, found: [one] };
  }
  if (!('event' in said) || 'detail' in said) {
    refuseStrayWords(said, place);
    return { words: parseAt(z.object(Words), {}, place), found: readDocument(said, place, now) };
  }
  const { event, ...words } = parseAt(Wrapped, said, place);
  const at = inside(place, 'event');
  const document = members(event, at);
  refuseStrayWords(document, at);
  const found = readDocument(document, at, now);
  return { words, found: found.map((one) => ({ ...one, request: { ...said, ...one.request } })) };
}

/** A `mode` beside an event's own members would go unheard, and a dry run be taken for a live one. */
function refuseStrayWords(said: object, place: Place): void {
  const stray = Object.keys(Words).find((word) => word in said);
  if (stray) refuse(inside(place, stray), `it beside the finding: {"${stray}": …, "event": {…}}`);
}
