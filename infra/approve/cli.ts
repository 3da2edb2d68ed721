import { openOnAws } from './aws.ts';
import { approveCommand } from './command.ts';

/** `npm run approve`: {@link approveCommand} in a process. */
process.exitCode = await approveCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  open: openOnAws,
});
