import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { steps } from '../functions/index.ts';
import type { Step } from '../functions/shared/step.ts';
import { callsMadeFile } from './calls-made.ts';

/**
 * Fails a whole run of the tests in which a read or write that some step declares was never made:
 * it would be a permission nobody needs. A run that is narrowed to some files is not judged.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-'));
  const file = join(folder, 'calls-made');
  writeFileSync(file, '');
  process.env[callsMadeFile] = file;
  return () => {
    const made = new Set(readFileSync(file, 'utf8').split('\n'));
    rmSync(folder, { recursive: true });
    const never = declared(steps).filter((line) => !made.has(line));
    if (never.length > 0 && !isNarrowed(process.argv)) {
      throw new Error(`declared, but made by no test:\n  ${never.join('\n  ')}`);
    }
  };
}

const declared = (all: readonly Pick<Step, 'name' | 'reads' | 'writes' | 'undo'>[]): string[] =>
  all.flatMap(({ name, reads, writes, undo }) => [
    ...Object.keys({ ...reads, ...writes }).map((call) => `${name} ${call}`),
    ...Object.keys({ ...undo?.reads, ...undo?.writes }).map((call) => `undo of ${name} ${call}`),
  ]);

/** Whether the command names files or titles: `vitest run --config FILE` does not. */
function isNarrowed(argv: readonly string[]): boolean {
  const words = argv.slice(argv.indexOf('run') + 1);
  const values = words.filter((word, i) => !word.startsWith('-') && words[i - 1] !== '--config');
  return values.length > 0 || words.some((word) => /^(?:-t|--testNamePattern|--shard)/.test(word));
}
