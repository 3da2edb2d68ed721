import { steps } from '../../functions/index.ts';
import type { Case } from '../read-case.ts';
import { loadWorkflows } from '../workflow.ts';
import { tryAtClose, tryAtOnce } from './at-once.ts';
import { contain } from './contained.ts';
import { failuresOf } from './failing.ts';
import { type FaultName, faultOf } from './faults.ts';
import type { Attempt } from './interference.ts';
import { judge } from './invariants.ts';
import { type Mutation, workflowsWithout } from './mutations.ts';
import { faultsAt, runFaultFree } from './run-case.ts';
import { play, type Scenario } from './scenario.ts';

/** Whether the harness misses a safeguard that is taken away, and by what. */
interface Missed {
  readonly mutation: Mutation;
  /** The first run that broke an invariant; null where none did, or none could be tried. */
  readonly by: {
    readonly source: string;
    readonly fault: string;
    readonly violation: string;
  } | null;
  readonly runs: number;
}

/** A case in one priority and way, with the attempts that it makes without a fault. */
interface Road {
  readonly of: Omit<Scenario, 'workflows' | 'without'>;
  readonly attempts: readonly Attempt[];
}

/** The attempts of every case, by which those that a safeguard stands behind are found. */
export async function roadsOf(cases: readonly Case[]): Promise<readonly Road[]> {
  const workflows = loadWorkflows(steps);
  const roads: Road[] = [];
  const take = async (of: Road['of']) => {
    const { came } = await runFaultFree({ ...of, workflows });
    roads.push({ of, attempts: came.attempts });
  };
  for (const of of cases) {
    for (const priority of ['containment-first', 'evidence-first'] as const) {
      await take({ case: of, priority });
      await take({ case: of, priority, throttled: true });
    }
    const contained = await contain(of);
    if (contained.length > 0) await take({ case: of, priority: 'evidence-first', contained });
  }
  // Where nothing is changed, little can go wrong.
  const isDry = ({ attempts }: Road) => (attempts.some(acts) ? 0 : 1);
  return roads.toSorted((a, b) => isDry(a) - isDry(b) || a.attempts.length - b.attempts.length);
}

/** Where a safeguard is looked for, and with which faults. */
function aimOf(mutation: Mutation): Aim {
  const colon = mutation.indexOf(':');
  const [kind, name] = [mutation.slice(0, colon), mutation.slice(colon + 1)];
  const inState = ({ playbook, state }: Attempt) => `${playbook}/${state}` === name;
  switch (kind) {
    case 'catch':
      return { at: inState, faults: ['access-denied'] };
    case 'retry':
      return { at: inState, faults: ['lambda-killed', 'server-error'] };
    case 'read-back':
      return {
        at: ({ step, writes, home }) => step === name && writes && !home,
        faults: ['not-done'],
      };
    case 'rule':
      return { at: acts, faults: ['execution-stopped'] };
    default:
      return conditionAims[name] ?? atOnceAlone;
  }
}

interface Aim {
  at(attempt: Attempt): boolean;
  readonly faults: readonly FaultName[];
  /** What else shows whether a condition of the case table holds; left out, findings at once. */
  readonly beside?: typeof tryAtOnce;
}

const acts = ({ writes, home }: Attempt) => writes && !home;
/** Met by several findings at once. */
const atOnceAlone: Aim = { at: () => false, faults: [] };
const conditionAims: Readonly<Record<string, Aim>> = {
  // Once the case is closed, and its finding comes again.
  seen: { at: ({ call }) => call === 'kms:Sign', faults: ['taken-over'] },
  before: { at: acts, faults: ['lambda-timed-out'] },
  // What AWS would do twice.
  intent: {
    at: (attempt) => acts(attempt) && !attempt.retried,
    faults: ['timeout-after', 'lambda-timed-out'],
  },
  held: { at: acts, faults: ['taken-over'] },
  close: { ...atOnceAlone, beside: tryAtClose },
  'release-close': { ...atOnceAlone, beside: tryAtClose },
};

/** Whether a run breaks an invariant with every safeguard in place as well. */
async function breaksAnyway(scenario: Scenario, { place }: Attempt, name: FaultName) {
  const sound = { ...scenario, workflows: workflowsWithout('none'), without: 'none' as const };
  const faultFree = await runFaultFree(sound);
  const came = await play(sound, { place, fault: faultOf(name) });
  return judge(came, faultOf(name), faultFree).violations.length > 0;
}

/** No more is tried for one safeguard, nor for it in one case: it is met soon, or not at all. */
const mostRuns = 150;
const mostInOneCase = 16;

/** So many at most, spread over all of them, the first and the last among them. */
function spread<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, (all.length - 1) / (most - 1));
  return all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/**
 * The roads, and where none of them comes by what is aimed at, those on which a step fails for good.
 */
async function* roadsBy(mutation: Mutation, roads: readonly Road[]): AsyncGenerator<Road> {
  yield* roads;
  const { at } = aimOf(mutation);
  const [, playbook] = /^(?:catch|retry):([^/]+)/.exec(mutation) ?? [];
  if (!playbook || roads.some(({ attempts }) => attempts.some(at))) return;
  const workflows = workflowsWithout('none');
  const known = new Set<string>();
  for (const { of, attempts } of roads) {
    if (!attempts.some((attempt) => attempt.playbook === playbook)) continue;
    const scenario = { ...of, workflows };
    const failures = failuresOf(scenario, await runFaultFree(scenario), known);
    for await (const { scenario: failing, attempts } of failures) {
      yield { of: failing, attempts };
    }
  }
}

/** Takes a safeguard away and tries what it stands against, until an invariant breaks. */
export async function isMissed(mutation: Mutation, roads: readonly Road[]): Promise<Missed> {
  const workflows = workflowsWithout(mutation);
  const { at, faults, beside = tryAtOnce } = aimOf(mutation);
  let runs = 0;
  for await (const { of, attempts } of roadsBy(mutation, roads)) {
    const aimed = spread(attempts.filter(at), mostInOneCase);
    if (aimed.length === 0 && !mutation.startsWith('condition:')) continue;
    const { source } = of.case;
    const scenario = { ...of, workflows, without: mutation };
    const faultFree = await runFaultFree(scenario);
    for (const attempt of aimed) {
      for (const { name } of faultsAt(attempt).filter((fault) => faults.includes(fault.name))) {
        if (runs++ >= mostRuns) return { mutation, by: null, runs };
        const came = await play(scenario, { place: attempt.place, fault: faultOf(name) });
        const { violations } = judge(came, faultOf(name), faultFree);
        const [violation] = violations;
        if (!violation || (await breaksAnyway(scenario, attempt, name))) continue;
        return { mutation, by: { source, fault: name, violation }, runs };
      }
    }
    if (!mutation.startsWith('condition:')) continue;
    for await (const { kind, count, violations } of beside(scenario, faultFree)) {
      if (runs++ >= mostRuns) return { mutation, by: null, runs };
      const [violation] = violations;
      const fault = kind === 'at-close' ? 'a finding as it closes' : `${count} ${kind} at once`;
      if (violation) return { mutation, by: { source, fault, violation }, runs };
    }
  }
  return { mutation, by: null, runs };
}
