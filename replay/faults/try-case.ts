import { Priority } from '../../functions/shared/parse-finding.ts';
import type { Case } from '../read-case.ts';
import type { Workflow } from '../workflow.ts';
import { tryAtOnce } from './at-once.ts';
import { runFaultFree, tryAll, type Wanted } from './run-case.ts';
import type { Scenario } from './scenario.ts';
import { Counting, type Tally } from './tally.ts';

/**
 * Tries everything on one case: in the first priority, and in the second where a workflow that runs
 * asks which it is. Elsewhere the second run is the first, word for word.
 */
export async function tryCase(
  of: Case,
  { workflows, without }: Pick<Scenario, 'workflows' | 'without'>,
  wanted: Wanted & { readonly atOnce: boolean },
  tried: () => void = () => {},
): Promise<Tally> {
  const counting = new Counting();
  for (const priority of Priority.options) {
    const scenario = { case: of, priority, workflows, without };
    const faultFree = await runFaultFree(scenario);
    for await (const one of tryAll(scenario, faultFree, wanted)) {
      counting.fault(one);
      tried();
    }
    if (wanted.atOnce) {
      for await (const one of tryAtOnce(scenario, faultFree, wanted)) {
        counting.atOnce(one);
        tried();
      }
    }
    const asks = faultFree.came.executions.some(({ family }) =>
      asksForPriority(workflows.get(family.playbook)),
    );
    if (!asks) break;
  }
  return counting.tally;
}

/** Whether any state of a workflow decides by the priority. */
const asksForPriority = (workflow: Workflow | undefined): boolean =>
  /"Variable":"\$[^"]*\.priority"/.test(JSON.stringify(workflow?.machine));
