import { createHash } from 'node:crypto';

/** An id of AWS's shape, the same for the same reason. */
export function madeUpId(prefix: string, reason: string): string {
  return `${prefix}-0${createHash('sha256').update(reason).digest('hex').slice(0, 16)}`;
}

/** A UUID, the same for the same reason. */
export function madeUpUuid(reason: string): string {
  const hex = createHash('sha256').update(reason).digest('hex');
  return [8, 12, 16, 20, 32]
    .map((end, n, ends) => hex.slice(n === 0 ? 0 : ends[n - 1], end))
    .join('-')
    .replace(/^(.{14})./, '$14')
    .replace(/^(.{19})./, '$18');
}
