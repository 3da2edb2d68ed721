import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineStep, type Step } from '../../functions/shared/step.ts';
import { lintWorkflow } from '../../replay/lint-workflow.ts';
import { loadWorkflow } from '../../replay/workflow.ts';

const step = (
  name: string,
  input: z.ZodType,
  output: z.ZodType<{ outcome: string }>,
  withoutCase?: true,
): Step =>
  defineStep({
    name,
    ...(withoutCase && { withoutCase }),
    input,
    output,
    reads: {},
    writes: {},
    connect: () => ({}),
    run: async () => ({ outcome: 'done' }),
  });

const steps = [
  step(
    'open-it',
    z.strictObject({ request: z.unknown() }),
    z.object({ outcome: z.string(), ref: z.unknown(), mode: z.string(), wait: z.int() }),
    true,
  ),
  step(
    'cut-it',
    z.strictObject({ id: z.string(), group: z.enum(['no-rules', 'ssm-only']) }),
    z.object({ outcome: z.string(), rest: z.string().optional() }),
  ),
  step(
    'trace-it',
    z.strictObject({ id: z.string() }),
    z.object({
      outcome: z.string(),
      roles: z.array(z.object({ name: z.string(), session: z.string().optional() })),
    }),
  ),
];

const throttled = {
  ErrorEquals: ['ThrottledError', 'Lambda.TooManyRequestsException'],
  MaxAttempts: 9,
  MaxDelaySeconds: 60,
  JitterStrategy: 'FULL',
};
const held = {
  ErrorEquals: ['ResourceHeldError'],
  IntervalSeconds: 20,
  MaxAttempts: 9,
  BackoffRate: 1,
};
const otherwise = {
  ErrorEquals: ['States.ALL'],
  MaxAttempts: 3,
  MaxDelaySeconds: 20,
  JitterStrategy: 'FULL',
};
const retry = [
  { ErrorEquals: ['UnusableInputError', 'UndeclaredCallError'], MaxAttempts: 0 },
  throttled,
  held,
  otherwise,
];
const caught = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Fail' }];
const open = {
  Type: 'Task',
  Resource: `\${OpenIt}`,
  Parameters: { input: { 'request.$': '$' } },
  ResultPath: '$.case',
  TimeoutSeconds: 60,
  Retry: retry,
  Catch: caught,
  Next: 'Cut',
};
const cut = {
  Type: 'Task',
  Resource: `\${CutIt}`,
  Parameters: {
    'mode.$': '$.case.mode',
    'case.$': '$.case.ref',
    input: { 'id.$': '$$.Execution.Id', group: 'no-rules' },
  },
  ResultPath: '$.cut',
  TimeoutSeconds: 60,
  Retry: retry,
  Catch: caught,
  End: true,
};
const fail = { Type: 'Fail' };

/** A good workflow of two steps, with states put in place of its own or beside them. */
const lint = (states: object = {}, machine: object = {}) => {
  const text = JSON.stringify({
    StartAt: 'Open',
    TimeoutSeconds: 600,
    States: { Open: open, Cut: cut, Fail: fail, ...states },
    ...machine,
  });
  return lintWorkflow(loadWorkflow('made-up', text, steps));
};
/** With a state put between opening and cutting. */
const between = (state: object, states: object = {}) =>
  lint({ Open: { ...open, Next: 'Between' }, Between: { Next: 'Cut', ...state }, ...states });
const choice = (rule: object, rest: object = { Default: 'Cut' }) =>
  between({ Type: 'Choice', Choices: [{ ...rule, Next: 'Cut' }], Next: undefined, ...rest });
const without = (state: object, field: string) => ({ ...state, [field]: undefined });
const parallel = (branchEnds: object, rest: object = {}) =>
  between({
    Type: 'Parallel',
    Branches: [
      {
        StartAt: 'Do',
        States: {
          Do: {
            ...cut,
            Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Go on' }],
          },
          'Go on': { Type: 'Pass', End: true, ...branchEnds },
        },
      },
    ],
    ResultSelector: { 'done.$': '$[0].cut' },
    ResultPath: '$.evidence',
    ...rest,
  });

