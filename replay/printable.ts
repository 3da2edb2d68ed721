import { stripVTControlCharacters } from 'node:util';

/** Control characters, and those that change the direction or the lines of what is around them. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/**
 * Text that a terminal shows as it is. A finding can carry what an intruder wrote: escape sequences
 * are taken out whole, and every other character that is no character to look at.
 */
export const printable = (text: string): string =>
  stripVTControlCharacters(text.replaceAll(/[\n\r\t]/g, ' ')).replaceAll(unprintable, '');

/** Printable, and at most `width` characters long. */
export function cut(text: string, width: number): string {
  const shown = printable(text);
  return shown.length > width ? `${shown.slice(0, Math.max(0, width - 1))}…` : shown;
}

/** Printable lines of at most `width` characters, broken between words where they can be. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(/ +/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return line === '' ? lines : [...lines, line];
}
