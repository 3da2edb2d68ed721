import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import type { Home } from '../../functions/shared/home.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { RehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { runWorkflow } from '../../replay/run-workflow.ts';
import { loadWorkflow, readWorkflows, statesOf } from '../../replay/workflow.ts';

const text = readWorkflows().get('attack-sequence') ?? '';
const workflow = loadWorkflow('attack-sequence', text, steps);
const now = () => new Date('2026-03-01T04:05:06.000Z');

const key = 'AKIAIOSFODNN7LEAKED1';
const instanceId = 'i-0bbbbbbbbbbbbbbb2';
const resource = (resourceType: string, uid: string) => ({ resourceType, uid });
const bucket = resource('S3_BUCKET', 'arn:aws:s3:::ledger');
const session = {
  user: { name: 'web', uid: `AROAIOSFODNN7EXAMPLE:${instanceId}`, type: 'AssumedRole' },
};
const whole = {
  actors: [session],
  resources: [bucket, resource('EC2_INSTANCE', instanceId), resource('ACCESS_KEY', key)],
};
const event = (sequence: object) => ({
  source: 'aws.guardduty',
  'detail-type': 'GuardDuty Finding',
  detail: {
    accountId: '111122223333',
    region: 'eu-west-1',
    id: 's1d1d1d1',
    type: 'AttackSequence:S3/CompromisedData',
    severity: 9,
    updatedAt: '2026-03-01T04:05:06.000Z',
    resource: { resourceType: 'AttackSequence' },
    service: { detection: { sequence } },
  },
});
const injected = Object.assign(new Error('made to fail by a test'), { name: 'InternalError' });

interface Asked {
  /** Steps that fail whenever they run. */
  readonly broken?: readonly string[];
  /** The playbook that Step Functions refuses to start. */
  readonly refused?: string;
  readonly table?: CaseTableInMemory;
  readonly name?: string;
  readonly settings?: object;
}

/** Runs the playbook, with a stand-in for those it starts. */
async function answer(
  input: object,
  { broken = [], refused, table, name, settings = {} }: Asked = {},
) {
  const started: { playbook: string; request: Record<string, unknown> }[] = [];
  const start: Home['start'] = async (playbook, request, execution) => {
    if (playbook === refused) throw injected;
    started.push({ playbook, request: { ...request } });
    return { outcome: 'started', execution: `${playbook}:${execution}` };
  };
  const made = steps.map((step) =>
    broken.includes(step.name) ? { ...step, run: () => Promise.reject(injected) } : step,
  );
  const cases = table ?? new CaseTableInMemory();
  const { ended } = runWorkflow({
    workflow: broken.length > 0 ? loadWorkflow('attack-sequence', text, made) : workflow,
    name: name ?? 'sequence-1',
    input,
    account: new RehearsalAccount(
      AccountState.parse({ accountId: '111122223333', region: 'eu-west-1' }),
      { now },
    ),
    table: cases,
    running: new Set(),
    settings: RehearsalSettings.parse(settings),
    now,
    start,
  });
  const ran = await ended;
  const [told] = ran.notifications;
  const invocations = ran.entered.flatMap((entered) => entered.invocations);
  return {
    ...ran,
    started,
    told,
    cases: new CaseRecord(cases, now),
    states: ran.entered.map(({ state }) => state),
    plan: invocations.find(({ step }) => step === 'plan-attack-sequence')?.result,
  };
}
const live = (sequence: object = whole) => ({ mode: 'live', event: event(sequence) });

