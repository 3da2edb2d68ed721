import type { Context } from 'aws-lambda';
import { settleFailedExecution } from '../../functions/settle-failed-execution/handler.ts';
import type { Finding } from '../../functions/shared/finding.ts';
import type { Notification } from '../../functions/shared/home.ts';
import { toLambda } from '../../functions/shared/lambda.ts';
import type { Result } from '../../functions/shared/step.ts';
import { wireRehearsal } from '../account/wiring.ts';
import { type Family, runFamily } from '../family.ts';
import type { Item } from '../findings-in.ts';
import { ask } from '../request.ts';
import type { Between, Execution } from '../run-workflow.ts';
import type { Interference } from './interference.ts';
import type { Came, Ended, Scenario, World } from './scenario.ts';

/** A family of executions that is under way, or has ended. */
export interface Working {
  readonly target: string;
  readonly world: World;
  readonly underWay: Promise<void>;
  readonly ended: Promise<Family>;
}

export interface InWorld {
  readonly family: Family;
  readonly world: World;
}

/** An execution with all that it started. */
export const allOf = (family: Family): readonly Family[] => [
  family,
  ...family.started.flatMap(allOf),
];

/** Starts and settles executions of one scenario. */
export class Stage {
  readonly #scenario: Scenario;
  readonly #between: Between;
  /** The time of what was started last. */
  #clock = '';

  constructor(scenario: Scenario, between: Between) {
    this.#scenario = scenario;
    this.#between = between;
  }

  /** Undefined where nothing is started: the file holds no finding, or no playbook answers it. */
  answer(item: Item, worldOf: (finding: Finding) => World, at?: string): Working | undefined {
    if (!('parsed' in item)) return undefined;
    const asked = ask(item.parsed, { mode: 'live', otherwise: 'live' });
    if (asked.playbook === null) return undefined;
    const { finding } = item.parsed;
    const world = worldOf(finding);
    const request = { ...asked.request, priority: this.#scenario.priority };
    const started = this.run(asked.playbook, request, { world, at: at ?? finding.updatedAt });
    return { target: item.target, world, ...started };
  }

  /** Runs a playbook with all that it starts. */
  run(playbook: string, request: object, { world, at }: { world: World; at: string }) {
    this.#clock = at;
    const now = () => new Date(at);
    return runFamily(this.#execution(playbook, request, world, now), this.#scenario.workflows);
  }

  /** The same request once more, as GuardDuty or a person would send it. */
  async startAnew({ family, world }: InWorld): Promise<readonly InWorld[]> {
    const { playbook, request } = family;
    const { ended } = this.run(playbook, request, { world, at: this.#clock });
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
