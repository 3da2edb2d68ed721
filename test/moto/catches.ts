import { type Machine, type State, statesOf } from '../../replay/workflow.ts';

/** The states of a workflow that catch a failure, in the order of its file. */
export const catching = (machine: Machine): readonly string[] =>
  [...statesOf(machine)].flatMap(([name, { Catch }]) => (Catch ? name : []));

/**
 * The states to break so that a state is entered and fails, in an execution that goes well through
 * the states `entered`: itself, and before it, where it is none of those, the one whose failure leads
 * there. Undefined where none does.
 */
export function toReach(
  state: string,
  machine: Machine,
  entered: ReadonlySet<string>,
): readonly string[] | undefined {
  if (entered.has(state)) return [state];
  const states = new Map(statesOf(machine));
  const before = catching(machine).find(
    (name) => entered.has(name) && leadsTo(state, states.get(name), states),
  );
  return before === undefined ? undefined : [before, state];
}

/** Whether a state's failure leads to another by Pass states alone. */
function leadsTo(
  wanted: string,
  failing: State | undefined,
  states: ReadonlyMap<string, State>,
): boolean {
  return (failing?.Catch ?? []).some(({ Next }) => {
    let at: string | undefined = Next;
    while (at !== undefined && at !== wanted && states.get(at)?.Type === 'Pass') {
      at = states.get(at)?.Next;
    }
    return at === wanted;
  });
}
