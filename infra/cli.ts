import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { infraCommand, type Terminal } from './command.ts';

const isWatched = process.stdin.isTTY === true && process.stdout.isTTY === true;

/** `npm run synth`, `npm run diff` and `npm run deploy`: {@link infraCommand} in a process. */
process.exitCode = await infraCommand(
  process.argv.slice(2),
  {
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
    progress: process.stderr.isTTY === true ? await progressLine() : undefined,
    ask: isWatched ? ask : undefined,
  },
  { cdk },
);

async function progressLine(): Promise<Terminal['progress']> {
  const { default: ora } = await import('ora');
  const line = ora({ stream: process.stderr, discardStdin: false });
  return { show: (text) => line.start(text), end: () => line.stop() };
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** The CDK's command line, on what stands in `cdk.out` and not on this program once more. */
async function cdk(args: readonly string[]): Promise<number> {
  const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  const program = inRepository('node_modules/aws-cdk/bin/cdk');
  const child = spawn(
    process.execPath,
    [program, ...args, '--app', inRepository('cdk.out'), '--no-notices'],
    { stdio: 'inherit', env: { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' } },
  );
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}
