import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { Settings } from '../../functions/shared/settings.ts';
import { defineStep, type Step } from '../../functions/shared/step.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { refuseNetwork } from '../../replay/no-network.ts';
import { mostStateBytes, runWorkflow } from '../../replay/run-workflow.ts';
import { checkLanguage, loadWorkflow } from '../../replay/workflow.ts';

const at = new Date('2026-03-01T04:05:06.000Z');

/** A step that answers `does(input)` and makes no call. */
function stepCalled(name: string, does: (input: unknown) => unknown): Step {
  return defineStep({
    name,
    withoutCase: true,
    input: z.unknown(),
    output: z.looseObject({ outcome: z.string() }),
    reads: {},
    writes: {},
    connect: () => ({}),
    run: async (input) => ({ outcome: 'done', ...((await does(input)) as object) }),
  });
}

const retry = [
  { ErrorEquals: ['UnusableInputError', 'UndeclaredCallError'], MaxAttempts: 0 },
  { ErrorEquals: ['States.ALL'], IntervalSeconds: 60, MaxAttempts: 2, MaxDelaySeconds: 60 },
];
const task = (resource: string, rest: object = {}) => ({
  Type: 'Task',
  Resource: `\${${resource}}`,
  Parameters: { 'input.$': '$' },
  ResultPath: `$.${resource}`,
  TimeoutSeconds: 60,
  End: true,
  ...rest,
});

function run(machine: object, steps: readonly Step[], input: object = { asked: 1 }) {
  return runWorkflow({
    workflow: loadWorkflow('made-up', JSON.stringify(machine), steps),
    name: 'run-1',
    input,
    account: new RehearsalAccount(
      AccountState.parse({ accountId: '111122223333', region: 'eu-west-1' }),
      { now: () => at },
    ),
    table: new CaseTableInMemory(),
    settings: Settings.parse({}),
    now: () => at,
    running: new Set(),
  });
}

const outcomes = (ran: Awaited<ReturnType<typeof run>['ended']>) =>
  ran.entered.flatMap(({ invocations }) =>
    invocations.map(({ step, outcome }) => `${step} ${outcome}`),
  );

it('runs each step through its handler and hands its result on as JSON', async () => {
  const seen: unknown[] = [];
  const first = stepCalled('look-first', () => ({ when: at, nothing: undefined }));
  const second = stepCalled('act-then', (input) => seen.push(input) && {});

  const ran = await run(
    {
      StartAt: 'Look',
      States: {
        Look: task('LookFirst', { End: undefined, Next: 'Act' }),
        Act: task('ActThen'),
      },
    },
    [first, second],
  ).ended;

  expect(ran.status).toBe('succeeded');
  expect(outcomes(ran)).toEqual(['look-first done', 'act-then done']);
  expect(seen).toEqual([
    { asked: 1, LookFirst: { outcome: 'done', when: '2026-03-01T04:05:06.000Z' } },
  ]);
});

it('retries at once, and keeps each attempt', async () => {
  let attempts = 0;
  const step = stepCalled('try-hard', () => {
    if (++attempts < 3) throw new RangeError('not yet');
    return {};
  });

  const ran = await run({ StartAt: 'Try', States: { Try: task('TryHard', { Retry: retry }) } }, [
    step,
  ]).ended;

  expect(outcomes(ran)).toEqual(['try-hard failed', 'try-hard failed', 'try-hard done']);
  expect(ran.entered.map(({ state }) => state)).toEqual(['Try']);
});