const item = {
  StartAt: 'Revoke',
  States: {
    Revoke: {
      ...cut,
      Parameters: { ...cut.Parameters, input: { 'id.$': '$.role.name', group: 'no-rules' } },
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Go on' }],
      End: undefined,
      Next: 'Revoked',
    },
    Revoked: { Type: 'Pass', Parameters: { 'outcome.$': '$.cut.outcome' }, End: true },
    'Go on': { Type: 'Pass', Parameters: { outcome: 'failed' }, End: true },
  },
};
/** With a Map over what a step found, put between opening and cutting. */
const map = (rest: object = {}, revoke: object = {}) =>
  lint({
    Open: { ...open, Next: 'Trace' },
    Trace: {
      ...cut,
      Resource: `\${TraceIt}`,
      Parameters: { ...cut.Parameters, input: { 'id.$': '$$.Execution.Id' } },
      ResultPath: '$.trace',
      End: undefined,
      Next: 'Each',
    },
    Each: {
      Type: 'Map',
      ItemsPath: '$.trace.roles',
      MaxConcurrency: 5,
      Parameters: { 'case.$': '$.case', 'role.$': '$$.Map.Item.Value' },
      Iterator: {
        ...item,
        States: { ...item.States, Revoke: { ...item.States.Revoke, ...revoke } },
      },
      ResultPath: '$.revocations',
      Next: 'Cut',
      ...rest,
    },
  });

it('finds nothing wrong with a good workflow', () => {
  expect(lint()).toEqual([]);
  expect(map()).toEqual([]);
  expect(map({ ResultSelector: { 'each.$': '$' } })).toEqual([]);
  const named = { ResultSelector: { 'outcome.$': '$.outcome' }, ResultPath: undefined };
  expect(map({}, { ...named, Next: undefined, End: true })).not.toContainEqual(
    expect.stringContaining('ResultPath'),
  );
  expect(parallel({ Parameters: { outcome: 'failed' }, ResultPath: '$.cut' })).toEqual([]);
  expect(choice({ Variable: '$.case.outcome', StringEquals: 'opened' })).toEqual([]);
  expect(between({ Type: 'Wait', SecondsPath: '$.case.wait' })).toEqual([]);
});

