import { createHash } from 'node:crypto';
import type { Mode } from './journal.ts';

/** Where the lock on a target is. */
export const lockKey = (mode: Mode, target: string) => ({
  pk: `lock#${mode}#${target}`,
  sk: 'lock',
});

/** The lock that a case's records depend on: of a plan, the live case's. */
export const lockOf = ({
  planOf,
  mode,
  target,
}: {
  planOf?: string | undefined;
  mode: Mode;
  target: string;
}) => lockKey(planOf ? 'live' : mode, target);

/** Which case was last opened on a target. */
export const latestKey = (mode: Mode, target: string) => ({
  pk: `target#${target}`,
  sk: `case#${mode}`,
});

/** Which case an execution works on. */
export const executionKey = (execution: string) => ({ pk: `execution#${execution}`, sk: 'case' });

/** The partition of all that belongs to a case. */
export const casePk = (caseId: string) => `case#${caseId}`;

/** Ten hex digits for a text, to tell it from others. */
export const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 10);
