import { createHash } from 'node:crypto';

/** An id of AWS's shape, the same for the same reason. */
export function madeUpId(prefix: string, reason: string): string {
  return `${prefix}-0${createHash('sha256').update(reason).digest('hex').slice(0, 16)}`;
}

/** A UUID of version 4's shape, the same for the same reason. */
export function madeUpUuid(reason: string): string {
  const hex = createHash('sha256').update(reason).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join('-');
}