it('matches errors by their name, and catches with the cause Lambda would give', async () => {
  class UnusableInputError extends Error {
    override readonly name = 'UnusableInputError';
  }
  const causes: unknown[] = [];
  const step = stepCalled('refuse-input', () => {
    throw new UnusableInputError('$.x: expected more');
  });
  const told = stepCalled('tell-cause', (input) => causes.push(input) && {});

  const ran = await run(
    {
      StartAt: 'Refuse',
      States: {
        Refuse: task('RefuseInput', {
          Retry: retry,
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Tell' }],
        }),
        Tell: task('TellCause', { Parameters: { 'input.$': '$.failure' } }),
      },
    },
    [step, told],
  ).ended;

  expect(outcomes(ran)).toEqual(['refuse-input failed', 'tell-cause done']);
  expect(causes).toEqual([
    {
      Error: 'UnusableInputError',
      Cause: JSON.stringify({
        errorType: 'UnusableInputError',
        errorMessage: '$.x: expected more',
        trace: [],
      }),
    },
  ]);
});

it('lists the states of a Parallel by branch, however their turns interleave', async () => {
  const order: string[] = [];
  const slow = stepCalled('go-slowly', async () => {
    for (let turn = 0; turn < 50; turn++) await undefined;
    order.push('slow');
    return {};
  });
  const fast = stepCalled('go-fast', () => order.push('fast') && {});
  const branch = (name: string, resource: string, then: string) => ({
    StartAt: name,
    States: { [name]: task(resource, { End: undefined, Next: then }), [then]: { Type: 'Succeed' } },
  });

  const ran = await run(
    {
      StartAt: 'Both',
      States: {
        Both: {
          Type: 'Parallel',
          Branches: [
            branch('Slow', 'GoSlowly', 'Slow ends'),
            branch('Fast', 'GoFast', 'Fast ends'),
          ],
          Next: 'Over',
        },
        Over: { Type: 'Succeed' },
      },
    },
    [slow, fast],
  ).ended;

  expect(order).toEqual(['fast', 'slow']);
  expect(ran.entered.map(({ state }) => state)).toEqual([
    'Both',
    'Slow',
    'Slow ends',
    'Fast',
    'Fast ends',
    'Over',
  ]);
});

/** A Map over `roles`, each of which is worked in two steps, with a way out that still ends well. */
const forEachRole = (over: { roles: readonly unknown[] }, steps: readonly Step[]) =>
  run(
    {
      StartAt: 'For each role',
      States: {
        'For each role': {
          Type: 'Map',
          ItemsPath: '$.roles',
          MaxConcurrency: 2,
          Parameters: { 'role.$': '$$.Map.Item.Value', 'all.$': '$.roles' },
          Iterator: {
            StartAt: 'Look',
            States: {
              Look: task('LookAtRole', {
                Parameters: { 'input.$': '$.role' },
                End: undefined,
                Next: 'Wait a moment',
                Retry: retry,
                Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Go on' }],
              }),
              'Wait a moment': { Type: 'Wait', Seconds: 60, Next: 'Cut' },
              Cut: task('CutRole', {
                Parameters: { 'input.$': '$.role' },
                End: undefined,
                Next: 'End',
              }),
              End: { Type: 'Pass', Parameters: { 'outcome.$': '$.CutRole.outcome' }, End: true },
              'Go on': { Type: 'Pass', Parameters: { outcome: 'failed' }, End: true },
            },
          },
          ResultPath: '$.revocations',
          Next: 'Tell',
        },
        Tell: task('TellAll', { Parameters: { 'input.$': '$.revocations' } }),
      },
    },
    steps,
    over,
  ).ended;

it('works the items of a Map in the order of their list, however their turns interleave', async () => {
  const order: unknown[] = [];
  const told: unknown[] = [];
  const look = stepCalled('look-at-role', async (role) => {
    const turns = role === 'slow' ? 50 : 0;
    for (let turn = 0; turn < turns; turn++) await undefined;
    order.push(role);
    return { looked: role };
  });
  const cut = stepCalled('cut-role', (role) => ({ outcome: `cut-${role}` }));
  const tell = stepCalled('tell-all', (all) => told.push(all) && {});

  const ran = await forEachRole({ roles: ['slow', 'fast', 'same', 'same'] }, [look, cut, tell]);

  expect(ran.status).toBe('succeeded');
  expect(order).not.toEqual(['slow', 'fast', 'same', 'same']);
  const states = ['Look', 'Wait a moment', 'Cut', 'End'];
  expect(ran.entered.map(({ state }) => state)).toEqual([
    'For each role',
    ...['slow', 'fast', 'same', 'same'].flatMap(() => states),
    'Tell',
  ]);
  expect(outcomes(ran).filter((line) => line.startsWith('cut-role'))).toEqual([
    'cut-role cut-slow',
    'cut-role cut-fast',
    'cut-role cut-same',
    'cut-role cut-same',
  ]);
  expect(told).toEqual([
    ['slow', 'fast', 'same', 'same'].map((role) => ({ outcome: `cut-${role}` })),
  ]);
});

