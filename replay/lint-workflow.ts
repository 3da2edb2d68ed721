import * as z from 'zod';
import { holdSeconds } from '../functions/shared/case-record.ts';
import type { Step } from '../functions/shared/step.ts';
import { followData } from './known-data.ts';
import {
  type Catcher,
  isAnswered,
  type Json,
  type JsonObject,
  payloadOf,
  type Retrier,
  type State,
  statesOf,
  type Workflow,
} from './workflow.ts';

/**
 * Everything wrong with a workflow beyond what `asl-validator` sees, one line for each.
 *
 * It holds workflows to what Cordon's playbooks promise (every step has a time limit, retries and a
 * way out; no path that some route lacks) and to the part of Amazon States Language that
 * interpreters agree on, so that what is rehearsed is what runs on AWS.
 */
export function lintWorkflow({ machine, tasks }: Workflow): readonly string[] {
  const problems = new Set<string>();
  const report = (state: string, where: string, problem: string) =>
    problems.add(`"${state}" ${where}: ${problem}`);
  if (machine.TimeoutSeconds === undefined) problems.add('TimeoutSeconds: expected on the machine');
  if ((machine.QueryLanguage ?? 'JSONPath') !== 'JSONPath') {
    problems.add('QueryLanguage: expected JSONPath');
  }
  for (const [name, state] of statesOf(machine)) {
    for (const [where, problem] of faultsOf(state, tasks.get(name))) report(name, where, problem);
  }
  followData(machine, { fields: new Map() }, tasks, report);
  return [...problems];
}

type Faults = Generator<readonly [where: string, problem: string]>;

function* faultsOf(state: State, step: Step | undefined): Faults {
  for (const field of [
    'InputPath',
    'OutputPath',
    'Assign',
    'Arguments',
    'Output',
    'QueryLanguage',
  ]) {
    if (field in state) yield [field, 'not used: Parameters and ResultPath say where data goes'];
  }
  yield* faultsOfHandlers('Retry', state.Retry ?? []);
  yield* faultsOfHandlers('Catch', state.Catch ?? []);
  for (const { BackoffRate = 1 } of state.Retry ?? []) {
    if (BackoffRate < 1) yield ['Retry', 'BackoffRate: expected 1 or more'];
  }
  switch (state.Type) {
    case 'Task':
      return yield* faultsOfTask(state, step);
    case 'Choice':
      return yield* faultsOfChoice(state);
    case 'Wait':
      if (!state.SecondsPath) yield ['SecondsPath', 'expected; a wait comes from configuration'];
      return;
    case 'Pass':
      if ('Result' in state && !state.Result) {
        yield ['Result', `${JSON.stringify(state.Result)} is ignored by an interpreter`];
      }
      return;
    case 'Parallel':
      if (!state.ResultSelector) yield ['ResultSelector', 'expected; it names the branches'];
      return;
    case 'Map':
      yield* faultsOfMap(state);
  }
}

const notOfMap = ['ItemProcessor', 'ItemSelector', 'ItemReader', 'ItemBatcher', 'ResultWriter'];

/** A Map hands each item its case, a few at a time, and its items share no state with each other. */
function* faultsOfMap(state: State): Faults {
  for (const field of notOfMap) {
    if (field in state) yield [field, 'not used: Iterator and Parameters say what each item does'];
  }
  if (!state.ItemsPath) yield ['ItemsPath', 'expected; it names the list'];
  if (!isObject(state.Parameters ?? null)) yield ['Parameters', 'expected; they name the item'];
  if (!(state.MaxConcurrency && state.MaxConcurrency >= 1)) {
    yield ['MaxConcurrency', 'expected, 1 or more; left out or 0 every item starts at once'];
  }
  if (!isOwnField(state.ResultPath)) {
    yield ['ResultPath', 'expected one field of its own, such as $.revocations'];
  }
  for (const [name, { Type }] of state.Iterator ? statesOf(state.Iterator) : []) {
    if (!['Map', 'Parallel'].includes(Type)) continue;
    yield [
      'Iterator',
      `"${name}" is a ${Type}: an item is one road, which a replay can tell apart`,
    ];
  }
}

const isOwnField = (path: string | null | undefined): boolean => /^\$\.\w+$/.test(path ?? '');

function* faultsOfHandlers(field: string, handlers: readonly (Retrier | Catcher)[]): Faults {
  for (const [index, { ErrorEquals }] of handlers.entries()) {
    if (!ErrorEquals.includes('States.ALL')) continue;
    if (ErrorEquals.length > 1) yield [field, 'States.ALL: expected alone'];
    if (index < handlers.length - 1) yield [field, 'States.ALL: expected last'];
  }
}

function* faultsOfTask(state: State, step: Step | undefined): Faults {
  if (isAnswered(state)) {
    if (!state.TimeoutSecondsPath) {
      yield ['TimeoutSecondsPath', 'expected; how long people have comes from configuration'];
    }
  } else if (state.TimeoutSeconds === undefined) yield ['TimeoutSeconds', 'expected'];
  if (state.ResultPath === undefined) {
    if (!isLastWord(state)) yield ['ResultPath', 'expected; left out it replaces everything'];
  } else if (state.ResultPath !== null && !isOwnField(state.ResultPath)) {
    yield ['ResultPath', 'expected one field of its own, such as $.isolation'];
  }
  const never = isAnswered(state) ? `States.Timeout,${neverRetried}` : neverRetried;
  if (!sameRetries(state.Retry ?? [], never)) {
    yield [
      'Retry',
      `expected ${isAnswered(state) ? 'States.Timeout, ' : ''}UnusableInputError and UndeclaredCallError with MaxAttempts 0, then ThrottledError and Lambda.TooManyRequestsException, then ResourceHeldError for at least ${heldForSeconds} s, which jitter may shorten to none, then States.ALL, the first and the last of these with MaxDelaySeconds and JitterStrategy FULL`,
    ];
  }
  if (state.Catch?.at(-1)?.ErrorEquals[0] !== 'States.ALL') {
    yield ['Catch', 'expected States.ALL: every step has a way out'];
  }
  if (step) yield* faultsOfPayload(payloadOf(state) ?? null, step);
}

