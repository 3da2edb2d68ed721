import { NormalizedSchema } from '@smithy/core/schema';
import type { SchemaRef, StaticOperationSchema, StaticStructureSchema } from '@smithy/types';
import type { AwsCall } from '../../functions/shared/step.ts';

/**
 * Throws when a call's input breaks AWS's own model of it, at any depth: a member AWS does not
 * know, a required one that is missing, one of the wrong type. The SDK checks none of these.
 *
 * `args` is what a `finalizeRequest` middleware is given: the command, with its schema. Lengths,
 * patterns and enum values are not in the schema; where they matter the operations check them.
 */
export function checkAgainstSchema(call: AwsCall, args: object): void {
  if (!('schema' in args) || !Array.isArray(args.schema) || !('input' in args)) {
    throw new Error(`${call} carries no schema`);
  }
  // The SDK types this member nowhere: it is the command's own operation schema.
  const [, , , , input] = args.schema as unknown as StaticOperationSchema;
  const problem = problemOf(NormalizedSchema.of(input as SchemaRef), args.input, '');
  if (problem) throw new Error(`${call} breaks AWS's model: ${problem}`);
}

/** What is wrong with a value, and where; undefined when nothing is. */
function problemOf(schema: NormalizedSchema, value: unknown, path: string): string | undefined {
  const at = path || 'the input';
  if (schema.isStructSchema()) {
    return isRecord(value) ? structProblem(schema, value, path) : `${at} is no structure`;
  }
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) return `${at} is no list`;
    const member = schema.getValueSchema();
    return first(value.map((item, n) => () => problemOf(member, item, `${path}[${n}]`)));
  }
  if (schema.isMapSchema()) {
    if (!isRecord(value)) return `${at} is no map`;
    const member = schema.getValueSchema();
    return first(
      Object.entries(value).map(
        ([key, item]) =>
          () =>
            problemOf(member, item, join(path, key)),
      ),
    );
  }
  const expected = simpleTypes.find(({ is }) => is(schema));
  return !expected || expected.holds(value) ? undefined : `${at} is no ${expected.name}`;
}

function structProblem(
  schema: NormalizedSchema,
  value: Record<string, unknown>,
  path: string,
): string | undefined {
  const members = schema.getMemberSchemas();
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
  if (unknown) return `${join(path, unknown)} is not known`;
  const missing = requiredOf(schema).find((name) => value[name] === undefined);
  if (missing) return `${join(path, missing)} is missing`;
  return first(
    Object.entries(members)
      .filter(([name]) => value[name] !== undefined)
      .map(
        ([name, member]) =>
          () =>
            problemOf(member, value[name], join(path, name)),
      ),
  );
}

/** A structure's schema lists its required members first, and says last how many they are. */
function requiredOf(schema: NormalizedSchema): readonly string[] {
  const [, , , , names, , required] = schema.getSchema() as StaticStructureSchema;
  return names.slice(0, required ?? 0);
}

const simpleTypes: readonly {
  name: string;
  is(schema: NormalizedSchema): boolean;
  holds(value: unknown): boolean;
}[] = [
  {
    name: 'string',
    is: (schema) => schema.isStringSchema(),
    holds: (value) => typeof value === 'string',
  },
  {
    name: 'boolean',
    is: (schema) => schema.isBooleanSchema(),
    holds: (value) => typeof value === 'boolean',
  },
  {
    name: 'number',
    is: (schema) => schema.isNumericSchema(),
    holds: (value) => typeof value === 'number' && Number.isFinite(value),
  },
  {
    name: 'time',
    is: (schema) => schema.isTimestampSchema(),
    holds: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  },
  {
    name: 'bytes',
    is: (schema) => schema.isBlobSchema(),
    holds: (value) => value instanceof Uint8Array,
  },
];

function first(problems: readonly (() => string | undefined)[]): string | undefined {
  for (const problem of problems) {
    const found = problem();
    if (found) return found;
  }
  return undefined;
}

const join = (path: string, name: string): string => (path ? `${path}.${name}` : name);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
