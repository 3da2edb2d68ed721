import { refuseNetwork } from '../no-network.ts';
import { progressLine } from '../progress-line.ts';
import { faultsCommand } from './command.ts';

/** `npm run faults`: {@link faultsCommand} in a process that cannot leave the machine. */
refuseNetwork();
process.exitCode = await faultsCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: false,
  progress: await progressLine(),
});
