import type { Context } from 'aws-lambda';
import { ExecutionTimeoutError, type RunOptions, StateMachine } from 'aws-local-stepfunctions';
import * as z from 'zod';
import { CaseRef } from '../functions/shared/case-record.ts';
import type { Home, Notification } from '../functions/shared/home.ts';
import type { JournalEntry, Mode } from '../functions/shared/journal.ts';
import { type StepHandler, toLambda, type Wiring } from '../functions/shared/lambda.ts';
import type { Result, Step } from '../functions/shared/step.ts';
import type { RehearsalAccount } from './account/rehearsal-account.ts';
import { type Rehearsal, wireRehearsal } from './account/wiring.ts';
import { asInterpreted, isAdded, itemOf, madeUpLater, settle } from './as-interpreted.ts';
import { askRehearsed } from './rehearsed-approval.ts';
import { type Entry, inOrder, StatesEntered } from './states-entered.ts';
import type { Turns } from './turns.ts';
import { type RehearsedApprover, Waits } from './waits.ts';
import { statesOf, type Workflow } from './workflow.ts';

/** One execution of a workflow, and the world it runs in. */
export interface Execution {
  readonly workflow: Workflow;
  /** Its name in Step Functions: at most 80 letters, digits, `-` and `_`. */
  readonly name: string;
  readonly input: object;
  readonly account: RehearsalAccount;
  readonly table: Rehearsal['table'];
  readonly evidence?: NonNullable<Rehearsal['evidence']>;
  readonly settings: Rehearsal['settings'];
  now(): Date;
  /** The ARNs of executions that run; this one is added while it does. */
  readonly running: Set<string>;
  /** The ARNs of what steps have started in this world; a name is taken for 90 days. */
  readonly taken?: Set<string> | undefined;
  /** What their steps sleep by. */
  readonly turns?: Turns;
  readonly dryRun?: 'copy' | 'stand-ins';
  /** Starts a further playbook in the same world; it is left to who brings it to await that. */
  readonly start?: Home['start'];
  /** Workflows of this world that wait for people; left out, none but this one does. */
  readonly waits?: Waits;
  /** What people answer; left out, the execution is left waiting for them. */
  readonly approver?: RehearsedApprover | undefined;
  /** The organisational units of accounts. */
  readonly units?: Rehearsal['units'];
  /** What steps run with in place of the rehearsal account; a test against another AWS brings it. */
  wire?(mode: Mode): Wiring;
  /** Waits and retries take the time that the workflow gives them, by this process's timers. */
  readonly inTime?: true | undefined;
  /** Stands between Step Functions and each Lambda, for whoever makes one fail. */
  readonly between?: Between | undefined;
}

/** One invocation of a step's Lambda. */
export interface LambdaRun {
  /** ARN of the execution that invokes it. */
  readonly execution: string;
  readonly playbook: string;
  readonly state: string;
  /** Below a Map: which of its items. */
  readonly item: number | undefined;
  /** From 1, of this state in this execution. */
  readonly attempt: number;
  readonly step: Step;
  readonly account: RehearsalAccount;
  readonly table: Rehearsal['table'];
}

/** Invokes a Lambda, with its wiring or another, or does not; what it throws is what Step Functions sees. */
export type Between = (
  run: LambdaRun,
  wiring: Wiring,
  invoke: (wiring: Wiring) => Promise<Result>,
) => Promise<Result>;

/** One run of a step, by a Task state. */
export interface Invocation {
  readonly state: string;
  readonly step: string;
  /** `failed` when it threw. */
  outcome: string;
  result?: Result;
  error?: Error;
  journal: readonly JournalEntry[];
}

/** One time a state was entered, with the runs of its step. */
export interface Entered {
  readonly state: string;
  readonly invocations: readonly Invocation[];
}

export interface Ran {
  /** `waiting`: people were asked, and the case does not say what they answer. */
  readonly status: 'succeeded' | 'failed' | 'waiting';
  /** Why it failed, as Step Functions words it. */
  readonly failure?: { readonly error: string; readonly cause: string };
  /** In workflow order, then start order. */
  readonly entered: readonly Entered[];
  /** The same, with the branches of a Parallel and the items of a Map kept apart. */
  readonly road: readonly Entry[];
  readonly notifications: readonly Notification[];
}