it('works a Map over an empty list, and enters none of its states', async () => {
  const told: unknown[] = [];
  const never = () => {
    throw new Error('there is no item');
  };

  const ran = await forEachRole({ roles: [] }, [
    stepCalled('look-at-role', never),
    stepCalled('cut-role', never),
    stepCalled('tell-all', (all) => told.push(all) && {}),
  ]);

  expect(ran.status).toBe('succeeded');
  expect(ran.entered.map(({ state }) => state)).toEqual(['For each role', 'Tell']);
  expect(told).toEqual([[]]);
});

it('lets one item of a Map fail into its Catch, with its retries, and goes on with the others', async () => {
  const attempts = new Map<unknown, number>();
  const look = stepCalled('look-at-role', async (role) => {
    const attempt = (attempts.get(role) ?? 0) + 1;
    attempts.set(role, attempt);
    if (role === 'gone' || (role === 'busy' && attempt < 2)) throw new RangeError(`${role}`);
    return {};
  });
  const told: unknown[] = [];

  const ran = await forEachRole({ roles: ['gone', 'there', 'busy'] }, [
    look,
    stepCalled('cut-role', () => ({})),
    stepCalled('tell-all', (all) => told.push(all) && {}),
  ]);

  expect(ran.status).toBe('succeeded');
  expect(told).toEqual([[{ outcome: 'failed' }, { outcome: 'done' }, { outcome: 'done' }]]);
  expect(
    ran.entered.map(({ state, invocations }) =>
      [state, ...invocations.map(({ outcome }) => outcome)].join(' '),
    ),
  ).toEqual([
    'For each role',
    'Look failed failed failed',
    'Go on',
    'Look done',
    'Wait a moment',
    'Cut done',
    'End',
    'Look failed done',
    'Wait a moment',
    'Cut done',
    'End',
    'Tell done',
  ]);
});

it('fails as Step Functions does when a Map is given something that is no list', async () => {
  // Bad input on purpose: the type says what a good one is.
  const ran = await forEachRole({ roles: 'all' as unknown as string[] }, [
    stepCalled('look-at-role', () => ({})),
    stepCalled('cut-role', () => ({})),
    stepCalled('tell-all', () => ({})),
  ]);

  expect(ran).toMatchObject({ status: 'failed', failure: { error: 'States.Runtime' } });
});

it('keeps every state of a Map that ends a branch that ends the execution', async () => {
  const item = {
    StartAt: 'Each',
    States: { Each: { Type: 'Pass', Next: 'Each ends' }, 'Each ends': { Type: 'Succeed' } },
  };
  const map = {
    Type: 'Map',
    ItemsPath: '$.roles',
    MaxConcurrency: 5,
    Parameters: { 'role.$': '$$.Map.Item.Value' },
    ResultPath: '$.done',
    End: true,
  };
  const beside = { StartAt: 'Beside', States: { Beside: { Type: 'Pass', End: true } } };
  const branches = [{ StartAt: 'Every', States: { Every: { ...map, Iterator: item } } }, beside];
  const machine = {
    StartAt: 'All',
    States: {
      All: { Type: 'Parallel', Branches: branches, End: true },
    },
  };
  const roles = ['a', 'b', 'c', 'd', 'e', 'f'];

  const ran = await run(machine, [], { roles }).ended;

  expect(ran.entered.map(({ state }) => state)).toEqual([
    'All',
    'Every',
    ...roles.flatMap(() => ['Each', 'Each ends']),
    'Beside',
  ]);
});

