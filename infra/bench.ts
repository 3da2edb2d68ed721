import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { steps } from '../functions/index.ts';
import { buildSteps } from './build-steps.ts';
import { idleCost } from './idle-cost.ts';
import { eachTemplate } from './template-variants.ts';

/**
 * What the deployed shape weighs, as JSON, for `npm run bench`, which is a process of its own: this
 * one loads the CDK.
 */
const runs = process.argv.includes('--quick') ? 3 : 15;
const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const round = (value: number): number => Math.round(value * 100) / 100;

const before = performance.now();
mustRun([cli, 'synth']);
const synth = (performance.now() - before) / 1000;

const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-'));
const { bytes } = await buildSteps(steps, folder);
const imports = steps.map(({ name }) => importsOf(name));
rmSync(folder, { recursive: true });
const slowest = imports.reduce((one, other) => (other.median > one.median ? other : one));
const longest = imports.reduce((one, other) => (other.largest > one.largest ? other : one));

console.log(
  JSON.stringify([
    { what: 'asset of all steps', value: round(bytes / 1e6), most: 1.5, unit: 'MB' },
    { what: `import of ${slowest.name}, median`, value: slowest.median, most: 40, unit: 'ms' },
    { what: `import of ${longest.name}, largest`, value: longest.largest, most: 60, unit: 'ms' },
    { what: 'synth of everything', value: round(synth), most: 5, unit: 's' },
    ...(await costs()),
  ]),
);

/** A handler is imported by fresh processes, as a cold start does, one after the other. */
function importsOf(name: string): { name: string; median: number; largest: number } {
  const file = pathToFileURL(join(folder, `${name}.mjs`)).href;
  const program = `const t = performance.now(); await import('${file}'); console.log(performance.now() - t)`;
  const args = ['--input-type=module', '--eval', program];
  const times = Array.from({ length: runs }, () => Number(mustRun(args))).sort(
    (one, other) => one - other,
  );
  return {
    name,
    median: round(times[(runs - 1) / 2] ?? Number.NaN),
    largest: round(times.at(-1) ?? Number.NaN),
  };
}

/** What took no time because it failed is no measurement. */
function mustRun(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.at(-1)} ended with ${status}: ${stderr}`);
  return stdout;
}

async function costs() {
  const measures: { what: string; value: number; most: number | null; unit: string }[] = [];
  await eachTemplate(async (stacks) => {
    for (const { stackName, template } of stacks) {
      const part = /^cordon-(?:prod|full)-(responder|forwarding|member-region)/.exec(
        stackName,
      )?.[1];
      if (!part) continue;
      const { usd, items } = idleCost(template.Resources);
      const hasKey = items.some(({ what }) => what === 'AWS::KMS::Key');
      const withKey = part === 'forwarding' && hasKey ? ', with a volume key' : '';
      const most = part === 'responder' ? 6 : withKey ? null : 1;
      measures.push({
        what: `idle, ${stackName.replace('cordon-', '')}${withKey}`,
        value: usd,
        most,
        unit: 'USD a month',
      });
    }
  });
  return measures;
}
