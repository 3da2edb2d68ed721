import { Priority } from '../../functions/shared/parse-finding.ts';
import { type Case, readCases } from '../read-case.ts';
import type { Workflow } from '../workflow.ts';
import { tryAtOnce } from './at-once.ts';
import { contain } from './contained.ts';
import { failuresOf } from './failing.ts';
import type { Attempt } from './interference.ts';
import type { FaultFree } from './invariants.ts';
import { type Mutation, workflowsWithout } from './mutations.ts';
import { runFaultFree, tryAll, type Wanted } from './run-case.ts';
import type { Scenario, Way } from './scenario.ts';
import { Counting, type Tally } from './tally.ts';

type With = Pick<Scenario, 'workflows' | 'without'>;
type All = Wanted & { readonly atOnce: boolean };

/** What is tried on which cases. */
export interface Trying {
  readonly paths: readonly string[];
  readonly wanted: All;
  /** The safeguard that is taken away. */
  readonly without: Mutation;
}

/** Tries everything on the case of a number, counting as it goes. */
export function trierOf({ paths, wanted, without }: Trying) {
  const cases = paths.flatMap(readCases);
  const workflows = workflowsWithout(without);
  return (index: number, tried: () => void): Promise<Tally> => {
    const of = cases[index];
    if (!of) throw new Error(`there is no case ${index}`);
    return tryCase(of, { workflows, without }, wanted, tried);
  };
}

/**
 * Tries everything on one case, in every way: in the first priority, and in the second where a
 * workflow that runs asks which it is. Elsewhere the second run is the first, word for word.
 */
async function tryCase(
  of: Case,
  { workflows, without }: With,
  wanted: All,
  tried: () => void,
): Promise<Tally> {
  const counting = new Counting();
  const none = { ...wanted, atOnce: false };
  const known = new Set<string>();
  const tryFailing = async (scenario: Scenario, faultFree: FaultFree) => {
    if (!isWanted('failing')) return;
    for await (const { attempts, ...failing } of failuresOf(scenario, faultFree, known)) {
      await tryOne(failing.scenario, failing.faultFree, {
        wanted: none,
        counting,
        tried,
        attempts,
      });
    }
  };
  const isWanted = (way: Way) => !wanted.way || wanted.way === way;
  for (const priority of Priority.options) {
    const scenario = { case: of, priority, workflows, without };
    const faultFree = await runFaultFree(scenario);
    if (isWanted('answered')) await tryOne(scenario, faultFree, { wanted, counting, tried });
    if (isWanted('throttled')) {
      const throttled = { ...scenario, throttled: true } as const;
      const inTurn = await runFaultFree(throttled);
      const attempts = beyond(inTurn, faultFree);
      await tryOne(throttled, inTurn, { wanted: none, counting, tried, attempts });
    }
    await tryFailing(scenario, faultFree);
    const asks = faultFree.came.executions.some(({ family }) =>
      asksForPriority(workflows.get(family.playbook)),
    );
    if (!asks) break;
  }
  const contained = isWanted('released') || isWanted('failing') ? await contain(of) : [];
  if (contained.length > 0) {
    const priority = 'evidence-first';
    const scenario: Scenario = { case: of, priority, workflows, without, contained };
    const faultFree = await runFaultFree(scenario);
    if (isWanted('released')) await tryOne(scenario, faultFree, { wanted, counting, tried });
    await tryFailing(scenario, faultFree);
  }
  return counting.tally;
}

interface One {
  readonly wanted: All;
  readonly counting: Counting;
  readonly attempts?: readonly Attempt[];
  tried(): void;
}

async function tryOne(
  scenario: Scenario,
  faultFree: FaultFree,
  { wanted, counting, attempts, tried }: One,
): Promise<void> {
  for await (const one of tryAll(scenario, faultFree, wanted, attempts)) {
    counting.fault(one);
    tried();
  }
  if (!wanted.atOnce) return;
  for await (const one of tryAtOnce(scenario, faultFree, wanted)) {
    counting.atOnce(one);
    tried();
  }
}

/** The attempts of one run at what the other does not do at all. */
function beyond(one: FaultFree, other: FaultFree): readonly Attempt[] {
  const placeOf = ({ playbook, state, call }: Attempt) => `${playbook}/${state} ${call}`;
  const known = new Set(other.came.attempts.map(placeOf));
  return one.came.attempts.filter((attempt) => !known.has(placeOf(attempt)));
}

/** Whether any state of a workflow decides by the priority. */
const asksForPriority = (workflow: Workflow | undefined): boolean =>
  /"Variable":"\$[^"]*\.priority"/.test(JSON.stringify(workflow?.machine));
