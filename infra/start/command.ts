import { randomUUID } from 'node:crypto';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { Command, CommanderError, Option } from 'commander';
import { playbookNames } from '../../functions/shared/playbooks.ts';
import { UnusableInputError } from '../../functions/shared/unusable-input.ts';
import { indented } from '../../replay/lines.ts';
import { type Asked, inputFor } from './ask.ts';
import { readCase } from './case.ts';
import { findMachine, type To } from './deployment.ts';
import { follow, type Happened } from './follow.ts';
import { refusal } from './refusal.ts';
import { wrongRegion } from './region.ts';
import { documentOf, endedWell, lineOf, textOf } from './report.ts';

/** Where the command's words go, and how it waits. */
interface Terminal {
  print(text: string): void;
  complain(text: string): void;
  readonly colour: boolean;
  /** Between two looks at an execution. Rejects with {@link StoppedFollowing} on Ctrl-C. */
  pause(): Promise<void>;
}

/** The person has seen enough; the execution goes on. */
export class StoppedFollowing extends Error {
  override readonly name = 'StoppedFollowing';
}

interface Options extends Asked {
  readonly profile?: string;
  readonly region?: string;
  readonly stage: string;
  readonly json?: true;
}

/** The shell's own code for what Ctrl-C ended. */
const interrupted = 130;

/**
 * Runs `npm run start --` with these arguments; returns its exit code: 0 when the playbook ended
 * well, 1 when it failed or left its case to a human, 2 when nothing was started.
 *
 * `given` goes to every AWS client, in place of what the environment says.
 */
