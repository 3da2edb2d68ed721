import { steps } from '../../functions/index.ts';
import type { Settings } from '../../functions/shared/settings.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { EvidenceInMemory } from '../../replay/evidence-in-memory.ts';
import { executionArn, runWorkflow } from '../../replay/run-workflow.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { given } from './world.ts';

const workflows = loadWorkflows(steps);

export const workflowOf = (playbook: string) => given(workflows.get(playbook));

/** How a step fails that is made to. */
export const injected = { errorType: 'InternalError', errorMessage: 'made to fail by a test' };

/** One execution to rehearse. */
interface Rehearsed {
  readonly playbook: string;
  /** The states whose step fails whenever it runs. */
  readonly broken?: readonly string[];
  readonly input: object;
  readonly settings: Settings;
}

/** Runs a workflow as a replay does, in a rehearsal account in the given state. */
export async function rehearse(
  { playbook, broken = [], input, settings }: Rehearsed,
  state: AccountState,
) {
  const known = workflowOf(playbook);
  const tasks = new Map(
    [...known.tasks].map(([name, step]) => [name, broken.includes(name) ? failing(step) : step]),
  );
  const now = () => new Date();
  const table = new CaseTableInMemory();
  const evidence = new EvidenceInMemory();
  const account = new RehearsalAccount(state, { now });
  const execution = {
    workflow: { ...known, tasks },
    name: 'rehearsed',
    input,
    account,
    table,
    evidence,
    settings,
    now,
    running: new Set<string>(),
    approver: 'approves' as const,
    // As on AWS, where there is no copy of the account to play a dry run's writes on.
    dryRun: 'stand-ins' as const,
    start: async (started: string, _request: object, name: string) => ({
      outcome: 'started' as const,
      execution: `${started}:${name}`,
    }),
  } satisfies Parameters<typeof runWorkflow>[0];
  const ran = await runWorkflow(execution).ended;
  const stored = evidence.bodies('').map(([key]) => key);
  return { ...ran, items: table.items(), stored, arn: executionArn(execution, execution.name) };
}

const failing = <Step extends object>(step: Step): Step => ({
  ...step,
  run: async () => {
    throw Object.assign(new Error(injected.errorMessage), { name: injected.errorType });
  },
});
