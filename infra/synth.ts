import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { steps } from '../functions/index.ts';
import { cordonApp } from './app.ts';
import { type Built, buildSteps } from './build-steps.ts';
import { type Config, settingsOf } from './config.ts';

const inRepository = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const cdkOut = inRepository('cdk.out');

/** Builds the asset of a configuration: the steps, and what the deployer decided for them. */
export async function buildAsset(config: Config, folder = inRepository('out/steps')) {
  const built = await buildSteps(steps, folder);
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settingsOf(config), null, 2));
  return built;
}

/** Every template of a configuration, and the asset they refer to. */
export interface Synthesized {
  readonly built: Pick<Built, 'bytes'>;
  readonly assembly: CloudAssembly;
}

/** Synthesises every template of a configuration into a folder, `cdk.out`. */
export async function synthesize(config: Config, outdir = cdkOut): Promise<Synthesized> {
  const built = await buildAsset(config);
  if (existsSync(outdir)) rmSync(outdir, { recursive: true });
  return { built, assembly: cordonApp({ config, asset: built.folder, outdir }).synth() };
}
