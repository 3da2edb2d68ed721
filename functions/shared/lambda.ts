import { createHash } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { CaseRef } from './case-record.ts';
import type { Home } from './home.ts';
import { homeInUse } from './home-in-use.ts';
import {
  type AwsClients,
  type JournalEntry,
  type Mode,
  Mode as ModeWord,
  UndeclaredCallError,
  type Withhold,
} from './journal.ts';
import { asRecorded } from './live-case.ts';
import type { Settings } from './settings.ts';
import {
  type AwsCall,
  type Connection,
  type Result,
  runStep,
  runUndo,
  type Step,
  type StepContext,
  type Undoable,
  type Where,
} from './step.ts';
import { undoOf } from './target-role.ts';
import { asThrottled, isThrottle, tellAtOnce } from './throttled.ts';
import { parseInput, UnusableInputError } from './unusable-input.ts';

/**
 * What a workflow sends a step. Forgetting the mode must not change anyone's account; sending one
 * that differs from the case's is refused, so a dry run's case can never be worked live.
 */
const Payload = z.strictObject({
  mode: ModeWord.default('dry-run'),
  case: CaseRef.optional(),
  input: z.unknown(),
});

/** What a step runs with. On AWS it comes from the Lambda's environment; a replay brings its own. */
export interface Wiring {
  readonly home: Home;
  readonly settings: Settings;
  /** Cordon's own account and Region, for a target that names none. */
  readonly own: Where;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /**
   * Where clients connect for a target's account and Region. `declared` names whose declaration
   * narrows what they may do there: a step, or `undo-of-` and a step.
   */
  connection(
    target: Where & { caseId?: string },
    mode: Mode,
    declared: string,
  ): Promise<Connection>;
  /** Changes each new client before its first call; a replay answers from its account here. */
  prepare?(clients: AwsClients): void;
  readonly withhold?: Withhold;
  readonly logger?: Logger;
  /** Told of every run of a step, failed ones included. */
  observe?(run: {
    step: string;
    journal: readonly JournalEntry[];
    result?: Result;
    error?: Error;
  }): void;
}

/** A step as Step Functions invokes it. */
export type StepHandler = (payload: unknown, context: Context) => Promise<Result>;

/**
 * Wraps a step as the Lambda handler that Step Functions invokes.
 *
 * Every invocation has clients of its own: two runs sharing one would share its journal and mode.
 * The journal of a run that failed, wrote or withheld is kept in the case; every journal is logged.
 */
export function toLambda<In, Out extends Result, Clients extends AwsClients, Before>(
  step: Step<In, Out, Clients, Before>,
  wire: (context: Context) => Promise<Wiring> = wireFromEnvironment,
): StepHandler {
  const logger = new Logger({ serviceName: step.name });

  const invoke = async (payload: unknown, lambda: Context): Promise<Result> => {
    const wiring = await wire(lambda);
    const { mode, case: ref, input } = parseInput(Payload, payload);
    if (ref && ref.mode !== mode) {
      throw new UnusableInputError(`$.mode: the case is ${ref.mode}, the step was sent ${mode}`);
    }
    if (!ref && !step.withoutCase) {
      throw new UnusableInputError(`$.case: expected the open case that ${step.name} works on`);
    }
    const journal: JournalEntry[] = [];
    const home = homeInUse(step, wiring.home);
    const target = whereItActs(step, { ref, input, own: wiring.own });
    const withhold = wiring.withhold ? { withhold: wiring.withhold } : {};
    const undone: Undoable[] = [];
    const undo: StepContext['undo'] = async (other, before) => {
      if (!step.undoes?.some((name) => name === other.name)) {
        throw new UndeclaredCallError(`${step.name} undid ${other.name} undeclared`);
      }
      undone.push(other);
      const clients = other.connect(await wiring.connection(target, mode, undoOf(other.name)));
      wiring.prepare?.(clients);
      // What was changed goes by the id of the case that changed it, also in the plan of its release.
      const around = { ...context, case: asRecorded(context.case) };
      return runUndo(other, before, clients, { mode, context: around, journal, ...withhold });
    };
    const putOff = PutOff.safeParse(input).success;
    let hurried = putOff || LinesUp.safeParse(input).success;
    const takeTime = () => {
      hurried = putOff;
    };
    const context = contextOf(step.name, ref, { ...wiring, home }, { undo, takeTime });
    const aws = step.connect(await wiring.connection(target, mode, step.name));
    wiring.prepare?.(aws);
    tellAtOnce(aws, () => hurried);

    const keep = async (outcome: string): Promise<void> => {
      const touched = journal.some(
        ({ call, disposition }) => disposition === 'withheld' || isWrite(step, undone, call),
      );
      if (!ref || (!touched && outcome !== 'failed')) return;
      const at = wiring.now().toISOString();
      await wiring.home.cases.recordStep(ref, {
        step: step.name,
        outcome,
        journal: [...journal],
        at,
      });
    };
    const log = wiring.logger ?? logger;
    try {
      const beside = () => keep('ran');
      const result = await runStep(step, input, aws, {
        mode,
        context,
        journal,
        beside,
        ...withhold,
      });
      log.info('step finished', { mode, case: ref?.caseId, outcome: result.outcome, journal });
      wiring.observe?.({ step: step.name, journal, result });
      return result;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const later = isThrottle(error) && (await whenThrottled(step, input, context));
      if (later) {
        log.warn('step throttled', { mode, case: ref?.caseId, outcome: later.outcome, journal });
        wiring.observe?.({ step: step.name, journal, result: later });
        await keep(later.outcome);
        return later;
      }
      log.error('step failed', { mode, case: ref?.caseId, error, journal });
      wiring.observe?.({ step: step.name, journal, error });
      // The step's own error is the one to report, even when the case cannot be written either.
      await keep('failed').catch((lost: unknown) =>
        log.error('journal not kept', { lost, journal }),
      );
      throw isThrottle(error) ? asThrottled(error) : error;
    }
  };
  return middy()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .handler(invoke);
}

