import { basename } from 'node:path';
import type { Priority } from '../../functions/shared/parse-finding.ts';
import { endOf } from './end-state.ts';
import { type Fault, type FaultName, faultOf, faults } from './faults.ts';
import type { Attempt } from './interference.ts';
import { type FaultFree, type Judged, judge } from './invariants.ts';
import { play, type Scenario, type Way, wayOf } from './scenario.ts';

/** One fault at one attempt, and what came of it. */
export interface Tried extends Judged {
  readonly source: string;
  readonly priority: Priority;
  readonly way: Way;
  readonly attempt: Attempt;
  readonly fault: FaultName;
  /** The run that this one is the same as; null where it was run itself. */
  readonly sameAs: string | null;
}

/** Runs a scenario without a fault. */
export async function runFaultFree(scenario: Scenario): Promise<FaultFree> {
  const came = await play(scenario);
  const initial = came.worlds.map((world) => {
    const family = came.executions.find((each) => each.world === world)?.family;
    if (!family) throw new Error('a world without an execution');
    return family.account.before;
  });
  return { came, end: endOf(came, initial), initial };
}

/**
 * What only the suspect host would find out: a rehearsal has its answer from the case, whatever came
 * of the volume. The capture's script demands its disk and fails without it.
 */
const foundOnTheHost: ReadonlySet<string> = new Set(['ec2:AttachVolume', 'ssm:SendCommand']);

/** The faults that an attempt can meet. */
export const faultsAt = ({ home, writes, call }: Attempt): readonly Fault[] =>
  faults.filter(({ atHome, writesOnly, name }) => {
    if (name === 'not-done' && foundOnTheHost.has(call)) return false;
    return home ? atHome : writes || !writesOnly;
  });

/** A run that was made for another fault or attempt and is the same run. */
interface SameRun {
  readonly fault: FaultName;
  readonly place: string;
}

/** Faults after which nothing is left of a Lambda but what it has written. */
const leaves: ReadonlySet<FaultName> = new Set([
  'lambda-killed',
  'lambda-timed-out',
  'execution-stopped',
  'taken-over',
]);
/** Refusals that pass, which the SDK meets by asking again. */
const pass: ReadonlySet<FaultName> = new Set(['throttled', 'server-error', 'timeout-before']);

/**
 * The run that shows the same as a fault at an attempt would, where there is one.
 *
 * - A client that tries again by itself does so after each refusal that passes, inside the SDK, where
 *   its step sees neither the refusal nor which it was: one run for each call of each step.
 * - At a call that changes nothing it is all one whether it was done before its answer was lost.
 * - A Lambda that is gone leaves what has been written by then: before a call that is the same as
 *   before the next one, or after the last, as long as nobody has written in between; one that has
 *   written nothing leaves its retry what it found itself. For an execution it is all one which of its
 *   Lambdas was about to call when it was stopped, if the same others were under way.
 */
class SameRuns {
  readonly #known = new Map<string, SameRun>();
  readonly #wroteFirst = new Map<string, number>();

  of(fault: FaultName, attempt: Attempt): SameRun | undefined {
    const same = this.#alike(fault, attempt);
    return same && (same.fault !== fault || same.place !== attempt.place) ? same : undefined;
  }

  #alike(fault: FaultName, attempt: Attempt): SameRun | undefined {
    const { home, retried, writes, step, call, place } = attempt;
    if (!home && retried && (pass.has(fault) || (fault === 'timeout-after' && !writes))) {
      return this.#first(`hidden ${step} ${call}`, 'throttled', place);
    }
    if (home && !writes && fault === 'timeout-after') return { fault: 'server-error', place };
    return leaves.has(fault) ? this.#left(fault, attempt) : undefined;
  }

  #left(fault: FaultName, attempt: Attempt): SameRun {
    const { place, writes, writesBefore, beside, state } = attempt;
    const [execution = ''] = place.split('|');
    const invocation = place.slice(0, place.lastIndexOf('|'));
    const began = this.#wroteFirst.get(invocation) ?? writesBefore;
    this.#wroteFirst.set(invocation, began);
    if (fault === 'lambda-killed' || fault === 'lambda-timed-out') {
      const written = writesBefore + (fault === 'lambda-timed-out' && writes ? 1 : 0);
      const key = written === began ? `idle ${execution} ${state}` : `${invocation} ${written}`;
      return this.#first(`gone ${key}`, fault, place);
    }
    return this.#first(`stopped ${execution} ${writesBefore} ${beside}`, 'taken-over', place);
  }

  #first(key: string, fault: FaultName, place: string): SameRun {
    const known = this.#known.get(key) ?? { fault, place };
    this.#known.set(key, known);
    return known;
  }
}