it('sits out no wait', async () => {
  const machine = {
    StartAt: 'Wait a day',
    States: { 'Wait a day': { Type: 'Wait', SecondsPath: '$.day', End: true } },
  };

  const ran = await run(machine, [], { day: 86_400 }).ended;

  expect(ran.status).toBe('succeeded');
});

it('fails an execution whose state hands on more than 64 KiB, past every Catch', async () => {
  const step = stepCalled('say-much', () => ({ much: 'x'.repeat(mostStateBytes) }));

  const ran = await run(
    {
      StartAt: 'Talk',
      States: {
        Talk: task('SayMuch', {
          Retry: retry,
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
        }),
        Caught: { Type: 'Succeed' },
      },
    },
    [step],
  ).ended;

  expect(ran.failure?.error).toBe('States.DataLimitExceeded');
  expect(outcomes(ran)).toEqual(['say-much failed']);
});

it('fails as Step Functions does at a path that points to nothing', async () => {
  const step = stepCalled('act-then', () => ({}));

  const ran = await run(
    {
      StartAt: 'Act',
      States: {
        Act: task('ActThen', {
          Parameters: { 'input.$': '$.nowhere' },
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
        }),
        Caught: { Type: 'Succeed' },
      },
    },
    [step],
  ).ended;

  expect(ran).toMatchObject({ status: 'failed', failure: { error: 'States.Runtime' } });
});

it('ends with the error and cause of a Fail state', async () => {
  const machine = {
    StartAt: 'Give up',
    States: { 'Give up': { Type: 'Fail', Error: 'NeedsHuman', Cause: 'left to a human' } },
  };

  const ran = await run(machine, []).ended;

  expect(ran.failure).toEqual({ error: 'NeedsHuman', cause: 'left to a human' });
});

it.each([
  ['a placeholder that no step has', { Resource: `\${DropTables}` }, /DropTables/],
  ['an ARN, which would be called', { Resource: 'arn:aws:lambda:eu-west-1:1:function:x' }, /arn:/],
  ['a Task with no Resource', { Resource: undefined }, /undefined/],
])('refuses to load a workflow with %s', (_what, differs, says) => {
  const machine = { StartAt: 'Act', States: { Act: task('ActThen', differs) } };

  expect(() => run(machine, [stepCalled('act-then', () => ({}))])).toThrow(says);
});

it.each([
  ['is not JSON', '{', /expected JSON/],
  ['has a member twice', '{"StartAt": "A", "StartAt": "B", "States": {}}', /StartAt/],
  ['is no machine', '[]', /StartAt and States/],
])('refuses to load a workflow that %s', (_what, text, says) => {
  expect(() => loadWorkflow('made-up', text, [])).toThrow(says);
});

it('finds bad States Language in a workflow that can be loaded', () => {
  const machine = { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } };
  const leadsNowhere = loadWorkflow('made-up', JSON.stringify(machine), []);

  expect(() => checkLanguage(leadsNowhere)).toThrow(/made-up: .*B/);
});

it('keeps a step whose client is not rehearsed from leaving the machine', async () => {
  let knocks = 0;
  const server = createServer((_request, response) => response.end(`${++knocks}`)).listen(0);
  // `address` is a string for sockets of a file only.
  const { port } = server.address() as AddressInfo;
  const stray = stepCalled('stray-outside', async () => {
    const ec2 = new EC2Client({
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
    await ec2.send(new DescribeInstancesCommand({}));
  });
  const allow = refuseNetwork();
  try {
    const ran = await run({ StartAt: 'Stray', States: { Stray: task('StrayOutside') } }, [stray])
      .ended;

    expect(ran.failure?.error).toBe('NetworkRefusedError');
    expect(knocks).toBe(0);
  } finally {
    allow();
    server.close();
  }
});
