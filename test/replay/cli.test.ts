import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayCommand, type Terminal } from '../../replay/command.ts';
import { verifyCommand } from '../../replay/verify/command.ts';
import { oneOfEach } from '../one-of-each.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a file below the test's folder and returns its path. */
function file(name: string, content: unknown): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  const raw = typeof content === 'string' || content instanceof Uint8Array;
  writeFileSync(path, raw ? content : JSON.stringify(content));
  return path;
}

/** A finding in EventBridge's spelling that starts the playbook, but for what differs. */
const finding = (differs: Record<string, unknown> = {}) => ({
  accountId: '111122223333',
  region: 'eu-west-1',
  id: 'f1d1d1d1',
  type: 'Backdoor:EC2/C&CActivity.B',
  severity: 8,
  updatedAt: '2026-03-01T04:05:06.000Z',
  resource: {
    resourceType: 'Instance',
    instanceDetails: { instanceId: 'i-0aaaaaaaaaaaaaaa1', networkInterfaces: [] },
  },
  service: { archived: false, count: 1 },
  ...differs,
});
const portProbe = finding({ type: 'Recon:EC2/PortProbeUnprotectedPort', severity: 2 });
/** No such instance is in the account, whose only instance is another. */
const elsewhere = {
  vpcs: [{ vpcId: 'vpc-0dec0dec0dec0dec0' }],
  subnets: [{ subnetId: 'subnet-0dec0dec0dec0dec0', vpcId: 'vpc-0dec0dec0dec0dec0' }],
};

async function run(args: readonly string[], terminal: Partial<Terminal> = {}) {
  let out = '';
  let err = '';
  const code = await replayCommand(args, {
    print: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
    colour: false,
    ...terminal,
  });
  return { code, out, err };
}

/** The replays of `--json`. */
async function replays(...args: string[]) {
  const { code, out } = await run(['--json', ...args]);
  return { code, replays: JSON.parse(out).replays };
}

