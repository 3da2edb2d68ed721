import { faultOf } from './faults.ts';
import type { Attempt } from './interference.ts';
import type { FaultFree } from './invariants.ts';
import { runFaultFree } from './run-case.ts';
import type { Scenario } from './scenario.ts';

/** A scenario in which a step fails for good, what it comes to, and the attempts that come of it. */
interface Failing {
  readonly scenario: Scenario;
  readonly faultFree: FaultFree;
  readonly attempts: readonly Attempt[];
}

const stateOf = ({ playbook, state }: Attempt) => `${playbook}/${state}`;

/**
 * Has each state's step fail for good, one at a time, and finds the attempts in states that nothing
 * but a failure leads to: those in which people are told of it, above all. It takes a second fault to
 * know what these come to. `known` states are left out, and those that are found are added to them.
 */
export async function* failuresOf(
  scenario: Scenario,
  faultFree: FaultFree,
  known: Set<string>,
): AsyncGenerator<Failing> {
  const first = new Map<string, Attempt>();
  for (const attempt of faultFree.came.attempts) {
    if (!first.has(stateOf(attempt))) first.set(stateOf(attempt), attempt);
  }
  for (const state of first.keys()) known.add(state);
  for (const { place } of first.values()) {
    const failing: Scenario = { ...scenario, given: { place, fault: faultOf('access-denied') } };
    const without = await runFaultFree(failing);
    const attempts = without.came.attempts.filter((attempt) => !known.has(stateOf(attempt)));
    for (const attempt of attempts) known.add(stateOf(attempt));
    if (attempts.length > 0) yield { scenario: failing, faultFree: without, attempts };
  }
}
