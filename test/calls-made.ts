import { appendFileSync } from 'node:fs';
import type { JournalEntry } from '../functions/shared/journal.ts';

/** Where the test processes of one run leave which calls each step made; set by the global setup. */
export const callsMadeFile = 'CORDON_CALLS_MADE';

/** Notes the calls that a step, or its undo, made in a test: see `every-declared-call.ts`. */
export function noteCalls(step: string, journal: readonly JournalEntry[]): void {
  const file = process.env[callsMadeFile];
  if (!file) return;
  const lines = new Set(journal.map(({ call }) => `${step} ${call}\n`));
  appendFileSync(file, [...lines].join(''));
}
