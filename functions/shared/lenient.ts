import * as z from 'zod';

/** What a finding need not have: missing, null or of another shape, it counts as not said. */
export const lenient = <Schema extends z.ZodType>(schema: Schema) =>
  schema.optional().catch(undefined);

/** A list of which whatever has another shape is left out. */
export const listOf = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .array(lenient(schema))
    .catch([])
    .transform((found) => found.filter((one) => one !== undefined));

/** Words that say something. */
export const Text = lenient(z.string().trim().min(1));

/** A whole number, be it written as a string. */
export const Count = lenient(
  z
    .union([z.number(), z.string().regex(/^\d{1,9}$/)])
    .transform(Number)
    .pipe(z.int().min(0)),
);

/** A yes or no, be it written as a string. Anything else is refused, for a case hangs on it. */
export const Flag = z
  .union([z.boolean(), z.literal('true'), z.literal('false')], 'expected true or false')
  .nullish()
  .transform((flag) => flag === true || flag === 'true');

const written = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/;

/** A time as ISO 8601, from any way AWS writes one: no zone means UTC, a number is an epoch. */
export const Time = lenient(
  z.union([z.string(), z.number()]).transform((time, context) => {
    const [, day, hour, zone = 'Z'] = written.exec(String(time)) ?? [];
    const epoch = typeof time === 'number' ? (time < 1e11 ? time * 1000 : time) : Number.NaN;
    const date = new Date(day && hour ? `${day}T${hour}${zone}` : epoch);
    if (!Number.isNaN(date.getTime())) return date.toISOString();
    context.addIssue('expected a time');
    return z.NEVER;
  }),
);
