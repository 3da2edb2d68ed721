import type * as z from 'zod';
import { UnusableInputError } from './unusable-input.ts';

/** Where in a document a value stands, so that a complaint names the path its writer knows. */
export interface Place {
  readonly path: string;
  /** How the document spells a member that the schema calls `member`. */
  readonly spell?: (member: string) => string;
}

/** The place of what `members` lead to. */
export const inside = ({ path, spell }: Place, ...members: readonly PropertyKey[]): Place => ({
  ...(spell && { spell }),
  path: members.reduce<string>((so, member) => `${so}${step(member, spell)}`, path),
});

function step(member: PropertyKey, spell: Place['spell']): string {
  if (typeof member === 'number') return `[${member}]`;
  const spelled = spell ? spell(String(member)) : String(member);
  return /^[A-Za-z_$][\w$]*$/.test(spelled) ? `.${spelled}` : `['${spelled}']`;
}

/** Refuses the value at `place`. `found` is shown cut short and with no control characters. */
export function refuse(place: Place, expected: string, ...found: readonly unknown[]): never {
  const shown = found.length > 0 ? `, found ${inWords(found[0])}` : '';
  throw new UnusableInputError(`${place.path}: expected ${expected}${shown}`);
}

/** Parses `value`, or throws an {@link UnusableInputError} with every field at fault and its path. */
export function parseAt<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Place,
): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: complaint });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${inside(place, ...path).path}: ${message}`,
  );
  throw new UnusableInputError(faults.join('; '));
}

const articles: Readonly<Record<string, string>> = { array: 'a list', object: 'an object' };

/** What a schema without a message of its own says. Zod asks for it with what was found. */
function complaint(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    const expected = articles[issue.expected] ?? `a ${issue.expected}`;
    return `expected ${expected}, found ${inWords(issue.input)}`;
  }
  if (issue.code === 'too_small') return `expected at least ${amount(issue.minimum, issue.origin)}`;
  if (issue.code === 'too_big') {
    const found = typeof issue.input === 'string' ? `, found ${issue.input.length}` : '';
    return `expected at most ${amount(issue.maximum, issue.origin)}${found}`;
  }
  return issue.code === 'unrecognized_keys'
    ? `expected no member ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`
    : undefined;
}

function amount(limit: number | bigint, origin: string): string {
  const [one, many] = { string: ['character', 'characters'], array: ['element', 'elements'] }[
    origin
  ] ?? ['', ''];
  return `${limit} ${limit === 1 ? one : many}`.trim();
}

/** A value as a message shows it. */
export function inWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return `the ${typeof value} ${String(value)}`;
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
