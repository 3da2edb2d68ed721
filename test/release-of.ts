import { steps } from '../functions/index.ts';
import { CaseRecord } from '../functions/shared/case-record.ts';
import type { Mode } from '../functions/shared/journal.ts';
import { namesOf } from '../functions/shared/recorded-change.ts';
import type { Settings } from '../functions/shared/settings.ts';
import { RehearsalAccount, type RehearsalOptions } from '../replay/account/rehearsal-account.ts';
import type { CaseTableInMemory } from '../replay/case-table-in-memory.ts';
import { type Execution, executionArn, runWorkflow } from '../replay/run-workflow.ts';
import { loadWorkflows, type Workflow } from '../replay/workflow.ts';

const sound = loadWorkflows(steps).get('release');

/** A world in which a case is to be released. */
export interface ReleaseIn {
  readonly account: RehearsalAccount;
  readonly table: CaseTableInMemory;
  readonly settings: Settings;
  /** ISO 8601. */
  readonly at: string;
  readonly running?: readonly string[];
  readonly workflow?: Workflow;
  readonly dryRun?: 'copy' | 'stand-ins';
  /** Who is asked first, and what else goes on meanwhile. */
  readonly around?: Partial<
    Pick<Execution, 'approver' | 'units' | 'waits' | 'running' | 'between'>
  >;
}

/** A case's account and table, copied for one test alone to change, and the one case that is in it. */
export async function worldAfter(
  { rehearsal, table: shared }: { rehearsal: RehearsalAccount; table: CaseTableInMemory },
  { now, fault }: { now(): Date; fault?: RehearsalOptions['fault'] | undefined },
) {
  const table = shared.copy();
  const account = new RehearsalAccount(structuredClone(rehearsal.state), {
    now,
    ...(fault && { fault }),
  });
  const [only] = await casesIn(table);
  if (!only) throw new Error('it came to no case');
  return { table, account, only };
}

/** The states of the workflow that are about asking people. */
export const asking: readonly string[] = [
  'Ask for approval',
  'Nobody answered in time',
  'Settle release',
  'People decided against it',
  'Nobody agreed in time',
  'Tell a human that nobody could be asked',
  'Nobody could be asked',
];

let executions = 0;

/** Runs the playbook `release` and says what came of it. */
export async function release(
  input: object,
  { account, table, settings, at, running = [], workflow = sound, dryRun, around }: ReleaseIn,
) {
  if (!workflow) throw new Error('there is no workflow for release');
  const before = structuredClone(account.state);
  const now = () => new Date(at);
  const name = `release-${++executions}`;
  const ran = await runWorkflow({
    workflow,
    name,
    input,
    account,
    table,
    settings,
    running: new Set(running),
    now,
    ...(dryRun && { dryRun }),
    ...around,
  }).ended;
  const invocations = ran.entered.flatMap((entered) => entered.invocations);
  const result = (step: string) => invocations.findLast((one) => one.step === step)?.result;
  return {
    execution: executionArn({ account, workflow }, name),
    status: ran.status,
    failure: ran.failure,
    state: ran.entered.at(-1)?.state,
    states: ran.entered.map(({ state }) => state),
    notifications: ran.notifications,
    // biome-ignore lint/suspicious/noExplicitAny: each test knows the results it looks at
    plan: result('plan-release') as any,
    // biome-ignore lint/suspicious/noExplicitAny: as above
    closing: result('close-release') as any,
    error: invocations.find(({ step }) => step === 'plan-release')?.error,
    /** What came of each change, in order. */
    changes: invocations
      .filter(({ step, result }) => step === 'release-change' && result)
      // biome-ignore lint/suspicious/noExplicitAny: as above
      .map((one) => one.result as any),
    calls: invocations.flatMap(({ journal }) => journal),
    steps: invocations.map(({ step }) => step),
    before,
    after: structuredClone(account.state),
  };
}

export type Released = Awaited<ReturnType<typeof release>>;

/** The cases of a table, newest first, with every group that each has left. */
export async function casesIn(table: CaseTableInMemory, mode: Mode = 'live') {
  const cases = new CaseRecord(table, () => new Date(0));
  const opened = table
    .items()
    .filter(({ sk, pk, mode: of }) => sk === 'case' && pk.startsWith('case#') && of === mode);
  return Promise.all(
    opened.map(async ({ pk, target }) => {
      const caseId = pk.slice('case#'.length);
      const found = await cases.releases.find(caseId as never);
      const changes = await cases.releases.changes(caseId as never);
      return {
        caseId,
        target: String(target),
        latest: found?.latest.caseId,
        status: found?.status,
        rejoin: changes.flatMap((change) => namesOf(change).slice(0, 1)),
        changes,
      };
    }),
  );
}
