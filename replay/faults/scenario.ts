import type { Context } from 'aws-lambda';
import { settleFailedExecution } from '../../functions/settle-failed-execution/handler.ts';
import type { Notification } from '../../functions/shared/home.ts';
import { toLambda } from '../../functions/shared/lambda.ts';
import type { Priority } from '../../functions/shared/parse-finding.ts';
import type { Result } from '../../functions/shared/step.ts';
import { wireRehearsal } from '../account/wiring.ts';
import { type Family, runFamily } from '../family.ts';
import { findingsIn, type Item } from '../findings-in.ts';
import type { Case } from '../read-case.ts';
import { ask } from '../request.ts';
import type { Between, Execution } from '../run-workflow.ts';
import type { Workflow } from '../workflow.ts';
import { Worlds } from '../worlds.ts';
import { type Attempt, Interference, type Plan } from './interference.ts';
import type { Mutation } from './mutations.ts';

/** What is run: every finding of a case, live, in one priority. */
export interface Scenario {
  readonly case: Case;
  readonly priority: Priority;
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** A safeguard of the case table that is taken away, to see that it is missed. */
  readonly without?: Mutation | undefined;
}

type World = Pick<
  ReturnType<Worlds['of']>,
  'account' | 'table' | 'evidence' | 'running' | 'taken' | 'turns' | 'waits' | 'nextName'
>;

/** One execution, how it ended, and what settled it where it did not end well. */
export interface Ended {
  readonly family: Family;
  readonly world: World;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  readonly settled?: Result;
}

/** What a run came to. */
export interface Came {
  readonly worlds: readonly World[];
  readonly executions: readonly Ended[];
  readonly told: readonly Notification[];
  readonly attempts: readonly Attempt[];
  readonly met: Interference['met'];
  /** The world that the fault was met in. */
  readonly where: World | undefined;
  /** Whether what is started anew finds nothing of its own: no open case, and no finding seen. */
  readonly opensAnew: boolean;
}

/** What a run came to whose stopped execution was started anew, and what it came to where it was not. */
interface Played extends Came {
  readonly asStopped: Came | null;
}

interface Working {
  readonly target: string;
  readonly world: World;
  readonly request: object;
  readonly underWay: Promise<void>;
  readonly ended: Promise<Family>;
}

/** Who else is started, beside what the case's own findings start. */
interface More {
  /** How many copies of the first finding arrive at once. */
  readonly copies?: number;
  /** Further faults, each met once. */
  readonly further?: readonly Plan[];
  /** Each of them is a finding of its own, by its id. */
  readonly distinct?: boolean;
  /** At which attempt the finding after the first comes: the case's own next one, or one like it. */
  readonly next?: string;
}

/**
 * Runs a case with at most one fault, as a deployment would meet it: findings about one target meet
 * each other, an execution that was stopped is started anew, and the rule on executions that failed or
 * were stopped settles each of them once everything has ended.
 */
export async function play(scenario: Scenario, plan?: Plan, more: More = {}): Promise<Played> {
  const { further, next } = more;
  const [first, second = first && another(first, 1)] = findingsIn(scenario.case);
  const working: Working[] = [];
  const interference = new Interference(plan, scenario.without, {
    ...(further && { further }),
    ...(next && second && { meanwhile: { place: next, happens: () => startAt(second) } }),
  });
  const worlds = new Worlds(scenario.case.account, {});
  const stage = new Stage(scenario, interference.between);
  const startAt = async (item: Item) => {
    const started = stage.start(item, worlds);
    if (started) working.push(started);
    await started?.underWay;
  };
  for (const item of findingsIn(scenario.case).slice(0, next ? 1 : undefined)) {
    const last = working.at(-1);
    if (last && last.target !== item.target) await ended(working);
    await last?.underWay;
    for (let copy = 0; copy < (more.copies ?? 1); copy++) {
      const started = stage.start(more.distinct ? another(item, copy) : item, worlds);
      if (started) working.push(started);
    }
  }
  const families = (await ended(working)).flatMap(({ one: { world }, family }) =>
    allOf(family).map((each): InWorld => ({ family: each, world })),
  );
  const { stopped } = interference;
  const gone = families.filter(({ family }) => stopped.has(family.execution));
  // As a world of its own: what is settled is not there any more to be taken over.
  const asStopped =
    gone.length > 0 ? await stage.settled(copyOf(families), families, interference) : null;
  for (const one of gone) families.push(...(await stage.startAnew(one)));
  const came = await stage.settled(families, families, interference);
  return { ...came, asStopped, opensAnew: asStopped?.executions.every(leavesNothing) ?? false };
}

/**
 * Whether an execution, if it was stopped, left nothing that the next one goes on with: it had opened
 * no case, or had closed the one that a person started it for. A finding is answered once.
 */
function leavesNothing({ family: { request }, settled }: Ended): boolean {
  if (!settled || settled.outcome === 'no-case') return true;
  return settled.outcome !== 'settled' && !('event' in request);
}

/** The same executions in worlds of the same state, which they no longer share with the first. */
function copyOf(families: readonly InWorld[]): readonly InWorld[] {
  const copies = new Map<World, World>();
  return families.map(({ family, world }) => {
    const copy = copies.get(world) ?? {
      ...pick(world),
      account: world.account.copy(),
      table: world.table.copy(),
    };
    copies.set(world, copy);
    return { family, world: copy };
  });
}

