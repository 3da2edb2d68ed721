import { expect } from 'vitest';
import type { Settings } from '../../functions/shared/settings.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { inOrder } from '../../replay/states-entered.ts';
import { agreeTo } from './approver.ts';
import { caseIdOf, caseIn, itemsOf, missingIn } from './case-items.ts';
import type { Deployed } from './deployment.ts';
import { evidenceIn, evidenceNamed } from './evidence-objects.ts';
import { invocations } from './gateway/gateway.ts';
import type { Invocation } from './gateway/serve.ts';
import { breaking, createMachine, execute } from './machines.ts';
import { injected, rehearse, workflowOf } from './rehearsed.ts';
import { roadOf } from './road.ts';
import { given } from './world.ts';

/** What a workflow is started with, in an account that moto and a rehearsal both begin with. */
interface Start {
  readonly playbook: string;
  readonly input: object;
  readonly state: AccountState;
  readonly settings: Settings;
  /** The states whose step fails. */
  readonly broken?: readonly string[];
}

let executions = 0;

/**
 * Runs a workflow by moto's interpreter with the built handlers, and by a replay, and holds them to
 * the same end, the same states in the same order with as many attempts, and the same case. Says
 * what is left to compare with the world.
 */
export async function runBothWays(
  { machines, table, evidence, told: toldSoFar }: Deployed,
  { playbook, input, state, settings, broken = [] }: Start,
) {
  const name = `run-${++executions}`;
  const deployed = given(machines.get(playbook));
  const machine =
    broken.length === 0
      ? deployed.arn
      : await createMachine(`${playbook}-${name}`, breaking(deployed.definition, broken));
  const { machine: states } = workflowOf(playbook);

  const seen: Invocation[] = [];
  const [executed, rehearsed] = [
    await execute(machine, name, input, async () => {
      const latest = await invocations();
      seen.push(...latest);
      for (const each of latest) await agreeTo(each, table);
    }),
    await rehearse({ playbook, broken, input, settings }, state),
  ];

  const unmeant = failures([...seen, ...(await invocations())]);
  expect(roadOf(states, executed.history), unmeant).toEqual(rehearsed.road);
  expect([executed.status.toLowerCase(), executed.error]).toEqual([
    rehearsed.status,
    rehearsed.failure?.error,
  ]);
  const items = await itemsOf(table);
  const inMoto = caseIn(items, executed.arn);
  expect(inMoto).toEqual(caseIn(rehearsed.items, rehearsed.arn));
  const caseId = caseIdOf(items, executed.arn);
  // A playbook that another one started goes on beside it, and tells of its own.
  const told = (await toldSoFar()).filter(({ description }) =>
    [executed.arn, caseId].some((own) => own !== undefined && description.includes(own)),
  );
  const titles = (all: readonly { title: string }[]) =>
    all.map(({ title }) => title.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, 'time')).sort();
  const toResponders = rehearsed.notifications.filter(({ audience }) => audience === undefined);
  expect(titles(told)).toEqual(titles(toResponders));
  const kept = await evidenceIn(evidence, caseId);
  expect(kept).toEqual(evidenceNamed(rehearsed.stored));
  const entered = inOrder(rehearsed.road).map(({ state: each }) => each);
  return {
    executed,
    entered,
    status: inMoto.status,
    missing: missingIn(items, executed.arn),
    told,
  };
}

/** What Lambdas failed of that were not made to. */
function failures(seen: readonly Invocation[]): string {
  const failed = seen.flatMap(({ target, answered }) =>
    'failure' in answered && answered.failure.errorMessage !== injected.errorMessage
      ? `${target}: ${answered.failure.errorType}: ${answered.failure.errorMessage}`
      : [],
  );
  return [...new Set(failed)].join('\n');
}
