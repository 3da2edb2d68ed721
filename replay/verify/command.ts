import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { readJson } from '../../functions/shared/read-json.ts';
import { UnusableInputError } from '../../functions/shared/unusable-input.ts';
import type { Terminal } from '../command.ts';
import { printable } from '../printable.ts';
import { asJson, type Report, textOf, verdictOf } from './report.ts';
import { verifyFiles } from './verify-files.ts';
import { verifyManifest } from './verify-manifest.ts';

interface Options {
  readonly publicKey?: string;
  readonly evidence?: string;
  readonly json?: true;
}

const more = `
The public key is what this prints, once, by somebody who may ask KMS; keep it with your own papers:
  aws kms get-public-key --key-id KEY --query PublicKey --output text \\
    | base64 -d | openssl pkey -pubin -inform der
The evidence is what this fetches:
  aws s3 cp --recursive s3://BUCKET/CASE/ DIR
The manifest of a replay needs no key: it is signed with one that everybody has.

Exit code: 0 when all that was checked holds, 1 when something does not, 2 for unusable input or
usage, a KMS signature without --public-key among them.`;

/** Runs `npm run verify --` with these arguments; returns its exit code. Asks no network for anything. */
export async function verifyCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const command = new Command('npm run verify --')
    .description(
      "Checks a case's evidence manifest: its chain, its signature and, given them, files.",
    )
    .argument('<manifest>', 'the manifest, a JSON file')
    .option('--public-key <pem>', 'file with the public key of the signing key')
    .option('--evidence <dir>', "folder with the case's evidence")
    .option('--json', 'print one JSON document')
    .addHelpText('after', more)
    .configureOutput({ writeOut: terminal.print, writeErr: terminal.complain })
    .exitOverride()
    .action(async (file: string, options: Options) => {
      exitCode = await verifyFile(file, options, terminal);
    });
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UnusableInputError)) throw error;
    terminal.complain(`error: ${error.message}\n`);
    return 2;
  }
}

async function verifyFile(file: string, options: Options, terminal: Terminal): Promise<number> {
  const publicKey = options.publicKey === undefined ? undefined : keyIn(options.publicKey);
  if (options.evidence !== undefined) refuseNoFolder(options.evidence);
  const document = inFile(file, () => readJson(read(file)));
  const checked = inFile(file, () => verifyManifest(document, publicKey));
  const { manifest, chain } = checked;
  const files =
    manifest && !chain && options.evidence !== undefined
      ? await verifyFiles(manifest, options.evidence)
      : undefined;
  const report: Report = { file, ...checked, files };
  terminal.print(
    options.json ? `${JSON.stringify(asJson(report), null, 2)}\n` : textOf(report, terminal),
  );
  if (verdictOf(report) === 'failed') return 1;
  return checked.signature === 'no-key' ? 2 : 0;
}

/** Says of an error in which file it is. */
function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnusableInputError) {
      throw new UnusableInputError(`${printable(file)}: ${error.message}`);
    }
    throw error;
  }
}

/** The file's text; what is not UTF-8 is no manifest, whatever would be left of it. */
function read(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError) throw new UnusableInputError('expected UTF-8');
    throw new UnusableInputError(`cannot be read (${codeOf(error)})`);
  }
}

function keyIn(file: string): KeyObject {
  return inFile(file, () => {
    const pem = read(file);
    try {
      return createPublicKey(pem);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UnusableInputError(`expected a public key in PEM (${why})`);
    }
  });
}

function refuseNoFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UnusableInputError(`${printable(folder)}: expected a folder`);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
