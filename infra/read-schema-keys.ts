import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * Lets esbuild leave out what the steps do not use of AWS's clients.
 *
 * A client's schema module names the members of its shapes by constants, `[_eQN]: …`. esbuild takes a
 * computed key for something that might have effects, so it keeps every shape of the service: 831 KB
 * for a single call of EC2. Written out as the string it is, the key has none, and what remains is
 * what the commands in use refer to. The bytes on the wire are the same.
 */
export const readSchemaKeys: Plugin = {
  name: 'read-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist-es[\\/]schemas[\\/][^\\/]+\.js$/ }, async ({ path }) => ({
      contents: withLiteralKeys(await readFile(path, 'utf8')),
      loader: 'js',
    }));
  },
};

/** The same module, with each computed key that is a constant's name as the constant's string. */
export function withLiteralKeys(module: string): string {
  const constants = new Map(
    [...module.matchAll(/^const (_\w+) = ("(?:[^"\\]|\\.)*");$/gm)].map(([, name, string]) => [
      name,
      string,
    ]),
  );
  return module.replace(/\[(_\w+)\]:/g, (computed, name: string) => {
    const string = constants.get(name);
    // Between brackets `__proto__` is a name like any other, but not as a literal key.
    return string && string !== '"__proto__"' ? `${string}:` : computed;
  });
}
