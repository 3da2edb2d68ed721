import { infraCommand, type Terminal } from './command.ts';

/** `npm run synth`, `npm run diff` and `npm run deploy`: {@link infraCommand} in a process. */
process.exitCode = await infraCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  progress: process.stderr.isTTY === true ? await progressLine() : undefined,
});

async function progressLine(): Promise<Terminal['progress']> {
  const { default: ora } = await import('ora');
  const line = ora({ stream: process.stderr, discardStdin: false });
  return { show: (text) => line.start(text), end: () => line.stop() };
}