describe('attack-sequence', () => {
  it('starts the playbook of each target and tells a human of the rest', async () => {
    const { status, started, told, states } = await answer(live());

    expect(status).toBe('succeeded');
    expect(started.map(({ playbook }) => playbook)).toEqual([
      'compromised-access-key',
      'compromised-instance',
      'compromised-role',
    ]);
    expect(started.map(({ request }) => request.mode)).toEqual(['live', 'live', 'live']);
    expect(states).toEqual([
      'Take the sequence apart',
      'Is there a sequence to answer?',
      'Start a playbook for each target',
      'Must a memory capture begin first?',
      'Start its playbook',
      'Note the start',
      'Must a memory capture begin first?',
      'Start its playbook',
      'Note the start',
      'Must a memory capture begin first?',
      'Wait for the memory capture',
      'Start its playbook',
      'Note the start',
      'Close case',
      'Has every target its playbook?',
      'The playbooks are started',
    ]);
    expect(told?.title).toBe('Attack sequence, playbooks started: attack sequence s1d1d1d1');
    expect(told?.text).toContain('S3_BUCKET `arn:aws:s3:::ledger` in 111122223333 eu-west-1');
  });

  it('is the parent of the cases it starts, and leaves no lock behind', async () => {
    const table = new CaseTableInMemory();

    const { started, plan } = await answer(live(), { table });

    const ref = plan && 'ref' in plan ? plan.ref : undefined;
    for (const { request } of started) expect(ref).toMatchObject({ caseId: request.parent });
    expect(table.items().filter(({ sk }) => sk === 'lock')).toEqual([]);
  });

  it('starts dry runs when the mode is missing', async () => {
    const { started, told } = await answer({ event: event(whole) });

    expect(started.map(({ request }) => request.mode)).toEqual(['dry-run', 'dry-run', 'dry-run']);
    expect(told?.title).toMatch(/^Dry run, playbooks started as dry runs: /);
  });

  it('starts nothing, and tells a human, where no playbook answers any of it', async () => {
    const { status, started, told, states } = await answer(live({ resources: [bucket] }));

    expect(status).toBe('succeeded');
    expect(started).toEqual([]);
    expect(states.at(-1)).toBe('Left to a human');
    expect(told?.title).toMatch(/^An attack sequence needs a human: /);
    expect(told?.text).toContain('arn:aws:s3:::ledger');
  });

  it('does nothing, and tells nobody, when GuardDuty sends the sequence again', async () => {
    const table = new CaseTableInMemory();
    await answer(live(), { table });

    const { status, started, notifications, states } = await answer(live(), {
      table,
      name: 'sequence-2',
    });

    expect(status).toBe('succeeded');
    expect([started, notifications]).toEqual([[], []]);
    expect(states.at(-1)).toBe('Another case has this');
  });

  it('starts the others when one cannot be started, and says how to start it by hand', async () => {
    const ran = await answer(live(), { refused: 'compromised-instance' });

    expect(ran.started.map(({ playbook }) => playbook)).toEqual([
      'compromised-access-key',
      'compromised-role',
    ]);
    expect(ran.status).toBe('failed');
    expect(ran.failure?.error).toBe('NeedsHuman');
    expect(ran.told?.text).toContain(
      `start compromised-instance with {"instanceId":"${instanceId}"`,
    );
  });

  it('starts a session’s playbook though its wait for the memory capture fails', async () => {
    const { status, started } = await answer(live(), { broken: ['await-memory-capture'] });

    expect(status).toBe('succeeded');
    expect(started).toHaveLength(3);
  });

  it.each([
    [
      'cannot be taken apart',
      ['plan-attack-sequence'],
      'NothingStarted',
      'An attack sequence could not be taken apart: nothing was contained',
    ],
    [
      'cannot be closed',
      ['close-case'],
      'CaseNotClosed',
      'An attack sequence could not be closed: check what was started',
    ],
  ])('fails and tells a human when it %s', async (_what, broken, error, title) => {
    const { failure, notifications } = await answer(live(), { broken });

    expect(failure?.error).toBe(error);
    expect(notifications.map((each) => each.title)).toEqual([title]);
  });

  it.each([
    ['the sequence cannot be read', live(), ['plan-attack-sequence', 'tell-human']],
    ['the case cannot be closed', live(), ['close-case', 'tell-human']],
  ])('fails when %s and nobody can be told', async (_what, input, broken) => {
    const { failure } = await answer(input, { broken });

    expect(failure?.error).toBe('NobodyTold');
  });

  it('refuses a finding that is no sequence', async () => {
    const { failure, started } = await answer({ instanceId, mode: 'live' });

    expect(failure?.error).toBe('NothingStarted');
    expect(started).toEqual([]);
  });

  it('has no state that none of these enters', async () => {
    const runs = await Promise.all([
      answer(live()),
      answer(live({ resources: [bucket] })),
      answer(live(), { refused: 'compromised-instance' }),
      answer(live(), { broken: ['plan-attack-sequence'] }),
      answer(live(), { broken: ['close-case'] }),
      answer(live(), { broken: ['close-case', 'tell-human'] }),
      answer(live(), { settings: { playbooks: { 'attack-sequence': 'off' } } }),
    ]);
    const table = new CaseTableInMemory();
    await answer(live(), { table });
    const again = await answer(live(), { table, name: 'sequence-2' });

    const entered = new Set([...runs, again].flatMap(({ states }) => states));
    expect([...statesOf(workflow.machine)].map(([state]) => state).sort()).toEqual(
      [...entered].sort(),
    );
  });
});
