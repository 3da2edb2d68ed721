import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import validate from 'asl-validator';
import { readJson } from '../functions/shared/read-json.ts';
import type { Step } from '../functions/shared/step.ts';

/** A JSON value that a workflow holds. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [field: string]: Json };

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: string;
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly ResultPath?: string | null;
}

/** A state of any type, with the fields that Cordon's workflows use. */
export interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Resource?: string;
  readonly Parameters?: Json;
  readonly Result?: Json;
  readonly ResultSelector?: Json;
  readonly InputPath?: string | null;
  readonly OutputPath?: string | null;
  readonly ResultPath?: string | null;
  readonly TimeoutSeconds?: number;
  readonly TimeoutSecondsPath?: string;
  readonly SecondsPath?: string;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Choices?: readonly JsonObject[];
  readonly Default?: string;
  readonly Branches?: readonly States[];
  readonly ItemsPath?: string;
  readonly MaxConcurrency?: number;
  readonly Iterator?: States;
  /** What a `Fail` state ends the execution with. */
  readonly Error?: string;
}

/** States with the one they start at: a machine, a branch of a Parallel, or what a Map repeats. */
export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface Machine extends States {
  readonly TimeoutSeconds?: number;
  readonly QueryLanguage?: string;
}

/** A playbook's workflow, ready to run: its placeholders are ARNs and each Task has its step. */
export interface Workflow {
  readonly playbook: string;
  readonly machine: Machine;
  /** By the name of the Task state; names are unique in a workflow, its branches included. */
  readonly tasks: ReadonlyMap<string, Step>;
}

/**
 * How a Task calls a step and then waits until somebody answers with its token:
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
 */
const waitsForToken = 'arn:aws:states:::lambda:invoke.waitForTaskToken';

/** Whether a Task waits for an answer after its step has ended. */
export const isAnswered = ({ Resource }: Pick<State, 'Resource'>): boolean =>
  Resource === waitsForToken;

/** The placeholder of the step that a Task calls; undefined where it calls none. */
export function stepCalledBy({ Resource, Parameters }: State): string | undefined {
  if (Resource !== waitsForToken) return Resource;
  const named = isObject(Parameters) ? Parameters.FunctionName : undefined;
  return typeof named === 'string' ? named : undefined;
}

/** What a Task sends its step. */
export const payloadOf = (state: State): Json | undefined =>
  isAnswered(state) && isObject(state.Parameters) ? state.Parameters.Payload : state.Parameters;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A workflow that must not run: a state would do something other than call its step. */
export class UnusableWorkflowError extends Error {
  override readonly name = 'UnusableWorkflowError';
}

const folder = fileURLToPath(new URL('../statemachines/', import.meta.url));

/** Every playbook's workflow as it stands in its file, by playbook. */
export function readWorkflows(from = folder): ReadonlyMap<string, string> {
  const playbooks = readdirSync(from)
    .filter((name) => existsSync(`${from}/${name}/workflow.asl.json`))
    .sort();
  return new Map(
    playbooks.map((name) => [name, readFileSync(`${from}/${name}/workflow.asl.json`, 'utf8')]),
  );
}

/**
 * Loads every playbook's workflow. Throws {@link UnusableWorkflowError} for the first unusable one.
 */
export function loadWorkflows(
  steps: readonly Step[],
  from = folder,
): ReadonlyMap<string, Workflow> {
  return new Map(
    [...readWorkflows(from)].map(([playbook, text]) => [
      playbook,
      loadWorkflow(playbook, text, steps),
    ]),
  );
}

/**
 * Makes a workflow runnable with made-up ARNs.
 *
 * A Task whose `Resource` is anything but a step's placeholder is refused, since the interpreter
 * would call the real AWS for it. Throws {@link UnusableWorkflowError}.
 */
export function loadWorkflow(playbook: string, text: string, steps: readonly Step[]): Workflow {
  const refuse = (problem: string) => new UnusableWorkflowError(`${playbook}: ${problem}`);
  const machine = parse(text, refuse);
  const byPlaceholder = new Map(steps.map((step) => [placeholderOf(step.name), step]));
  const tasks = new Map<string, Step>();
  for (const [name, state] of statesOf(machine)) {
    if (state.Type !== 'Task') continue;
    const called = stepCalledBy(state);
    const step = byPlaceholder.get(called ?? '');
    if (!step) throw refuse(`"${name}": ${called} is no step's placeholder`);
    if (tasks.has(name)) throw refuse(`two states are called "${name}"`);
    tasks.set(name, step);
  }
  return { playbook, machine: substitute(machine), tasks };
}

/**
 * Throws {@link UnusableWorkflowError} where a workflow is not good States Language.
 *
 * Apart from loading, for `npm run check` and the tests: `asl-validator` compiles its schema anew
 * for each workflow, which takes a tenth of a second.
 */
export function checkLanguage({ playbook, machine }: Workflow): void {
  // asl-validator writes into what it validates.
  const { isValid, errorsText } = validate(structuredClone(machine));
  if (!isValid) throw new UnusableWorkflowError(`${playbook}: ${errorsText('; ')}`);
}

function parse(text: string, refuse: (problem: string) => Error): Machine {
  let value: unknown;
  try {
    value = readJson(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : 'not JSON');
  }
  // Whatever it is otherwise, `checkLanguage` says; these two are what must be walked before it can.
  if (typeof value === 'object' && value && 'States' in value && 'StartAt' in value) {
    return value as Machine;
  }
  throw refuse('expected an object with StartAt and States');
}

/** How a workflow names a step's Lambda: `isolate-instance` is `${IsolateInstance}`. */
export const placeholderOf = (step: string): string =>
  `\${${step.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}}`;

/** Every state with its name, in the order of the file; what stands below a state follows it. */
export function* statesOf({ States }: States): Generator<[name: string, state: State]> {
  for (const [name, state] of Object.entries(States)) {
    yield [name, state];
    for (const part of [...(state.Branches ?? []), ...(state.Iterator ? [state.Iterator] : [])]) {
      yield* statesOf(part);
    }
  }
}

/** The same workflow with each state changed by `change`, those below other states included. */
export function withStates<Part extends States>(
  part: Part,
  change: (state: State, name: string) => State,
): Part {
  const below = (each: States) => withStates(each, change);
  const states = Object.entries(part.States).map(([name, state]): [string, State] => [
    name,
    change(
      {
        ...state,
        ...(state.Branches && { Branches: state.Branches.map(below) }),
        ...(state.Iterator && { Iterator: below(state.Iterator) }),
      },
      name,
    ),
  ]);
  return { ...part, States: Object.fromEntries(states) };
}

const substitute = (machine: Machine): Machine =>
  withStates(machine, (state) => {
    if (!state.Resource) return state;
    if (!isAnswered(state)) return { ...state, Resource: arnOf(state.Resource) };
    const Parameters = isObject(state.Parameters) ? state.Parameters : {};
    const FunctionName = arnOf(stepCalledBy(state) ?? '');
    return { ...state, Parameters: { ...Parameters, FunctionName } };
  });

const arnOf = (placeholder: string) =>
  `arn:aws:lambda:eu-west-1:111122223333:function:${placeholder.slice(2, -1)}`;
