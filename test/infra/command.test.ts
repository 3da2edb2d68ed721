import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import example from '../../cordon.config.example.ts';
import { cordonApp } from '../../infra/app.ts';
import { infraCommand, type Surroundings } from '../../infra/command.ts';
import { parseConfig } from '../../infra/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'index.mjs'), '');

const decided = {
  ...example,
  externalId: 'a-word-of-its-own',
  playbooks: { 'compromised-instance': { findings: 'dry-run', byHand: 'live' } },
};
const decidedIn = join(folder, 'decided.ts');
writeFileSync(decidedIn, `export default ${JSON.stringify(decided)};`);
const config = parseConfig(decided);
const assembly = cordonApp({ config, asset: folder, checked: false }).synth();
const own = [
  'cordon-prod-responder',
  'cordon-prod-security-hub',
  'cordon-prod-forwarding-us-east-1',
];

/** Runs a command as somebody would; what it asked the CDK for is in `asked`. */
async function run(
  args: readonly string[],
  {
    config = decidedIn,
    answer,
    exits = 0,
  }: { config?: string; answer?: string; exits?: number } = {},
) {
  const printed: string[] = [];
  const complained: string[] = [];
  const asked: string[][] = [];
  const around: Surroundings = {
    config,
    synthesize: async () => ({ built: { bytes: 1_230_000 }, assembly }),
    cdk: async (said) => {
      asked.push([...said]);
      return exits;
    },
  };
  const terminal = {
    print: (text: string) => printed.push(text),
    complain: (text: string) => complained.push(text),
    ...(answer !== undefined && { ask: async () => answer }),
  };
  const exitCode = await infraCommand(args, terminal, around);
  return { exitCode, printed: printed.join(''), complained: complained.join(''), asked };
}
const missing = join(folder, 'cordon.config.ts');

describe('synth', () => {
  it('takes the example where there is no configuration, and says so', async () => {
    const { exitCode, printed, asked } = await run(['synth'], { config: missing });
    expect(exitCode).toBe(0);
    expect(printed).toMatch(
      /^There is no cordon\.config\.ts: these are the templates of cordon\.config\.example\.ts, for nobody to deploy\.\n/,
    );
    expect(printed).toContain('cordon-prod-responder.template.json');
    expect(printed).toContain('asset of all steps: 1.23 MB');
    expect(asked).toEqual([]);
  });

  it('names the file, the key and what was expected where the configuration is wrong', async () => {
    const config = join(folder, 'wrong.ts');
    writeFileSync(config, 'export default { responder: { account: "1" } };');
    const { exitCode, complained } = await run(['synth'], { config });
    expect(exitCode).toBe(2);
    expect(complained).toContain('wrong.ts: responder.account: expected the 12 digits');
  });
});

describe.each(['diff', 'deploy'])('%s', (command) => {
  it('refuses without a configuration of the deployer’s own', async () => {
    const { exitCode, complained, asked } = await run([command], { config: missing });
    expect(exitCode).toBe(2);
    expect(complained).toBe(
      'cordon.config.ts: expected this file: copy cordon.config.example.ts to it and change what is yours\n',
    );
    expect(asked).toEqual([]);
  });

  it('ends as the CDK does', async () => {
    expect((await run([command], { answer: 'yes', exits: 3 })).exitCode).toBe(3);
  });
});

describe('diff', () => {
  it('compares the stacks of the responder’s account, with the profile', async () => {
    const { asked } = await run(['diff', '--profile', 'security']);
    expect(asked.map(([verb, ...rest]) => [verb, new Set(rest)])).toEqual([
      ['diff', new Set([...own, '--profile', 'security'])],
    ]);
  });
});

describe('deploy', () => {
  it('says first what will be made, where, in which mode and on whom', async () => {
    const { printed } = await run(['deploy'], { answer: 'no' });
    for (const line of [
      'Cordon, stage prod, in account 111122223333:',
      /cordon-prod-responder in eu-west-1: \d+ resources \(\d+ Lambdas, \d+ state machines, /,
      /cordon-prod-forwarding-us-east-1 in us-east-1: \d+ resources \(\d+ rules, 1 role, 1 alarm\)/,
      'compromised-instance: dry-run for findings, LIVE by hand',
      'compromised-role: dry-run',
      'May act in accounts 111122223333, 777788889999, 444455556666.',
      'Evidence cannot be deleted for 365 days (governance).',
      'cordon-prod-member-account.template.json, once in each member account',
      'and both as stacks in 444455556666',
    ]) {
      expect(printed).toEqual(
        typeof line === 'string' ? expect.stringContaining(line) : expect.stringMatching(line),
      );
    }
  });

  it('deploys once somebody has typed yes', async () => {
    const { exitCode, asked } = await run(['deploy', '--profile', 'security'], { answer: 'yes\n' });
    expect(exitCode).toBe(0);
    expect(asked.map(([verb, ...rest]) => [verb, new Set(rest)])).toEqual([
      ['deploy', new Set([...own, '--require-approval', 'never', '--profile', 'security'])],
    ]);
  });

  it.each(['no', '', 'y', 'YES!'])('deploys nothing on "%s"', async (answer) => {
    const { exitCode, printed, asked } = await run(['deploy'], { answer });
    expect([exitCode, asked]).toEqual([1, []]);
    expect(printed).toContain('Nothing was deployed.');
  });

  it('needs --yes where nobody can be asked', async () => {
    const silent = await run(['deploy']);
    expect([silent.exitCode, silent.asked]).toEqual([2, []]);
    expect(silent.complained).toContain('say --yes');
    expect((await run(['deploy', '--yes'])).asked).toHaveLength(1);
  });
});

it.each([[['remove']], [['deploy', '--force']], [['synth', 'more']]])(
  'refuses what it does not know: %j',
  async (args) => {
    const { exitCode, asked } = await run(args);
    expect([exitCode, asked]).toEqual([2, []]);
  },
);
