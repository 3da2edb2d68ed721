import type { Terminal } from './command.ts';
import { printable } from './printable.ts';

/** A line on the terminal that says how far a command has come. */
export async function progressLine(): Promise<Terminal['progress']> {
  const { default: ora } = await import('ora');
  const line = ora({ stream: process.stderr, discardStdin: false });
  return {
    show: (text) => line.start(printable(text)),
    end: () => line.stop(),
  };
}
