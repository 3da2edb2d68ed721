import type { JournalEntry } from '../functions/shared/journal.ts';
import { changes, inWords } from './call-in-words.ts';
import { cut, wrap } from './printable.ts';

/** How wide what is printed for people may be. */
export const width = 100;

/** A call on one line where it fits; else what it was given on lines below it, three at most. */
export function linesOfCall({ call, disposition, input, error }: JournalEntry): readonly string[] {
  const refused = error ? ` refused: ${error}` : '';
  const first = `      ${markOf(disposition, call)} ${call}`;
  const said = inWords(input);
  const whole = `${first} ${said}${refused}`;
  if (whole.length <= width) return [whole.trimEnd()];
  const below = wrap(said, width - 14);
  const shown = below.length > 3 ? [...below.slice(0, 2), cut(`${below[2]} …`, width - 14)] : below;
  return [`${first}${refused}`, ...shown.map((line) => `${' '.repeat(14)}${line}`)];
}

const markOf = (disposition: string, call: `${string}:${string}`): string =>
  disposition === 'withheld' ? 'would' : changes(call) ? 'did  ' : 'read ';

/** Printable lines that begin `by` columns from the left. */
export const indented = (text: string, by: number): readonly string[] =>
  wrap(text, width - by).map((line) => `${' '.repeat(by)}${line}`);
