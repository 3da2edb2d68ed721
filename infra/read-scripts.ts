import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

const read = /readFileSync\(new URL\('(\.\/[^']+)', import\.meta\.url\), 'utf8'\)/g;

/**
 * Puts a script's text in place of the expression that reads it from beside its module: in the
 * asset there is no such file, and no such place, since code splitting moves modules.
 */
export const readScripts: Plugin = {
  name: 'read-scripts',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]start-memory-capture[\\/]capture-document\.ts$/ }, async ({ path }) => {
      const module = await readFile(path, 'utf8');
      const texts = new Map<string, string>();
      for (const [, file = ''] of module.matchAll(read)) {
        texts.set(file, JSON.stringify(await readFile(join(dirname(path), file), 'utf8')));
      }
      const contents = module.replaceAll(read, (_, file: string) => texts.get(file) ?? '');
      return { contents, loader: 'ts' };
    });
  },
};
