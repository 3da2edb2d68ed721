import type * as z from 'zod';

/**
 * Input that no retry can make usable. Workflows name this error in `Retry` with no attempts, so
 * the name is part of their contract.
 */
export class UnusableInputError extends Error {
  override readonly name = 'UnusableInputError';
}

/**
 * Parses `value`, or throws an {@link UnusableInputError} that names each field at fault.
 *
 * `at` is the path of `value` itself, such as `$.detail`.
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at = '$',
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UnusableInputError(parsed.error.issues.map((issue) => describe(issue, at)).join('; '));
}

function describe({ path, message }: z.core.$ZodIssue, at: string): string {
  const steps = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return `${at}${steps.join('')}: ${message}`;
}