export async function startCommand(
  args: readonly string[],
  terminal: Terminal,
  given: To = {},
): Promise<number> {
  let exitCode = 2;
  const command = commandFor(terminal, async (playbook, subject, options) => {
    exitCode = await run({ playbook, subject, options, terminal, given });
  });
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

type Act = (playbook: string, subject: string | undefined, options: Options) => Promise<void>;

function commandFor({ print, complain }: Terminal, act: Act): Command {
  const root = new Command('npm run start --')
    .description('Starts a playbook of a deployed Cordon, follows it and prints its case.')
    .configureOutput({ writeOut: print, writeErr: complain })
    .exitOverride()
    .addHelpText('after', more);
  const playbook = (name: string, what: string) =>
    withCommon(root.command(name).description(what).copyInheritedSettings(root))
      .addOption(new Option('--live', 'act; without it nothing is changed'))
      .addOption(new Option('--reason <words>', 'kept in the case'))
      .addOption(new Option('--account <id>', "the target's account, where it is another"))
      .action((options: Options) => act(name, undefined, options));
  playbook('compromised-instance', 'Keep the evidence of an EC2 instance and cut it off.')
    .requiredOption('--instance <id>', 'such as i-0123456789abcdef0')
    .option('--target-region <region>', "the instance's Region, where it is another")
    .addOption(new Option('--priority <which>').choices(['evidence-first', 'containment-first']))
    .option('--no-memory', 'leave memory alone');
  playbook('compromised-access-key', "Stop a user's key, or all of a user's.")
    .option('--access-key <id>', 'AKIA…, or ASIA… with --user')
    .option('--user <name>', 'without its path');
  playbook('compromised-role', "Deny a role's session, or all of them.")
    .requiredOption('--role <name>', 'without its path')
    .option('--session <name>', 'only this one')
    .option('--access-key <id>', "the session's, ASIA…");
  playbook('rotate-access-key', 'Replace a key that was deactivated.')
    .requiredOption('--access-key <id>', 'AKIA…')
    .option('--user <name>', 'whose it is');
  withCommon(root.command('release').copyInheritedSettings(root))
    .description('Undo what a case changed.')
    .requiredOption('--case <id>', 'such as case-0123456789')
    .option('--steps <names...>', 'take back what these steps changed, and nothing else')
    .option('--rejoin <names...>', 'groups and load balancers that the instance joins again')
    .option('--reactivate-keys <ids...>', 'access keys that become active again')
    .addOption(new Option('--live', 'act; without it nothing is changed'))
    .addOption(new Option('--reason <words>', 'kept in the case'))
    .action((options: Options) => act('release', undefined, options));
  withCommon(root.command('follow').copyInheritedSettings(root))
    .description('Follow an execution that runs, and print its case.')
    .argument('<execution>', 'its ARN')
    .action((arn: string, options: Options) => act('follow', arn, options));
  return root;
}

const withCommon = (command: Command): Command =>
  command
    .option('--profile <name>', 'of the AWS configuration on this machine')
    .option('--region <region>', "the responder's, where Cordon runs")
    .option('--stage <name>', 'of the deployment', 'prod')
    .option('--json', 'print one JSON document');

const more = `
Nothing is changed without --live, and with it no more than the deployment's policy for the playbook
allows. Ctrl-C stops following; the execution goes on.

Exit code: 0 when the playbook ended well, 1 when it failed or left its case to a human, 2 when
nothing was started or followed, 130 after Ctrl-C.`;

interface Run {
  readonly playbook: string;
  readonly subject: string | undefined;
  readonly options: Options;
  readonly terminal: Terminal;
  readonly given: To;
}

async function run({ playbook, subject, options, terminal, given }: Run): Promise<number> {
  const { profile, region, stage } = options;
  const wrong = wrongRegion(region);
  if (wrong) {
    terminal.complain(`error: ${wrong}\n`);
    return 2;
  }
  const to: To = { ...(profile && { profile }), ...(region && { region }), ...given };
  let execution: string | undefined;
  try {
    if (subject) execution = executionArn(subject);
    else execution = await start({ playbook, options, terminal, to, stage });
    return await finish(execution, { options, terminal, to: { ...to, ...regionOf(execution) } });
  } catch (error) {
    const goesOn = execution ? howToFollow(execution, options) : [];
    if (error instanceof StoppedFollowing) {
      terminal.complain(lines(['', 'The execution goes on.', ...goesOn]));
      return interrupted;
    }
    const why = error instanceof UnusableInputError ? error.message : refusal(error, to);
    if (why === undefined) throw error;
    terminal.complain(lines([...indented(`error: ${why}`, 0), ...goesOn]));
    return 2;
  }
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

function executionArn(said: string): string {
  if (/^arn:[\w-]+:states:[a-z0-9-]+:\d{12}:execution:cordon-[\w-]+:[\w-]+$/.test(said))
    return said;
  throw new UnusableInputError(
    'expected the ARN of an execution, arn:aws:states:REGION:ACCOUNT:execution:cordon-STAGE-PLAYBOOK:NAME',
  );
}

/** An execution is where its ARN says, whatever Region the environment has. */
const regionOf = (arn: string): Pick<To, 'region'> => ({ region: arn.split(':')[3] ?? '' });

interface Starting {
  readonly playbook: string;
  readonly options: Options;
  readonly terminal: Terminal;
  readonly to: To;
  readonly stage: string;
}

/** The name is taken once for 90 days: an attempt that the SDK repeats starts nothing twice. */
async function start({ playbook, options, terminal, to, stage }: Starting): Promise<string> {
  const input = inputFor(playbook, options);
  const stateMachineArn = await findMachine(to, stage, playbook);
  const name = `start-${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const { executionArn: execution = '' } = await new SFNClient({
    ...to,
    ...regionOf(stateMachineArn),
  }).send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
  const how = options.live ? 'live' : 'dry run';
  const say = options.json ? terminal.complain : terminal.print;
  say(lines([`${playbook} · ${how} · started ${name}; times are UTC`]));
  return execution;
}

interface Finishing {
  readonly options: Options;
  readonly terminal: Terminal;
  readonly to: To;
}

async function finish(execution: string, { options, terminal, to }: Finishing): Promise<number> {
  const say = options.json ? terminal.complain : terminal.print;
  const states: Happened[] = [];
  const ended = await follow(new SFNClient(to), execution, {
    tell(happened) {
      states.push(happened);
      say(lines([lineOf(happened)]));
    },
    pause: terminal.pause,
  });
  const { stage, playbook } = partsOf(execution);
  const read = await readCase(to, { stage, execution, output: ended.output });
  const came = { playbook, execution, ended, states, read };
  terminal.print(
    options.json ? `${JSON.stringify(documentOf(came), null, 2)}\n` : textOf(came, terminal),
  );
  return endedWell(ended) ? 0 : 1;
}

/** A stage may hold a hyphen, as playbooks do; the playbooks are known. */
function partsOf(execution: string): { stage: string; playbook: string } {
  const machine = execution.split(':')[6] ?? '';
  const known = [...playbookNames, 'release'].find((name) => machine.endsWith(`-${name}`));
  const [, stage = '', playbook = ''] = /^cordon-(.+?)-(.+)$/.exec(machine) ?? [];
  if (!known) return { stage, playbook };
  return { stage: machine.slice('cordon-'.length, -known.length - 1), playbook: known };
}

function howToFollow(execution: string, { profile }: Options): readonly string[] {
  const region = regionOf(execution).region;
  const as = profile ? ` --profile ${profile}` : '';
  return [
    'Follow it with:',
    `  npm run start -- follow ${execution}${as}`,
    'or in the console:',
    `  https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${execution}`,
  ];
}
