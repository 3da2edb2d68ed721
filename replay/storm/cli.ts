import { refuseNetwork } from '../no-network.ts';
import { printable } from '../printable.ts';
import { nowAndThen } from '../progress-line.ts';
import { stormCommand } from './command.ts';

/** `npm run storm`: {@link stormCommand} in a process that cannot leave the machine. */
refuseNetwork();
const watched = process.stderr.isTTY === true;
process.exitCode = await stormCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
  progress: watched
    ? {
        show: (text) => process.stderr.write(`\r\u001b[K${printable(text)}`),
        end: () => process.stderr.write('\r\u001b[K'),
      }
    : nowAndThen((text) => process.stderr.write(text)),
});
