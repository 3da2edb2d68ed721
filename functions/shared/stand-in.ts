import { createHash } from 'node:crypto';

const impossible = /\b[a-z]+-0{12}[0-9a-f]{5}\b/;

/**
 * An id of AWS's shape that AWS gives to nothing: 12 zeros, then 5 hex digits of the input's hash.
 *
 * Stand-ins answer with it in a dry run, so a later call that names it can be recognised.
 */
export function impossibleId(prefix: string, input: object): string {
  const hash = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  return `${prefix}-${'0'.repeat(12)}${hash.slice(0, 5)}`;
}

/** Whether a call's input names something that only a dry run made up. */
export const namesStandIn = (input: object): boolean => impossible.test(JSON.stringify(input));
