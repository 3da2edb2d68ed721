import { createHash } from 'node:crypto';
import type { StepRecord } from './case-record.ts';

/** What a case would do, as its rehearsal found out. */
export interface Plan {
  /** A line for each call that was withheld, in order. */
  readonly lines: readonly string[];
  /** Steps that could not be rehearsed: what they would do is not known. */
  readonly failed: readonly string[];
  /** Of every withheld call whole, and of the steps that failed; the same for the same plan. */
  readonly hash: string;
}

const mostLines = 100;
const mostCharacters = 300;

/**
 * Reads a plan from the journals of a rehearsal: the calls that it withheld are what a live run
 * would send.
 *
 * The hash leaves out what differs from one rehearsal to the next of the same plan: the rehearsal's
 * own id, the time, tokens made of both, and the hash of a policy document, which holds the time.
 * `notRehearsed` says what failed where one step does several things, as a release does.
 */
export function planOf(
  steps: readonly StepRecord[],
  rehearsal: string,
  notRehearsed?: readonly string[],
): Plan {
  const inOrder = [...steps].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const ran = inOrder.filter(({ outcome }) => outcome !== 'failed');
  const went = new Set(ran.map(({ step }) => step));
  const failed = notRehearsed ?? inOrder.map(({ step }) => step).filter((step) => !went.has(step));
  const calls = ran.flatMap(({ step, journal }) =>
    journal
      .filter(({ disposition }) => disposition === 'withheld')
      .map(({ call, input }) => `${step}: ${call} ${JSON.stringify(input, withoutTokens)}`),
  );
  const same = [...calls, ...failed.map((step) => `${step} failed`)]
    .map((call) => lasting(call, rehearsal))
    .sort();
  const lines = calls.map((call) => readable(call, mostCharacters));
  const more = lines.length - mostLines;
  return {
    lines: more > 0 ? [...lines.slice(0, mostLines), `and ${more} more calls`] : lines,
    failed: [...new Set(failed)],
    hash: createHash('sha256').update(JSON.stringify(same)).digest('hex'),
  };
}

/** A stranger's words on one line: nothing in them that a terminal or a mail program would obey. */
export const readable = (text: string, most: number): string => {
  const line = text.replaceAll(/\p{C}/gu, '·');
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
};

const withoutTokens = (member: string, value: unknown): unknown =>
  /^(?:Client|ClientRequest|Idempotency)Token$/.test(member) ? undefined : value;

const lasting = (call: string, rehearsal: string): string =>
  call
    .replaceAll(rehearsal, 'CASE')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME')
    .replaceAll(/, sha256 [0-9a-f]{12}…/g, '')
    // Ids that a dry run makes up, of what another call would have made: `impossibleId`.
    .replaceAll(/-0{12}[0-9a-f]{5}\b/g, '-NEW');
