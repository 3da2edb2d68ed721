import { rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Step } from '../functions/shared/step.ts';
import { lambdaCredentials } from './lambda-credentials.ts';
import { readSchemaKeys } from './read-schema-keys.ts';
import { readScripts } from './read-scripts.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** The one asset of all Lambdas: a folder with `STEP.mjs` for each step, and what they share. */
export interface Built {
  readonly folder: string;
  /** What a Lambda unpacks, before the settings are laid beside it. */
  readonly bytes: number;
}

/** How a Lambda calls its step: the export `handler` of `STEP.mjs`. */
export const handlerOf = ({ name }: Pick<Step, 'name'>): string => `${name}.handler`;

/**
 * Builds every step's handler, in one go and into one folder, so that what two steps use is there
 * once and the asset is uploaded once.
 *
 * The AWS clients are bundled rather than taken from the runtime: what was tested is what runs. The
 * folder is emptied first, for a file left from an earlier build would be deployed as well.
 */
export async function buildSteps(
  steps: readonly Pick<Step, 'name'>[],
  folder: string,
): Promise<Built> {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: {
      ...Object.fromEntries(steps.map(({ name }) => [name, `functions/${name}/handler.ts`])),
      // No step: a browser calls it.
      'approval-page': 'functions/approval-page/page.ts',
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    metafile: true,
    plugins: [readSchemaKeys, readScripts, lambdaCredentials],
    logLevel: 'warning',
  });
  const files = Object.keys(metafile.outputs).map((file) => `${repository}/${file}`);
  return { folder, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}