/** Step Functions allows 256 KiB; what is larger than this belongs in the case record. */
export const mostStateBytes = 64 * 1024;

/** ARN of an execution, as `$$.Execution.Id` has it. */
export const executionArn = (
  { account: { state }, workflow }: Pick<Execution, 'account' | 'workflow'>,
  name: string,
): string =>
  `arn:aws:states:${state.region}:${state.accountId}:execution:${workflow.playbook}:${name}`;

/**
 * Runs a workflow as Step Functions would, with its real Lambda handlers, against a rehearsal
 * account. Waits and the time between retries are 0, unless it is run in time.
 *
 * `underWay` is settled once the first state is left: the case is then open for others to join.
 * A step that is still running when the execution fails is waited for, as its Lambda would go on.
 */
export function runWorkflow(execution: Execution): {
  underWay: Promise<void>;
  ended: Promise<Ran>;
} {
  const { running } = execution;
  const arn = executionArn(execution, execution.name);
  running.add(arn);
  let startedUp = () => {};
  const underWay = new Promise<void>((resolve) => {
    startedUp = resolve;
  });
  const ended = interpret(execution, arn, startedUp).finally(() => {
    running.delete(arn);
    execution.turns?.stepEnded(arn);
    startedUp();
  });
  return { underWay, ended };
}

async function interpret(execution: Execution, arn: string, startedUp: () => void): Promise<Ran> {
  const { machine } = execution.workflow;
  const interpreted = asInterpreted(machine);
  const lambdas = new Lambdas(execution, arn, () => run.abort());
  const states = [...statesOf(interpreted)].map(([name]) => name);
  const settling = Object.fromEntries(states.filter(isAdded).map((state) => [state, settle]));
  const atOnce = Object.fromEntries(states.map((state) => [state, 0]));
  // The interpreter's own definition type lacks what `asl-validator` has checked; it runs any JSON.
  const definition = interpreted as ConstructorParameters<typeof StateMachine>[0];
  const run = new StateMachine(definition, { validationOptions: { noValidate: true } }).run(
    asJson(execution.input) as Parameters<StateMachine['run']>[0],
    {
      overrides: {
        taskResourceLocalHandlers: { ...lambdas.byState(), ...settling },
        ...(!execution.inTime && { waitTimeOverrides: atOnce, retryIntervalOverrides: atOnce }),
      },
      context: { Execution: { Id: arn, Name: execution.name } },
    },
  );
  // Listened to from the start: a rejection before the last event would count as unhandled.
  const outcome = run.result.then(
    () => undefined,
    (error: unknown) => failureOf(error),
  );
  const entered = new StatesEntered(machine);
  const tooLarge = await follow(run.eventLogs, entered, startedUp);
  const failure = lambdas.isParked ? undefined : ((await outcome) ?? tooLarge);
  await lambdas.idle();
  const ended = failure ? 'failed' : 'succeeded';
  return {
    status: lambdas.isParked ? 'waiting' : ended,
    ...(failure && { failure }),
    entered: inOrder(entered.entries).map((entry) => lambdas.of(entry)),
    road: entered.entries,
    notifications: lambdas.notifications,
  };
}

/** Keeps what an execution's events say, and finds a state that handed on more than it may. */
async function follow(
  events: ReturnType<StateMachine['run']>['eventLogs'],
  entered: StatesEntered,
  left: () => void,
): Promise<Ran['failure']> {
  let failure: Ran['failure'];
  for await (const event of events) {
    if ('state' in event && isAdded(event.state.name)) continue;
    if (event.type === 'StateEntered') entered.enter(event.state.name, event.index);
    if (event.type === 'StateRetried') entered.retry(event.state.name, event.index);
    if (event.type !== 'StateExited') continue;
    left();
    if (handsOnMore.has(event.state.type)) {
      failure ??= refusedSize(event.state.name, event.state.output);
    }
  }
  return failure;
}

/** The other types hand on what they were given. */
const handsOnMore: ReadonlySet<string> = new Set(['Task', 'Parallel', 'Map', 'Pass']);

function refusedSize(state: string, output: unknown): Ran['failure'] {
  const bytes = Buffer.byteLength(JSON.stringify(output ?? null));
  if (bytes <= mostStateBytes) return undefined;
  const { name, message } = new DataLimitExceededError(state, bytes);
  return { error: name, cause: message };
}

