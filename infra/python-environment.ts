import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A program of Python's cannot be installed; the message is a line for whoever needs it. */
export class NotInstalledError extends Error {
  override readonly name = 'NotInstalledError';
}

/** A program of Python's, pinned by a requirements file, and the virtual environment it goes into. */
interface Pinned {
  readonly name: string;
  readonly requirements: string;
  readonly venv: string;
}

/** Installs it, unless that was done. Throws {@link NotInstalledError}. */
export async function install({ name, requirements, venv }: Pinned): Promise<void> {
  const pins = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const done = `${venv}/installed-${pins.slice(0, 12)}`;
  if (existsSync(done)) return;
  process.stderr.write(`installing ${name} into ${venv}\n`);
  await mustRun(name, 'python3', ['-m', 'venv', '--clear', venv]);
  const pip = ['-m', 'pip', 'install', '--quiet', '-r', requirements];
  await mustRun(name, `${venv}/bin/python`, pip);
  writeFileSync(done, '');
}

/** Runs a program to its end, with all it prints on standard error; returns its exit code. */
export async function run(program: string, args: readonly string[]): Promise<number> {
  // `once` rejects when the program cannot be started.
  const [code] = await once(spawn(program, args, { stdio: ['ignore', 2, 2] }), 'exit');
  return typeof code === 'number' ? code : 1;
}

async function mustRun(name: string, program: string, args: readonly string[]): Promise<void> {
  const code = await run(program, args).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new NotInstalledError(
      `error: ${name} needs Python 3.10 or newer, and there is no ${program} on the PATH: install it ` +
        'with its module venv (apt-get install python3-venv, brew install python, or https://www.python.org)',
    );
  });
  if (code === 0) return;
  throw new NotInstalledError(
    `error: ${name} was not installed: ${program} ${args.join(' ')} ended with ${code}, see above`,
  );
}
