import { replayCommand } from './command.ts';
import { refuseNetwork } from './no-network.ts';
import { progressLine } from './progress-line.ts';

/** `npm run replay`: {@link replayCommand} in a process that cannot leave the machine. */
refuseNetwork();
process.stdout.on('error', endQuietly);
process.exitCode = await replayCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
  progress: await progressLine(),
});

/** A reader that has seen enough, such as `head`, is no failure. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
