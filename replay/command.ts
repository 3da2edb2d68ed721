import { fileURLToPath } from 'node:url';
import { Command, CommanderError, Option } from 'commander';
import { steps } from '../functions/index.ts';
import type { Mode } from '../functions/shared/journal.ts';
import { type Case, readCases } from './read-case.ts';
import { type Replayed, replayCase } from './replay.ts';
import { prepareFolder, UnusableFolderError, writeReport } from './report-files.ts';
import { JsonReport } from './report-json.ts';
import { type TextOptions, Totals, textOfReplay } from './report-text.ts';
import { loadWorkflows, UnusableWorkflowError, type Workflow } from './workflow.ts';

/** Where a command's words go, and what they may look like there. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
  readonly colour: boolean;
  /** Shown while cases are replayed; left out where nobody looks. */
  readonly progress?: { show(text: string): void; end(): void } | undefined;
}

interface Options {
  readonly mode?: Mode;
  readonly json?: true;
  readonly out?: string;
  readonly calls: TextOptions['calls'];
}

const events = fileURLToPath(new URL('../events', import.meta.url));

/** Runs `npm run replay --` with these arguments; returns its exit code. */
export async function replayCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const command = commandFor(terminal).action(
    async (paths: readonly string[], options: Options) => {
      exitCode = await replayAll(paths.length > 0 ? paths : [events], options, terminal);
    },
  );
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UnusableFolderError || error instanceof UnusableWorkflowError))
      throw error;
    terminal.complain(`error: ${error.message}\n`);
    return 2;
  }
}

function commandFor({ print, complain }: Terminal): Command {
  return new Command('npm run replay --')
    .description('Shows what Cordon would do about GuardDuty findings. No AWS account is touched.')
    .argument(
      '[PATH...]',
      'case folders, folders of cases, or JSON files (default: all of events/)',
    )
    .addOption(
      new Option('--mode <mode>', 'live changes the rehearsal account, and nothing else').choices([
        'dry-run',
        'live',
      ]),
    )
    .addOption(
      new Option('--calls <which>', 'the AWS calls to list')
        .choices(['writes', 'all'])
        .default('writes'),
    )
    .option('--json', 'print one JSON document')
    .option(
      '--out <dir>',
      "also write each finding's journal, case, account, evidence and report there",
    )
    .addHelpText('after', more)
    .configureOutput({ writeOut: print, writeErr: complain })
    .exitOverride();
}

const more = `
A JSON file holds an EventBridge event, a finding as GuardDuty or Security Hub writes it, what
aws guardduty get-findings prints, {"instanceId": "i-…"}, or a list of these; at most 6 MiB.
A case folder holds event.json, and may hold account.json (the account it happened in) and
expected.json (what it must come to).

Exit code: 0 when every finding ended as its case expects, 1 when a playbook failed or a case
ended otherwise, 2 for unusable input or usage.`;

async function replayAll(
  paths: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  // Whatever stops a replay must stop it before the first finding.
  if (options.out !== undefined) prepareFolder(options.out);
  const workflows: ReadonlyMap<string, Workflow> = loadWorkflows(steps);
  const cases: readonly Case[] = paths.flatMap(readCases);
  const report = reportTo(options, terminal);
  let exitCode = 0;
  for (const [index, of] of cases.entries()) {
    terminal.progress?.show(`${index + 1} of ${cases.length}: ${of.source}`);
    for (const replayed of await replayCase(of, { workflows, mode: options.mode })) {
      report.add(replayed);
      exitCode = worse(exitCode, exitCodeOf(replayed));
    }
  }
  terminal.progress?.end();
  report.end();
  return exitCode;
}

/** Prints each replay when it is there, so that no more than one is held. */
function reportTo({ json, out, calls }: Options, { print, colour }: Terminal) {
  const document = json && new JsonReport(print);
  const totals = new Totals();
  let place = 0;
  return {
    add(replayed: Replayed): void {
      if (out !== undefined) writeReport(out, ++place, replayed);
      if (document) {
        document.add(replayed.replay);
        return;
      }
      totals.add(replayed.replay);
      print(`${textOfReplay(replayed.replay, { colour, calls })}\n`);
    },
    end(): void {
      if (document) document.end();
      else print(totals.text({ colour, calls }));
    },
  };
}

function exitCodeOf({ replay, expected }: Replayed): number {
  if (expected) return replay.unexpected.length > 0 ? 1 : 0;
  return replay.status === 'failed' ? 1 : replay.status === 'invalid' ? 2 : 0;
}

/** A failure outweighs unusable input. */
const worse = (one: number, other: number): number =>
  one === 1 || other === 1 ? 1 : Math.max(one, other);
