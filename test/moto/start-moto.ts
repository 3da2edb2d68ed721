import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where moto listens. */
    moto: string;
  }
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const venv = process.env.CORDON_MOTO_VENV ?? pathOf('../../.venv/moto');
/** moto's own complaints: a trace for each call that it cannot answer. */
const log = `${venv}/moto.log`;
const requirements = pathOf('requirements.txt');

/** The account that moto plays; the one of the rehearsals. */
export const account = '111122223333';

/**
 * Installs the pinned moto if it is not there yet, starts it on a free port of 127.0.0.1, and ends
 * it after the last test.
 *
 * It goes into a virtual environment in `.venv/moto`, or where `CORDON_MOTO_VENV` says. Whatever
 * keeps it from starting fails the run: nothing is skipped.
 */
export default async function startMoto({ provide }: TestProject): Promise<() => Promise<void>> {
  await install();
  const child = spawn(`${venv}/bin/python`, [pathOf('serve.py')], {
    stdio: ['pipe', 'pipe', openSync(log, 'w')],
    env: { ...process.env, MOTO_ACCOUNT_ID: account },
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${await portOf(child)}`;
  const answer = await fetch(`${url}/moto-api/data.json`);
  if (!answer.ok) throw new Error(`moto answers ${answer.status}`);
  provide('moto', url);
  return async () => {
    // It ends with its standard input, also when this process is killed.
    child.stdin?.end();
    await ended;
  };
}

async function install(): Promise<void> {
  const pins = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const done = `${venv}/installed-${pins.slice(0, 12)}`;
  if (existsSync(done)) return;
  say(`installing moto into ${venv}`);
  await run('python3', ['-m', 'venv', '--clear', venv]);
  await run(`${venv}/bin/python`, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  writeFileSync(done, '');
}

/** Runs a program to its end, with all it prints on standard error. */
async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 2, 2] });
  // `once` rejects when the program cannot be started, Python missing say.
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}

async function portOf({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('moto was started without a standard output');
  for await (const line of createInterface(stdout)) return line;
  throw new Error(`moto ended before it listened:\n${readFileSync(log, 'utf8')}`);
}

const say = (line: string) => process.stderr.write(`${line}\n`);
