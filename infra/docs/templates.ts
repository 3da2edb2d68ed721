import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cordonApp } from '../app.ts';
import { exampleConfig, loadConfig } from '../config.ts';
import type { Resource } from '../idle-cost.ts';

/** A stack's template, with where it goes. */
export interface Template {
  readonly stack: string;
  readonly resources: Readonly<Record<string, Resource>>;
}

/** The templates of the configuration that everybody starts from; nothing is built for them. */
export async function exampleTemplates(): Promise<readonly Template[]> {
  const config = await loadConfig(exampleConfig);
  const folder = mkdtempSync(join(tmpdir(), 'cordon-docs-'));
  const asset = mkdtempSync(join(tmpdir(), 'cordon-asset-'));
  writeFileSync(join(asset, 'index.mjs'), '');
  const { stacks } = cordonApp({ config, asset, outdir: folder, checked: false }).synth();
  // The responder's first; the rest in an order that is the same every time.
  const templates = stacks.map(({ stackName, template }) => ({
    stack: stackName,
    resources: template.Resources,
  }));
  for (const made of [folder, asset]) rmSync(made, { recursive: true });
  const rank = ({ stack }: Template) => (stack.endsWith('-responder') ? '' : stack);
  return templates.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
