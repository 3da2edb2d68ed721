import type { Home } from '../functions/shared/home.ts';
import { UnusableInputError } from '../functions/shared/unusable-input.ts';
import type { AccountState } from './account/state.ts';
import { type Execution, executionArn, type Ran, runWorkflow } from './run-workflow.ts';
import type { Workflow } from './workflow.ts';

/** An execution with those that its steps started, theirs included. */
export interface Family {
  readonly playbook: string;
  readonly execution: string;
  readonly request: object;
  readonly ran: Ran;
  /** The account as it was when this execution was started, and as it was when it had ended. */
  readonly account: { readonly before: AccountState; readonly after: AccountState };
  /** In the order in which the workflow's states started them. */
  readonly started: readonly Family[];
}

/**
 * Runs a workflow, and every playbook that its steps start, in the same world: the same account,
 * cases and clock, side by side as on AWS. `ended` waits for all of them.
 *
 * In a dry run each works on a copy of its own, as if the others had changed nothing: what one would
 * have changed is not there for another, just as on AWS.
 */
export function runFamily(
  execution: Execution,
  workflows: ReadonlyMap<string, Workflow>,
): { underWay: Promise<void>; ended: Promise<Family> } {
  const { account, workflow, input: request, name } = execution;
  const started = new Map<string, Promise<Family>>();
  const { taken: names = new Set() } = execution;
  const start: Home['start'] = async (playbook, input, name) => {
    const further = workflows.get(playbook);
    if (!further) throw new UnusableInputError(`there is no workflow for ${playbook}`);
    const arn = executionArn({ account, workflow: further }, name);
    if (names.has(arn)) return { outcome: 'already-started', execution: arn };
    names.add(arn);
    started.set(arn, runFamily({ ...execution, workflow: further, name, input }, workflows).ended);
    return { outcome: 'started', execution: arn };
  };
  const before = account.copy().state;
  const { underWay, ended } = runWorkflow({ ...execution, start });
  const whole = ended.then(async (ran): Promise<Family> => {
    const after = account.copy().state;
    return {
      playbook: workflow.playbook,
      execution: executionArn(execution, name),
      request,
      ran,
      account: { before, after },
      started: await Promise.all(inOrderOf(ran, started)),
    };
  });
  return { underWay, ended: whole };
}

/** Steps of one Parallel or Map may have started theirs in any order; their states have one. */
function inOrderOf(ran: Ran, started: ReadonlyMap<string, Promise<Family>>) {
  const named = ran.entered.flatMap(({ invocations }) =>
    invocations.flatMap(({ result }) =>
      result && 'execution' in result ? String(result.execution) : [],
    ),
  );
  return [...new Set([...named, ...started.keys()])].flatMap((arn) => started.get(arn) ?? []);
}
