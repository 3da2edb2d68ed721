import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import example from '../../cordon.config.example.ts';
import {
  type CordonConfig,
  exampleConfig,
  loadConfig,
  parseConfig,
  settingsOf,
  UnusableConfigError,
} from '../../infra/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said about the example once it differs; each line without the file's name. */
function complaints(differs: object): readonly string[] {
  try {
    parseConfig({ ...example, ...differs });
    return [];
  } catch (error) {
    if (!(error instanceof UnusableConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replace(/^cordon\.config\.ts: /, ''));
  }
}

describe('a configuration', () => {
  it('changes nothing in any account when it is the example', () => {
    const { playbooks } = settingsOf(parseConfig(example));
    expect(new Set(Object.values(playbooks))).toEqual(new Set(['dry-run']));
  });

  it('takes a question to people before a rotation', () => {
    const rules = [{ name: 'rotation', playbooks: ['rotate-access-key'] }];
    const playbooks = { 'rotate-access-key': 'approve' };
    expect(complaints({ playbooks, approval: { rules } })).toEqual([]);
  });

  it.each<[string, object, string | RegExp]>([
    [
      'a misspelt key',
      { neverTuch: {} },
      'neverTuch: there is no such key; neverTouch was expected, perhaps',
    ],
    [
      'a misspelt key further down',
      { responder: { ...example.responder, acount: '1' } },
      'responder.acount: there is no such key; account was expected, perhaps',
    ],
    [
      'a wrong account id',
      { responder: { ...example.responder, account: '1234' } },
      'responder.account: expected the 12 digits of an AWS account, found "1234"',
    ],
    [
      'a wrong account id among members',
      { members: ['111122223344', 'twelve'] },
      'members.1: expected the 12 digits of an AWS account, found "twelve"',
    ],
    [
      'no retention of evidence',
      { evidence: { mode: 'governance', days: 0 } },
      'evidence.days: expected at least 1, found 0',
    ],
    [
      'a retention of evidence in another mode',
      { evidence: { mode: 'forever', days: 1 } },
      'evidence.mode: expected governance or compliance, found "forever"',
    ],
    [
      'an unknown playbook',
      { playbooks: { 'compromised-instanse': 'live' } },
      'playbooks.compromised-instanse: there is no such key; compromised-instance was expected, perhaps',
    ],
    [
      'an unknown policy',
      { playbooks: { 'compromised-role': 'on' } },
      'playbooks.compromised-role: expected off, dry-run, approve or live, or {"findings": …, "byHand": …}, found "on"',
    ],
    [
      'a Region twice',
      { responder: { ...example.responder, furtherRegions: ['us-east-1', 'us-east-1'] } },
      'responder.furtherRegions: expected no Region twice',
    ],
    [
      'a retention of logs that CloudWatch does not have',
      { logs: { days: 8 } },
      'logs.days: expected a number of days that CloudWatch Logs takes: 1, 3, 5, 7, 14',
    ],
    [
      'members without an external id',
      { externalId: undefined },
      'externalId: expected one, since there are members to act in, found nothing',
    ],
    [
      'members without an organisation',
      { organization: undefined },
      'organization: expected it, since there are members to act in, found nothing',
    ],
    [
      'the responder among the members',
      { members: [example.responder.account] },
      "members: expected accounts other than the responder's, 111122223333, found",
    ],
    [
      'the home Region among the further ones',
      { responder: { ...example.responder, furtherRegions: ['eu-west-1'] } },
      'responder.furtherRegions: expected Regions other than eu-west-1, found',
    ],
    [
      'a Region that is none',
      { responder: { ...example.responder, region: 'global' } },
      'responder.region: expected a Region, such as eu-west-1; IAM needs none of its own, found "global"',
    ],
    [
      'a Region that AWS does not have',
      { responder: { ...example.responder, region: 'eu-wst-1' } },
      /^responder\.region: expected a Region of AWS: .*, eu-west-1, .*; or a newer one that newerRegions lists, found "eu-wst-1"$/,
    ],
    [
      'a further Region that AWS does not have',
      { responder: { ...example.responder, furtherRegions: ['us-east-1', 'us-eats-1'] } },
      /^responder\.furtherRegions\.1: expected a Region of AWS: .*, found "us-eats-1"$/,
    ],
    [
      'a tag that AWS alone may set',
      { tags: { service: 'cordon', 'AWS:team': 'soc' } },
      "tags.AWS:team: expected a tag that does not begin with aws:, which is AWS's own",
    ],
    [
      'a capture tool without its hash',
      {
        memory: {
          tools: [{ platform: 'linux', architecture: 'x86_64', bucket: 'tools', key: 'avml' }],
        },
      },
      'memory.tools.0.sha256: expected string, found nothing',
    ],
    [
      'an address that is no e-mail address',
      { notify: { email: ['nobody'] } },
      'notify.email.0: expected an e-mail address, found "nobody"',
    ],
  ])('with %s is refused, by its key and what was expected', (_what, differs, message) => {
    const said = complaints(differs);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
  });

  it('takes a question to people before anything, also before what people start', () => {
    const rules = [{ name: 'by hand', playbooks: ['rotate-access-key', 'release'], people: 2 }];
    const approvers = [{ name: 'ada' }, { name: 'grace' }];
    const byHand = { findings: 'off', byHand: 'approve' };
    const playbooks = { 'rotate-access-key': byHand, release: 'approve' };
    expect(complaints({ playbooks, approval: { approvers, rules } })).toEqual([]);
  });

  it('takes a Region that is newer than the CDK where it is vouched for', () => {
    const responder = { ...example.responder, region: 'eu-west-9' };
    expect(complaints({ responder })).toHaveLength(1);
    expect(complaints({ responder, newerRegions: ['eu-west-9'] })).toEqual([]);
  });

  it('says everything that is wrong at once, and in which file', () => {
    const wrong = { ...example, stage: 'Prod!', evidence: { mode: 'governance', days: 0 } };
    expect(() => parseConfig(wrong, 'cordon.config.ts')).toThrow(
      /^cordon\.config\.ts: stage: .*\ncordon\.config\.ts: evidence\.days: /,
    );
  });
});

describe('the settings that steps are given', () => {
  const settingsWith = (differs: Partial<CordonConfig>) =>
    settingsOf(parseConfig({ ...example, ...differs }));

  it('name the members and the management account as what may be acted in', () => {
    expect(settingsWith({}).targets).toEqual({
      accounts: ['777788889999', '444455556666'],
      externalId: example.externalId,
    });
  });

  it('name the organisation when all of it may be acted in', () => {
    expect(settingsWith({ members: 'organization' }).targets).toEqual({
      accounts: [],
      organization: 'o-exampleorg1',
      externalId: example.externalId,
    });
  });

  it('name nobody when there are no members', () => {
    const alone = { members: [], externalId: undefined, organization: undefined };
    expect(settingsWith(alone).targets).toEqual({ accounts: [] });
  });
});

describe('a configuration file', () => {
  const fileWith = (text: string, name: string) => {
    writeFileSync(join(folder, name), text);
    return loadConfig(join(folder, name));
  };

  it('is missed by name, with where to get it', async () => {
    await expect(loadConfig(join(folder, 'cordon.config.ts'))).rejects.toThrow(
      'cordon.config.ts: expected this file: copy cordon.config.example.ts to it',
    );
  });

  const withExample = (differs: object) =>
    `import example from ${JSON.stringify(exampleConfig)};
     export default { ...example, ...${JSON.stringify(differs)} };`;

  it('may not keep the external id of the example where there are members', async () => {
    await expect(fileWith(withExample({}), 'unchanged.ts')).rejects.toThrow(
      'unchanged.ts: externalId: expected a word of your own, not that of the example, found',
    );
    const own = withExample({ externalId: 'a-word-of-my-own' });
    await expect(fileWith(own, 'changed.ts')).resolves.toBeDefined();
    await expect(fileWith(withExample({ members: [] }), 'alone.ts')).resolves.toBeDefined();
    await expect(loadConfig(exampleConfig)).resolves.toBeDefined();
  });

  it.each([
    ['without a default export', 'export const config = {};', 'as its default export'],
    ['that is no module', 'export default {', 'expected a TypeScript module'],
    ['that holds nothing', 'export default {};', 'responder: expected object, found nothing'],
  ])('%s is refused', async (what, text, message) => {
    const name = `${what.replaceAll(/\W+/g, '-')}.ts`;
    const refused = fileWith(text, name);
    await expect(refused).rejects.toThrow(UnusableConfigError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(name);
  });
});
