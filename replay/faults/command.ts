import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Terminal } from '../command.ts';
import { readCases } from '../read-case.ts';
import { type FaultName, faultNames } from './faults.ts';
import { tryInWorkers } from './in-workers.ts';
import { callsOf, matrixOf, violationsOf } from './matrix.ts';
import { everyMutation, type Mutation } from './mutations.ts';
import { type Way, ways } from './scenario.ts';
import type { Tally } from './tally.ts';

interface Options {
  readonly case?: string;
  readonly call?: string;
  readonly fault?: FaultName;
  readonly every?: number;
  readonly part?: number;
  readonly way?: Way;
  readonly without: Mutation;
  readonly json?: true;
  readonly calls?: true;
  readonly ungrouped?: true;
}

const events = fileURLToPath(new URL('../../events', import.meta.url));

/** Runs `npm run faults --` with these arguments; returns its exit code. */
export async function faultsCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const program = programFor(terminal).action(async (path: string, options: Options) => {
    exitCode = await tryEverything(path, options, terminal);
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

function programFor({ print, complain }: Terminal): Command {
  return new Command('npm run faults --')
    .description(
      'Make every call of every case fail in every way, and hold the end to the invariants.',
    )
    .argument('[path]', 'a case folder or a folder of them', events)
    .option('--case <name>', 'this case alone')
    .option('--call <call>', 'this call alone, such as ec2:CreateSnapshots')
    .addOption(new Option('--fault <name>', 'this fault alone').choices(faultNames))
    .addOption(new Option('--way <name>', 'what the cases are taken through').choices(ways))
    .option('--every <n>', 'every n-th fault alone: a sample, the same each time', wholeNumber)
    .option('--part <k>', 'the k-th of these n samples, which together are all', wholeNumber)
    .option(
      '--without <safeguard>',
      'take one away first, to see that it is missed',
      safeguard,
      'none',
    )
    .option('--calls', 'also print what each call came to')
    .option('--ungrouped', 'also run what is known to be the same run as another')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExit code: 0 when every invariant held, 1 when one broke, 2 for usage or where nothing was tried.',
    )
    .configureOutput({ writeOut: print, writeErr: complain })
    .exitOverride();
}

async function tryEverything(
  path: string,
  options: Options,
  { print, complain, progress }: Terminal,
): Promise<number> {
  const { case: only, call, fault, way, every, part, ungrouped, without } = options;
  if (part && part > (every ?? 1)) {
    complain(
      `error: --part: expected 1 to ${every ?? 1}, as many as --every says, found ${part}\n`,
    );
    return 2;
  }
  const cases = readCases(path);
  const wanted = cases.flatMap(({ source }, index) =>
    only && basename(source) !== only ? [] : index,
  );
  let tried = 0;
  let ended = 0;
  const show = () => progress?.show(`${tried} faults met, ${ended} of ${wanted.length} cases done`);
  const atOnce = !call && !fault;
  const tallies = await tryInWorkers(
    {
      paths: [path],
      wanted: { call, faults: fault && [fault], way, every, part, ungrouped, atOnce },
      without,
    },
    // Those with an account of their own are the long ones, and the sequences the longest.
    wanted.toSorted((a, b) => sizeOf(cases[b]) - sizeOf(cases[a])),
    {
      tried() {
        if (++tried % 25 === 0) show();
      },
      ended() {
        ended++;
        show();
      },
    },
  );
  progress?.end();
  const whole: Tally = {
    cells: tallies.flatMap(({ cells }) => cells),
    violations: tallies.flatMap(({ violations }) => violations),
  };
  if (whole.cells.length === 0) {
    complain('error: nothing was tried: no such case, or none makes this call\n');
    return 2;
  }
  if (options.json) print(`${JSON.stringify(whole, null, 2)}\n`);
  else {
    if (every) print(`A sample: part ${part ?? 1} of ${every}, about every ${every}. fault.\n`);
    print(`${matrixOf(whole)}\n`);
    if (options.calls) print(`${callsOf(whole)}\n`);
    if (whole.violations.length > 0) print(`${violationsOf(whole.violations)}\n`);
  }
  return whole.violations.length > 0 ? 1 : 0;
}

function safeguard(text: string): Mutation {
  const known = everyMutation().find((one) => one === text);
  if (known) return known;
  throw new InvalidArgumentError('Expected a safeguard as `npm run mutations` prints them.');
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

const sizeOf = (of: unknown): number => JSON.stringify(of ?? null).length;