it.each<[string, readonly string[], string]>([
  [
    'a machine with no time limit',
    lint({}, { TimeoutSeconds: undefined }),
    'TimeoutSeconds: expected on the machine',
  ],
  [
    'a Task with no time limit',
    lint({ Cut: without(cut, 'TimeoutSeconds') }),
    '"Cut" TimeoutSeconds: expected',
  ],
  [
    'a Task with no Parameters',
    lint({ Cut: without(cut, 'Parameters') }),
    '"Cut" Parameters: expected mode, case and input',
  ],
  [
    'a result that replaces everything',
    lint({ Cut: without(cut, 'ResultPath') }),
    '"Cut" ResultPath: expected; left out it replaces everything',
  ],
  [
    'a result that replaces everything although more follows',
    map({}, { ResultSelector: { 'outcome.$': '$.outcome' }, ResultPath: undefined }),
    '"Revoke" ResultPath: expected; left out it replaces everything',
  ],
  [
    'a result put inside another',
    lint({ Cut: { ...cut, ResultPath: '$.case.cut' } }),
    '"Cut" ResultPath: expected one field of its own',
  ],
  [
    'a Task that is not retried',
    lint({ Cut: without(cut, 'Retry') }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'unusable input that is retried',
    lint({ Cut: { ...cut, Retry: retry.slice(1) } }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'retries without a longest delay',
    lint({ Cut: { ...cut, Retry: [...retry.slice(0, 3), without(otherwise, 'MaxDelaySeconds')] } }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'a throttled step that is given up as soon as a failed one',
    lint({ Cut: { ...cut, Retry: [retry[0], { ...throttled, MaxAttempts: 3 }, held, otherwise] } }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'a throttled step that is retried like any other',
    lint({ Cut: { ...cut, Retry: [retry[0], held, otherwise] } }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'a thing that is given up while a Lambda that was killed may hold it',
    lint({ Cut: { ...cut, Retry: [retry[0], throttled, { ...held, MaxAttempts: 8 }, otherwise] } }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'a thing that chance may have given up while it is held',
    lint({
      Cut: {
        ...cut,
        Retry: [
          retry[0],
          throttled,
          { ...held, MaxAttempts: 99, JitterStrategy: 'FULL' },
          otherwise,
        ],
      },
    }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'retries that come all at once',
    lint({
      Cut: { ...cut, Retry: [...retry.slice(0, 3), { ...otherwise, JitterStrategy: 'NONE' }] },
    }),
    '"Cut" Retry: expected UnusableInputError',
  ],
  [
    'retries that come faster and faster',
    parallel(
      { Parameters: { outcome: 'failed' }, ResultPath: '$.cut' },
      { Retry: [{ ErrorEquals: ['States.ALL'], BackoffRate: 0.5 }] },
    ),
    '"Between" Retry: BackoffRate: expected 1 or more',
  ],
  [
    'a Task with no way out',
    lint({ Cut: without(cut, 'Catch') }),
    '"Cut" Catch: expected States.ALL',
  ],
  [
    'States.ALL beside another error',
    lint({
      Cut: {
        ...cut,
        Catch: [
          { ErrorEquals: ['States.ALL', 'NotProvenError'], ResultPath: '$.failure', Next: 'Fail' },
        ],
      },
    }),
    '"Cut" Catch: States.ALL: expected alone',
  ],
  [
    'States.ALL before another error',
    lint({
      Cut: { ...cut, Catch: [...caught, { ErrorEquals: ['NotProvenError'], Next: 'Fail' }] },
    }),
    '"Cut" Catch: States.ALL: expected last',
  ],
  [
    'a wait of a fixed time',
    between({ Type: 'Wait', Seconds: 60 }),
    '"Between" SecondsPath: expected',
  ],
  [
    'a Choice that may match nothing',
    choice({ Variable: '$.case.outcome', StringEquals: 'opened' }, {}),
    '"Between" Default: expected',
  ],
  [
    'a Map of which every item starts at once',
    map({ MaxConcurrency: 0 }),
    '"Each" MaxConcurrency: expected, 1 or more',
  ],
  [
    'a Map that does not say how many items run at once',
    map({ MaxConcurrency: undefined }),
    '"Each" MaxConcurrency: expected, 1 or more',
  ],
  [
    'a Map that hands its items no case',
    map({ Parameters: undefined }),
    '"Each" Parameters: expected; they name the item',
  ],
  ['a Map over everything', map({ ItemsPath: undefined }), '"Each" ItemsPath: expected'],
  [
    'a Map whose result replaces everything',
    map({ ResultPath: undefined }),
    '"Each" ResultPath: expected one field of its own',
  ],
  [
    'a Map in its newer words, which mean the same',
    map({ Iterator: undefined, ItemProcessor: item }),
    '"Each" ItemProcessor: not used',
  ],
  [
    'a Parallel below a Map',
    map({
      Iterator: {
        StartAt: 'Both',
        States: { Both: { Type: 'Parallel', Branches: [item], End: true } },
      },
    }),
    '"Each" Iterator: "Both" is a Parallel',
  ],
  [
    'a step below a Map with no way out',
    map({}, { Catch: [{ ErrorEquals: ['NotProvenError'], ResultPath: null, Next: 'Go on' }] }),
    '"Revoke" Catch: expected States.ALL',
  ],
  [
    'an OutputPath',
    between({ Type: 'Pass', OutputPath: '$.case' }),
    '"Between" OutputPath: not used',
  ],
  ['an InputPath', between({ Type: 'Pass', InputPath: '$.case' }), '"Between" InputPath: not used'],
  [
    'a Parallel whose branches have no names',
    parallel(
      { Parameters: { outcome: 'failed' }, ResultPath: '$.cut' },
      { ResultSelector: undefined },
    ),
    '"Between" ResultSelector: expected',
  ],
])('refuses %s', (_what, problems, says) => {
  expect(problems).toContainEqual(expect.stringContaining(says));
});

it.each<[string, readonly string[], string]>([
  [
    'a field the step does not take',
    lint({
      Cut: {
        ...cut,
        Parameters: { ...cut.Parameters, input: { ...cut.Parameters.input, force: true } },
      },
    }),
    '"Cut" Parameters.input.force: the step takes no such field',
  ],
  [
    'a field the step takes and is not sent',
    lint({ Cut: { ...cut, Parameters: { ...cut.Parameters, input: { group: 'no-rules' } } } }),
    '"Cut" Parameters.input.id: expected',
  ],
  [
    'a word the step does not know',
    lint({
      Cut: {
        ...cut,
        Parameters: { ...cut.Parameters, input: { ...cut.Parameters.input, group: 'rules' } },
      },
    }),
    '"Cut" Parameters.input.group: "rules" is none of no-rules, ssm-only',
  ],
  [
    'a step that is not sent its case',
    lint({ Cut: { ...cut, Parameters: without(cut.Parameters, 'case.$') } }),
    '"Cut" Parameters.case: expected',
  ],
  [
    'a step that is not sent the mode',
    lint({ Cut: { ...cut, Parameters: without(cut.Parameters, 'mode.$') } }),
    '"Cut" Parameters.mode: expected',
  ],
  [
    'a member beside mode, case and input',
    lint({ Cut: { ...cut, Parameters: { ...cut.Parameters, extra: 1 } } }),
    '"Cut" Parameters.extra: no step takes it',
  ],
])('holds what a Task sends against its step: %s', (_what, problems, says) => {
  expect(problems).toContainEqual(expect.stringContaining(says));
});

it.each<[string, readonly string[], string]>([
  [
    'is nowhere',
    between({ Type: 'Pass', Parameters: { 'x.$': '$.nowhere' } }),
    '"Between" Parameters.x.$: $.nowhere is not there on every route',
  ],
  [
    'comes from the input, which may lack it',
    between({ Type: 'Pass', Parameters: { 'x.$': '$.priority' } }),
    '$.priority is not there on every route',
  ],
  [
    'its step gives only sometimes',
    between(
      { Type: 'Pass', Parameters: { 'x.$': '$.cut.rest' } },
      {
        Open: { ...open, Next: 'Cut' },
        Cut: { ...cut, End: undefined, Next: 'Between' },
        Between: { Type: 'Pass', Parameters: { 'x.$': '$.cut.rest' }, End: true },
      },
    ),
    '$.cut.rest is not there on every route',
  ],
  [
    'a Catch route does not bring',
    lint({
      Fail: undefined,
      Cut: {
        ...cut,
        End: undefined,
        Next: 'After',
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'After' }],
      },
      After: { Type: 'Pass', Parameters: { 'x.$': '$.cut.outcome' }, End: true },
      Open: {
        ...open,
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Over' }],
      },
      Over: { Type: 'Fail' },
    }),
    '"After" Parameters.x.$: $.cut.outcome is not there on every route',
  ],
  [
    'only the route without failure lacks',
    lint({
      Cut: { ...cut, End: undefined, Next: 'Told' },
      Fail: { Type: 'Pass', Next: 'Told' },
      Told: { Type: 'Pass', Parameters: { 'x.$': '$.failure.Cause' }, End: true },
    }),
    '"Told" Parameters.x.$: $.failure.Cause is not there on every route',
  ],
  [
    'is lost where a Catch has no ResultPath',
    lint({
      Open: { ...open, Next: 'Cut' },
      Cut: { ...cut, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Told' }] },
      Told: { Type: 'Pass', Parameters: { 'x.$': '$.case.mode' }, End: true },
    }),
    '"Told" Parameters.x.$: $.case.mode is not there',
  ],
  [
    'a Parallel dropped',
    parallel(
      { Parameters: { outcome: 'failed' }, ResultPath: '$.cut' },
      { ResultPath: '$', Next: 'Cut' },
    ),
    '"Cut" Parameters.mode.$: $.case.mode is not there',
  ],
  [
    'no branch has',
    parallel(
      { Parameters: { outcome: 'failed' }, ResultPath: '$.cut' },
      { ResultSelector: { 'done.$': '$[1].cut' } },
    ),
    '$[1].cut is not there',
  ],
  [
    'a wait is to come from',
    between({ Type: 'Wait', SecondsPath: '$.case.waits' }),
    '"Between" SecondsPath: $.case.waits is not there',
  ],
  ['a Map is to go through', map({ ItemsPath: '$.trace.nothing' }), '$.trace.nothing is not there'],
  [
    'only some items of a Map have',
    map(
      {},
      {
        Parameters: { ...cut.Parameters, input: { 'id.$': '$.role.session', group: 'no-rules' } },
      },
    ),
    '"Revoke" Parameters.input.id.$: $.role.session is not there on every route',
  ],
  [
    'a Map did not hand to its items',
    map({ Parameters: { 'role.$': '$$.Map.Item.Value' } }),
    '"Revoke" Parameters.mode.$: $.case.mode is not there',
  ],
  [
    'a Choice compares',
    choice({ Variable: '$.case.nowhere', StringEquals: 'x' }),
    '"Between" Variable: $.case.nowhere is not there',
  ],
  [
    'a Choice compares with',
    choice({ Variable: '$.case.mode', StringEqualsPath: '$.nowhere' }),
    '"Between" StringEqualsPath: $.nowhere is not there',
  ],
  [
    'a nested rule compares',
    choice({
      Not: {
        Or: [
          { Variable: '$.nowhere', StringEquals: 'x' },
          { Variable: '$.case.mode', StringEquals: 'x' },
        ],
      },
    }),
    '"Between" Variable: $.nowhere is not there',
  ],
  [
    'an intrinsic function is given',
    between({ Type: 'Pass', Parameters: { 'x.$': 'States.MathAdd($.nowhere, 1)' } }),
    '$.nowhere is not there',
  ],
])('refuses a path to what %s', (_what, problems, says) => {
  expect(problems).toContainEqual(expect.stringContaining(says));
});

it('knows that what a Choice found present is there behind it', () => {
  const behind = {
    Behind: { Type: 'Pass', Parameters: { 'x.$': '$.priority' }, Next: 'Cut', ResultPath: '$.x' },
  };

  expect(
    between(
      {
        Type: 'Choice',
        Choices: [{ Variable: '$.priority', IsPresent: true, Next: 'Behind' }],
        Default: 'Cut',
        Next: undefined,
      },
      behind,
    ),
  ).toEqual([]);
});

it('refuses a branch that ends without an outcome on one of its routes', () => {
  expect(parallel({ Parameters: { failed: true }, ResultPath: '$.cut' })).toContainEqual(
    '"Between" ResultSelector: done has no outcome on some route',
  );
});

it('refuses a Map over what may be no list', () => {
  expect(map({ ItemsPath: '$.trace' })).toContainEqual(
    '"Each" ItemsPath: $.trace is no list on some route',
  );
});

it('refuses an item of a Map that ends without an outcome on one of its routes', () => {
  const aside = { Type: 'Pass', Parameters: { failed: true }, End: true };

  expect(map({ Iterator: { ...item, States: { ...item.States, 'Go on': aside } } })).toContainEqual(
    '"Each" Iterator: an item has no outcome on some route',
  );
});

it('refuses states that only lead to each other', () => {
  const island = {
    Here: { Type: 'Pass', Next: 'There' },
    There: { Type: 'Pass', Next: 'Here' },
  };

  expect(lint(island)).toEqual([
    '"Here" Next: no state leads here',
    '"There" Next: no state leads here',
  ]);
});

it.each<[string, readonly string[], string]>([
  [
    'a type test against false',
    choice({ Variable: '$.case.mode', IsPresent: false }),
    'IsPresent: false never matches',
  ],
  [
    'a nested type test against false',
    choice({
      And: [
        { Variable: '$.case.mode', IsNull: false },
        { Variable: '$.case.mode', IsString: true },
      ],
    }),
    'IsNull: false never matches',
  ],
  [
    'a Pass with a falsy result',
    between({ Type: 'Pass', Result: false, ResultPath: '$.x' }),
    '"Between" Result: false is ignored',
  ],
  [
    'a string function',
    between({ Type: 'Pass', Parameters: { 'x.$': "States.Format('{}', $.case.mode)" } }),
    'interpreters differ on it',
  ],
  [
    'a function within a function',
    between({ Type: 'Pass', Parameters: { 'x.$': 'States.Array(States.UUID())' } }),
    'differs from run to run',
  ],
  [
    'a wildcard',
    between({ Type: 'Pass', Parameters: { 'x.$': '$.case[*]' } }),
    '$.case[*]: expected fields and indexes only',
  ],
  [
    'a filter',
    between({ Type: 'Pass', Parameters: { 'x.$': '$.case[?(@.x == 1)]' } }),
    'expected fields and indexes only',
  ],
  [
    'a descent',
    between({ Type: 'Pass', Parameters: { 'x.$': '$..mode' } }),
    'expected fields and indexes only',
  ],
  [
    'the context beyond the execution',
    between({ Type: 'Pass', Parameters: { 'x.$': '$$.Execution.Input' } }),
    '$$.Execution.Input: interpreters differ on it',
  ],
  [
    'the item of a Map, outside what the Map hands on',
    map(
      {},
      {
        Parameters: {
          ...cut.Parameters,
          input: { 'id.$': '$$.Map.Item.Value', group: 'no-rules' },
        },
      },
    ),
    '"Revoke" Parameters.input.id.$: $$.Map.Item.Value: interpreters differ on it',
  ],
  [
    'a path that would be sent as text',
    between({ Type: 'Pass', Parameters: { x: '$.case.mode' } }),
    "a path is only looked up where the field's name ends in .$",
  ],
])('refuses what interpreters of the language differ on: %s', (_what, problems, says) => {
  expect(problems).toContainEqual(expect.stringContaining(says));
});

it('refuses JSONata, for the machine and for a state', () => {
  expect(lint({}, { QueryLanguage: 'JSONata' })).toContain('QueryLanguage: expected JSONPath');
  expect(between({ Type: 'Pass', QueryLanguage: 'JSONata', Output: '{% 1 %}' })).toContainEqual(
    '"Between" QueryLanguage: not used: Parameters and ResultPath say where data goes',
  );
});
