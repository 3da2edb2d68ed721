import type { AwsCall } from '../functions/shared/step.ts';
import type { Case } from './read-case.ts';
import { type Replayed, replayCase } from './replay.ts';
import type { Entry } from './states-entered.ts';
import { VirtualTime } from './virtual-time.ts';
import { statesOf, type Workflow } from './workflow.ts';

/** What a road leads to: the calls that together are the cut. */
export interface Goal {
  /** The call whose step makes the cut. */
  readonly by: AwsCall;
  /**
   * Watches the calls of one run in the order they arrive; names those that are part of the cut,
   * each by what it cuts. The first of each name counts, and the cut is when the last one has come.
   */
  watch(): (call: AwsCall, input: object) => string | undefined;
}

/** What lies between a finding and the cut. */
export interface Cut {
  /** The longest chain of AWS calls, the case table's among them. */
  readonly serialCalls: number;
  /** Entered on the road to the cut, that of the cutting step included. */
  readonly states: number;
  /** Of these states, those that run a Lambda. */
  readonly lambdas: number;
  /** Waits on that road. */
  readonly waits: number;
}

/**
 * Measures the road from event to cut: every call takes the same time, and the chain's length is
 * what the cut is later by when each call takes longer. Undefined when nothing was cut.
 *
 * A call sent beside another adds nothing; a call sent after another adds one. All steps act in the
 * responder's own account, so there is no AssumeRole to count.
 */
export async function timeToCut(
  of: Case,
  goal: Goal,
  workflows: ReadonlyMap<string, Workflow>,
): Promise<Cut | undefined> {
  const [quick, slow] = [20, 40];
  const one = await cutAfter(of, goal, workflows, quick);
  const other = await cutAfter(of, goal, workflows, slow);
  if (!one || !other) return undefined;
  const workflow = workflows.get(one.replayed.replay.playbook ?? '');
  return {
    serialCalls: (other.at - one.at) / (slow - quick),
    ...roadTo(one.state, one.replayed.ran?.road ?? [], workflow),
  };
}

async function cutAfter(
  of: Case,
  goal: Goal,
  workflows: ReadonlyMap<string, Workflow>,
  latency: number,
) {
  const time = new VirtualTime();
  const arrived = new Map<string, number>();
  const partOfCut = goal.watch();
  const [replayed] = await replayCase(of, {
    workflows,
    mode: 'live',
    latency: () => time.pass(latency),
    // Asked when a call arrives, which is when its time has passed.
    fault: (call, input) => {
      const part = partOfCut(call, input);
      if (part && !arrived.has(part)) arrived.set(part, time.now);
      return undefined;
    },
  });
  const state = replayed && cuttingState(replayed, goal);
  return state && arrived.size > 0
    ? { replayed, state, at: Math.max(...arrived.values()) }
    : undefined;
}

const cuttingState = ({ replay }: Replayed, { by }: Goal): string | undefined =>
  replay.steps.find(({ calls }) => calls.some(({ call }) => call === by))?.state;

type Road = Omit<Cut, 'serialCalls'>;
const nowhere: Road = { states: 0, lambdas: 0, waits: 0 };

/** What is entered one after the other up to `state`; of branches passed on the way, the longest. */
function roadTo(state: string, entries: readonly Entry[], workflow: Workflow | undefined): Road {
  let road = nowhere;
  for (const entry of entries) {
    road = sum(road, stepOn(entry, workflow));
    if (entry.state === state) return road;
    const within = entry.branches.find((branch) => holds(branch, state));
    if (within) return sum(road, roadTo(state, within, workflow));
    const passed = entry.branches.map((branch) => roadTo(state, branch, workflow));
    road = sum(road, passed.sort((a, b) => b.states - a.states)[0] ?? nowhere);
  }
  return road;
}

const holds = (entries: readonly Entry[], state: string): boolean =>
  entries.some((entry) => entry.state === state || entry.branches.some((b) => holds(b, state)));

const stepOn = ({ state, attempts }: Entry, workflow: Workflow | undefined): Road => ({
  states: 1,
  lambdas: workflow?.tasks.has(state) ? attempts : 0,
  waits: workflow && isWait(workflow, state) ? 1 : 0,
});

const isWait = ({ machine }: Workflow, name: string): boolean =>
  [...statesOf(machine)].some(([each, { Type }]) => each === name && Type === 'Wait');

const sum = (one: Road, other: Road): Road => ({
  states: one.states + other.states,
  lambdas: one.lambdas + other.lambdas,
  waits: one.waits + other.waits,
});