const pick = ({ evidence, running, taken, turns, waits, nextName }: World) => ({
  evidence,
  running,
  taken,
  turns,
  waits,
  nextName,
});

/** The id that the n-th of several findings has which differ in it alone. */
export const idOf = (id: string, number: number): string => (number === 0 ? id : `${id}-${number}`);

/** The same finding by another id. */
function another(item: Item, number: number): Item {
  if (!('parsed' in item) || number === 0) return item;
  const { parsed } = item;
  const { finding, request, event } = parsed;
  const id = idOf(finding.id, number);
  const renamed = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(finding.id), JSON.stringify(id)));
  return {
    ...item,
    parsed: {
      ...parsed,
      finding: { ...finding, id },
      request: renamed(request),
      event: renamed(event),
    },
  };
}

/** Waits for all, those included that are started meanwhile. */
async function ended(
  working: readonly Working[],
): Promise<readonly { one: Working; family: Family }[]> {
  const count = working.length;
  const all = await Promise.all(working.map(async (one) => ({ one, family: await one.ended })));
  return working.length > count ? ended(working) : all;
}

interface InWorld {
  readonly family: Family;
  readonly world: World;
}

const allOf = (family: Family): readonly Family[] => [family, ...family.started.flatMap(allOf)];

/** Starts and settles executions of one scenario. */
class Stage {
  readonly #scenario: Scenario;
  readonly #between: Between;
  /** The time of what was started last. */
  #clock = '';

  constructor(scenario: Scenario, between: Between) {
    this.#scenario = scenario;
    this.#between = between;
  }

  /**
   * Undefined where nothing is started: the file holds no finding, no playbook answers it, or a case
   * is to be released, which has a workflow and tests of its own.
   */
  start(item: Item, worlds: Worlds): Working | undefined {
    if (!('parsed' in item)) return undefined;
    const asked = ask(item.parsed, { mode: 'live', otherwise: 'live' });
    if (asked.playbook === null) return undefined;
    const { finding } = item.parsed;
    const world = worlds.of(item.target, finding);
    const request = { ...asked.request, priority: this.#scenario.priority };
    const now = () => new Date(finding.updatedAt);
    const execution = this.#execution(asked.playbook, request, world, now);
    const { underWay, ended } = runFamily(execution, this.#scenario.workflows);
    return { target: item.target, world, request, underWay, ended };
  }

  /** The same request once more, as GuardDuty or a person would send it. */
  async startAnew({ family, world }: InWorld): Promise<readonly InWorld[]> {
    const { playbook, request } = family;
    const now = () => new Date(this.#clock);
    const { ended } = runFamily(
      this.#execution(playbook, request, world, now),
      this.#scenario.workflows,
    );
    return allOf(await ended).map((each) => ({ family: each, world }));
  }

  /**
   * What everything came to, once the rule on executions that did not end well has settled them:
   * in the worlds it ran in, or in copies of them.
   */
  async settled(
    families: readonly InWorld[],
    originals: readonly InWorld[],
    { stopped, attempts, met }: Interference,
  ): Promise<Came> {
    const told: Notification[] = families.flatMap(({ family }) => family.ran.notifications);
    const executions: Ended[] = [];
    for (const each of families) {
      const { execution, ran } = each.family;
      const status = stopped.has(execution) ? 'ABORTED' : ran.status === 'failed' ? 'FAILED' : null;
      if (!status) executions.push({ ...each, status: 'SUCCEEDED' });
      else if (this.#scenario.without === 'rule:settle') executions.push({ ...each, status });
      else executions.push({ ...each, status, settled: await this.settle(each, status, told) });
    }
    const worlds = [...new Set(families.map(({ world }) => world))];
    const at = originals.findIndex(({ world }) => world.account === met?.account);
    const where = families[at]?.world;
    return { worlds, executions, told, attempts, met, where, opensAnew: false };
  }

  /** What the rule on executions that did not end well invokes. */
  async settle({ family, world }: InWorld, status: string, told: Notification[]): Promise<Result> {
    const { account, table, running, evidence } = world;
    const wiring = wireRehearsal({
      account,
      mode: 'live',
      table,
      evidence,
      settings: this.#scenario.case.settings,
      notifications: told,
      now: () => new Date(this.#clock),
      running,
    });
    const event = { detail: { executionArn: family.execution, status } };
    // A context that no step reads.
    return toLambda(settleFailedExecution, async () => wiring)({ input: { event } }, {} as Context);
  }

  #execution(playbook: string, request: object, world: World, now: () => Date): Execution {
    const { workflows, case: of } = this.#scenario;
    const workflow = workflows.get(playbook);
    if (!workflow) throw new Error(`there is no workflow for ${playbook}`);
    this.#clock = now().toISOString();
    const { account, table, evidence, running, taken, turns, waits } = world;
    const { approver, units, settings } = of;
    return {
      workflow,
      name: world.nextName(request),
      input: request,
      account,
      table,
      evidence,
      running,
      taken,
      turns,
      waits,
      approver,
      units,
      settings,
      now,
      between: this.#between,
    };
  }
}
