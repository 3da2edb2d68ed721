import { readFileSync } from 'node:fs';

/**
 * What a step says of itself in its source: the first paragraph of the doc comment on its
 * declaration, on one line.
 */
export function wordsOf(step: string): string {
  const file = new URL(`../../functions/${step}/handler.ts`, import.meta.url);
  const before = readFileSync(file, 'utf8').split(/^export const \w+ = defineStep\(/m)[0] ?? '';
  const comment = before.slice(before.lastIndexOf('/**') + 3);
  const lines = comment.split('\n').map((line) => line.replace(/^ ?\*?\/? ?/, '').trim());
  const paragraph = lines.join('\n').trim().split('\n\n')[0] ?? '';
  // A link within the source leads nowhere from a page.
  return paragraph.replaceAll('\n', ' ').replaceAll(/{@link (\w+)}/g, '`$1`');
}
