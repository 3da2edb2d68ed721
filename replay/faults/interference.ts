import type { FinalizeHandlerArguments, FinalizeRequestMiddleware } from '@smithy/types';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import type { CaseTable } from '../../functions/shared/case-table.ts';
import type { Home } from '../../functions/shared/home.ts';
import {
  type AwsClients,
  callOf,
  eachClient,
  withheldMark,
} from '../../functions/shared/journal.ts';
import type { Wiring } from '../../functions/shared/lambda.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { looksAge, type RehearsalAccount } from '../account/rehearsal-account.ts';
import type { AccountState } from '../account/state.ts';
import { changes } from '../call-in-words.ts';
import type { Between, LambdaRun } from '../run-workflow.ts';
import { errorOf } from './errors.ts';
import type { Fault, FaultName } from './faults.ts';
import { type Mutation, tableWithout } from './mutations.ts';

/** One attempt at a call: to the account acted on, or to what is Cordon's own (`home`). */
export interface Attempt {
  /** Which attempt it is: the same in every run that has gone the same way so far. */
  readonly place: string;
  readonly call: AwsCall;
  readonly step: string;
  readonly state: string;
  readonly playbook: string;
  readonly home: boolean;
  /** Whether it leaves anything changed, be it that a thing was looked at. */
  readonly writes: boolean;
  /** Whether its client would try again by itself. */
  readonly retried: boolean;
  /** How many writes anybody had made before it, in the whole run. */
  readonly writesBefore: number;
  /** Other invocations that were under way. */
  readonly beside: string;
}

/** The attempt that met a fault, in which account, and as what its step found that. */
interface Met {
  readonly attempt: Attempt;
  readonly account: RehearsalAccount;
  readonly found: AccountState;
}

/** A fault to be met at an attempt, by its place or by how many came before it. */
export interface Plan {
  readonly place: string | number;
  readonly fault: Fault;
}

/** What is otherwise than on a good day, beside the plan. */
interface Around {
  /** A safeguard of the case table that is taken away. */
  readonly without?: Mutation | undefined;
  /** Further faults, each met once. */
  readonly further?: readonly Plan[] | undefined;
  /** AWS takes no call for now that could be made later. */
  readonly throttled?: boolean | undefined;
  /** A fault that is met as well, and is none of those that are asked about. */
  readonly given?: Plan | undefined;
}

/**
 * Whether a call could be made after the cut, or in its turn, and is made ahead of that: in a storm
 * AWS refuses these.
 */
function canWait({ step, state, writes, home }: Attempt): boolean {
  if (home) return false;
  if (step === 'isolate-instance' || step === 'protect-instance') {
    return writes && !state.endsWith('in its turn');
  }
  const isPutOff = step === 'inspect-instance' || step === 'detach-from-auto-scaling';
  return isPutOff && !state.endsWith('after the cut');
}

/** What happens at an attempt, once, before the call is sent. */
interface Meanwhile {
  readonly place: string;
  happens(): Promise<unknown>;
}

/** A call on its way: what it does, and what it would only seem to do. */
interface Sending<T> {
  readonly call: AwsCall;
  readonly home: boolean;
  readonly writes: boolean;
  readonly retried: boolean;
  go(): Promise<T>;
  pretend?(): Promise<T>;
}

/** The process of one invocation. */
interface Life {
  over: boolean;
  readonly end: Promise<never>;
  die(error: Error): Promise<never>;
}

/** What never comes: a process that is gone waits for nothing and tells nobody. */
const never = new Promise<never>(() => {});

/**
 * Stands between Step Functions and every Lambda of a run, notes each attempt at each call, and makes
 * the planned one meet its fault.
 *
 * It stands inside the SDK's own retry and below the journal, so both are real. A Lambda that is gone
 * does nothing more, whatever its code would have done; an execution that is stopped invokes no
 * further Lambda, while those that run go on.
 */