function failureOf(error: unknown): Ran['failure'] {
  if (error instanceof ExecutionTimeoutError) {
    return { error: 'States.Timeout', cause: error.message };
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error
    ? { error: cause.name, cause: cause.message }
    : { error: 'unknown', cause: String(cause) };
}

type LocalHandlers = NonNullable<NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']>;
type Json = ReturnType<LocalHandlers[string]>;

/** The Lambdas of one execution: what Step Functions would invoke. */
class Lambdas {
  readonly notifications: Notification[] = [];
  readonly #execution: Execution;
  readonly #arn: string;
  readonly #started = new Map<string, Invocation[]>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #wirings = new Map<string, Wiring>();
  readonly #waits: Waits;
  readonly #stop: () => void;
  #asked = 0;
  isParked = false;

  /** `stop` ends the interpretation of an execution that is left waiting. */
  constructor(execution: Execution, arn: string, stop: () => void) {
    this.#execution = execution;
    this.#arn = arn;
    this.#waits = execution.waits ?? new Waits();
    this.#stop = stop;
  }

  byState(): LocalHandlers {
    return Object.fromEntries(
      [...this.#execution.workflow.tasks].map(([state, step]) => [
        state,
        (payload) => {
          const running = asksFor(payload)
            ? this.#askPeople(state, step, payload)
            : this.#invoke(state, step, payload);
          this.#inFlight.add(running.catch(() => undefined));
          // What came back from JSON.parse is the interpreter's JSON.
          return running as Json;
        },
      ]),
    );
  }

  /** The runs that belong to one entry of a state; earlier entries have taken theirs. */
  of({ state, item, attempts }: Entry): Entered {
    const started = this.#started.get(placeOf(state, item));
    return { state, invocations: started?.splice(0, attempts) ?? [] };
  }

  async idle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  /** A Task that waits for an answer: its step first, then people, unless the step got an answer. */
  async #askPeople(state: string, step: Step, payload: Asking): Promise<unknown> {
    const token = `${this.#arn}/${state}/${++this.#asked}`;
    const waiting = this.#waits.begin(token);
    await this.#invoke(state, step, { ...payload, input: { ...payload.input, token } });
    const { home } = this.#wiring('live');
    const ref = payload.case;
    const { execution, waits, arn } = {
      execution: this.#execution,
      waits: this.#waits,
      arn: this.#arn,
    };
    const came = await askRehearsed({ execution, cases: home.cases, waits, token, arn, ref });
    if (came === 'answered') return asJson(await waiting);
    this.#waits.park(token, this.#arn);
    this.isParked = true;
    this.#stop();
    return undefined;
  }

  async #invoke(state: string, step: Step, payload: unknown): Promise<unknown> {
    const { sent, item } = itemOf(asJson(payload));
    const place = placeOf(state, item);
    const invocation: Invocation = { state, step: step.name, outcome: 'failed', journal: [] };
    const before = this.#started.get(place) ?? [];
    this.#started.set(place, [...before, invocation]);
    const observe: Wiring['observe'] = ({ journal, result, error }) => {
      Object.assign(
        invocation,
        { journal: [...journal] },
        result && { result },
        error && { error },
      );
    };
    const attempt = before.length + 1;
    const invoke = (wiring: Wiring) => {
      const lambda = lambdaContext(step.name, `${this.#arn}/${place}/${attempt}`);
      wirings.set(lambda, wiring);
      return handlerOf(step)(sent, lambda);
    };
    const wiring = { ...this.#wiring(modeOf(sent), planIn(sent)), observe };
    const { account, table, workflow, between } = this.#execution;
    const { playbook } = workflow;
    const run = { execution: this.#arn, playbook, state, item, attempt, step, account, table };
    try {
      const result = await (between ? between(run, wiring, invoke) : invoke(wiring));
      refuseLarge(state, result);
      invocation.outcome = result.outcome;
      if (settles.has(step.name)) this.#forgetPlans();
      return asJson(result);
    } catch (error) {
      invocation.error = error instanceof Error ? error : new Error(String(error));
      throw asLambdaFails(invocation.error);
    } finally {
      this.#execution.turns?.stepEnded(this.#arn);
    }
  }

  /** The next rehearsal of a plan finds the account as it is by then. */
  #forgetPlans(): void {
    for (const key of this.#wirings.keys()) if (key.includes('-plan-')) this.#wirings.delete(key);
  }

  /**
   * One wiring for each mode, so that the steps of a dry run share one copy of the account; and one
   * for each plan, which must find the account as it is.
   */
  #wiring(mode: Mode, plan = ''): Wiring {
    const { account, table, evidence, settings, running, turns, dryRun, start, units, inTime } =
      this.#execution;
    const key = `${mode} ${plan}`;
    const wiring =
      this.#wirings.get(key) ??
      this.#execution.wire?.(mode) ??
      wireRehearsal({
        account,
        mode,
        table,
        ...(evidence && { evidence }),
        settings,
        notifications: this.notifications,
        now: () => this.#execution.now(),
        running: { has: (arn) => running.has(arn) || this.#waits.isParked(arn) },
        answer: this.#waits.answer,
        units,
        ...(turns && { sleep: () => turns.sleep(this.#arn, running) }),
        start,
        inTime,
        ...(dryRun && { dryRun }),
      });
    this.#wirings.set(key, wiring);
    return wiring;
  }
}

/** What a Task that waits for an answer sends its step, but for the token. */
interface Asking {
  readonly case: CaseRef;
  readonly input: { readonly token: string };
}

const Asking = z.looseObject({
  case: CaseRef,
  input: z.looseObject({ token: z.literal(madeUpLater) }),
});
const Planning = z.looseObject({ case: z.looseObject({ planOf: z.string(), caseId: z.string() }) });

const asksFor = (payload: unknown): payload is Asking => Asking.safeParse(payload).success;
const planIn = (sent: unknown): string | undefined => Planning.safeParse(sent).data?.case.caseId;

/** Steps after which what people were asked about may be rehearsed once more. */
const settles: ReadonlySet<string> = new Set(['settle-approval', 'settle-release']);

/** Where a step runs: its state, and below a Map the item's number. */
const placeOf = (state: string, item: number | undefined): string =>
  item === undefined ? state : `${state}/${item}`;

/** A handler is made once for each step; its wiring comes with each invocation's context. */
const handlers = new WeakMap<Step, StepHandler>();
const wirings = new WeakMap<Context, Wiring>();

function handlerOf(step: Step): StepHandler {
  const handler = handlers.get(step) ?? toLambda(step, async (context) => wiringOf(context));
  handlers.set(step, handler);
  return handler;
}

function wiringOf(context: Context): Wiring {
  const wiring = wirings.get(context);
  if (!wiring) throw new Error('a step was invoked from outside a replay');
  return wiring;
}

// The logger adds these to its lines; no step reads the rest of a context.
const lambdaContext = (functionName: string, awsRequestId: string) =>
  ({ functionName, awsRequestId }) as Context;

/** Absent or unusable, no step may act live; the handler says what is wrong with it. */
const modeOf = (payload: unknown): Mode =>
  typeof payload === 'object' && payload && 'mode' in payload && payload.mode === 'live'
    ? 'live'
    : 'dry-run';

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

function refuseLarge(state: string, result: Result): void {
  const bytes = Buffer.byteLength(JSON.stringify(result));
  if (bytes > mostStateBytes) throw new DataLimitExceededError(state, bytes);
}

/**
 * A state handed on too much. Like Step Functions' own error of this name it is neither retried nor
 * caught, not by `States.ALL` either; the interpreter asks these two fields.
 */
class DataLimitExceededError extends Error {
  override readonly name = 'States.DataLimitExceeded';
  readonly isRetryable = false;
  readonly isCatchable = false;

  constructor(state: string, bytes: number) {
    super(`"${state}" hands on ${bytes} bytes, more than ${mostStateBytes}`);
  }
}

/** The failure as Step Functions sees a Lambda's: the error's name, and a cause in JSON. */
function asLambdaFails(error: Error): Error {
  if (error instanceof DataLimitExceededError) return error;
  const failure = { errorType: error.name, errorMessage: error.message, trace: [] };
  return Object.assign(new Error(JSON.stringify(failure)), { name: error.name });
}
