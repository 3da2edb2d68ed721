import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { settleFailedExecution } from '../../functions/settle-failed-execution/handler.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import type { Notification } from '../../functions/shared/home.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import { toLambda } from '../../functions/shared/lambda.ts';
import type { Step } from '../../functions/shared/step.ts';
import type { RehearsalOptions } from '../../replay/account/rehearsal-account.ts';
import { wireRehearsal } from '../../replay/account/wiring.ts';
import { changes } from '../../replay/call-in-words.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { findingsIn } from '../../replay/findings-in.ts';
import type { Case } from '../../replay/read-case.ts';
import { RehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { replayCase } from '../../replay/replay.ts';
import { ask } from '../../replay/request.ts';
import { type Between, runWorkflow } from '../../replay/run-workflow.ts';
import { Waits } from '../../replay/waits.ts';
import { loadWorkflow, loadWorkflows, readWorkflows } from '../../replay/workflow.ts';
import { asking, type Released, type ReleaseIn, release, worldAfter } from '../release-of.ts';
import { asked, cases, workflowOf } from './failing-replays.ts';

const workflows = loadWorkflows(steps);
const text = readWorkflows().get('release') ?? '';
const at = '2026-05-01T00:00:00.000Z';
const server = 'command-and-control-from-web-server';
const instanceId = 'i-0c2c2c2c2c2c2c2c2';
const eni = 'eni-0c2c2c2c2c2c2c2c2';
const key = 'leaked-key-used-from-tor';
const all = {
  [server]: { mode: 'live', rejoin: ['shop-web', 'shop-metrics'] },
  'started-by-hand-for-user': { mode: 'live' },
  'leaked-key-inactive-already': { mode: 'live' },
  [key]: { mode: 'live', reactivateKeys: ['AKIAT0R1T0R1T0R1T0R1'] },
} as const;

const entered = new Set<string>();
const contained = new Map<string, ReturnType<typeof containAnew>>();

const caseOf = (name: string): Case => {
  const of = cases.get(name);
  if (!of) throw new Error(`there is no case ${name}`);
  return of;
};

async function containAnew(of: Case) {
  const [first] = await replayCase(of, { mode: 'live', workflows });
  const { rehearsal, table } = first ?? {};
  if (!rehearsal || !table) throw new Error('nothing was replayed');
  return { rehearsal, table };
}

/** Settings under which a release waits for people: with one rule, or by its policy. */
const asks = (approval: object = {}, playbooks: object = { release: 'approve' }) =>
  RehearsalSettings.parse({ approval, playbooks });

/** The world after a case was contained, for one test alone to change. */
async function contain(
  name: keyof typeof all = server,
  { of = caseOf(name), fault }: { of?: Case; fault?: RehearsalOptions['fault'] } = {},
) {
  const id = `${name} ${of.approver}`;
  const known = contained.get(id) ?? containAnew(of);
  contained.set(id, known);
  const now = () => new Date(at);
  const { table, account, only } = await worldAfter(await known, { now, fault });
  const caseId = CaseId.parse(only.caseId);
  const records = new CaseRecord(table, now);
  const run = async (
    settings: ReleaseIn['settings'],
    around: ReleaseIn['around'] = {},
    { input = {}, ...differs }: Partial<ReleaseIn> & { input?: object } = {},
  ) => {
    const said = { caseId, ...all[name], ...input };
    const ran = await release(said, { account, table, settings, at, around, ...differs });
    for (const state of ran.states) entered.add(state);
    return ran;
  };
  /** What the rule on executions does once one did not end well. */
  const settle = async ({ execution }: Released, status: string) => {
    const told: Notification[] = [];
    const wiring = wireRehearsal({
      ...{
        account,
        mode: 'live',
        table,
        settings: caseOf(name).settings,
        notifications: told,
        now,
      },
      running: new Set(),
    });
    const event = { detail: { executionArn: execution, status } };
    // A context that no step reads.
    const invoked = toLambda(settleFailedExecution, async () => wiring);
    const result = await invoked({ input: { event } }, {} as Context);
    return { result, told };
  };
  const approval = () => records.approvals.of(caseId);
  const record = async ({ execution }: Released) =>
    (await records.releases.of(caseId)).find((one) => one.execution === execution);
  return { ...only, caseId, account, table, records, run, settle, approval, record };
}

const changesIn = ({ calls }: Released, of: 'sent' | 'withheld') =>
  calls
    .filter(({ call, disposition }) => changes(call) && disposition === of)
    .map(({ call, input }) => [call, input]);
const sent = (ran: Released) => changesIn(ran, 'sent');
/** What people have seen, each time that it was rehearsed. */
const planned = (ran: Released) => changesIn(ran, 'withheld');
const times = ({ steps: ran }: Released, step: string) => ran.filter((one) => one === step).length;
const locks = ({ table }: { table: CaseTableInMemory }) =>
  table.items().filter(({ sk }) => sk === 'lock');
const unasked = RehearsalSettings.parse({});
const agrees = { approver: 'approves' } as const;

describe('a release that people must agree to', () => {
  it.each([server, key] as const)(
    'takes back the same once they have as it does unasked: %s',
    async (name) => {
      const plain = await contain(name);
      const wanted = await plain.run(unasked);
      const made = await contain(name);
      const ran = await made.run(asks(), agrees);

      expect(ran.state).toBe(wanted.state);
      expect(sent(ran)).toEqual(sent(wanted));
      expect(sent(ran).length).toBeGreaterThan(0);
      expect(planned(ran)).toEqual([...sent(ran), ...sent(ran)]);
      expect(made.account.state).toEqual(plain.account.state);
      // Asked once, and once more whether the plan is still the same; both before anything is sent.
      expect(times(ran, 'request-approval')).toBe(2);
      const first = ran.calls.findIndex(
        ({ call, disposition }) => changes(call) && disposition === 'sent',
      );
      expect(ran.calls.slice(first).map(({ disposition }) => disposition)).not.toContain(
        'withheld',
      );
      expect(await made.records.status(made.caseId)).toBe('released');
      expect(locks(made)).toEqual([]);
    },
  );

  it('goes on from what an earlier release did, and asks about the rest alone', async () => {
    const ends: unknown[] = [];
    for (const settings of [unasked, asks()]) {
      const { run, account } = await contain();
      await run(unasked, {}, { input: { steps: ['isolate-instance', 'protect-instance'] } });
      const ran = await run(settings, agrees, { input: { rejoin: ['shop-web'] } });
      expect(ran.notifications[0]?.text).not.toContain('could not be rehearsed');
      ends.push([ran.state, sent(ran), account.state]);
      if (settings !== unasked) expect(planned(ran)).toEqual([...sent(ran), ...sent(ran)]);
    }
    expect(ends[1]).toEqual(ends[0]);
  });

  it('plans nothing that it would not do: an instance still isolated joins no group', async () => {
    const { run } = await contain();
    const ran = await run(asks(), agrees, { input: { steps: ['detach-from-auto-scaling'] } });
    expect([planned(ran), sent(ran)]).toEqual([[], []]);
    expect(ran.state).toBe('The case is partly released');
  });

  it('takes nothing back once another holds its target', async () => {
    const made = await contain();
    const { run, table, records, caseId, settle } = made;
    let settled = 0;
    const between: Between = async ({ step }, wiring, invoke) => {
      if (step.name === 'settle-release' && ++settled === 2) {
        const [lock] = locks(made);
        if (lock) await table.write([{ put: { ...lock, holder: 'another execution' } }]);
      }
      return invoke(wiring);
    };
    const ran = await run(asks(), { ...agrees, between });
    expect(sent(ran)).toEqual([]);
    expect(ran).toMatchObject({ status: 'failed', failure: { error: 'ApprovalNotAsked' } });
    expect((await settle(ran, 'FAILED')).result.outcome).toBe('taken-over');
    expect(await records.status(caseId)).toBe('contained');
  });

  it('says in the case and to people who agreed, and of the release what it did', async () => {
    const { run, approval, record, records, caseId } = await contain();
    const ran = await run(asks(), agrees, { input: { reason: 'false alarm, ticket 4712' } });
    const by = { by: 'rehearsed-approver', how: 'command-line', said: 'approve', at };

    expect(await approval()).toMatchObject({
      status: 'confirmed',
      playbook: 'release',
      severity: 8,
      because: ['policy'],
      decisions: [by],
    });
    expect(await record(ran)).toMatchObject({ outcome: 'released', decisions: [by] });
    expect(ran.notifications.map(({ title }) => title)).toEqual([
      expect.stringMatching(/^Approval needed by 2026-05-01 01:00 UTC: arn:/),
      expect.stringMatching(/^Released: /),
    ]);
    expect(ran.notifications[0]?.text).toContain('without an answer nothing is released');
    expect(ran.notifications[0]?.text).toContain('ec2:ModifyNetworkInterfaceAttribute');
    for (const why of [
      'a person, by hand: to release the case: false alarm, ticket 4712',
      ran.execution,
    ]) {
      expect(ran.notifications[0]?.text).toContain(why);
    }
    expect(ran.notifications[1]?.text).toContain('Approved by rehearsed-approver by command line');
    const journal = (await records.steps(caseId)).filter(({ step }) => step === 'release-change');
    expect(
      journal.flatMap((one) => one.journal.map(({ disposition }) => disposition)),
    ).not.toContain('withheld');
  });

  it('says nothing of approval in the record of one that nobody was asked about', async () => {
    const { run, record } = await contain();
    const ran = await run(unasked);
    expect(await record(ran)).not.toHaveProperty('decisions');
  });

  const approvers = [{ name: 'alice' }, { name: 'bob' }];

  it('needs two different people where a rule does', async () => {
    const rules = [{ name: 'production', accounts: ['111122223333'], people: 2 }];
    const { run, approval, account } = await contain();
    const before = structuredClone(account.state);
    let early: unknown;
    const between: Between = async ({ step }, wiring, invoke) => {
      // The first of the two has answered by the time the second does; nothing is changed until then.
      if (step.name === 'settle-release') early ??= structuredClone(account.state);
      return invoke(wiring);
    };
    const ran = await run(asks({ approvers, rules }, {}), { ...agrees, between });

    expect(early).toEqual(before);
    expect(ran.notifications[0]?.text).toContain('Two different people must agree.');
    expect((await approval())?.decisions.map(({ by }) => by)).toEqual(['alice', 'bob']);
    expect(ran.state).toBe('The case is released');
  });

  it('is not decided by one of two', async () => {
    const rules = [{ name: 'production', accounts: ['111122223333'], people: 2 }];
    const { run, approval, records, caseId } = await contain();
    const waits = new Waits();
    const between: Between = async ({ step }, wiring, invoke) => {
      const result = await invoke(wiring);
      if (step.name !== 'request-approval') return result;
      const planHash = (await approval())?.planHash ?? '';
      const answer = { by: 'alice', how: 'command-line', said: 'approve', planHash } as const;
      expect((await records.approvals.answer(caseId, answer)).came).toBe('one-more-needed');
      expect((await records.approvals.answer(caseId, answer)).came).toBe('answered-already');
      return result;
    };
    const ran = await run(asks({ approvers, rules }, {}), { waits, between, approver: 'silent' });
    expect(ran.state).toBe('Nobody agreed in time');
    expect(sent(ran)).toEqual([]);
  });
});

describe('who must be asked', () => {
  const arn = `arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`;
  const units = { '111122223333': ['ou-root-production', 'r-root'] };
  type Rule = readonly [what: string, name: keyof typeof all, rule: object];
  it.each([
    ['a playbook', server, { playbooks: ['release'] }],
    ['a severity', server, { severityBelow: 8.1 }],
    ['an account', server, { accounts: ['111122223333'] }],
    ['a unit above the account', server, { organizationalUnits: ['ou-root-production'] }],
    ['an instance by its id', server, { targets: [instanceId] }],
    ['an instance by its ARN', server, { targets: [arn] }],
    ['a user by name', key, { targets: ['Build-Runner'] }],
    ['a user by ARN', key, { targets: ['arn:aws:iam::111122223333:user/build-runner'] }],
    ['a key', key, { targets: ['AKIAT0R1T0R1T0R1T0R1'] }],
    ['a key of the user', 'started-by-hand-for-user', { targets: ['AKIABA0DBA0DBA0DBA0D'] }],
    [
      'a key that was left as it was',
      'leaked-key-inactive-already',
      { targets: ['AKIA0FF10FF10FF10FF1'] },
    ],
    ['a role that the case revoked', key, { targets: ['artifact-reader'] }],
  ] satisfies Rule[])('a rule says by %s', async (_what, name, rule) => {
    const settings = asks({ rules: [{ name: 'of production', ...rule }] }, {});
    const { run, approval } = await contain(name);
    const ran = await run(settings, { units, approver: 'silent' });

    expect(ran.state).toBe('Nobody agreed in time');
    expect(sent(ran)).toEqual([]);
    expect(await approval()).toMatchObject({ because: ['rule: of production'] });
  });

  it.each([
    ['another playbook', server, { playbooks: ['compromised-instance'] }],
    ['a severity that the case is above', server, { severityBelow: 8 }],
    ['another account', server, { accounts: ['444455556666'] }],
    ['a unit that the account is not in', server, { organizationalUnits: ['ou-root-sandboxes'] }],
    ['other targets', key, { targets: [instanceId, 'someone-else', 'AKIAIOSFODNN7EXAMPLE'] }],
  ] satisfies Rule[])('nobody is where a rule says by %s', async (_what, name, rule) => {
    const { run, table, approval } = await contain(name);
    const settings = asks({ rules: [{ name: 'of production', ...rule }] }, {});
    const ran = await run(settings, { units, approver: 'silent' });

    expect(ran.state).toBe('The case is released');
    expect(times(ran, 'request-approval')).toBe(0);
    expect(await approval()).toBeUndefined();
    expect(table.items().filter(({ asking: of }) => of)).toEqual([]);
  });

  it('nobody is in a dry run, whatever the settings say', async () => {
    const { run, approval } = await contain();
    for (const input of [{ mode: 'dry-run' }, { mode: undefined }]) {
      const ran = await run(asks(), agrees, { input });
      expect(ran.notifications.map(({ title }) => title)).toEqual([
        expect.stringMatching(/^Dry run, would be released: /),
      ]);
      expect(times(ran, 'request-approval')).toBe(0);
    }
    expect(await approval()).toBeUndefined();
  });

  it('nobody is where nothing is left to take back', async () => {
    const { run, records, caseId, table } = await contain(key);
    await run(unasked, {}, { input: { reactivateKeys: [] } });
    expect(await records.status(caseId)).toBe('partly-released');
    const input = { steps: ['quarantine-user'], reactivateKeys: [] };
    const ran = await run(asks(), { approver: 'silent' }, { input });
    expect(times(ran, 'request-approval')).toBe(0);
    expect(ran.plan.changes).toEqual([]);
    expect(locks({ table })).toEqual([]);
  });

  it.each([
    ['a rule names units and nobody knows them', { organizationalUnits: ['ou-root-production'] }],
    ['the case has no finding', { severityBelow: 9 }],
  ])('is a human’s to find out when %s: nothing is locked', async (_why, rule) => {
    const { run, table } = await contain();
    if ('severityBelow' in rule) {
      const findings = table.items().filter(({ sk }) => sk.startsWith('finding#'));
      await table.write(findings.map(({ pk, sk }) => ({ remove: { pk, sk } })));
    }
    const before = table.items();
    const ran = await run(asks({ rules: [{ name: 'units', ...rule }] }, {}), agrees);

    expect(ran).toMatchObject({ state: 'Left to a human', plan: { reason: 'guard-unreadable' } });
    expect(ran.notifications).toHaveLength(1);
    expect(table.items()).toEqual(before);
  });

  it('asks the case table no more often for one that no rule names', async () => {
    const counts: object[] = [];
    const rules = [
      { name: 'other accounts', accounts: ['444455556666'], people: 1 },
      { name: 'other targets', targets: ['someone-else'] },
    ];
    for (const settings of [unasked, asks({ rules }, {})]) {
      const { table: from, account, caseId } = await contain();
      const table = new Counting();
      await table.write(from.items().map((put) => ({ put })));
      table.requests = 0;
      const input = { caseId, ...all[server] };
      expect((await release(input, { account, table, settings, at })).status).toBe('succeeded');
      counts.push({ requests: table.requests, findings: table.findings });
    }
    expect(counts[1]).toEqual(counts[0]);
    // Of which the lock alone goes by the findings.
    expect(counts[1]).toMatchObject({ findings: 1 });
  });
});

class Counting extends CaseTableInMemory {
  requests = 0;
  findings = 0;

  constructor() {
    super(async () => {
      this.requests++;
    });
  }

  override query(pk: string, prefix?: string) {
    if (prefix === 'finding#') this.findings++;
    return super.query(pk, prefix);
  }
}

describe('a release that people do not agree to', () => {
  it.each([
    ['denies', {}, 'People decided against it', 'denied', /^Denied, nothing was released: arn:/],
    [
      'silent',
      {},
      'Nobody agreed in time',
      'unanswered',
      /^Nobody agreed in time, nothing was rel/,
    ],
    [
      'silent',
      { whenTimeRunsOut: 'act' },
      'Nobody agreed in time',
      'unanswered',
      /^Nobody agreed in time, nothing was rel/,
    ],
  ] as const)('takes nothing back: %s %j', async (approver, approval, state, outcome, title) => {
    const made = await contain();
    const before = structuredClone(made.account.state);
    const ran = await made.run(asks(approval), { approver });

    expect(ran).toMatchObject({ status: 'succeeded', state });
    expect(made.account.state).toEqual(before);
    expect(sent(ran)).toEqual([]);
    expect(await made.records.status(made.caseId)).toBe('contained');
    expect(locks(made)).toEqual([]);
    expect(await made.record(ran)).toMatchObject({
      outcome,
      mode: 'live',
      done: [],
      left: [expect.stringMatching(/^Nothing was taken back: /)],
      decisions: approver === 'denies' ? [{ said: 'deny', by: 'rehearsed-approver' }] : [],
    });
    expect(ran.notifications.at(-1)?.title).toMatch(title);
    expect(ran.notifications.at(-1)?.text.includes('Denied by rehearsed-approver')).toBe(
      approver === 'denies',
    );

    // Nothing is noted that a later release would take for done.
    const later = await made.run(unasked);
    expect(later.state).toBe('The case is released');
    expect(sent(later)).toEqual(sent(await (await contain()).run(unasked)));
  });

  it('keeps the status of one that was partly released before', async () => {
    const { run, records, caseId } = await contain(key);
    await run(unasked, {}, { input: { reactivateKeys: [] } });
    const ran = await run(asks(), { approver: 'denies' });
    expect(ran.state).toBe('People decided against it');
    expect(await records.status(caseId)).toBe('partly-released');
  });

  it('is asked about again when the plan has changed, and only the new one is done', async () => {
    const { run, account, approval } = await contain();
    const hashes: string[] = [];
    const between: Between = async ({ step }, wiring, invoke) => {
      const result = await invoke(wiring);
      if (step.name !== 'request-approval') return result;
      hashes.push((await approval())?.planHash ?? '');
      // After people were asked somebody gives the interface another group.
      if (hashes.length === 1) {
        const found = account.state.networkInterfaces.find((one) => one.networkInterfaceId === eni);
        const [other] = account.state.securityGroups.filter(
          ({ groupId }) => !found?.groups.includes(groupId),
        );
        if (found && other) found.groups = [...found.groups, other.groupId];
      }
      return result;
    };
    const ran = await run(asks(), { ...agrees, between });

    expect(times(ran, 'request-approval')).toBe(3);
    expect(new Set(hashes).size).toBe(2);
    const told = ran.notifications.filter(({ title }) => title.startsWith('Approval needed'));
    expect(told.map(({ text: said }) => said.includes('What was agreed to is void'))).toEqual([
      false,
      true,
    ]);
    expect(sent(ran).map(([call]) => call)).not.toContain('ec2:ModifyNetworkInterfaceAttribute');
    expect(sent(ran).length).toBeGreaterThan(2);
    expect(ran.state).toBe('The case is partly released');
  });

  it('is given up when the plan comes out otherwise each time', async () => {
    const { run, account, record, records, caseId } = await contain();
    const found = account.state.networkInterfaces.find((one) => one.networkInterfaceId === eni);
    const isolated = [...(found?.groups ?? [])];
    let asksMade = 0;
    const between: Between = async ({ step }, wiring, invoke) => {
      const result = await invoke(wiring);
      if (step.name === 'request-approval' && found) {
        found.groups = asksMade++ % 2 === 0 ? [] : isolated;
      }
      return result;
    };
    const ran = await run(asks(), { ...agrees, between });
    expect(ran.state).toBe('Nobody agreed in time');
    expect(times(ran, 'request-approval')).toBe(6);
    expect(sent(ran)).toEqual([]);
    expect(await record(ran)).toMatchObject({
      outcome: 'unanswered',
      left: ['Nothing was taken back: the plan came out otherwise each of 6 times.'],
    });
    expect(await records.status(caseId)).toBe('contained');
  });

  it('tells a human when nobody can be asked, and its failure frees the target', async () => {
    const { run, settle, records, caseId, table } = await contain();
    const broken = steps.map((step: Step) =>
      step.name === 'request-approval'
        ? { ...step, run: () => Promise.reject(new Error('made up')) }
        : step,
    );
    const ran = await run(asks(), agrees, { workflow: loadWorkflow('release', text, broken) });
    expect(ran).toMatchObject({ status: 'failed', failure: { error: 'ApprovalNotAsked' } });
    expect(ran.notifications.map(({ title }) => title)).toEqual([
      'Nobody could be asked for approval: nothing was released',
    ]);
    expect(sent(ran)).toEqual([]);
    await settle(ran, 'FAILED');
    expect(await records.status(caseId)).toBe('contained');
    expect(locks({ table })).toEqual([]);
  });
});

describe('what was agreed to before', () => {
  it('for the containment of the case does not count, and stays to be read', async () => {
    const of = asked(caseOf(server), 'approves');
    const { run, approval, records, caseId, record } = await contain(server, { of });
    const earlier = await approval();
    expect(earlier).toMatchObject({ status: 'confirmed', playbook: 'compromised-instance' });
    const ran = await run(asks(), { approver: 'silent' });

    expect(ran.state).toBe('Nobody agreed in time');
    expect(sent(ran)).toEqual([]);
    expect(ran.notifications[0]?.text).not.toContain('What was agreed to is void');
    const { token: _, key: __, ...readable } = earlier ?? { token: '', key: '' };
    expect(await records.approvals.earlier(caseId)).toEqual([readable]);
    expect(await record(ran)).toMatchObject({ decisions: [] });
  });

  it('for an earlier release does not count, were it the same plan within the hour', async () => {
    const { run, approval, records, caseId } = await contain();
    await run(asks(), { approver: 'denies' });
    const before = await approval();
    if (!before) throw new Error('nobody was asked');
    const agreedTo = { ...before, status: 'approved' as const, version: before.version + 1 };
    expect(await records.approvals.put(agreedTo, before)).toBe('put');

    const ran = await run(asks(), { approver: 'silent' });
    expect((await approval())?.planHash).toBe(before.planHash);
    expect(ran.state).toBe('Nobody agreed in time');
    expect(sent(ran)).toEqual([]);
    expect(await records.approvals.earlier(caseId)).toMatchObject([{ status: 'approved' }]);
  });
});

describe('a finding about the target that comes while people are asked', () => {
  const of = caseOf(server);
  const [document] = of.documents;
  if (!document || !('value' in document)) throw new Error('the case is not as it was');
  const another = (severity: number) => {
    const value = JSON.parse(
      JSON.stringify(document.value)
        .replace(/"severity":[\d.]+/, `"severity":${severity}`)
        .replace(/"id":"[0-9a-f]{32}"/, `"id":"${'e5'.repeat(16)}"`),
    );
    const [item] = findingsIn({ ...of, documents: [{ file: 'event-2.json', value }] });
    if (!item || !('parsed' in item)) throw new Error('that is no finding');
    const request = ask(item.parsed, { mode: 'live', otherwise: 'live' });
    if (request.playbook === null) throw new Error('no playbook answers it');
    return request;
  };

  it.each([
    ['a graver one, once they are asked', 9, 'request-approval', agrees],
    ['one like it, once they are asked', 8, 'request-approval', agrees],
    ['a slighter one, whose people must be asked too', 5, 'request-approval', agrees],
    ['one before they are asked', 8, 'release-change', agrees],
    ['a graver one before they are asked', 9, 'release-change', agrees],
    ['one though they are silent', 8, 'request-approval', { approver: 'silent' }],
  ] as const)('ends it, and nothing is taken back: %s', async (_what, severity, when, people) => {
    const made = await contain();
    const { account, table, records, caseId } = made;
    const before = structuredClone(account.state);
    await made.run(asks(), { approver: 'denies' });
    const world = { running: new Set<string>(), waits: new Waits() };
    let finding: ReturnType<typeof runWorkflow> | undefined;
    const between: Between = async ({ step }, wiring, invoke) => {
      const result = await invoke(wiring);
      if (step.name !== when || finding) return result;
      const { playbook, request } = another(severity);
      const now = () => new Date(at);
      const workflow = workflowOf(playbook);
      const around = { ...world, account, table, settings: of.settings, now };
      finding = runWorkflow({ ...around, workflow, name: 'comes-meanwhile', input: request });
      return result;
    };
    const ran = await made.run(asks(), { ...world, ...people, between });
    const came = await finding?.ended;

    expect(came?.entered[0]?.invocations[0]).toMatchObject({
      step: 'open-case',
      outcome: 'joined',
    });
    expect(sent(ran)).toEqual([]);
    expect(account.state).toEqual(before);
    expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
    expect(await records.status(caseId)).toBe('needs-human');
    expect(ran.notifications.at(-1)?.title).toMatch(/^Release needs a human: /);
    expect(ran.notifications.at(-1)?.text).toContain('1 new findings about the target: ');
    expect(await made.record(ran)).toMatchObject({
      ...{ outcome: 'needs-human', done: [] },
      // What was said of the release before is not said of this one.
      decisions: [],
    });
    expect(locks(made)).toEqual([]);
    const { length } = ran.notifications.filter(({ title }) => title.startsWith('Approval needed'));
    expect(length).toBe(when === 'request-approval' ? 1 : 0);
    // It is woken, and does not wait for an answer that means nothing any more.
    expect(ran.states).not.toContain('Nobody answered in time');
    const asked = await made.approval();
    if (when === 'request-approval') expect(asked?.status).toBe('superseded');
  });

  it('leaves what people agreed to undone when it comes after their word', async () => {
    const made = await contain();
    const { target, records, caseId } = made;
    const [{ finding } = { finding: undefined }] = await records.asking({ caseId });
    if (!finding) throw new Error('the case has no finding');
    for (const [step, nth] of [
      ['settle-release', 1],
      ['release-change', 12],
      ['settle-release', 2],
    ] as const) {
      const world = await contain();
      let seen = 0;
      const between: Between = async (run, wiring, invoke) => {
        if (run.step.name === step && ++seen === nth) {
          await new CaseRecord(world.table, () => new Date(at)).join('live', target, finding);
        }
        return invoke(wiring);
      };
      const ran = await world.run(asks(), { ...agrees, between });
      expect([step, nth, sent(ran)]).toEqual([step, nth, []]);
      expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
      expect(await world.records.status(world.caseId)).toBe('needs-human');
      expect(ran.states).not.toContain('Close release');
    }
  });
});

describe('a release that is stopped while it waits for people', () => {
  it.each(['ABORTED', 'TIMED_OUT'])(
    'leaves the case as it was, and asks anew: %s',
    async (status) => {
      const made = await contain();
      const { run, settle, approval, records, caseId } = made;
      const waiting = await run(asks());
      expect(waiting).toMatchObject({ status: 'waiting', state: 'Ask for approval' });
      expect(locks(made)).toHaveLength(1);
      const { result, told } = await settle(waiting, status);

      expect(result).toEqual({ outcome: 'settled', caseId });
      expect(told.map(({ title }) => title)).toEqual([
        expect.stringMatching(/^A release .* before people had agreed: case case-/),
      ]);
      expect(told[0]?.text).toContain('Nothing was taken back');
      expect(await records.status(caseId)).toBe('contained');
      expect(await made.record(waiting)).toMatchObject({
        outcome: 'unanswered',
        done: [],
        decisions: [],
      });
      expect(locks(made)).toEqual([]);
      expect(await approval()).toMatchObject({ status: 'unanswered' });
      expect((await settle(waiting, status)).told).toEqual([]);

      const successor = await run(asks(), agrees);
      expect(times(successor, 'request-approval')).toBe(2);
      expect(successor.state).toBe('The case is released');
    },
  );

  it('is taken over by the next, which asks anew, where nobody has settled it', async () => {
    const { run, approval, records, caseId } = await contain();
    await run(asks());
    const before = await approval();
    if (!before) throw new Error('nobody was asked');
    const { planHash } = before;
    const answer = { by: 'late', how: 'command-line', said: 'approve', planHash } as const;
    expect((await records.approvals.answer(caseId, answer)).came).toBe('approved');
    const ran = await run(asks(), { approver: 'silent' });
    expect(ran.state).toBe('Nobody agreed in time');
    expect(sent(ran)).toEqual([]);
    expect(await records.status(caseId)).toBe('contained');
  });

  it('is a human’s where it took over from one that had begun to give back', async () => {
    const broken = steps.map((step: Step) =>
      step.name === 'close-release'
        ? { ...step, run: () => Promise.reject(new Error('made up')) }
        : step,
    );
    const workflow = loadWorkflow('release', text, broken);
    const begins = { asked: asks(), unasked };
    const input = { steps: ['isolate-instance'] };
    for (const settings of Object.values(begins)) {
      // Nobody has settled it.
      const denied = await contain();
      expect(sent(await denied.run(settings, agrees, { workflow, input }))).toHaveLength(1);
      const ran = await denied.run(asks(), { approver: 'denies' });
      expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
      expect(ran.notifications.at(-1)?.text).toContain('some of its changes may be taken back');
      expect(await denied.records.status(denied.caseId)).toBe('needs-human');
      expect(locks(denied)).toEqual([]);

      const stopped = await contain();
      await stopped.run(settings, agrees, { workflow, input });
      // The third has it from the first, by the second.
      await stopped.run(asks());
      const waiting = await stopped.run(asks());
      const { told } = await stopped.settle(waiting, 'ABORTED');
      expect(told[0]?.text).toContain('Some of its changes may be taken back');
      expect(await stopped.records.status(stopped.caseId)).toBe('needs-human');
    }
  });

  it('is a human’s where a finding had come in, or people had agreed', async () => {
    const joined = await contain();
    const waiting = await joined.run(asks());
    const [{ finding } = { finding: undefined }] = await joined.records.asking(joined);
    if (finding) await joined.records.join('live', joined.target, finding);
    await joined.settle(waiting, 'ABORTED');
    expect(await joined.records.status(joined.caseId)).toBe('needs-human');

    const agreed = await contain();
    const broken = steps.map((step: Step) =>
      step.name === 'close-release'
        ? { ...step, run: () => Promise.reject(new Error('made up')) }
        : step,
    );
    const workflow = loadWorkflow('release', text, broken);
    const ran = await agreed.run(asks(), agrees, { workflow });
    expect(sent(ran).length).toBeGreaterThan(0);
    const { told } = await agreed.settle(ran, 'FAILED');
    expect(told[0]?.title).toMatch(/^A release failed: case case-.* needs a human$/);
    expect(await agreed.records.status(agreed.caseId)).toBe('needs-human');
  });

  it('holds its target for as long as people may take', async () => {
    const made = await contain();
    const settings = asks({ minutes: 480 });
    await made.run(settings);
    const seconds = Date.parse(at) / 1000;
    expect(locks(made)).toMatchObject([{ expires: seconds + 480 * 60 + settings.lockSeconds }]);
    const other = await made.run(settings, agrees, {
      running: locks(made).map(({ holder }) => String(holder)),
    });
    expect(other).toMatchObject({ state: 'Left to a human', plan: { reason: 'target-held' } });
  });
});

it('leaves what could not be rehearsed, though people agreed to the rest', async () => {
  let asks_ = 0;
  const injected = Object.assign(new Error('made to fail by a test'), { name: 'AccessDenied' });
  const made = await contain(server, {
    fault: (call) =>
      asks_ < 2 && call === 'ec2:DescribeNetworkAcls'
        ? { when: 'before', error: injected }
        : undefined,
  });
  const between: Between = async ({ step }, wiring, invoke) => {
    if (step.name === 'request-approval') asks_++;
    return invoke(wiring);
  };
  const ran = await made.run(asks(), { ...agrees, between });

  expect(ran.notifications[0]?.text).toMatch(
    /deny-remote-addresses acl-\w+ could not be rehearsed: what it would do is not known/,
  );
  expect(sent(ran).map(([call]) => call)).not.toContain('ec2:DeleteNetworkAclEntry');
  expect(sent(ran).length).toBeGreaterThan(3);
  expect(ran).toMatchObject({ status: 'failed', failure: { error: 'NeedsHuman' } });
  expect((await made.record(ran))?.left.join()).toMatch(
    /deny-remote-addresses \S+: left, since it could not be rehearsed.*By hand: aws ec2/,
  );
});

it('enters every state of the workflow that is about asking', () => {
  expect(asking.filter((name) => !entered.has(name))).toEqual([]);
});