export class Interference {
  readonly attempts: Attempt[] = [];
  /** Executions that were stopped. */
  readonly stopped = new Set<string>();
  met: Met | undefined;
  /** What happens beside the plan; once. */
  meanwhile: Meanwhile | undefined;
  readonly #plan: Plan | undefined;
  readonly #without: Mutation;
  readonly #further: readonly Plan[];
  readonly #throttled: boolean;
  readonly #given: Plan | undefined;
  #givenAt: Attempt | undefined;
  #writes = 0;
  /** Invocations under way. */
  readonly #alive = new Set<string>();

  constructor(
    plan?: Plan,
    { without = 'none', further = [], throttled = false, given }: Around = {},
  ) {
    this.#plan = plan;
    this.#given = given;
    this.#further = further;
    this.#without = without;
    this.#throttled = throttled;
  }

  readonly between: Between = async (run, wiring, invoke) => {
    const life = newLife();
    const table = tableWithout(this.#without, run.table);
    if (this.stopped.has(run.execution)) return life.die(gone('States.Aborted'));
    const prefix = `${run.execution}|${run.state}|${run.item ?? ''}|${run.attempt}|`;
    const due = this.#plan?.place;
    const found =
      typeof due === 'string' && due.startsWith(prefix) ? run.account.copy().state : undefined;
    let made = 0;
    const send: Send = (sending) => {
      if (life.over) return never;
      const { call, home, writes, retried } = sending;
      const { playbook, state } = run;
      const place = `${prefix}${made++}`;
      const step = run.step.name;
      const writesBefore = this.#writes;
      const beside = [...this.#alive].filter((one) => one !== prefix).join(' ');
      const about = { step, state, playbook, home, writes, retried };
      const attempt = { place, call, ...about, writesBefore, beside };
      if (writes) this.#writes++;
      this.attempts.push(attempt);
      const { account } = run;
      const fault =
        this.#faultAt({ attempt, account, found: found ?? account.state }) ??
        this.#givenAtAttempt(attempt);
      if (fault) return this.#meet(fault, sending, { run, life });
      if (this.#throttled && canWait(attempt)) return Promise.reject(errorOf('throttled', call));
      const { meanwhile } = this;
      if (place !== meanwhile?.place) return sending.go();
      this.meanwhile = undefined;
      return meanwhile.happens().then(() => sending.go());
    };
    this.#alive.add(prefix);
    const ended = Promise.race([invoke(interposed(wiring, table, { run, send })), life.end]);
    return ended.finally(() => this.#alive.delete(prefix));
  };

  #faultAt(meeting: Met): Fault | undefined {
    const plan = this.#plan;
    const { attempt } = meeting;
    const nth = this.attempts.length - 1;
    const further = this.#further.find(({ place }) => place === nth || place === attempt.place);
    if (further) {
      this.met ??= meeting;
      return further.fault;
    }
    if (!plan) return undefined;
    if (!this.met && attempt.place === plan.place) {
      this.met = meeting;
      return plan.fault;
    }
    return isMetAgain(plan, this.met?.attempt, attempt) ? plan.fault : undefined;
  }

  #givenAtAttempt(attempt: Attempt): Fault | undefined {
    const given = this.#given;
    if (!given) return undefined;
    if (!this.#givenAt && attempt.place === given.place) this.#givenAt = attempt;
    else if (!isMetAgain(given, this.#givenAt, attempt)) return undefined;
    return given.fault;
  }

  async #meet<T>(
    { name, effect }: Fault,
    sending: Sending<T>,
    { run, life }: { run: LambdaRun; life: Life },
  ): Promise<T> {
    const error = () => (sending.home ? ofHome(name) : errorOf(name, sending.call));
    switch (effect) {
      case 'refused':
        throw error();
      case 'lost-answer':
        await sending.go();
        throw error();
      case 'not-done':
        return (sending.pretend ?? sending.go)();
      case 'lambda-gone':
        if (name === 'lambda-killed') return life.die(gone('Lambda.Unknown'));
        await sending.go().catch(() => undefined);
        return life.die(gone(timedOut(run)));
      case 'execution-gone':
        this.stopped.add(run.execution);
        return life.die(gone('States.Aborted'));
    }
  }
}

/** Whether a fault that lasts is met by a later attempt of its step at its call. */
const isMetAgain = ({ fault }: Plan, at: Attempt | undefined, { step, call }: Attempt): boolean =>
  fault.lasts === 'from-then-on' && at?.step === step && at.call === call;

/**
 * The state's own limit, which the Lambda's is within; but where a state waits for people its limit is
 * theirs, and what runs out is the Lambda:
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
const timedOut = ({ step }: LambdaRun): string =>
  step.name === 'request-approval' ? 'Sandbox.Timedout' : 'States.Timeout';

type Send = <T>(sending: Sending<T>) => Promise<T>;

function newLife(): Life {
  let reject: (error: Error) => void = () => {};
  const end = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  const life: Life = {
    over: false,
    end,
    die(error) {
      life.over = true;
      reject(error);
      return life.end;
    },
  };
  return life;
}

const gone = (name: string): Error => Object.assign(new Error('made to be gone'), { name });

/** What a request of Cordon's own comes to when the SDK has given up on it. */
const ofHome = (fault: FaultName): Error =>
  Object.assign(new Error(`made to fail: ${fault}`), {
    name: fault === 'access-denied' ? 'AccessDeniedException' : 'InternalServerError',
  });

/** The wiring of one invocation with everything that leaves it sent through `send`. */
function interposed(
  wiring: Wiring,
  table: CaseTable,
  { run, send }: { run: LambdaRun; send: Send },
): Wiring {
  return {
    ...wiring,
    home: homeThrough(wiring, table, send),
    prepare: (clients) => {
      wiring.prepare?.(clients);
      callsThrough(clients, run.account, send);
    },
  };
}

function callsThrough(clients: AwsClients, account: RehearsalAccount, send: Send): void {
  eachClient(clients, ({ middlewareStack, config }) => {
    const middleware: FinalizeRequestMiddleware<object, object> =
      (next, context) => async (args: FinalizeHandlerArguments<object>) => {
        // On AWS a call that is withheld goes nowhere, so nothing can go wrong with it.
        if (context[withheldMark]) return next(args);
        const call = callOf(context);
        const region = await config.region();
        return send({
          call,
          home: false,
          writes: changes(call) || looksAge.has(call),
          retried: (await config.maxAttempts()) > 1,
          go: () => next(args),
          pretend: async () => {
            const output = await account.copy().answer(call, args.input, region);
            return { output: { $metadata: {}, ...output }, response: undefined };
          },
        });
      };
    // Inside retry, which is of high priority, and outside the rehearsal account.
    middlewareStack.add(middleware, { name: 'interference', step: 'finalizeRequest' });
  });
}

function homeThrough({ home, now }: Wiring, table: CaseTable, send: Send): Home {
  const through =
    <Args extends readonly unknown[], T>(
      call: AwsCall,
      writes: boolean,
      request: (...args: Args) => Promise<T>,
    ) =>
    (...args: Args): Promise<T> =>
      send({ call, home: true, writes, retried: false, go: () => request(...args) });
  const interposedTable: CaseTable = {
    get: through('dynamodb:GetItem', false, (key) => table.get(key)),
    query: through('dynamodb:Query', false, (pk, prefix) => table.query(pk, prefix)),
    write: through('dynamodb:TransactWriteItems', true, (changes) => table.write(changes)),
    advance: through('dynamodb:UpdateItem', true, (...args) => table.advance(...args)),
  };
  const { evidence, sign, notify, isRunning, start, answer } = home;
  return {
    ...home,
    cases: new CaseRecord(interposedTable, now),
    evidence: {
      put: through('s3:PutObject', true, (...args) => evidence.put(...args)),
      get: through('s3:GetObject', false, (key) => evidence.get(key)),
    },
    sign: through('kms:Sign', false, sign),
    notify: through('sns:Publish', true, notify),
    isRunning: through('states:DescribeExecution', false, isRunning),
    start: through('states:StartExecution', true, start),
    answer: through('states:SendTaskSuccess', true, answer),
  };
}
