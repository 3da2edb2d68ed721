import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { Command, CommanderError } from 'commander';
import {
  type Config,
  exampleConfig,
  loadConfig,
  ownConfig,
  UnusableConfigError,
} from './config.ts';
import { synthesize } from './synth.ts';

/** Where a command's words go. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
  /** Shown while something takes long; left out where nobody looks. */
  readonly progress?: { show(text: string): void; end(): void } | undefined;
}

/** Runs `npm run synth` and its like with these arguments; returns the exit code. */
export async function infraCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const command = new Command('npm run')
    .description("Makes Cordon's templates from cordon.config.ts, compares and deploys them.")
    .configureOutput({ writeOut: terminal.print, writeErr: terminal.complain })
    .exitOverride();
  command
    .command('synth')
    .description(
      'write the templates to cdk.out; the example is taken where there is no cordon.config.ts',
    )
    .action(() => synth(terminal));
  try {
    await command.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UnusableConfigError)) throw error;
    terminal.complain(`${error.message}\n`);
    return 2;
  } finally {
    terminal.progress?.end();
  }
}

async function synth(terminal: Terminal): Promise<void> {
  const own = existsSync(ownConfig);
  const config: Config = await loadConfig(own ? ownConfig : exampleConfig);
  terminal.progress?.show('building the steps and the templates');
  const started = performance.now();
  const { built, assembly } = await synthesize(config);
  terminal.progress?.end();
  if (!own) {
    terminal.print(
      'There is no cordon.config.ts: these are the templates of cordon.config.example.ts, for nobody to deploy.\n',
    );
  }
  for (const stack of assembly.stacks) {
    terminal.print(`${relative(process.cwd(), stack.templateFullPath)}\n`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const megabytes = (built.bytes / 1e6).toFixed(2);
  terminal.print(`asset of all steps: ${megabytes} MB; made in ${seconds} s\n`);
}
