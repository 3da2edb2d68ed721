import type { Terminal } from './command.ts';
import { printable } from './printable.ts';

/** How far a command has come: on a terminal a line that changes, elsewhere a line now and then. */
export async function progressLine(): Promise<NonNullable<Terminal['progress']>> {
  if (!process.stderr.isTTY) return nowAndThen((text) => process.stderr.write(text));
  const { default: ora } = await import('ora');
  const line = ora({ stream: process.stderr, discardStdin: false });
  return {
    show: (text) => line.start(printable(text)),
    end: () => line.stop(),
  };
}

/** A line for a log, at most every half a minute; nothing of what takes less. */
export function nowAndThen(
  write: (text: string) => void,
  now: () => number = Date.now,
): NonNullable<Terminal['progress']> {
  let last = now();
  return {
    show(text) {
      if (now() - last < 30_000) return;
      last = now();
      write(`${printable(text)}\n`);
    },
    end: () => {},
  };
}