describe('what a person reads', () => {
  it('says what was found, which playbook answers and why, each outcome, and the totals', async () => {
    const { code, out } = await run([file('finding.json', finding())]);

    expect(code).toBe(0);
    expect(out).toContain('Backdoor:EC2/C&CActivity.B · severity 8 (high) · i-0aaaaaaaaaaaaaaa1');
    expect(out).toContain('succeeded · compromised-instance, evidence-first, dry run');
    expect(out).toContain('A high finding shows that the instance is under foreign control.');
    expect(out).toMatch(/^ {2}isolate-instance {16}would be isolated/m);
    expect(out).toMatch(/would ec2:ModifyNetworkInterfaceAttribute/);
    expect(out).toMatch(/^ {2}told: /m);
    expect(out).toContain('1 finding: 1 succeeded, 0 declined, 0 failed, 0 invalid');
    expect(out).toMatch(/ 0 changes made in the rehearsal account, no AWS account touched/);
  });

  it('names the credentials that a finding is about, and not the instance beside them', async () => {
    const resource = {
      resourceType: 'AccessKey',
      instanceDetails: { instanceId: 'i-99999999' },
      accessKeyDetails: {
        accessKeyId: 'AKIAC2C2C2C2C2C2C2C2',
        userName: 'nora',
        userType: 'IAMUser',
      },
    };
    const type = 'CredentialAccess:IAMUser/CompromisedCredentials';
    const byHand = { userName: 'nora', account: '111122223333', region: 'eu-west-1' };
    const { out } = await run([
      file('1.json', finding({ type, resource })),
      file('2.json', byHand),
    ]);

    expect(out).toContain('AKIAC2C2C2C2C2C2C2C2 in');
    expect(out).toContain('nora in 111122223333 eu-west-1');
    expect(out).toMatch(/^ {2}revoke-user-sessions {12}would be set · 2 reads$/m);
  });

  it('does in the rehearsal account what a live run does, and says so', async () => {
    const { out } = await run(['--mode', 'live', file('finding.json', finding())]);

    expect(out).toMatch(/^ {2}isolate-instance {16}isolated/m);
    expect(out).toMatch(/did {3}ec2:ModifyNetworkInterfaceAttribute/);
    expect(out).toContain(' 0 changes withheld');
  });

  it('counts reads, and lists them when asked', async () => {
    const path = file('finding.json', finding());

    expect((await run([path])).out).not.toContain('ec2:DescribeInstances');
    expect((await run(['--calls', 'all', path])).out).toContain('read  ec2:DescribeInstances');
  });

  it('fits into 100 columns, whatever a finding says', async () => {
    const long = 'x'.repeat(95);
    const { out } = await run([
      file(`${long}.json`, finding({ type: `Backdoor:EC2/${long}`, id: long })),
      file('odd.json', finding({ region: long })),
      ...oneOfEach.map((name) => fileURLToPath(new URL(`../../events/${name}`, import.meta.url))),
    ]);

    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('shows nothing that a terminal would obey', async () => {
    const type = 'Backdoor:EC2/\u001b]0;owned\u0007C&C\u001b[2J\u009b31m\u202eActivity\r\nx';
    const path = file('finding.json', finding({ type }));

    const { out } = await run([path]);
    const json = await run(['--json', path]);

    expect(out).toContain('Backdoor:EC2/C&CActivity x');
    expect(out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(json.out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(JSON.parse(json.out).replays[0].finding.type).toBe(type);
  });

  it('is coloured only where the terminal is', async () => {
    const path = file('finding.json', finding());

    expect((await run([path], { colour: true })).out).toContain('\u001b[');
    expect((await run([path])).out).not.toContain('\u001b');
  });

  it('shows which case it is at, where somebody looks', async () => {
    const shown: string[] = [];
    const progress = { show: (text: string) => shown.push(text), end: () => shown.push('over') };

    await run([file('a.json', portProbe), file('b.json', portProbe)], { progress });

    expect(shown).toEqual([
      expect.stringMatching(/^1 of 2: .*a\.json$/),
      expect.stringMatching(/^2 of 2: .*b\.json$/),
      'over',
    ]);
  });
});

describe('what a program reads', () => {
  it('has the documented members, in order', async () => {
    const path = file('finding.json', finding());
    const { replays: only } = await replays(path);

    expect(only).toHaveLength(1);
    const [replay] = only;
    expect(Object.keys(replay).slice(0, 9)).toEqual([
      'source',
      'finding',
      'playbook',
      'reason',
      'mode',
      'status',
      'states',
      'steps',
      'account',
    ]);
    expect(Object.keys(replay.finding)).toEqual(['id', 'type', 'severity', 'resourceType']);
    expect(replay).toMatchObject({ source: path, playbook: 'compromised-instance' });
    expect(replay.states[0]).toBe('Open case');
    const step = replay.steps.find((each: { step: string }) => each.step === 'isolate-instance');
    expect(Object.keys(step).slice(0, 3)).toEqual(['step', 'outcome', 'calls']);
    expect(step.outcome).toBe('isolated');
    expect(Object.keys(step.calls[0])).toEqual(['call', 'disposition', 'input']);
  });

  it('leaves the account as it was in a dry run, and changed by a live one', async () => {
    const path = file('finding.json', finding());

    const { replays: dry } = await replays(path);
    const { replays: live } = await replays('--mode', 'live', path);

    expect(dry[0].account.after).toEqual(dry[0].account.before);
    expect(live[0].account.before).toEqual(dry[0].account.before);
    expect(live[0].account.after).not.toEqual(live[0].account.before);
  });

  it('is one JSON document for no finding, too', async () => {
    mkdirSync(join(folder, 'empty'));

    const { code, replays: all } = await replays(join(folder, 'empty'));

    expect(code).toBe(2);
    expect(all).toMatchObject([{ status: 'invalid', reason: expect.stringContaining('JSON') }]);
  });
});

describe('which mode it runs in', () => {
  it.each([
    ['a sample', finding({ service: { additionalInfo: { sample: true } } })],
    ['an archived finding', finding({ service: { archived: true } })],
  ])('is a dry run for %s, whatever is asked', async (_what, document) => {
    const { replays: only } = await replays('--mode', 'live', file('finding.json', document));

    expect(only).toMatchObject([{ mode: 'dry-run', status: 'succeeded' }]);
    expect(only[0].reason).toMatch(/dry run/);
    expect(only[0].account.after).toEqual(only[0].account.before);
  });

  it('waits where people must agree first, and shows what it would do', async () => {
    const document = finding({ severity: 5 });
    const { replays: only } = await replays('--mode', 'live', file('finding.json', document));

    expect(only).toMatchObject([{ mode: 'dry-run', status: 'declined' }]);
    expect(only[0].reason).toMatch(/waits for approval: nothing is changed/);
    expect(only[0].states.at(-1)).toBe('Ask for approval');
    expect(only[0].account.after).toEqual(only[0].account.before);
    expect(only[0].notifications[0].text).toMatch(/isolate-instance: ec2:ModifyNetworkInterface/);
  });

  it('is what a start by hand says, unless the command says otherwise', async () => {
    const path = file('start.json', { instanceId: 'i-0aaaaaaaaaaaaaaa1', mode: 'live' });

    expect((await replays(path)).replays).toMatchObject([{ mode: 'live' }]);
    expect((await replays('--mode', 'dry-run', path)).replays).toMatchObject([{ mode: 'dry-run' }]);
  });

  it('refuses a mode it does not know, in a start by hand and on the command line', async () => {
    const path = file('start.json', { instanceId: 'i-0aaaaaaaaaaaaaaa1', mode: 'LIVE ' });

    expect((await replays(path)).replays).toMatchObject([
      { status: 'invalid', reason: expect.stringContaining('$.mode') },
    ]);
    expect(await run(['--mode', 'LIVE', path])).toMatchObject({ code: 2, out: '' });
  });
});

describe('several findings', () => {
  it('lets the second finding about an instance join the open case of the first', async () => {
    const list = [finding(), finding({ id: 'f2d2d2d2' })];

    const { code, replays: both } = await replays(file('list.json', list));

    expect(code).toBe(0);
    const outcomes = both.map(({ steps }: { steps: { outcome: string }[] }) => steps[0]?.outcome);
    expect(outcomes).toEqual(['opened', 'joined']);
    expect(both[1]).toMatchObject({ status: 'succeeded', steps: [{ reason: 'open-case' }] });
  });

  it('reads what aws guardduty get-findings prints, and names a bad one by its place', async () => {
    const pascal = (differs: object) => ({
      AccountId: '111122223333',
      Region: 'eu-west-1',
      Id: 'f1d1d1d1',
      Type: 'Recon:EC2/PortProbeUnprotectedPort',
      Severity: 2,
      UpdatedAt: '2026-03-01T04:05:06.000Z',
      Resource: {
        ResourceType: 'Instance',
        InstanceDetails: { InstanceId: 'i-0aaaaaaaaaaaaaaa1' },
      },
      ...differs,
    });
    const path = file('page.json', {
      Findings: [pascal({}), pascal({ Severity: 11 }), pascal({})],
    });

    const { code, replays: all } = await replays(path);

    expect(code).toBe(2);
    expect(all.map(({ status }: { status: string }) => status)).toEqual([
      'declined',
      'invalid',
      'declined',
    ]);
    expect(all[1].reason).toMatch(/^.*page\.json: \$\.Findings\[1\]\.Severity: /);
  });

  it('reads folders in folders, in the order of their names, and no other files', async () => {
    file('in/b/event.json', portProbe);
    file('in/b/notes.json', '{');
    file('in/a/x.json', portProbe);
    file('in/c.json', portProbe);
    file('in/readme.txt', 'no JSON');

    const { replays: all } = await replays(join(folder, 'in'));

    expect(all.map(({ source }: { source: string }) => source.slice(folder.length))).toEqual([
      '/in/a/x.json',
      '/in/b',
      '/in/c.json',
    ]);
  });
});

describe('how it ends', () => {
  const expected = (differs: object = {}) => ({
    status: 'declined',
    steps: [],
    calls: [],
    ...differs,
  });

  it('is good when a case ended as it expects, a bad end too', async () => {
    file('declined/event.json', portProbe);
    file('declined/expected.json', expected());
    file('invalid/event.json', '{');
    file('invalid/expected.json', expected({ status: 'invalid' }));

    expect((await run([folder])).code).toBe(0);
  });

  it('is bad when a case ended otherwise, and says how', async () => {
    file('event.json', finding());
    file('account.json', elsewhere);
    const { replays: came } = await replays(folder);
    const steps = came[0].steps.map(({ step, outcome }: { step: string; outcome: string }) => ({
      step,
      outcome: step === 'isolate-instance' ? 'isolated' : outcome,
    }));
    file('expected.json', {
      status: 'succeeded',
      steps,
      calls: ['isolate-instance ec2:TerminateInstances'],
    });

    const { code, out } = await run([folder]);

    expect(code).toBe(1);
    expect(out).toMatch(/not as expected: - step \d+: isolate-instance isolated/);
    expect(out).toMatch(/not as expected: \+ step \d+: isolate-instance instance-gone/);
    expect(out).toContain('not as expected: - call 1: isolate-instance ec2:TerminateInstances');
    expect(out).toMatch(/not as expected: .*\n$/);
  });

  it('tells a missing and a further finding from what a case expects', async () => {
    file('one/event.json', [portProbe]);
    file('one/expected.json', { replays: [expected(), expected()] });
    file('two/event.json', [portProbe, portProbe]);
    file('two/expected.json', expected());

    const { code, replays: all } = await replays(folder);

    expect(code).toBe(1);
    expect(all.map(({ unexpected }: { unexpected: string[] }) => unexpected)).toEqual([
      ['expected one more finding, declined'],
      [],
      ['expected no further finding'],
    ]);
  });

  it('is 1 when a playbook failed, whatever else was unusable', async () => {
    const failing = new URL(
      '../../events/auto-scaling-is-terminating-the-instance/',
      import.meta.url,
    );
    for (const name of ['event.json', 'account.json']) {
      file(`failing/${name}`, readFileSync(new URL(name, failing)));
    }
    file('unusable/event.json', '{');

    const { code, replays: all } = await replays(folder);

    expect(code).toBe(1);
    expect(all).toMatchObject([
      { status: 'failed', failure: { error: 'NeedsHuman' } },
      { status: 'invalid' },
    ]);
  });

  it('is 2 for a word it does not know, with the nearest that it does', async () => {
    const { code, out, err } = await run(['--jsn']);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/--jsn[\s\S]*--json/);
  });

  it('is good when asked for help, which fits into 100 columns', async () => {
    const { code, out } = await run(['--help']);

    expect(code).toBe(0);
    expect(out).toMatch(/--mode[\s\S]*--json[\s\S]*--out[\s\S]*Exit code/);
    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});

describe('unusable input is named with file and path, and the rest still replayed', () => {
  it.each<[string, string | Uint8Array | object, RegExp]>([
    ['no JSON', '{"detail": ', /odd\.json: .*expected JSON/],
    ['JSON that is no finding', { hello: 'world' }, /odd\.json: \$: expected a GuardDuty/],
    ['an empty file', '', /odd\.json: the file is empty/],
    ['nothing but blanks', ' \n', /odd\.json: .*nothing/],
    ['10 MB', new Uint8Array(10 * 1024 * 1024), /odd\.json: the file has 10485760 bytes/],
    ['text in another encoding', new Uint8Array([0x7b, 0xff, 0x7d]), /odd\.json: \$: .*UTF-8/],
    ['a finding without resource', finding({ resource: undefined }), /odd\.json: \$\.resource/],
    [
      'an unknown resource type',
      finding({ resource: { resourceType: 'Toaster' } }),
      /\$\.resource\.resourceType/,
    ],
    ['an instance id with shell characters', { instanceId: 'i-0aaaaaaa;reboot' }, /\$\.instanceId/],
    ['an instance id with a newline', { instanceId: 'i-0aaaaaaa\n' }, /\$\.instanceId/],
    ['a severity of 11', finding({ severity: 11 }), /\$\.severity/],
    ['a type of 200 characters', finding({ type: 'x'.repeat(200) }), /\$\.type/],
    ['a member twice', '{"id": 1, "id": 2}', /\$\.id/],
    ['a __proto__', '{"__proto__": {"polluted": true}}', /__proto__/],
    ['an empty list', [], /\$: expected at least one finding/],
  ])('%s', async (_what, content, says) => {
    const odd = file('odd.json', content);
    const good = file('good.json', portProbe);

    const { code, replays: both } = await replays(odd, good);

    expect(code).toBe(2);
    expect(both).toMatchObject([
      { status: 'invalid', finding: null, playbook: null, states: [], steps: [], account: null },
      { status: 'declined' },
    ]);
    expect(both[0].reason).toMatch(says);
  });

  it.each<[string, () => string, RegExp]>([
    ['a file that is not there', () => join(folder, 'nowhere'), /there is no such file or folder/],
    ['a path through a file', () => join(file('a.json', portProbe), 'b'), /ENOTDIR/],
    [
      'a folder that cannot be read',
      () => {
        symlinkSync('loop', join(folder, 'loop'));
        return join(folder, 'loop');
      },
      /ELOOP/,
    ],
    ['something that is no file', () => '/dev/null', /expected a file/],
    ['a folder without findings', () => folder, /expected a folder with JSON files/],
  ])('%s', async (_what, make, says) => {
    const { code, replays: all } = await replays(make());

    expect(code).toBe(2);
    expect(all).toMatchObject([{ status: 'invalid' }]);
    expect(all[0].reason).toMatch(says);
  });

  it.each<[string, string, object | string, RegExp]>([
    [
      'an account that is none',
      'account.json',
      { vpcs: [{ vpcId: 'x' }] },
      /account\.json: \$\.vpcs\[0\]\.vpcId/,
    ],
    [
      'settings that are none',
      'account.json',
      { settings: { lockSeconds: 1 } },
      /account\.json: \$\.settings\.lockSeconds/,
    ],
    ['an account that is no JSON', 'account.json', '{', /account\.json: .*expected JSON/],
    ['an expectation that is none', 'expected.json', { status: 'fine' }, /expected\.json: /],
  ])('%s', async (_what, name, content, says) => {
    file('event.json', portProbe);
    file(name, content);

    const { code, replays: all } = await replays(folder);

    expect(code).toBe(2);
    expect(all).toMatchObject([{ status: 'invalid' }]);
    expect(all[0].reason).toMatch(says);
  });
});

describe('--out', () => {
  const names = [
    'account-after.json',
    'account-before.json',
    'case.json',
    'finding.json',
    'journal.json',
    'report.txt',
  ];

  it("writes each finding's files to a folder of its own, and again over them", async () => {
    const out = join(folder, 'out');
    const path = file('a finding & more.json', [finding(), portProbe]);

    for (const mode of ['dry-run', 'live']) {
      expect((await run(['--mode', mode, '--out', out, path])).code).toBe(0);
    }

    expect(readdirSync(out).sort()).toEqual([
      '.cordon-replay',
      '001-a-finding-more-json',
      '002-a-finding-more-json',
    ]);
    const one = join(out, '001-a-finding-more-json');
    expect(readdirSync(one).sort()).toEqual([...names, 'evidence', 'manifest.json'].sort());
    expect(readdirSync(join(out, '002-a-finding-more-json')).sort()).toEqual(names);
    const read = (name: string) => JSON.parse(readFileSync(join(one, name), 'utf8'));
    expect(read('finding.json').instance.instanceId).toBe('i-0aaaaaaaaaaaaaaa1');
    expect(read('case.json')).toContainEqual(expect.objectContaining({ status: 'contained' }));
    expect(JSON.stringify(read('journal.json'))).toContain('"disposition":"sent"');
    expect(read('account-after.json')).not.toEqual(read('account-before.json'));
    expect(readFileSync(join(one, 'report.txt'), 'utf8')).toContain('read  ec2:Describe');

    const verified = await verifyCommand(
      [join(one, 'manifest.json'), '--evidence', join(one, 'evidence')],
      { print: () => {}, complain: () => {}, colour: false },
    );
    expect(verified).toBe(0);
    expect(read('manifest.json').case.mode).toBe('live');
  });

  it('refuses a folder with anything else in it, before it replays', async () => {
    const mine = file('mine/notes.txt', 'mine');

    const { code, out, err } = await run(['--out', join(mine, '..'), file('a.json', portProbe)]);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/mine: expected an empty folder/);
    expect(readdirSync(join(mine, '..'))).toEqual(['notes.txt']);
  });

  it('refuses a file in place of the folder', async () => {
    const { code, err } = await run(['--out', file('a.json', portProbe), join(folder, 'a.json')]);

    expect(code).toBe(2);
    expect(err).toContain('expected a folder');
  });

  it('writes through no link that was laid since', async () => {
    const out = join(folder, 'out');
    const path = file('a.json', finding());
    const precious = file('precious/finding.json', 'precious');
    await run(['--out', out, path]);
    rmSync(join(out, '001-a-json'), { recursive: true });
    symlinkSync(join(precious, '..'), join(out, '001-a-json'));

    await run(['--out', out, path]);
    rmSync(join(out, '001-a-json/finding.json'));
    symlinkSync(precious, join(out, '001-a-json/finding.json'));
    rmSync(join(out, '001-a-json/evidence'), { recursive: true });
    symlinkSync(join(precious, '..'), join(out, '001-a-json/evidence'));
    await run(['--out', out, path]);

    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(readdirSync(join(folder, 'precious'))).toEqual(['finding.json']);
    expect(readdirSync(join(out, '001-a-json'))).toEqual(expect.arrayContaining(names));
  });
});

describe('as a process', () => {
  const cli = fileURLToPath(new URL('../../replay/cli.ts', import.meta.url));

  it('says nothing but its report, without colour, when nobody looks', () => {
    const { NO_COLOR: _, ...inherited } = process.env;
    const env = { ...inherited, FORCE_COLOR: '1', AWS_PROFILE: 'nobody' };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [cli, file('a.json', finding())],
      { env, encoding: 'utf8' },
    );

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('1 finding: 1 succeeded');
    expect(stdout).not.toContain('\u001b');
  });

  it('ends quietly when its reader has seen enough', () => {
    const list = Array.from({ length: 12 }, (_, n) =>
      finding({ id: `f${n}`, region: 'eu-west-1' }),
    );
    const path = file('list.json', list);
    const { stderr } = spawnSync(
      'sh',
      ['-c', `'${process.execPath}' '${cli}' --json '${path}' | head -c 10`],
      { encoding: 'utf8' },
    );

    expect(stderr).toBe('');
  });
});
