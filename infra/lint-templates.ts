import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eachTemplate } from './template-variants.ts';

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const venv = process.env.CORDON_CFN_LINT_VENV ?? pathOf('../.venv/cfn-lint');
const requirements = pathOf('requirements.txt');

/** CDK says that a function depends on its role, which a reference says already. */
const ignored = ['W3005'];

/**
 * `npm run lint:templates`: AWS's own linter over every template, by CloudFormation's schemas.
 *
 * It goes into a virtual environment in `.venv/cfn-lint`, or where `CORDON_CFN_LINT_VENV` says.
 * Whatever keeps it from running fails the command: nothing is skipped.
 */
await install();
await eachTemplate(async (stacks) => {
  const files = stacks.map(({ templateFullPath }) => templateFullPath);
  process.exitCode = await run(`${venv}/bin/cfn-lint`, [
    '--ignore-checks',
    ...ignored,
    '--',
    ...files,
  ]);
  if (process.exitCode === 0) console.log(`cfn-lint: ${files.length} templates, nothing to say`);
});

async function install(): Promise<void> {
  const pins = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const done = `${venv}/installed-${pins.slice(0, 12)}`;
  if (existsSync(done)) return;
  process.stderr.write(`installing cfn-lint into ${venv}\n`);
  await mustRun('python3', ['-m', 'venv', '--clear', venv]);
  await mustRun(`${venv}/bin/python`, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  writeFileSync(done, '');
}

/** Runs a program to its end; returns its exit code. `once` rejects when it cannot be started. */
async function run(program: string, args: readonly string[]): Promise<number> {
  const [code] = await once(spawn(program, args, { stdio: ['ignore', 2, 2] }), 'exit');
  return typeof code === 'number' ? code : 1;
}

async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const code = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}
