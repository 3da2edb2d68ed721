import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { cordonApp } from '../../infra/app.ts';
import { install, NotInstalledError } from '../../infra/python-environment.ts';
import { buildAsset } from '../../infra/synth.ts';
import { account, config } from './test-config.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** One of each for every worker: where moto listens, and where its `gateway/serve.ts` does. */
    motos: readonly { readonly moto: string; readonly gateway: string }[];
    /** The folders of the built steps and of the synthesised templates. */
    built: { asset: string; templates: string };
  }
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const venv = process.env.CORDON_MOTO_VENV ?? pathOf('../../.venv/moto');
/** moto's own complaints, a trace for each call that it cannot answer, and the gateway's. */
const log = `${venv}/moto.log`;
const requirements = pathOf('requirements.txt');

/**
 * Installs the pinned moto if it is not there yet, starts one for each worker, with the gateway that
 * its interpreter calls, on free ports of 127.0.0.1, and ends all after the last test.
 *
 * It goes into a virtual environment in `.venv/moto`, or where `CORDON_MOTO_VENV` says. Whatever
 * keeps it from starting fails the run: nothing is skipped.
 */
export default async function startMoto({
  config: { maxWorkers },
  provide,
}: TestProject): Promise<() => Promise<void>> {
  await install({ name: 'moto', requirements, venv }).catch((error) => {
    if (!(error instanceof NotInstalledError)) throw error;
    // Thrown, it would be a trace among vitest's own words.
    console.error(error.message);
    process.exit(1);
  });
  provide('built', await build());
  const complaints = openSync(log, 'w');
  const started: Listening[] = [];
  const end = async () => {
    await Promise.all(started.map((each) => each.end()));
  };
  try {
    const motos = [];
    for (let worker = 0; worker < maxWorkers; worker++)
      motos.push(await startOne(started, complaints));
    provide('motos', motos);
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/** Starts a moto and its gateway, each of which knows the other. */
async function startOne(started: Listening[], complaints: number) {
  const gateway = await listening(process.execPath, [pathOf('gateway/serve.ts')], complaints, {});
  started.push(gateway);
  const moto = await listening(`${venv}/bin/python`, [pathOf('serve.py')], complaints, {
    MOTO_ACCOUNT_ID: account,
    MOTO_PORT: gateway.port,
    // AWSDenyAll is one of them.
    MOTO_IAM_LOAD_MANAGED_POLICIES: 'true',
  });
  started.push(moto);
  const answer = await fetch(`${moto.url}/moto-api/data.json`);
  if (!answer.ok) throw new Error(`moto answers ${answer.status}`);
  await fetch(`${gateway.url}/gateway/moto`, { method: 'PUT', body: JSON.stringify(moto.url) });
  return { moto: moto.url, gateway: gateway.url };
}

/** Builds the steps and synthesises the templates, once for all that deploys them. */
async function build(): Promise<{ asset: string; templates: string }> {
  const { folder: asset } = await buildAsset(config, pathOf('../../out/moto/steps'));
  const { directory } = cordonApp({
    config,
    asset,
    outdir: pathOf('../../out/moto/cdk.out'),
    // What cdk-nag says is for `npm run synth`.
    checked: false,
  }).synth();
  return { asset, templates: directory };
}

type Listening = Awaited<ReturnType<typeof listening>>;

/** Starts a program that says its port when it listens, and ends with its standard input. */
async function listening(
  program: string,
  args: readonly string[],
  complaints: number,
  environment: Readonly<Record<string, string>>,
) {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', complaints],
    env: { ...process.env, ...environment },
  });
  const ended = once(child, 'exit');
  const port = await portOf(child);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    end: async () => {
      // It ends with its standard input, also when this process is killed.
      child.stdin?.end();
      await ended;
    },
  };
}

async function portOf({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('it was started without a standard output');
  for await (const line of createInterface(stdout)) return line;
  throw new Error(`ended before it listened:\n${readFileSync(log, 'utf8')}`);
}
