import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { cordonApp } from './app.ts';
import { type Config, exampleConfig, loadConfig, parseConfig } from './config.ts';

/** The example, and beside it all that a configuration can turn on and the example does not. */
async function variants(): Promise<readonly Config[]> {
  const example = await loadConfig(exampleConfig);
  const full = parseConfig({
    ...example,
    stage: 'full',
    members: 'organization',
    findings: 'forwarded-by-members',
    volumeKeys: [example.responder.region, ...example.responder.furtherRegions],
    neverTouch: { accounts: ['999900001111'], instances: ['i-0123456789abcdef0'], users: ['ci'] },
    notify: {
      email: ['soc@example.com'],
      chat: [{ slackWorkspace: 'T0000', slackChannel: 'C0000' }],
    },
  });
  return [example, full];
}

/** Hands every template of every variant to `look`, with an asset that stands for the steps'. */
export async function eachTemplate(
  look: (stacks: readonly CloudFormationStackArtifact[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-templates-'));
  try {
    const asset = join(folder, 'asset.zip');
    writeFileSync(asset, '');
    const stacks = (await variants()).flatMap((config) => {
      const outdir = join(folder, config.stage);
      return cordonApp({ config, asset, outdir, checked: false }).synth().stacks;
    });
    await look(stacks);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
