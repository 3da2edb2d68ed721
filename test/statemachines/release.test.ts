import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { undoable } from '../../functions/release-change/undoable.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import type { AwsCall, Step } from '../../functions/shared/step.ts';
import { undone } from '../../functions/shared/undo-order.ts';
import type { RehearsalAccount, RehearsalOptions } from '../../replay/account/rehearsal-account.ts';
import { changes } from '../../replay/call-in-words.ts';
import { RehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { replayCase } from '../../replay/replay.ts';
import { loadWorkflow, loadWorkflows, readWorkflows, statesOf } from '../../replay/workflow.ts';
import { triggers } from '../../statemachines/release/triggers.ts';
import { finding } from '../rehearsal.ts';
import {
  asking,
  casesIn,
  type Released,
  type ReleaseIn,
  release,
  worldAfter,
} from '../release-of.ts';
import { cases } from './failing-replays.ts';

const workflows = loadWorkflows(steps);
const text = readWorkflows().get('release') ?? '';
const at = '2026-05-01T00:00:00.000Z';
/** A web server in a group, behind target groups, whose network ACL denies an address. */
const server = 'command-and-control-from-web-server';
const instanceId = 'i-0c2c2c2c2c2c2c2c2';
const eni = 'eni-0c2c2c2c2c2c2c2c2';
const key = 'leaked-key-used-from-tor';
const leakedKey = 'AKIAT0R1T0R1T0R1T0R1';
const every = ['shop-web', 'shop-metrics'];
const wasIn: readonly string[] =
  cases.get(server)?.account?.networkInterfaces.find((one) => one.networkInterfaceId === eni)
    ?.groups ?? [];

const entered = new Set<string>();
const contained = new Map<string, ReturnType<typeof containAnew>>();

async function containAnew(name: string, mode: 'live' | 'dry-run' = 'live') {
  const of = cases.get(name);
  if (!of) throw new Error(`there is no case ${name}`);
  const [first] = await replayCase(of, { mode, workflows });
  const { rehearsal, table, replay } = first ?? {};
  if (!rehearsal || !table || !replay?.account) throw new Error('nothing was replayed');
  return { rehearsal, table, settings: of.settings, before: replay.account.before };
}

/** The world after a case was contained, for one test alone to change. */
async function contain(name: string, fault?: RehearsalOptions['fault']) {
  const known = contained.get(name) ?? containAnew(name);
  contained.set(name, known);
  const { settings, before } = await known;
  const now = () => new Date(at);
  const { table, account, only } = await worldAfter(await known, { now, fault });
  const world = { account, table, settings, at };
  const run = async (input: object = {}, differs: Partial<ReleaseIn> = {}) => {
    const ran = await release({ caseId: only.caseId, ...input }, { ...world, ...differs });
    for (const state of ran.states) entered.add(state);
    return ran;
  };
  const records = new CaseRecord(table, now);
  const caseId = CaseId.parse(only.caseId);
  return { ...only, account, table, before, records, caseId, run };
}

const writes = ({ calls }: Released) => calls.filter(({ call }) => changes(call));
const outcomes = ({ changes: all }: Released) =>
  all.map(({ step, outcome, reason }) => `${step} ${reason ?? outcome}`);
const groupsOf = (account: RehearsalAccount) =>
  account.state.networkInterfaces.find((one) => one.networkInterfaceId === eni)?.groups;
const locks = (table: ReleaseIn['table']) => table.items().filter(({ sk }) => sk === 'lock');
const live = { mode: 'live' };

it('is started by no finding', () => {
  expect(triggers).toEqual([]);
});

it('knows every step that can be undone, and no other', async () => {
  const all: readonly Step[] = steps;
  const those = all.filter(({ undo }) => undo).map(({ name }) => name);
  expect([...undone].sort()).toEqual(those.sort());
  const loaded = await Promise.all(Object.values(undoable).map((load) => load()));
  expect(loaded.map(({ name }) => name)).toEqual(Object.keys(undoable));
});

describe('a release', () => {
  it('takes back the newest change first, and says so in the case and to people', async () => {
    const { run, records, caseId, table } = await contain(server);
    const status = await records.status(caseId);
    const ran = await run({ ...live, rejoin: every, reason: 'false alarm' });

    expect(status).toBe('contained');
    expect(ran.state).toBe('The case is released');
    expect(outcomes(ran)).toEqual([
      'deny-remote-addresses restored',
      'deregister-from-load-balancers restored',
      'deregister-from-load-balancers restored',
      'isolate-instance restored',
      'isolate-instance already-restored',
      'detach-from-auto-scaling restored',
      'protect-instance restored',
    ]);
    const whole = await records.whole(caseId);
    expect(whole).toMatchObject({ status: 'released', summary: { notCut: expect.anything() } });
    expect(whole?.releases).toMatchObject([{ outcome: 'released', mode: 'live', left: [], at }]);
    const journal = whole?.steps.filter(({ step }) => step === 'release-change') ?? [];
    expect(journal.flatMap((one) => one.journal).map(({ call }) => call)).toContain(
      'ec2:ModifyNetworkInterfaceAttribute',
    );
    expect(ran.notifications.map(({ title }) => title)).toEqual([
      `Released: arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`,
    ]);
    expect(locks(table)).toEqual([]);
  });

  it.each([
    ['in a dry run', { mode: 'dry-run' }, {}],
    ['when the mode is missing', {}, {}],
    ['where only stand-ins answer', {}, { dryRun: 'stand-ins' }],
    ['where the settings allow no more', live, { settings: {} }],
  ] as const)('withholds every change %s', async (_when, input, differs) => {
    const { run, account, records, caseId, table } = await contain(server);
    const playbooks = 'settings' in differs ? { release: 'dry-run', ...differs.settings } : {};
    const settings = RehearsalSettings.parse({ playbooks });
    const before = structuredClone(account.state);
    const ran = await run(
      { ...input, rejoin: every },
      {
        ...differs,
        ...('settings' in differs ? { settings } : { settings: RehearsalSettings.parse({}) }),
      },
    );

    expect(writes(ran).length).toBeGreaterThan(5);
    expect(new Set(writes(ran).map(({ disposition }) => disposition))).toEqual(
      new Set(['withheld']),
    );
    expect(account.state).toEqual(before);
    expect(await records.status(caseId)).toBe('contained');
    expect(ran.notifications[0]?.title).toMatch(/^Dry run, would be released: /);
    expect(locks(table)).toEqual([]);
  });

  it('withholds in a dry run what it sends live', async () => {
    const dry = await (await contain(server)).run({ rejoin: every });
    const standIns = await (await contain(server)).run({ rejoin: every }, { dryRun: 'stand-ins' });
    const sent = await (await contain(server)).run({ ...live, rejoin: every });
    const words = (ran: Released) => writes(ran).map(({ call, input }) => [call, input]);
    expect(words(dry)).toEqual(words(sent));
    expect(words(standIns)).toEqual(words(sent));
    expect(standIns.closing.outcome).toBe('would-be-released');
  });

  it('changes nothing the second time', async () => {
    const { run } = await contain(server);
    await run({ ...live, rejoin: every });
    const second = await run({ ...live, rejoin: every });
    expect(second).toMatchObject({
      state: 'Nothing is left to release',
      plan: { outcome: 'declined', reason: 'already-released' },
      notifications: [],
      calls: [],
    });
  });

  it('joins no group and no load balancer that is not named', async () => {
    const { run, account, records, caseId } = await contain(server);
    const ran = await run(live);
    expect(ran.state).toBe('The case is partly released');
    expect(outcomes(ran).filter((line) => line.endsWith('not-named'))).toHaveLength(3);
    expect(writes(ran).map(({ call }) => call)).not.toContain('autoscaling:AttachInstances');
    expect(JSON.stringify(account.state.targetGroups[0]?.targets)).not.toContain(
      `"${instanceId}","port":80,"state":"initial"`,
    );
    expect(ran.notifications[0]?.text).toContain('release with "rejoin": ["shop-web"]');
    expect(await records.status(caseId)).toBe('partly-released');

    const second = await run({ ...live, rejoin: ['shop-web'] });
    expect(writes(second).map(({ call }) => call)).toContain('autoscaling:AttachInstances');
    expect(outcomes(second)).not.toContain('isolate-instance restored');
  });

  it('takes back only what the named steps changed', async () => {
    const { run, account, before } = await contain(server);
    const ran = await run({ ...live, steps: ['isolate-instance'] });
    expect(writes(ran).map(({ call }) => call)).toEqual(['ec2:ModifyNetworkInterfaceAttribute']);
    const was = before.networkInterfaces.find((one) => one.networkInterfaceId === eni);
    expect(groupsOf(account)).toEqual(was?.groups);
    expect(ran.notifications[0]?.text).toContain('release with "steps": ["protect-instance"]');
  });

  it('leaves an instance isolated, and out of its group, when isolation is not released', async () => {
    const { run, account } = await contain(server);
    const isolated = groupsOf(account);
    const ran = await run({ ...live, steps: ['detach-from-auto-scaling'], rejoin: ['shop-web'] });
    expect(outcomes(ran)).toEqual(['detach-from-auto-scaling still-isolated']);
    expect(writes(ran)).toEqual([]);
    expect(groupsOf(account)).toEqual(isolated);
  });

  it('leaves a key inactive until it is named', async () => {
    const { run, account } = await contain(key);
    const status = () =>
      account.state.iam.users
        .flatMap(({ accessKeys }) => accessKeys)
        .find(({ accessKeyId }) => accessKeyId === leakedKey)?.status;
    const first = await run(live);
    expect(outcomes(first)).toContain('deactivate-access-key key-not-named');
    expect([first.state, status()]).toEqual(['The case is partly released', 'Inactive']);
    const second = await run({ ...live, reactivateKeys: [leakedKey] });
    expect(writes(second).map(({ call }) => call)).toEqual(['iam:UpdateAccessKey']);
    expect([second.state, status()]).toEqual(['The case is released', 'Active']);
  });

  it('lifts no denial before the session that it stops must have expired', async () => {
    const { run } = await contain(key);
    const opened = Date.parse('2026-04-01T09:30:00.000Z');
    const hours = (n: number) => new Date(opened + n * 3_600_000).toISOString();
    const early = await run(live, { at: hours(11.9) });
    expect(outcomes(early)).toEqual([
      expect.stringMatching(/^revoke-role-sessions not-yet|already/),
      expect.stringMatching(/^revoke-role-sessions not-yet|already/),
      'revoke-user-sessions not-yet',
      'quarantine-user restored',
      'deactivate-access-key key-not-named',
    ]);
    expect(early.notifications[0]?.text).toContain('36 hours after it was contained');
    const roles = await run(live, { at: hours(12.1) });
    expect(outcomes(roles)).toContain('revoke-role-sessions restored');
    expect(outcomes(roles)).toContain('revoke-user-sessions not-yet');
    const users = await run(live, { at: hours(36.1) });
    expect(outcomes(users)).toContain('revoke-user-sessions restored');
  });
});

describe('what drifted is left and reported', () => {
  const drifts: readonly [string, string, (account: RehearsalAccount) => void][] = [
    [
      'an interface that somebody gave another group',
      'isolate-instance drifted',
      ({ state }) => {
        const found = state.networkInterfaces.find((one) => one.networkInterfaceId === eni);
        if (!found) throw new Error('the case is not as it was');
        found.groups = [...found.groups, ...wasIn] as typeof found.groups;
      },
    ],
    [
      'an interface whose former group was opened',
      'isolate-instance drifted',
      ({ state }) => {
        for (const group of state.securityGroups.filter(
          (one) => one.groupName !== 'cordon-no-rules',
        )) {
          const [rule] = group.rules;
          if (rule)
            group.rules = [{ ...rule, ruleId: 'sgr-0f0f0f0f0f0f0f0f0' as never, fromPort: 1 }];
        }
      },
    ],
    [
      'a group that has no room',
      'detach-from-auto-scaling drifted',
      ({ state }) => {
        for (const group of state.autoScalingGroups) group.maxSize = group.desiredCapacity;
      },
    ],
  ];

  it.each(drifts)('%s', async (_what, line, drift) => {
    const { run, account } = await contain(server);
    drift(account);
    const ran = await run({ ...live, rejoin: every });
    expect(outcomes(ran)).toContain(line);
    expect(ran.state).toBe('The case is partly released');
    expect(ran.notifications[0]?.text).toMatch(/left, since it was changed after the case/);
    expect(ran.notifications[0]?.text).toMatch(/By hand: aws /);
  });

  it('a denial in a network ACL that another case still needs', async () => {
    const { run, table, account } = await contain(server);
    for (const use of table.items().filter(({ pk }) => pk.startsWith('shared#live#'))) {
      const sk = use.sk.replace(/#case-.*$/, '#case-0therother');
      await table.write([{ put: { ...use, sk, caseId: 'case-0therother', expires: 4e9 } }]);
    }
    const entries = structuredClone(account.state.networkAcls);
    const ran = await run({ ...live, steps: ['deny-remote-addresses'] });
    expect(writes(ran)).toEqual([]);
    expect(account.state.networkAcls).toEqual(entries);
  });

  it('and what an expired case has put there is taken out with it', async () => {
    const { run, table } = await contain(server);
    const uses = table.items().filter(({ pk }) => pk.startsWith('shared#live#'));
    for (const { pk, sk, ...use } of uses) {
      const other = sk.replace(/#case-.*$/, '#case-0therother');
      await table.write([
        { remove: { pk, sk } },
        { put: { ...use, pk, sk: other, caseId: 'case-0therother', expires: 1 } },
      ]);
    }
    const ran = await run({ ...live, steps: ['deny-remote-addresses'] });
    expect(writes(ran).map(({ call }) => call)).toContain('ec2:DeleteNetworkAclEntry');
  });
});

describe('guard rails are asked again', () => {
  it.each([
    ['an instance', server, { instances: [instanceId] }, 'never-touch-instance'],
    ['a user', key, { users: ['build-runner'] }, 'never-touch-user'],
    ['a role', key, { roles: ['artifact-reader'] }, 'never-touch-role'],
    ['break-glass', key, { breakGlass: ['build-runner'] }, 'break-glass'],
  ])('of %s', async (_what, name, neverTouch, reason) => {
    const { run } = await contain(name);
    const settings = RehearsalSettings.parse({ neverTouch });
    const ran = await run({ ...live, rejoin: name === server ? every : [] }, { settings });
    const left = ran.changes.filter((one) => one.reason === reason);
    expect(left.length).toBeGreaterThan(0);
    const named = JSON.stringify(Object.values(neverTouch)[0]).slice(2, -2);
    expect(JSON.stringify(writes(ran).map(({ input }) => input))).not.toContain(named);
  });

  it('and of the account, before anything is locked', async () => {
    const { run, table } = await contain(server);
    const settings = RehearsalSettings.parse({ neverTouch: { accounts: ['111122223333'] } });
    const before = table.items();
    const ran = await run(live, { settings });
    expect(ran).toMatchObject({
      state: 'Left to a human',
      plan: { reason: 'never-touch-account' },
    });
    expect(table.items()).toEqual(before);
  });

  it('and whether the playbook is switched off', async () => {
    const { run } = await contain(server);
    const settings = RehearsalSettings.parse({ playbooks: { release: 'off' } });
    expect(await run(live, { settings })).toMatchObject({
      state: 'Playbook is switched off',
      calls: [],
    });
  });
});

describe('a case that cannot be released', () => {
  it('is unusable input, by its id, when nobody knows it', async () => {
    const { run } = await contain(server);
    const ran = await run({ caseId: 'case-00000dead0', mode: 'live' });
    expect(ran).toMatchObject({ status: 'failed', state: 'Nothing was released', calls: [] });
    expect(ran.error?.name).toBe('UnusableInputError');
    expect(ran.error?.message).toContain('case-00000dead0');
    expect(ran.notifications).toHaveLength(1);
  });

  it.each([
    [
      'a step that does not exist',
      { steps: ['isolate'] },
      '$.steps: expected steps that can be undone',
    ],
    ['no step', { steps: [] }, '$.steps: expected at least 1 element'],
    [
      'a group that it never left',
      { rejoin: ['shop'] },
      '$.rejoin[0]: expected one that the case left',
    ],
    [
      'a key that it never stopped',
      { reactivateKeys: [leakedKey] },
      '$.reactivateKeys[0]: expected none',
    ],
    ['a word for a mode', { mode: 'yes' }, '$.mode: expected "dry-run" or "live"'],
    ['a member nobody knows', { force: true }, 'expected no member "force"'],
  ])('is refused with %s, before anything is locked', async (_what, input, said) => {
    const { run, table } = await contain(server);
    const before = table.items();
    const ran = await run({ ...live, ...input });
    expect(ran.error?.message).toContain(said);
    expect(table.items()).toEqual(before);
  });

  it('is left to a human while it is open', async () => {
    const { run, table, caseId } = await contain(server);
    const item = table.items().find(({ pk, sk }) => pk === `case#${caseId}` && sk === 'case');
    if (item) await table.write([{ put: { ...item, status: 'open' } }]);
    const ran = await run(live);
    expect(ran).toMatchObject({
      state: 'Left to a human',
      plan: { reason: 'case-open' },
      calls: [],
    });
    expect(ran.notifications[0]?.text).toContain('The case is still open');
  });

  it('is left to a human while another case holds its target', async () => {
    for (const mode of ['live', 'dry-run']) {
      const { run, records, caseId, target } = await contain(server);
      const about = { finding: finding({ id: 'other' }), mode: 'live', target } as const;
      const running = 'arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:2';
      await records.open({ ...about, execution: running, lockSeconds: 3600 });
      // A later case, whose place as the last on its target is taken away to see the lock alone.
      const ran = await run({ caseId, mode }, { running: [running] });
      expect(ran).toMatchObject({ state: 'Left to a human', calls: [] });
      expect(['target-held', 'later-case']).toContain(ran.plan.reason);
    }
  });

  it('is left to a human while a release of it runs, and taken over once that runs no more', async () => {
    const { run, records, caseId } = await contain(server);
    const found = await records.releases.find(caseId);
    if (!found) throw new Error('the case is not there');
    const other = 'arn:aws:states:eu-west-1:111122223333:execution:release:other';
    await records.releases.open(found, { mode: 'live', execution: other, lockSeconds: 3600 });
    const waits = await run(live, { running: [other] });
    expect(waits).toMatchObject({ state: 'Left to a human', plan: { reason: 'target-held' } });
    expect((await run({ ...live, rejoin: every })).state).toBe('The case is released');
  });

  it('was a dry run, which changed nothing', async () => {
    const { table, rehearsal: account, settings } = await containAnew(server, 'dry-run');
    const [dry] = await casesIn(table, 'dry-run');
    const ran = await release(
      { caseId: dry?.caseId, mode: 'live' },
      { account, table, settings, at },
    );
    expect(ran).toMatchObject({
      state: 'Nothing is left to release',
      plan: { reason: 'dry-run-case' },
    });
  });
});

describe('a release in which something fails', () => {
  const injected = Object.assign(new Error('made to fail by a test'), { name: 'AccessDenied' });
  const failing =
    (broken: AwsCall): RehearsalOptions['fault'] =>
    (call) =>
      call === broken ? { when: 'before', error: injected } : undefined;

  it.each([
    ['ec2:ModifyNetworkInterfaceAttribute', 'isolate-instance', server],
    ['ec2:DeleteNetworkAclEntry', 'deny-remote-addresses', server],
    ['elasticloadbalancing:RegisterTargets', 'deregister-from-load-balancers', server],
    ['autoscaling:AttachInstances', 'detach-from-auto-scaling', server],
    ['ec2:ModifyInstanceAttribute', 'protect-instance', server],
    ['iam:DetachUserPolicy', 'quarantine-user', key],
    ['iam:DeleteUserPolicy', 'revoke-user-sessions', key],
    ['iam:DeleteRolePolicy', 'revoke-role-sessions', key],
    ['iam:UpdateAccessKey', 'deactivate-access-key', key],
  ] as const)('does the rest and says what is left when %s fails', async (call, step, name) => {
    const { run, records, caseId, table } = await contain(name, failing(call));
    const named = name === server ? { rejoin: every } : { reactivateKeys: [leakedKey] };
    const ran = await run({ ...live, ...named });
    expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
    expect(ran.states).toContain('Taking it back failed');
    const tried = new Set(ran.changes.map((one) => one.step));
    expect(tried.size).toBeGreaterThanOrEqual(3);
    const [record] = (await records.whole(caseId))?.releases ?? [];
    expect(record?.left.join('\n')).toContain(`${step} `);
    expect(record?.left.join('\n')).toMatch(/taking it back failed\. By hand: aws /);
    expect(record?.done.length).toBeGreaterThan(1);
    expect(await records.status(caseId)).toBe('needs-human');
    expect(ran.notifications[0]?.title).toMatch(/^Release needs a human: /);
    expect(locks(table)).toEqual([]);
  });

  it('lets no member back into its group when its isolation could not be lifted', async () => {
    const { run } = await contain(server, failing('ec2:ModifyNetworkInterfaceAttribute'));
    const ran = await run({ ...live, rejoin: every });
    expect(outcomes(ran)).toContain('detach-from-auto-scaling still-isolated');
  });

  it('goes on where it stopped when it is started again', async () => {
    let fails = true;
    const { run } = await contain(server, (call) =>
      fails && call === 'ec2:ModifyNetworkInterfaceAttribute'
        ? { when: 'before', error: injected }
        : undefined,
    );
    await run({ ...live, rejoin: every });
    fails = false;
    const second = await run({ ...live, rejoin: every });
    expect(second.state).toBe('The case is released');
    expect(writes(second).map(({ call }) => call)).toEqual([
      'ec2:ModifyNetworkInterfaceAttribute',
      'autoscaling:AttachInstances',
    ]);
  });

  it('finds its own work done when an answer was lost', async () => {
    let lost = 0;
    const { run, account, before } = await contain(server, (call) =>
      call === 'ec2:ModifyNetworkInterfaceAttribute' && ++lost === 1
        ? { when: 'after', error: injected }
        : undefined,
    );
    const ran = await run({ ...live, rejoin: every });
    expect(ran.state).toBe('The case is released');
    const was = before.networkInterfaces.find((one) => one.networkInterfaceId === eni);
    expect(groupsOf(account)).toEqual(was?.groups);
  });

  it('stops, and is a human’s, once a new finding comes in about the target', async () => {
    const { run, records, target, caseId } = await contain(server);
    const release = loadWorkflow('release', text, steps);
    const joins = loadWorkflow(
      'release',
      text,
      steps.map((step: Step) =>
        step.name === 'release-change'
          ? {
              ...step,
              run: async (...all: Parameters<typeof step.run>) => {
                const result = await step.run(...all);
                await records.join('live', target, finding({ id: 'again' }));
                return result;
              },
            }
          : step,
      ),
    );
    expect(release.tasks.size).toBe(joins.tasks.size);
    const ran = await run({ ...live, rejoin: every }, { workflow: joins });
    expect(outcomes(ran)[0]).toBe('deny-remote-addresses restored');
    expect(
      new Set(
        outcomes(ran)
          .slice(1)
          .map((line) => line.split(' ')[1]),
      ),
    ).toEqual(new Set(['new-finding']));
    expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
    expect(ran.notifications[0]?.text).toContain('new findings about the target');
    expect(await records.status(caseId)).toBe('needs-human');
  });

  it('sees a finding that came in before its plan was tried again', async () => {
    const { run, records, target } = await contain(server);
    const again = steps.map((step: Step) =>
      step.name === 'plan-release'
        ? {
            ...step,
            run: async (...all: Parameters<typeof step.run>) => {
              await step.run(...all);
              await records.join('live', target, finding({ id: 'again' }));
              return step.run(...all);
            },
          }
        : step,
    );
    const workflow = loadWorkflow('release', text, again);
    const ran = await run({ ...live, rejoin: every }, { workflow });
    expect(writes(ran)).toEqual([]);
    expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
  });

  it.each([
    ['plan-release', 'Nothing was released'],
    ['close-release', 'The release is not closed'],
  ])('tells a human when %s fails', async (name, state) => {
    const broken = steps.map((step: Step) =>
      step.name === name ? { ...step, run: () => Promise.reject(injected) } : step,
    );
    const { run } = await contain(server);
    const ran = await run(live, { workflow: loadWorkflow('release', text, broken) });
    expect(ran).toMatchObject({ status: 'failed', state });
    expect(ran.notifications).toHaveLength(1);
  });

  it('fails when a human is needed and nobody can be told', async () => {
    const broken = steps.map((step: Step) =>
      ['plan-release', 'tell-human'].includes(step.name)
        ? { ...step, run: () => Promise.reject(injected) }
        : step,
    );
    const { run } = await contain(server);
    const ran = await run(live, { workflow: loadWorkflow('release', text, broken) });
    expect(ran).toMatchObject({ status: 'failed', state: 'Nobody was told' });
  });
});

it('enters every state of the workflow in these tests', () => {
  const all = [...statesOf(JSON.parse(text))].map(([name]) => name);
  const here = all.filter((name) => !asking.includes(name));
  expect(here.filter((name) => !entered.has(name))).toEqual([]);
});
