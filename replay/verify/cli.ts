import { refuseNetwork } from '../no-network.ts';
import { verifyCommand } from './command.ts';

/** `npm run verify`: {@link verifyCommand} in a process that cannot leave the machine. */
refuseNetwork();
process.exitCode = await verifyCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
});
