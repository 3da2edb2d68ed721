import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { type Entry, StatesEntered } from '../../replay/states-entered.ts';
import type { Machine } from '../../replay/workflow.ts';

/**
 * The states that an execution's history says were entered, as the replay tells its own: branch by
 * branch and item by item, each with how often its Lambda was invoked.
 */
export function roadOf(machine: Machine, history: readonly HistoryEvent[]): readonly Entry[] {
  const byId = new Map(history.map((event) => [event.id, event]));
  const entered = new StatesEntered(machine);
  const invoked = new Set<number>();
  for (const event of history) {
    const state = event.stateEnteredEventDetails?.name;
    if (state) entered.enter(state, itemOf(event, byId));
    if (event.type !== 'LambdaFunctionScheduled' && event.type !== 'TaskScheduled') continue;
    const task = above(event, byId, ({ type }) => type === 'TaskStateEntered');
    const name = task?.stateEnteredEventDetails?.name;
    if (!task?.id || !name) throw new Error(`event ${event.id} belongs to no state`);
    if (invoked.has(task.id)) entered.retry(name, itemOf(task, byId));
    invoked.add(task.id);
  }
  return entered.entries;
}

type Events = ReadonlyMap<number | undefined, HistoryEvent>;

function itemOf(event: HistoryEvent, byId: Events): number | undefined {
  const started = above(event, byId, ({ type }) => /^Map(?:Iteration|State)/.test(type ?? ''));
  return started?.type === 'MapIterationStarted'
    ? started.mapIterationStartedEventDetails?.index
    : undefined;
}

/** The nearest event that led to this one and is of a kind. */
function above(
  event: HistoryEvent,
  byId: Events,
  isIt: (event: HistoryEvent) => boolean,
): HistoryEvent | undefined {
  for (let at = byId.get(event.previousEventId); at; at = byId.get(at.previousEventId)) {
    if (isIt(at)) return at;
  }
  return undefined;
}
