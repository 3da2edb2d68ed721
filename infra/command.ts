import { existsSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { Command, CommanderError } from 'commander';
import {
  type Config,
  exampleConfig,
  loadConfig,
  ownConfig,
  UnusableConfigError,
} from './config.ts';
import { ownStacks, planOfDeployment } from './plan-of-deployment.ts';
import { type Synthesized, synthesize } from './synth.ts';

/** Where a command's words go. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
  /** Shown while something takes long; left out where nobody looks. */
  readonly progress?: { show(text: string): void; end(): void } | undefined;
  /** Asks who sits there, and returns what was typed; left out where nobody does. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

/** What a command works with; a test brings its own. */
export interface Surroundings {
  /** The deployer's configuration. */
  readonly config: string;
  synthesize(config: Config): Promise<Synthesized>;
  /** Runs the CDK's own command line on what was synthesised; returns its exit code. */
  cdk(args: readonly string[]): Promise<number>;
}

interface Options {
  readonly profile?: string;
  readonly yes?: true;
}

/** Runs `npm run synth`, `diff` or `deploy` with these arguments; returns the exit code. */
export async function infraCommand(
  args: readonly string[],
  terminal: Terminal,
  { config = ownConfig, ...given }: Partial<Surroundings> & Pick<Surroundings, 'cdk'>,
): Promise<number> {
  const around: Surroundings = { config, synthesize, ...given };
  let exitCode = 0;
  const command = commandFor(terminal, {
    synth: () => synth(around, terminal),
    diff: async (options) => {
      exitCode = await diff(around, options, terminal);
    },
    deploy: async (options) => {
      exitCode = await deploy(around, options, terminal);
    },
  });
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UnusableConfigError)) throw error;
    terminal.complain(`${error.message}\n`);
    return 2;
  } finally {
    terminal.progress?.end();
  }
}

function commandFor(
  { print, complain }: Terminal,
  run: Record<'synth' | 'diff' | 'deploy', (options: Options) => Promise<void>>,
): Command {
  const command = new Command('npm run')
    .description("Makes Cordon's templates from cordon.config.ts, compares and deploys them.")
    .configureOutput({ writeOut: print, writeErr: complain })
    .exitOverride();
  const profile = ['--profile <name>', "the profile of the responder's account"] as const;
  command
    .command('synth')
    .description('write the templates to cdk.out; without a cordon.config.ts, those of the example')
    .action(() => run.synth({}));
  command
    .command('diff')
    .description('show what deploy would change')
    .option(...profile)
    .action(run.diff);
  command
    .command('deploy')
    .description("deploy the stacks of the responder's account, once somebody has agreed")
    .option(...profile)
    .option('--yes', 'agree beforehand, where nobody can be asked')
    .action(run.deploy);
  return command;
}

async function synth(around: Surroundings, terminal: Terminal): Promise<void> {
  const own = existsSync(around.config);
  const started = performance.now();
  const { built, assembly } = await made(own ? around.config : exampleConfig, around, terminal);
  if (!own) {
    terminal.print(
      `There is no ${basename(around.config)}: these are the templates of ${basename(exampleConfig)}, for nobody to deploy.\n`,
    );
  }
  for (const stack of assembly.stacks) {
    terminal.print(`${relative(process.cwd(), stack.templateFullPath)}\n`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const megabytes = (built.bytes / 1e6).toFixed(2);
  terminal.print(`asset of all steps: ${megabytes} MB; made in ${seconds} s\n`);
}

async function diff(around: Surroundings, options: Options, terminal: Terminal): Promise<number> {
  const { config, assembly } = await made(around.config, around, terminal);
  return around.cdk(['diff', ...ownStacks(assembly, config), ...profileOf(options)]);
}

async function deploy(around: Surroundings, options: Options, terminal: Terminal): Promise<number> {
  const { config, assembly } = await made(around.config, around, terminal);
  terminal.print(planOfDeployment(assembly, config));
  if (!options.yes) {
    if (!terminal.ask) {
      terminal.complain('Nobody can be asked here: say --yes to deploy this.\n');
      return 2;
    }
    const answer = await terminal.ask('Deploy this? Type yes: ');
    if (answer.trim() !== 'yes') {
      terminal.print('Nothing was deployed.\n');
      return 1;
    }
  }
  const stacks = ownStacks(assembly, config);
  return around.cdk(['deploy', ...stacks, '--require-approval', 'never', ...profileOf(options)]);
}

const profileOf = ({ profile }: Options): readonly string[] =>
  profile ? ['--profile', profile] : [];

/** Reads a configuration and makes its templates, with word of it where somebody looks. */
async function made(path: string, { synthesize }: Surroundings, { progress }: Terminal) {
  const config = await loadConfig(path);
  progress?.show('building the steps and the templates');
  const synthesized = await synthesize(config);
  progress?.end();
  return { config, ...synthesized };
}