/** What ends an item of a Map, or a branch, may leave nothing behind but what it names. */
const isLastWord = ({ End, ResultSelector }: State): boolean =>
  End === true && ResultSelector !== undefined;

const neverRetried = 'UndeclaredCallError,UnusableInputError';
/** Of a step that AWS throttled, and of a Lambda beyond its account's concurrency. */
const retriedForLong = 'Lambda.TooManyRequestsException,ThrottledError';

/** The longest hold, and half as much again for whoever is quicker once it is over. */
const heldForSeconds = 1.5 * holdSeconds;

/**
 * What cannot succeed is not retried; what AWS throttled is, for minutes, since in a storm of
 * findings it only waits for its turn; what another case holds, for as long as it can be held by a
 * Lambda that is gone; anything else for seconds, so that a human hears of it soon.
 */
function sameRetries(retries: readonly Retrier[], neverAgain: string): boolean {
  const [never, throttled, held, otherwise] = retries;
  return (
    retries.length === 4 &&
    named(never) === neverAgain &&
    never?.MaxAttempts === 0 &&
    named(throttled) === retriedForLong &&
    named(held) === 'ResourceHeldError' &&
    leastSeconds(held) >= heldForSeconds &&
    named(otherwise) === 'States.ALL' &&
    [throttled, otherwise].every(isSpread) &&
    (throttled?.MaxAttempts ?? 0) > (otherwise?.MaxAttempts ?? 0)
  );
}

/** For how long something is retried at the least: with full jitter each delay may be none at all. */
function leastSeconds(retrier: Retrier | undefined): number {
  if (!retrier || retrier.JitterStrategy === 'FULL') return 0;
  // What Step Functions takes where nothing is said.
  const { IntervalSeconds = 1, MaxAttempts = 3, BackoffRate = 2, MaxDelaySeconds } = retrier;
  return Array.from({ length: MaxAttempts }, (_, nth) =>
    Math.min(IntervalSeconds * BackoffRate ** nth, MaxDelaySeconds ?? Number.POSITIVE_INFINITY),
  ).reduce((sum, delay) => sum + delay, 0);
}

const named = (retrier: Retrier | undefined) => [...(retrier?.ErrorEquals ?? [])].sort().join();
const isSpread = (retrier: Retrier | undefined) =>
  retrier?.MaxDelaySeconds !== undefined && retrier.JitterStrategy === 'FULL';

/** A step is sent the mode, its case and exactly the fields it takes. */
function* faultsOfPayload(parameters: Json, step: Step): Faults {
  if (!isObject(parameters)) return yield ['Parameters', 'expected mode, case and input'];
  const sent = Object.keys(parameters).map(bare);
  const needed = step.withoutCase ? ['input'] : ['mode', 'case', 'input'];
  for (const key of needed.filter((field) => !sent.includes(field))) {
    yield [`Parameters.${key}`, `expected; ${step.name} needs it`];
  }
  for (const key of sent.filter((field) => !['mode', 'case', 'input'].includes(field))) {
    yield [`Parameters.${key}`, 'no step takes it'];
  }
  yield* faultsOfFields(
    parameters.input ?? null,
    z.toJSONSchema(step.input, { io: 'input', unrepresentable: 'any' }),
    'Parameters.input',
  );
}

type Schema = z.core.JSONSchema.BaseSchema;

function* faultsOfFields(template: Json, schema: Schema, where: string): Faults {
  if (!isObject(template) || !schema.properties || schema.additionalProperties !== false) {
    return yield* faultsOfWord(template, schema, where);
  }
  const sent = new Map(Object.entries(template).map(([key, value]) => [bare(key), [key, value]]));
  for (const key of Object.keys(schema.properties).filter((field) => !sent.has(field))) {
    yield [`${where}.${key}`, 'expected; the step takes it'];
  }
  for (const [key, [as, value]] of sent) {
    const property = schema.properties[key];
    if (property === undefined) yield [`${where}.${key}`, 'the step takes no such field'];
    else if (as === key && typeof property === 'object') {
      yield* faultsOfFields(value ?? null, property, `${where}.${key}`);
    }
  }
}

function* faultsOfWord(value: Json, { enum: words }: Schema, where: string): Faults {
  if (words && !words.some((word) => word === value)) {
    yield [where, `${JSON.stringify(value)} is none of ${words.join(', ')}`];
  }
}

const typeTests = ['IsBoolean', 'IsNull', 'IsNumeric', 'IsPresent', 'IsString', 'IsTimestamp'];

function* faultsOfChoice({ Choices = [], Default }: State): Faults {
  if (Default === undefined) yield ['Default', 'expected; else no match ends the execution'];
  for (const test of typeTests) {
    if (Choices.some((rule) => tests(rule, test))) {
      yield ['Choices', `${test}: false never matches in an interpreter; use Not`];
    }
  }
}

const tests = (rule: Json, test: string): boolean =>
  typeof rule === 'object' &&
  rule !== null &&
  ((test in rule && isObject(rule) && rule[test] === false) ||
    Object.values(rule).some((nested) => tests(nested, test)));

const bare = (key: string) => key.replace(/\.\$$/, '');
const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
