import * as z from 'zod';

/**
 * What is wrong with a configuration, a line for each: the key, what was expected, what was found.
 * A key that nobody knows is taken for a misspelling of the nearest that is known there.
 */
export function problemsIn(error: z.ZodError, schema: z.ZodType, said: unknown): readonly string[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => `${[...path, key].join('.')}: ${unknownKey(key, known)}`);
    }
    return [`${path.join('.') || 'the default export'}: ${withFound(issue, path, said)}`];
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((one) => ({ one, edits: editsBetween(key.toLowerCase(), one.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  if (nearest && nearest.edits <= Math.max(2, key.length / 3)) {
    return `there is no such key; ${nearest.one} was expected, perhaps`;
  }
  return `there is no such key; expected one of ${known.join(', ')}`;
}

/** The message, in the project's words, ending in what was found where that helps. */
function withFound(issue: z.core.$ZodIssue, path: readonly string[], said: unknown): string {
  const found = path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
    said,
  );
  const message = inWords(issue);
  if (/, found /.test(message)) return message;
  return `${message}, found ${found === undefined ? 'nothing' : short(found)}`;
}

function inWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `expected at least ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    case 'invalid_type':
      return `expected ${issue.expected === 'int' ? 'a whole number' : issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'invalid_key':
      return issue.issues[0]?.code === 'invalid_format'
        ? issue.issues[0].message
        : `expected a key that is known there: ${issue.issues[0]?.message ?? ''}`;
    default:
      return issue.message;
  }
}

const short = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 80);

/** The keys that a schema knows at a place. */
function keysAt(schema: z.core.$ZodType, path: readonly string[]): readonly string[] {
  const here = unwrapped(schema);
  const [key, ...below] = path;
  if (here instanceof z.ZodObject) {
    if (key === undefined) return Object.keys(here.shape);
    const next = here.shape[key];
    return next ? keysAt(next, below) : [];
  }
  if (key === undefined) return here instanceof z.ZodRecord ? namesIn(here.keyType) : [];
  if (here instanceof z.ZodArray) return keysAt(here.element, below);
  if (here instanceof z.ZodUnion) return here.options.flatMap((one) => keysAt(one, path));
  return [];
}

const namesIn = (keys: z.core.$ZodType): readonly string[] =>
  keys instanceof z.ZodEnum ? keys.options.map(String) : [];

/** What a default, an optional or the like stands around. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional
  ) {
    return unwrapped(schema.def.innerType);
  }
  return schema;
}

/** How many letters must be put in, taken out or changed to make one word the other. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [index, meant] of [...other].entries()) {
      const replaced = (row[index] ?? 0) + (letter === meant ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
