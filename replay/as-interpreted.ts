import {
  isAnswered,
  type Json,
  type JsonObject,
  type Machine,
  payloadOf,
  type State,
  type States,
  withStates,
} from './workflow.ts';

/**
 * A workflow with what `aws-local-stepfunctions` needs added to say afterwards what it did: which
 * item each Task below a Map was run for, and every state that was entered below another.
 *
 * What the states do, and what their steps are sent, is as in the workflow.
 */
export const asInterpreted = (machine: Machine): Machine =>
  settleBelow(numberItems(answered(machine)));

/**
 * The interpreter knows no task tokens: a Task that waits for one is a plain one here, whose handler
 * makes the token up and waits itself.
 */
const answered = (machine: Machine): Machine =>
  withStates(machine, (state) => {
    if (!isAnswered(state)) return state;
    const { TimeoutSecondsPath: _, ...rest } = state;
    const payload = JSON.stringify(payloadOf(state)).replaceAll(
      '"token.$":"$$.Task.Token"',
      `"token":"${madeUpLater}"`,
    );
    // What was a JSON object but for the token is one.
    return { ...rest, Parameters: JSON.parse(payload) as JsonObject };
  });

/** Stands for a token until the handler makes one up. */
export const madeUpLater = 'made up by the rehearsal';

/** The member by which a Task below a Map says which of the items it is run for. */
const member = 'replayedItem';

/**
 * The interpreter hands a local Task its payload and no more, and two items may send the same. So
 * each item gets its number beside its Parameters, and its Tasks take the number along. Inside an
 * item the interpreter's `$$.Execution.Input` is what the item was given, which no state replaces.
 */
const numberItems = (machine: Machine): Machine =>
  withStates(machine, (state) => {
    const { Iterator: each, Parameters: given } = state;
    if (!each || !isObject(given)) return state;
    const numbered = withStates(each, (below) =>
      below.Type === 'Task' && isObject(below.Parameters)
        ? { ...below, Parameters: plus(below.Parameters, `$$.Execution.Input.${member}`) }
        : below,
    );
    return { ...state, Parameters: plus(given, '$$.Map.Item.Index'), Iterator: numbered };
  });

const plus = (template: JsonObject, path: string): JsonObject => ({
  ...template,
  [`${member}.$`]: path,
});

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a Task was sent, and for which item where it stands below a Map. */
export function itemOf(payload: unknown): { sent: unknown; item: number | undefined } {
  if (typeof payload !== 'object' || payload === null || !(member in payload)) {
    return { sent: payload, item: undefined };
  }
  const { [member]: item, ...sent } = payload;
  return { sent, item: Number(item) };
}

const suffix = ' (events settle)';

/** The states that {@link asInterpreted} adds are of no workflow. */
export const isAdded = (state: string): boolean => state.endsWith(suffix);

/** What the Tasks that {@link asInterpreted} adds do. */
export async function settle(): Promise<null> {
  // Turns, not time: the bench's clock must not see it. A Parallel of Maps was late by some 50.
  for (let turn = 0; turn < 2000; turn++) await undefined;
  return null;
}

/**
 * The events of a branch or an item reach the log of what is above it some turns late, and are lost
 * when that is over by then. So a Task that only lets turns pass follows each Parallel and Map.
 */
function settleBelow<Part extends States>(part: Part): Part {
  const added: Record<string, State> = {};
  const states = Object.entries(part.States).map(([name, state]): [string, State] => {
    const { Branches: branches, Iterator: each, Next, End, ...rest } = state;
    if (!branches && !each) return [name, state];
    const after = `${name}${suffix}`;
    added[after] = { Type: 'Task', ResultPath: null, ...(Next ? { Next } : { End: true }) };
    const below = {
      ...(branches && { Branches: branches.map(settleBelow) }),
      ...(each && { Iterator: settleBelow(each) }),
    };
    return [name, { ...rest, ...below, Next: after }];
  });
  return { ...part, States: { ...Object.fromEntries(states), ...added } };
}