/** Where these are asked, AWS's throttling is told at once, rather than after the SDK's attempts. */
const PutOff = z.object({ whenThrottled: z.literal('put-off') });
const LinesUp = z.object({ turn: z.null() });

/** What a step makes of being throttled; undefined where it is to fail, and be retried later. */
async function whenThrottled<In, Out extends Result, Clients extends AwsClients, Before>(
  step: Step<In, Out, Clients, Before>,
  input: unknown,
  context: StepContext,
): Promise<Out | undefined> {
  try {
    const result = await step.throttled?.(parseInput(step.input, input, '$.input'), context);
    return result && step.output.parse(result);
  } catch {
    // Whatever failed here, such as the case table: that the step was throttled says more.
    return undefined;
  }
}

/** The account and Region that a run of a step acts in. */
function whereItActs(
  { actsIn, targetOf }: Pick<Step, 'actsIn' | 'targetOf'>,
  { ref, input, own }: { ref: CaseRef | undefined; input: unknown; own: Where },
): Where & { caseId?: string } {
  if (actsIn === 'own-account') return own;
  return ref ?? targetOf?.(input, own) ?? own;
}

/** Whether a call changes the account, be it the step's own or one that takes another's back. */
const isWrite = ({ writes }: Pick<Step, 'writes'>, undone: readonly Undoable[], call: AwsCall) =>
  [writes, ...undone.map(({ undo }) => undo?.writes ?? {})].some((declared) => call in declared);

/** What surrounds one run, made from its wiring. */
export function contextOf(
  step: string,
  ref: CaseRef | undefined,
  wiring: Wiring,
  {
    undo = undoesNothing,
    takeTime = () => {},
  }: Partial<Pick<StepContext, 'undo' | 'takeTime'>> = {},
): StepContext {
  return {
    get case(): CaseRef {
      if (!ref) throw new Error(`${step} runs without a case`);
      return ref;
    },
    home: wiring.home,
    settings: wiring.settings,
    own: wiring.own,
    actor: ref ? `${step}, ${ref.execution}` : step,
    now: wiring.now,
    sleep: wiring.sleep,
    undo,
    takeTime,
    token: (resource) =>
      createHash('sha256').update(`${ref?.caseId} ${step} ${resource}`).digest('hex').slice(0, 32),
  };
}

const undoesNothing: StepContext['undo'] = async ({ name }) => {
  throw new UndeclaredCallError(`an undo of ${name} was asked for within another`);
};

/** Loaded when first invoked, so that a test or a replay never loads the table's client. */
async function wireFromEnvironment(context: Context): Promise<Wiring> {
  const { wiringFrom } = await import('./environment.ts');
  return wiringFrom(context);
}
