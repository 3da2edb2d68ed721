import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { steps } from '../../functions/index.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import { AccessKeyId } from '../../functions/shared/ids.ts';
import { everyPlaybookLive } from '../../functions/shared/playbooks.ts';
import type { Settings as SettingsSchema } from '../../functions/shared/settings.ts';
import type { AwsCall, Step } from '../../functions/shared/step.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { changes } from '../../replay/call-in-words.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import type { Case } from '../../replay/read-case.ts';
import { RehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { type Replayed, replayCase } from '../../replay/replay.ts';
import { type Ran, runWorkflow } from '../../replay/run-workflow.ts';
import { Turns } from '../../replay/turns.ts';
import { type RehearsedApprover, Waits } from '../../replay/waits.ts';
import { loadWorkflow, loadWorkflows, readWorkflows, statesOf } from '../../replay/workflow.ts';
import { triggers } from '../../statemachines/rotate-access-key/triggers.ts';
import { finding } from '../rehearsal.ts';
import { cases, workflowOf } from './failing-replays.ts';

const text = readWorkflows().get('rotate-access-key') ?? '';
const workflow = loadWorkflow('rotate-access-key', text, steps);

const leaked = 'AKIAIOSFODNN7LEAKED1';
const healthy = 'AKIAIOSFODNN7HEALTHY';
const foreign = 'AKIAIOSFODNN7FOREIGN';
const target = `arn:aws:iam::111122223333:access-key/${leaked}`;
const byHand = { userName: 'alice', accessKeyId: leaked, mode: 'live' };

interface Old {
  readonly status?: 'Active' | 'Inactive';
  readonly lastUsed?: { readonly date: string };
}

/** alice with the leaked key, deactivated long ago; bob, who is a decoy. */
const alice = (old: Old = {}, second: readonly { accessKeyId: string }[] = []) => ({
  users: [
    { userName: 'bob', accessKeys: [{ accessKeyId: foreign, status: 'Inactive' as const }] },
    {
      userName: 'alice',
      accessKeys: [...second, { accessKeyId: leaked, status: 'Inactive' as const, ...old }],
    },
  ],
});

const injected = Object.assign(new Error('made to fail by a test'), { name: 'InternalError' });
const now = () => new Date('2026-03-01T04:05:06.000Z');

interface Asked {
  readonly iam?: z.input<typeof AccountState>['iam'];
  readonly settings?: z.input<typeof SettingsSchema>;
  readonly fails?: AwsCall;
  readonly dryRun?: 'copy' | 'stand-ins';
  readonly brokenSteps?: readonly string[];
  /** Whose live case holds the key already. */
  readonly heldBy?: string;
  /** That case's execution was stopped, when it had done something. */
  readonly isStopped?: true;
  /** What people answer who are asked. */
  readonly approver?: RehearsedApprover;
  /** What becomes of the account once they have been asked, by how often. */
  readonly meanwhile?: (account: RehearsalAccount, asks: number) => void;
  /** Of a finding about the key that comes once they have been asked. */
  readonly severity?: number;
}

const leak = cases.get('leaked-key-used-from-tor')?.documents[0];
const usedNow = (severity: number, accessKeyId = leaked, minute = '2026-03-01T04:05') =>
  JSON.parse(
    JSON.stringify(leak && 'value' in leak && leak.value)
      .replaceAll('AKIAT0R1T0R1T0R1T0R1', accessKeyId)
      .replaceAll('2026-04-01T09:30', minute)
      .replace(/"severity":[\d.]+/, `"severity":${severity}`),
  );

/** GuardDuty says that the key is used: what is started then. */
const findingOf = (severity: number) => ({
  workflow: workflowOf('compromised-access-key'),
  name: 'leak-1',
  input: { mode: 'live', event: usedNow(severity) },
});

async function rotate(input: object, asked: Asked = {}) {
  const { iam = alice(), settings = {}, fails, dryRun, brokenSteps = [], heldBy } = asked;
  const { approver, meanwhile, severity, isStopped = false } = asked;
  const account = new RehearsalAccount(
    AccountState.parse({ accountId: '111122223333', region: 'eu-west-1', iam }),
    {
      now,
      fault: (call) => (call === fails ? { when: 'before', error: injected } : undefined),
    },
  );
  const table = new CaseTableInMemory();
  const execution = `arn:aws:states:eu-west-1:111122223333:execution:compromised-access-key:1`;
  if (heldBy) {
    const about = { finding: finding({ id: heldBy }), mode: 'live', target, execution } as const;
    const record = new CaseRecord(table, now);
    const limits = [{ scope: 'all', most: 10 }];
    const opened = await record.open({ ...about, lockSeconds: 3600, limits });
    const did = { step: 'deactivate-access-key', outcome: 'deactivated', journal: [], at: 'then' };
    if (isStopped && 'ref' in opened) await record.recordStep(opened.ref, did);
  }
  const broken = steps.map((step: Step) =>
    brokenSteps.includes(step.name) ? { ...step, run: () => Promise.reject(injected) } : step,
  );
  let asks = 0;
  let found: Promise<Ran> | undefined;
  const world = {
    account,
    table,
    running: new Set(heldBy && !isStopped ? [execution] : []),
    waits: new Waits(),
    turns: new Turns(),
    settings: RehearsalSettings.parse(settings),
    approver,
    now,
  };
  const { ended } = runWorkflow({
    ...world,
    workflow: brokenSteps.length > 0 ? loadWorkflow('rotate-access-key', text, broken) : workflow,
    name: 'rotation-1',
    input,
    between: async ({ step }, wiring, invoke) => {
      const result = await invoke(wiring);
      if (step.name !== 'request-approval') return result;
      asks++;
      meanwhile?.(account, asks);
      if (severity && asks === 1) found = runWorkflow({ ...world, ...findingOf(severity) }).ended;
      return result;
    },
    ...(dryRun && { dryRun }),
  });
  const ran = await ended;
  const joined = await found;
  const invocations = ran.entered.flatMap((entered) => entered.invocations);
  return {
    account,
    table,
    joined: joined?.entered.at(-1)?.state,
    status: ran.status,
    error: ran.failure?.error,
    states: ran.entered.map(({ state }) => state),
    notifications: ran.notifications,
    outcomes: Object.fromEntries(invocations.map(({ step, outcome }) => [step, outcome])),
    calls: invocations.flatMap(({ step, journal }) =>
      journal.map(({ call, disposition }) => `${step} ${call} ${disposition}`),
    ),
    keys: account.state.iam.users.map(({ accessKeys }) =>
      accessKeys.map((key) => `${key.accessKeyId} ${key.status}`),
    ),
  };
}

it('is started by no finding', () => {
  expect(triggers).toEqual([]);
});

describe('rotate-access-key', () => {
  it('replaces the key, deletes the old one and says where the new one is', async () => {
    const ran = await rotate(byHand);

    expect(ran.states.at(-1)).toBe('The key is replaced');
    expect(ran.calls).toEqual([
      'open-case iam:GetAccessKeyLastUsed sent',
      'open-case iam:ListAccessKeys sent',
      'create-replacement-key iam:ListAccessKeys sent',
      'create-replacement-key iam:CreateAccessKey sent',
      'create-replacement-key secretsmanager:CreateSecret sent',
      'create-replacement-key iam:ListAccessKeys sent',
      'create-replacement-key secretsmanager:DescribeSecret sent',
      'delete-replaced-key iam:ListAccessKeys sent',
      'delete-replaced-key iam:GetAccessKeyLastUsed sent',
      'delete-replaced-key iam:DeleteAccessKey sent',
      'delete-replaced-key iam:ListAccessKeys sent',
    ]);
    expect(ran.keys).toEqual([
      [`${foreign} Inactive`],
      [expect.stringMatching(/^AKIA\w{16} Active$/)],
    ]);
    const [secret] = ran.account.state.secrets;
    expect(ran.notifications.map(({ title }) => title)).toEqual([`Access key replaced: ${target}`]);
    expect(ran.notifications[0]?.text).toContain(
      `• Have the application take its key from arn:aws:secretsmanager:eu-west-1:111122223333:secret:${secret?.name}`,
    );
    expect(ran.table.items().filter(({ sk }) => sk === 'lock')).toEqual([]);
  });

  it.each([
    ['in a dry run', { ...byHand, mode: 'dry-run' }, {}],
    ['when the mode is missing', { userName: 'alice', accessKeyId: leaked }, {}],
    ['where only stand-ins answer', { accessKeyId: leaked }, { dryRun: 'stand-ins' }],
  ] as const)('withholds every change %s', async (_when, input, asked) => {
    const ran = await rotate(input, asked);

    expect(ran.states.at(-1)).toBe('The key is replaced');
    expect(ran.calls.filter((line) => line.endsWith('withheld'))).toEqual([
      'create-replacement-key iam:CreateAccessKey withheld',
      'create-replacement-key secretsmanager:CreateSecret withheld',
      'delete-replaced-key iam:DeleteAccessKey withheld',
    ]);
    expect(ran.keys).toEqual([[`${foreign} Inactive`], [`${leaked} Inactive`]]);
    expect(ran.account.state.secrets).toEqual([]);
    expect(ran.notifications[0]?.title).toMatch(/^Dry run, access key would be replaced: /);
  });

  it('leaves a key that is still active to a human, with its replacement made', async () => {
    const ran = await rotate(byHand, { iam: alice({ status: 'Active' }) });

    expect(ran).toMatchObject({ status: 'failed', error: 'NeedsHuman' });
    expect(ran.keys[1]).toHaveLength(2);
    const { title, text: said } = ran.notifications[0] ?? {};
    expect(title).toBe(`Replacing an access key needs a human: ${target}`);
    expect(said).toContain('Delete replaced key: still-active. By hand: move every application');
    expect(said).toContain('• Have the application take its key from arn:aws:secretsmanager:');
  });

  it('leaves a key used since it was deactivated to a human', async () => {
    const lastUsed = { date: '2026-03-01T03:00:00.000Z' };
    const ran = await rotate(byHand, { iam: alice({ lastUsed }) });

    expect(ran.error).toBe('NeedsHuman');
    expect(ran.notifications[0]?.text).toContain(`the key was used at ${lastUsed.date}`);
  });

  it.each([
    ['two-keys', alice({ status: 'Active' }, [{ accessKeyId: healthy }])],
    ['delete-first', alice({}, [{ accessKeyId: healthy }])],
  ])('changes nothing where it comes to %s, and says what to do', async (outcome, iam) => {
    const ran = await rotate(byHand, { iam });

    expect(ran.error).toBe('NeedsHuman');
    expect(ran.outcomes).toMatchObject({ 'create-replacement-key': outcome });
    expect(ran.states).toContain('Keep the old key');
    expect(ran.keys[1]).toHaveLength(2);
    expect(ran.notifications[0]?.text).toMatch(
      new RegExp(`Create replacement key: ${outcome}\\. By hand: a user has room.*${healthy}`),
    );
  });

  it('joins a case on the key that is still open, and changes nothing', async () => {
    const ran = await rotate(byHand, { heldBy: 'leak' });

    expect(ran.states.at(-1)).toBe('Another case has this');
    expect(ran.outcomes).toEqual({ 'open-case': 'joined' });
    expect(ran.keys[1]).toEqual([`${leaked} Inactive`]);
  });

  it('leaves a user to a human who must not be touched', async () => {
    const settings = { neverTouch: { users: ['alice'] } };
    const ran = await rotate(byHand, { settings });

    expect(ran.states.at(-1)).toBe('Left to a human');
    expect(ran.keys[1]).toEqual([`${leaked} Inactive`]);
    expect(ran.notifications).toHaveLength(1);
  });

  it('gives the new key to who owns the old one, whoever is named', async () => {
    const ran = await rotate({ ...byHand, userName: 'bob' });

    expect(ran.keys[0]).toEqual([`${foreign} Inactive`]);
    expect(ran.account.state.secrets[0]?.name).toMatch(/^cordon\/alice\/AKIA/);
  });

  it.each([
    ['a user without a key', { userName: 'alice', mode: 'live' }],
    ['a session’s key', { ...byHand, accessKeyId: 'ASIAIOSFODNN7EXAMPLE' }],
    ['a role', { roleName: 'web', mode: 'live' }],
    ['an instance', { instanceId: 'i-0aaaaaaaaaaaaaaa1', mode: 'live' }],
    ['a mode that is none', { ...byHand, mode: 'yes' }],
  ])('refuses %s, changes nothing and tells a human', async (_what, input) => {
    const ran = await rotate(input);

    expect(ran).toMatchObject({ status: 'failed', error: 'NoCaseOpened', calls: [] });
    expect(ran.notifications).toHaveLength(1);
    expect(ran.notifications[0]?.text).toContain('UnusableInputError');
  });
});

const asking = { playbooks: { 'rotate-access-key': 'approve' } } as const;
const untouched = [[`${foreign} Inactive`], [`${leaked} Inactive`]];
const sent = ({ calls }: Awaited<ReturnType<typeof rotate>>) =>
  calls.filter((line) => /:(?:Create|Delete)\w+ sent$/.test(line));
const itemIn = ({ table }: Awaited<ReturnType<typeof rotate>>, sk: string, mode?: string) =>
  table.items().find((item) => item.sk === sk && (!mode || item.mode === mode));
const keysOfAlice = (account: RehearsalAccount) => account.state.iam.users[1]?.accessKeys ?? [];

describe('a rotation that people must agree to', () => {
  it.each([
    ['its policy says so', asking, {}, 'policy'],
    [
      'its policy for starts by hand does',
      { playbooks: { 'rotate-access-key': { findings: 'off', byHand: 'approve' } } },
      {},
      'policy',
    ],
    ['whoever started it does', {}, { approval: 'required' }, 'finding'],
    [
      'a rule names the key’s owner',
      { approval: { rules: [{ name: 'production', targets: ['alice'] }] } },
      { userName: undefined },
      'rule: production',
    ],
    [
      'a rule names the account',
      { approval: { rules: [{ name: 'production', accounts: ['111122223333'] }] } },
      {},
      'rule: production',
    ],
    [
      'a rule names the playbook',
      { approval: { rules: [{ name: 'rotation', playbooks: ['rotate-access-key'] }] } },
      {},
      'rule: rotation',
    ],
  ] satisfies [string, z.input<typeof SettingsSchema>, object, string][])(
    'waits for them where %s',
    async (_why, settings, words, because) => {
      const ran = await rotate({ ...byHand, ...words }, { settings });

      expect(ran.status).toBe('waiting');
      expect(ran.states.at(-1)).toBe('Ask for approval');
      expect(ran.keys).toEqual(untouched);
      expect(sent(ran)).toEqual([]);
      expect(itemIn(ran, 'approval')).toMatchObject({ status: 'asked', because: [because] });
      expect(itemIn(ran, 'lock')).toBeDefined();
    },
  );

  it.each(['copy', 'stand-ins'] as const)(
    'does the same once they have as it does unasked, rehearsed on a %s',
    async (dryRun) => {
      const unasked = await rotate(byHand);
      const ran = await rotate(byHand, { settings: asking, approver: 'approves', dryRun });

      expect(ran.states.at(-1)).toBe('The key is replaced');
      expect(sent(ran)).toEqual(sent(unasked));
      expect(ran.keys[1]).toEqual([expect.stringMatching(/^AKIA\w{16} Active$/)]);
      // Asked once; the plan comes out the same, so nobody is asked a second time.
      expect(ran.states.filter((state) => state === 'Ask for approval')).toHaveLength(2);
      expect(itemIn(ran, 'approval')).toMatchObject({ status: 'confirmed' });
      const titles = ran.notifications.map(({ title }) => title.replace(/ by \d.* UTC/, ''));
      expect(titles).toEqual([`Approval needed: ${target}`, `Access key replaced: ${target}`]);
      expect(ran.notifications[1]?.text).toMatch(/Approved by rehearsed-approver by command line/);
    },
  );

  it('shows them what would be done, and no secret, not even one made up', async () => {
    const ran = await rotate(byHand, { settings: asking });

    expect(itemIn(ran, 'approval')?.plan).toEqual([
      'create-replacement-key: iam:CreateAccessKey {"UserName":"alice"}',
      expect.stringMatching(
        /^create-replacement-key: secretsmanager:CreateSecret .*"\[redacted\]"/,
      ),
      `delete-replaced-key: iam:DeleteAccessKey {"UserName":"alice","AccessKeyId":"${leaked}"}`,
    ]);
    const shown = JSON.stringify([ran.table.items(), ran.notifications]);
    expect(shown).not.toMatch(/secretAccessKey\W+:|SecretAccessKey/);
  });

  it('tells them that without an answer nothing is done, whatever silence means elsewhere', async () => {
    const settings = { ...asking, approval: { whenTimeRunsOut: 'act' } } as const;
    const ran = await rotate(byHand, { settings, approver: 'silent' });

    expect(ran.notifications[0]?.text).toContain('without an answer nothing is done');
    expect(ran.states.at(-1)).toBe('Nobody agreed in time');
    expect(ran.keys).toEqual(untouched);
  });

  it.each([
    ['denies', 'People decided against it', 'denied', /^Denied, nothing was done/],
    ['silent', 'Nobody agreed in time', 'needs-human', /^Nobody agreed in time, nothing was done/],
  ] as const)('is left alone when who is asked %s', async (approver, state, status, title) => {
    const ran = await rotate(byHand, { settings: asking, approver });

    expect(ran.status).toBe('succeeded');
    expect(ran.states.at(-1)).toBe(state);
    expect(sent(ran)).toEqual([]);
    expect(ran.keys).toEqual(untouched);
    expect(itemIn(ran, 'lock')).toBeUndefined();
    expect(itemIn(ran, 'case', 'live')).toMatchObject({
      status,
      summary: {
        missing: [expect.stringMatching(/^Nothing was done: /)],
        decisions:
          approver === 'denies' ? [expect.objectContaining({ by: 'rehearsed-approver' })] : [],
      },
    });
    expect(ran.notifications.at(-1)?.title).toMatch(title);
    expect(ran.notifications.at(-1)?.text).toContain('Nothing was changed.');
  });

  it.each<[string, (account: RehearsalAccount) => void, string, string[]]>([
    [
      'the old key is active again',
      (account) => {
        for (const key of keysOfAlice(account)) key.status = 'Active';
      },
      'still-active',
      [`${leaked} Active`, expect.stringMatching(/ Active$/)],
    ],
    [
      'a second key is there, unused and made after the first rehearsal',
      (account) => {
        const [key] = keysOfAlice(account);
        if (!key) throw new Error('alice has no key');
        const createDate = new Date(now().getTime() + 60_000).toISOString();
        keysOfAlice(account).push({ ...key, accessKeyId: AccessKeyId.parse(healthy), createDate });
      },
      'delete-first',
      [`${leaked} Inactive`, `${healthy} Inactive`],
    ],
  ])('is asked about anew, and what was agreed to is void, where %s', async (...row) => {
    const [, change, outcome, left] = row;
    const ran = await rotate(byHand, {
      settings: asking,
      approver: 'approves',
      meanwhile: (account, asks) => asks === 1 && change(account),
    });

    const asked = ran.notifications.filter(({ title }) => title.startsWith('Approval needed'));
    expect(asked).toHaveLength(2);
    expect(asked[1]?.text).toContain('What was agreed to is void: the plan has changed since.');
    expect(Object.values(ran.outcomes)).toContain(outcome);
    expect(ran.error).toBe('NeedsHuman');
    expect(ran.keys[1]).toEqual(left);
    // No key of a person's is taken for what an attempt has lost, in no plan either.
    expect(ran.calls).not.toContain('create-replacement-key iam:DeleteAccessKey withheld');
  });

  it('is counted in no hourly limit, be it asked about or not', async () => {
    const limits = { perAccount: 1, inAll: 1, perPlaybook: 1 };
    for (const settings of [{ limits }, { ...asking, limits }]) {
      const ran = await rotate(byHand, { settings, approver: 'approves' });
      expect(ran.states.at(-1)).toBe('The key is replaced');
      expect(ran.table.items().filter(({ pk }) => pk.startsWith('limit#'))).toEqual([]);
    }
  });

  it('is asked about where a step could not be rehearsed, and says which', async () => {
    const ran = await rotate(byHand, { settings: asking, fails: 'iam:CreateAccessKey' });

    expect(ran.status).toBe('waiting');
    expect(ran.notifications[0]?.text).toContain(
      '• create-replacement-key could not be rehearsed: what it would do is not known',
    );
  });
});

describe('a case that holds the key as well', () => {
  const of = cases.get('leaked-key-replaced');
  const [start] = of?.documents ?? [];
  if (!of || !start || !('value' in start)) {
    throw new Error('the case is not as it was');
  }
  const usedAgain = (severity: number) => ({
    file: 'event-2.json',
    value: usedNow(severity, 'AKIAR0TAR0TAR0TAR0TA', '2026-01-01T00:10'),
  });
  const live = ({ expected: _, ...rest }: Case) =>
    replayCase(rest, { workflows: loadWorkflows(steps), mode: 'live' });
  const approvalIn = ({ table }: Replayed) => table?.items().find(({ sk }) => sk === 'approval');
  const writes = ({ replay }: Replayed) =>
    replay.steps.flatMap(({ calls }) =>
      calls.filter(({ call, disposition }) => changes(call) && disposition === 'sent'),
    );

  it.each([
    ['is graver', 9],
    ['is not', 5],
  ])('gives way to the containment of a finding that %s', async (_what, severity) => {
    for (const policy of ['approve', { findings: 'live', byHand: 'approve' }] as const) {
      const settings = { playbooks: { ...everyPlaybookLive, 'rotate-access-key': policy } };
      const ran = await rotate(byHand, { settings, severity });

      expect(ran.joined).toBe('Credentials are contained');
      expect(ran.states.at(-1)).toBe('Gave way to a containment');
      expect(ran.notifications.at(-1)?.title).toMatch(
        /^Gave way to a containment, nothing was done/,
      );
      expect([ran.status, sent(ran)]).toEqual(['succeeded', []]);
      const cases = ran.table.items().filter(({ sk, mode }) => sk === 'case' && mode === 'live');
      expect(cases.map(({ status }) => status).sort()).toEqual(['contained', 'needs-human']);
    }
  });

  it('gives way between agreement and the second rehearsal as well, and agreement is void', async () => {
    const [first, second] = await live({
      ...of,
      documents: [
        { ...start, value: { ...Object(start.value), approval: 'required' } },
        usedAgain(8),
      ],
      approver: 'approves',
    });

    expect(first?.replay.states.at(-1)).toBe('Gave way to a containment');
    expect(second?.replay.states.at(-1)).toBe('Credentials are contained');
    expect(first && approvalIn(first)).toMatchObject({ status: 'superseded' });
    expect(first && writes(first)).toEqual([]);
  });

  it('hands on no leave to act with what it was stopped at', async () => {
    const stopped = { heldBy: 'leak', isStopped: true, settings: asking } as const;
    const waits = await rotate(byHand, stopped);
    expect([waits.status, sent(waits)]).toEqual(['waiting', []]);

    const { notifications } = await rotate(byHand, { ...stopped, approver: 'denies' });
    expect(notifications.at(-1)?.title).toMatch(/^Denied, nothing further was done: /);
    expect(notifications.at(-1)?.text).not.toContain('Nothing was changed');
  });

  it('is no reason for a containment to go ahead that waits, when a rotation joins it', async () => {
    const [first, second] = await live({
      ...of,
      documents: [
        { file: 'event-1.json', value: { event: usedAgain(5).value, approval: 'required' } },
        { ...start, file: 'event-2.json' },
      ],
    });

    expect(second?.replay.states.at(-1)).toBe('Another case has this');
    expect(first && approvalIn(first)).toMatchObject({ status: 'asked' });
    expect(first && writes(first)).toEqual([]);
  });
});

describe('a failure of rotate-access-key', () => {
  it.each<[string, AwsCall, number]>([
    ['Creating a replacement failed', 'secretsmanager:CreateSecret', 1],
    ['Creating a replacement failed', 'iam:CreateAccessKey', 1],
    ['Deleting the old key failed', 'iam:DeleteAccessKey', 2],
  ])('leads to "%s" (%s), keeps the old key and tells a human', async (state, fails, left) => {
    const ran = await rotate(byHand, { fails });

    expect(ran.states).toContain(state);
    expect(ran.error).toBe('NeedsHuman');
    expect(ran.keys[1]).toHaveLength(left);
    expect(ran.keys[1]).toContain(`${leaked} Inactive`);
    expect(ran.notifications[0]?.text).toContain('failed. By hand: aws iam list-access-keys');
  });

  it.each([
    ['No case was opened', 'NoCaseOpened', ['open-case'], {}],
    ['The case is still open', 'CaseNotClosed', ['close-case'], {}],
    ['Nobody was told', 'NobodyTold', ['open-case', 'tell-human'], {}],
    ['Nobody could be asked', 'ApprovalNotAsked', ['request-approval'], asking],
    ['Nobody could be asked', 'ApprovalNotAsked', ['settle-approval'], asking],
    ['Nobody was told', 'NobodyTold', ['request-approval', 'tell-human'], asking],
  ])('of Cordon itself ends in "%s"', async (state, error, brokenSteps, settings) => {
    const ran = await rotate(byHand, { brokenSteps, settings, approver: 'approves' });

    expect(ran.states.at(-1)).toBe(state);
    expect(ran.error).toBe(error);
  });
});

it('meets every state of the workflow in these tests or is told which not', async () => {
  const runs = await Promise.all([
    rotate(byHand),
    rotate(byHand, { iam: { users: [] } }),
    rotate(byHand, { iam: alice({}, [{ accessKeyId: healthy }]) }),
    rotate(byHand, { heldBy: 'leak' }),
    rotate(byHand, { settings: { neverTouch: { users: ['alice'] } } }),
    rotate(byHand, { settings: { playbooks: { 'rotate-access-key': 'off' } } }),
    rotate(byHand, { fails: 'iam:CreateAccessKey' }),
    rotate(byHand, { fails: 'iam:DeleteAccessKey' }),
    rotate(byHand, { brokenSteps: ['open-case'] }),
    rotate(byHand, { brokenSteps: ['close-case'] }),
    rotate(byHand, { brokenSteps: ['open-case', 'tell-human'] }),
    rotate(byHand, { settings: asking, severity: 8 }),
    rotate(byHand, { settings: asking, approver: 'denies' }),
    rotate(byHand, { settings: asking, approver: 'silent' }),
    rotate(byHand, { settings: asking, brokenSteps: ['request-approval'] }),
  ]);
  const met = new Set(runs.flatMap(({ states }) => states));
  const missed = [...statesOf(workflow.machine)]
    .map(([name]) => name)
    .filter((name) => !met.has(name));
  // IAM says at the lock already that the key is nobody's; it is gone later only by a race.
  expect(missed).toEqual(['The key is gone']);
});
