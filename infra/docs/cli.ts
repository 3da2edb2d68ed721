import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { facts, generated } from './generated.ts';

/** `npm run docs`: writes anew what the docs have from the declarations, workflows and templates. */
for (const [path, text] of await generated(await facts())) {
  const file = new URL(`../../${path}`, import.meta.url);
  mkdirSync(dirname(file.pathname), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path}: ${(Buffer.byteLength(text) / 1024).toFixed(1)} KB\n`);
}
