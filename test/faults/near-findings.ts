import { readdirSync, readFileSync } from 'node:fs';
import type { Event } from '@aws-sdk/client-cloudtrail';
import fc from 'fast-check';
import * as z from 'zod';
import { parseFindings, parseRequest } from '../../functions/shared/parse-finding.ts';
import { readJson } from '../../functions/shared/read-json.ts';
import { UnusableInputError } from '../../functions/shared/unusable-input.ts';
import { mintedBy } from '../../functions/trace-credentials/minted.ts';
import { persistenceIn } from '../../functions/trace-credentials/persistence.ts';
import { caller, trailEvent } from '../../functions/trace-credentials/trail-event.ts';

const events = new URL('../../events/', import.meta.url);
const folders = readdirSync(events, { withFileTypes: true }).filter((at) => at.isDirectory());

/** A file of each case that has it. */
const files = (file: string): readonly unknown[] =>
  folders.flatMap(({ name }) => {
    const has = readdirSync(new URL(`${name}/`, events)).includes(file);
    return has ? [JSON.parse(readFileSync(new URL(`${name}/${file}`, events), 'utf8'))] : [];
  });

const Trail = z.object({
  cloudTrail: z.object({ events: z.array(z.object({ record: z.unknown() })) }).optional(),
});
const samples = files('event.json');
const records = files('account.json').flatMap((account) =>
  (Trail.parse(account).cloudTrail?.events ?? []).map(({ record }) => record),
);

const leaf = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(null, '', -1, 1e308, '__proto__', 'i-99999999', '../..', '\u0000', [], {}),
);

const change = fc.record({
  at: fc.nat(5_000),
  value: leaf,
  how: fc.constantFrom('set' as const, 'set' as const, 'drop' as const, 'rename' as const),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** A document with a few of its members, at any depth, set to something else, dropped or renamed. */
function changed([document, changes]: readonly [unknown, readonly Change[]]): unknown {
  const copy = structuredClone(document);
  for (const { at, value, how } of changes) {
    const members = membersOf(copy);
    const member = members[at % Math.max(1, members.length)];
    if (!member) return value;
    const { of, name } = member;
    if (how === 'rename') of[`${name}x`] = of[name];
    if (how === 'set') of[name] = value;
    else delete of[name];
  }
  return copy;
}

interface Member {
  // biome-ignore lint/suspicious/noExplicitAny: a member of any JSON
  readonly of: any;
  readonly name: string;
}

function membersOf(value: unknown): Member[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    { of: value, name },
    ...membersOf(member),
  ]);
}

const like = (documents: readonly unknown[]) =>
  fc
    .tuple(fc.constantFrom(...documents), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(changed);

const words = ['instanceId', 'accessKeyId', 'userName', 'roleName', 'mode', 'account', 'parent'];

/** A finding that is almost one, what a person might start a playbook with, or any JSON. */
export const nearFinding: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: like(samples) },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...words, 'detail', 'Findings'), leaf) },
);

/** A CloudTrail record that is almost one, or any JSON. */
export const nearRecord: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: like(records) },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

const surroundings = {
  account: '111122223333',
  region: 'eu-west-1',
  execution: 'arn:aws:states:eu-west-1:111122223333:execution:x:y',
  now: new Date('2026-03-01T04:05:06.000Z'),
};

/** Lets through the one refusal that a parser may answer with, as long as people can read it. */
function refusable(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof UnusableInputError)) throw error;
    if (error.message.length > 20_000) throw new Error('a refusal of more than 20,000 characters');
  }
}

/** Reads a finding in every way there is: in a file, as JSON, as what a workflow is started with. */
export function readFinding(input: unknown): void {
  const text = JSON.stringify(input);
  refusable(() => readJson(text));
  refusable(() => readJson(text.slice(0, text.length / 2)));
  refusable(() => parseFindings(input, surroundings));
  refusable(() => parseRequest(input, surroundings));
  refusable(() => parseRequest({ mode: 'live', event: input }, surroundings));
}

/** Reads a CloudTrail event as a trace does: nothing that it says may stop the trace. */
export function readRecord(record: unknown): void {
  // As LookupEvents gives it: the record is a text within the event.
  const text = typeof record === 'string' ? record : JSON.stringify(record);
  const event: Event = { EventName: 'x', CloudTrailEvent: text };
  const read = trailEvent(event, 'eu-west-1');
  caller(read);
  mintedBy(read);
  persistenceIn(read);
}
