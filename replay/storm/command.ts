import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { steps } from '../../functions/index.ts';
import type { Terminal } from '../command.ts';
import { loadWorkflows } from '../workflow.ts';
import { lambdaLimits } from './limits.ts';
import { textOfStorms } from './report.ts';
import { type StormOptions, storm } from './storm.ts';
import type { StormReport } from './summary.ts';

interface Options {
  readonly findings?: readonly number[];
  readonly priority: StormOptions['priority'];
  readonly group: StormOptions['group'];
  readonly interfaces: number;
  readonly region: StormOptions['region'];
  readonly guard?: StormOptions['guard'];
  readonly concurrency: number;
  readonly json?: true;
}

const usual = [1, 10, 100, 1_000, 5_000];
/** Beside the usual ones: what a deployment does whose limits nobody lifted. */
const guarded = { findings: 1_000, guard: 'default' } as const;
const mostFindings = 10_000;
/** How much later than AWS's own limit allows the last instance may be cut off, in a large storm. */
const most = { ratio: 1.15, from: 1_000 } as const;

/** Runs `npm run storm --` with these arguments; returns its exit code. */
export async function stormCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const command = commandFor(terminal).action(async (options: Options) => {
    const reports = await breakOut(options, terminal);
    if (options.json) terminal.print(`${JSON.stringify({ storms: reports }, null, 2)}\n`);
    else terminal.print(textOfStorms(reports, { most, colour: terminal.colour }));
    exitCode = reports.every(isHeld) ? 0 : 1;
  });
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}

/** Nothing was lost, and the last cut came soon enough. */
const isHeld = ({ lost, ratio, findings }: StormReport): boolean =>
  lost === 0 && (ratio === null || findings < most.from || ratio <= most.ratio);

async function breakOut(
  { findings, guard, json: _, ...options }: Options,
  { progress }: Terminal,
): Promise<readonly StormReport[]> {
  const storms = [
    ...(findings ?? usual).map((count) => ({ findings: count, guard: guard ?? 'lifted' })),
    ...(findings || guard ? [] : [guarded]),
  ];
  const workflow = loadWorkflows(steps).get('compromised-instance');
  if (!workflow) throw new Error('there is no workflow for compromised-instance');
  const reports: StormReport[] = [];
  for (const each of storms) {
    const { findings: count } = each;
    const show = (ended: number, seconds: number) =>
      progress?.show(`${ended} of ${count} ended, ${Math.round(seconds)} s into the storm`);
    progress?.show(`${count} findings`);
    reports.push(await storm({ ...options, ...each, workflow, progress: show }));
  }
  progress?.end();
  return reports;
}

const commandFor = ({ print, complain }: Terminal): Command =>
  new Command('npm run storm --')
    .description(
      'Has findings come all at once, under the limits that AWS documents. No AWS account is touched.',
    )
    .option(
      '--findings <N>',
      `how many, several with commas (default: ${usual.join(',')}, which takes minutes)`,
      counts,
    )
    .addOption(
      new Option('--priority <priority>', 'what the rules start the playbook with')
        .choices(['evidence-first', 'containment-first'])
        .default('evidence-first'),
    )
    .addOption(
      new Option('--group <group>', "whether the VPC's isolation group is there")
        .choices(['ready', 'missing'])
        .default('ready'),
    )
    .option('--interfaces <n>', 'of each instance, 1 to 8', upTo(8), 1)
    .addOption(
      new Option('--region <size>', 'large: us-east-1, us-west-2 and eu-west-1')
        .choices(['large', 'small'])
        .default('large'),
    )
    .addOption(
      new Option(
        '--guard <guard>',
        `on containments in an hour: lifted, or as configured by default (default: lifted, and of ${guarded.findings} findings both)`,
      ).choices(['lifted', 'default']),
    )
    .option(
      '--concurrency <n>',
      'Lambdas that may run at once in the account; a new account may have 10',
      upTo(10_000),
      lambdaLimits.concurrent,
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Time is simulated: the real workflow, its waits and retries, the real steps and the SDK's own retries.

Exit code: 0 when nothing was lost and, of ${most.from} findings or more, the last cut came within ${most.ratio}
times the least that AWS allows; 1 when not, 2 for unusable arguments.`,
    )
    .configureOutput({ writeOut: print, writeErr: complain })
    .exitOverride();

function upTo(most: number) {
  return (text: string): number => {
    const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (count < 1 || count > most) {
      throw new InvalidArgumentError(`Expected a number from 1 to ${most}.`);
    }
    return count;
  };
}

const counts = (text: string): readonly number[] => text.split(',').map(upTo(mostFindings));
