import { setTimeout } from 'node:timers/promises';
import { StoppedFollowing, startCommand } from './command.ts';

/** `npm run start`: {@link startCommand} in a process, which Ctrl-C takes off an execution. */
const pollMilliseconds = 2_000;
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

process.exitCode = await startCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
  async pause() {
    // It rejects for nothing else.
    await setTimeout(pollMilliseconds, undefined, { signal: stop.signal }).catch(() => {
      throw new StoppedFollowing();
    });
  },
});
