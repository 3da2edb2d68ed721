import type * as z from 'zod';
import type { CaseRef } from './case-record.ts';
import type { Home } from './home.ts';
import {
  type AwsClients,
  answerWithStandIn,
  type Declared,
  type JournalEntry,
  keepJournal,
  type Mode,
  type Withhold,
} from './journal.ts';
import type { Settings } from './settings.ts';
import { sideBySide } from './side-by-side.ts';
import type { Undone } from './undo-order.ts';
import { parseInput } from './unusable-input.ts';

/** An AWS operation in IAM's spelling, such as `ec2:ModifyInstanceAttribute`. */
export type AwsCall = `${string}:${string}`;

/** What a call may touch: IAM resource patterns, and a condition block where IAM supports one. */
interface Grant {
  /** `*` where AWS supports no resource for the action (its service authorization reference says). */
  readonly on: string | readonly string[];
  readonly when?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A call that only looks. A dry run makes it. */
export interface ReadGrant extends Grant {
  /** What a dry run assumes AWS would answer about something it only would have made. */
  standIn?(input: object): object;
}

/** A call that changes the account. A dry run withholds it. */
export interface WriteGrant extends Grant {
  /** What AWS would have answered, with ids from `impossibleId`. `() => ({})` where it says nothing. */
  standIn(input: object): object;
  /** The call has no client token and is not idempotent: it is sent with one attempt. */
  readonly once?: true;
}

export type Reads = Readonly<Record<AwsCall, ReadGrant>>;
export type Writes = Readonly<Record<AwsCall, WriteGrant>>;

/** A permission AWS demands that never passes the SDK. In the policies, exempt from the guard. */
export interface Need extends Grant {
  readonly action: AwsCall;
  /** Why AWS demands it, in a sentence. */
  readonly because: string;
}

/** Where a step's clients connect. */
export interface Connection {
  readonly region: string;
  /** Left out, the SDK's own provider chain answers; a function is asked at the first call. */
  readonly credentials?: Credentials | (() => Promise<Credentials>);
}

/** What a call is signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** An account, and a Region in it or `global`. */
export interface Where {
  readonly account: string;
  readonly region: string;
}

/** What surrounds one run of a step. Everything that is not the same twice comes in here. */
export interface StepContext {
  /** The open case. Reading it throws in a step declared `withoutCase`. */
  readonly case: CaseRef;
  readonly home: Home;
  readonly settings: Settings;
  /** Cordon's own account and Region. */
  readonly own: Where;
  /** The step and the execution that runs it, as evidence names who took it. */
  readonly actor: string;
  now(): Date;
  /** Waits; a rehearsal does not. */
  sleep(milliseconds: number): Promise<void>;
  /**
   * From here on the SDK tries again what AWS throttles, in a step that would else be told at once so
   * that it can line up; one that would be put off still is.
   */
  takeTime(): void;
  /** A ClientToken that is the same when the same case asks for the same thing again. */
  token(resource: string): string;
  /**
   * Takes back what another step did to one resource, from what that step recorded, with its own
   * undo, its own clients and no more permission than that undo declares. The calls go into this
   * run's journal. Throws in a step that does not name the other in `undoes`.
   */
  undo(step: Undoable, before: unknown): Promise<{ readonly outcome: UndoOutcome }>;
}

/** A step of another's, as far as its undo goes. */
export type Undoable = Pick<Step, 'name' | 'connect' | 'undo'>;

/**
 * One action of a playbook, with all the rest of the project needs to know about it.
 *
 * The declaration is the only source for the Lambda's IAM policy and the session policy in member
 * accounts (`infra`), for what a dry run withholds (`journal`), and for the fields a workflow must
 * send (`test/statemachines`).
 */
export interface Step<
  In = unknown,
  Out extends Result = Result,
  Clients extends AwsClients = AwsClients,
  Before = unknown,
> {
  /** Kebab-case verb phrase; also the step's folder and its Lambda's name. */
  readonly name: string;
  /** The step runs before there is a case, or when opening one failed. */
  readonly withoutCase?: true;
  /**
   * What invokes the step where no workflow does: an EventBridge rule of the deployment, with
   * `{ input: { event } }`. Left out, a state of some playbook.
   */
  readonly startedBy?: 'rule';
  /** Where a step without a case acts, by its unparsed input; left out, in Cordon's own account. */
  targetOf?(input: unknown, own: Where): Where;
  /** It acts in Cordon's own account and Region, wherever the case's target is. */
  readonly actsIn?: 'own-account';
  readonly input: z.ZodType<In>;
  readonly output: z.ZodType<Out>;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly needs?: readonly Need[];
  /**
   * What it uses of Cordon's own account, by the members of {@link Home}; `cases` only where it runs
   * without a case, since every other step keeps its journal there. Its Lambda's permissions and
   * environment follow from it, and a member that is not named throws.
   */
  readonly uses?: readonly (keyof Home)[];
  connect(to: Connection): Clients;
  run(input: NoInfer<In>, aws: NoInfer<Clients>, context: StepContext): Promise<NoInfer<Out>>;
  /**
   * Reads back what `run` changed and returns the result with the outcome it earned, or throws a
   * {@link NotProvenError}. Skipped after a write that a stand-in answered.
   */
  prove?(
    input: NoInfer<In>,
    result: NoInfer<Out>,
    aws: NoInfer<Clients>,
    context: StepContext,
  ): Promise<NoInfer<Out>>;
  /**
   * What comes of it when AWS refuses calls for longer than the SDK waits, such as a turn in a line
   * that the workflow waits for. Left out, or undefined, it fails and is retried later. What it had
   * done by then is done, and found by its next run.
   */
  throttled?(input: NoInfer<In>, context: StepContext): Promise<NoInfer<Out> | undefined>;
  readonly undo?: Undo<Before, Clients>;
  /**
   * Steps whose undo it runs. In Cordon's own account its Lambda has what those declare; elsewhere
   * each runs in a session of its own, narrowed to its own declaration. By name, so that a step is
   * loaded, with its clients, when it is undone.
   */
  readonly undoes?: readonly Undone[];
}

/** Every step's result says in a named word what came of it. */
export interface Result {
  readonly outcome: string;
}

/**
 * How a step's change is taken back, from what `context.home.cases.recordBefore` kept of one
 * resource. Its calls are declared apart, so that the step's own role cannot make them.
 */
export interface Undo<Before, Clients extends AwsClients> {
  readonly before: z.ZodType<Before>;
  readonly reads: Reads;
  readonly writes: Writes;
  /**
   * `drifted`: the resource is no longer as this step left it, so it is left alone. `not-yet`: what
   * the change stops, such as a stolen session, may still be there; to be asked again later.
   */
  run(
    before: Before,
    aws: Clients,
    context: StepContext,
  ): Promise<{ readonly outcome: UndoOutcome }>;
}

/** What taking back one step's change of one resource comes to. */
export const undoOutcomes = ['restored', 'already-restored', 'drifted', 'gone', 'not-yet'] as const;
export type UndoOutcome = (typeof undoOutcomes)[number];

/** The account, read back, is not as the step meant to leave it. Retried, then a human's. */
export class NotProvenError extends Error {
  override readonly name = 'NotProvenError';
}

/** Does nothing at run time; it lets TypeScript type `run` from the schemas. */
export const defineStep = <In, Out extends Result, Clients extends AwsClients, Before = unknown>(
  step: Step<In, Out, Clients, Before>,
): Step<In, Out, Clients, Before> => step;

/** How one run goes, apart from what it is asked to do. */
interface Run {
  readonly mode: Mode;
  readonly context: StepContext;
  readonly journal: JournalEntry[];
  readonly withhold?: Withhold;
  /** Called once `run` has ended well and before `prove` has; awaited with it. */
  readonly beside?: () => Promise<void>;
}

/** Runs a step as a Lambda, a replay and a test all do, filling `journal` even when it throws. */
export async function runStep<In, Out extends Result, Clients extends AwsClients, Before>(
  step: Step<In, Out, Clients, Before>,
  input: unknown,
  aws: Clients,
  { mode, context, journal, withhold = answerWithStandIn, beside = async () => {} }: Run,
): Promise<Result> {
  const parsed = parseInput(step.input, input, '$.input');
  keepJournal(aws, step, { mode, journal, withhold });

  const result = await step.run(parsed, aws, context);
  const assumed =
    withhold === answerWithStandIn && journal.some(({ disposition }) => disposition === 'withheld');
  if (assumed || !step.prove) {
    await beside();
    const checked = step.output.parse(result);
    return assumed ? { ...checked, outcome: `would-be-${checked.outcome}` } : checked;
  }
  const [proven] = await sideBySide([step.prove(parsed, result, aws, context), beside()]);
  return step.output.parse(proven);
}

/** Takes back what a step did to one resource. Same seam, same guard, the undo's own calls. */
export async function runUndo<Clients extends AwsClients, Before>(
  step: { readonly name: string; readonly undo?: Undo<Before, Clients> },
  before: unknown,
  aws: Clients,
  { mode, context, journal, withhold = answerWithStandIn }: Run,
) {
  if (!step.undo) throw new Error(`${step.name} changes nothing that can be undone`);
  const { reads, writes } = step.undo;
  const declared: Declared = { name: `undo of ${step.name}`, reads, writes };
  keepJournal(aws, declared, { mode, journal, withhold });
  return step.undo.run(parseInput(step.undo.before, before, '$.before'), aws, context);
}