/** A part of all the runs. */
interface Sample {
  /** Every n-th fault at an attempt alone. Left out, each. */
  readonly every?: number | undefined;
  /** Which of these n parts, from 1: together they are all. Left out, the first. */
  readonly part?: number | undefined;
}

/** Which of a case's runs are wanted. */
export interface Wanted extends Sample {
  readonly call?: string | undefined;
  readonly faults?: readonly FaultName[] | undefined;
  /** Runs each by itself, also where another is known to be the same run. */
  readonly ungrouped?: boolean | undefined;
  /** Left out, every way. */
  readonly way?: Way | undefined;
}

/**
 * Says of one thing after another whether it belongs to a sample of about every n-th: the same ones in
 * each run, and others in each case, so that what cases have in common is met at other places in each.
 * Each thing belongs to one of the n parts. Steps of the golden ratio fall in with no rhythm of the
 * list: the n-th fault of each attempt.
 */
export function sampler({ every = 1, part = 1 }: Sample, of: string): () => boolean {
  let next = [...of].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return () => {
    const place = (Math.imul(next++, 0x9e3779b1) >>> 0) / 2 ** 32;
    return Math.floor(place * every) === part - 1;
  };
}

/** Runs a scenario with every fault at every attempt, or at some, one at a time. */
export async function* tryAll(
  scenario: Scenario,
  faultFree: FaultFree,
  { call: only, faults: names, ungrouped, every, part }: Wanted = {},
  attempts: readonly Attempt[] = faultFree.came.attempts,
): AsyncGenerator<Tried> {
  const { case: of, priority } = scenario;
  const way = wayOf(scenario);
  const same = new SameRuns();
  const made = new Map<string, Judged>();
  const { place: failing = '' } = scenario.given ?? {};
  const isSampled = sampler(
    { every, part },
    `${basename(of.source)} ${priority} ${way} ${failing}`,
  );
  for (const attempt of attempts) {
    if (only && attempt.call !== only) continue;
    for (const { name } of faultsAt(attempt)) {
      if ((names && !names.includes(name)) || !isSampled()) continue;
      const { place } = attempt;
      const twin = ungrouped ? undefined : same.of(name, attempt);
      const known = made.get(`${name} ${place}`) ?? (twin && made.get(twinKey(name, twin)));
      if (!known) {
        const came = await play(scenario, { place, fault: faultOf(name) });
        made.set(`${name} ${place}`, judge(came, faultOf(name), faultFree));
        if (came.asStopped) {
          const stopped = judge(came.asStopped, faultOf('execution-stopped'), faultFree);
          made.set(`execution-stopped ${place}`, stopped);
          made.set(`taken-over ${place}`, judge(came, faultOf('taken-over'), faultFree));
        }
      }
      const judged = known ?? made.get(`${name} ${place}`);
      if (!judged) throw new Error(`nothing came of ${name} at ${place}`);
      const sameAs = known ? (twin ? twinKey(name, twin) : place) : null;
      yield { source: of.source, priority, way, attempt, fault: name, sameAs, ...judged };
    }
  }
}

/** One run shows both what a stopped execution comes to, and what it comes to when started anew. */
const twinKey = (name: FaultName, { fault, place }: SameRun): string =>
  `${fault === 'taken-over' ? name : fault} ${place}`;
