import { steps } from '../functions/index.ts';
import { placeholderOf, readWorkflows, type State, stepCalledBy } from '../replay/workflow.ts';

/** A playbook as it is deployed: a folder of `statemachines/`. */
export interface Playbook {
  readonly name: string;
  /** Its workflow in States Language, with the steps' placeholders in it. */
  readonly definition: string;
  /** For each step that a state invokes, the longest that one waits for it. */
  readonly waitsFor: ReadonlyMap<string, number>;
}

/** Every playbook there is, as the files stand. */
export const readPlaybooks = (): readonly Playbook[] =>
  [...readWorkflows()].map(([name, text]) => ({
    name,
    definition: JSON.stringify(JSON.parse(text)),
    waitsFor: waitsOf(JSON.parse(text)),
  }));

const byPlaceholder = new Map<string, string>(steps.map(({ name }) => [placeholderOf(name), name]));

/** The steps that a playbook's states name. */
export const placeholdersIn = ({ waitsFor }: Playbook): readonly string[] =>
  [...waitsFor.keys()].sort();

/** Looks at every object of a workflow, since states stand in branches and iterators too. */
function waitsOf(part: unknown, waits = new Map<string, number>()): ReadonlyMap<string, number> {
  if (typeof part !== 'object' || part === null) return waits;
  if ('Type' in part && part.Type === 'Task' && 'Resource' in part) {
    // What has a type and a resource is a state.
    const called = String(stepCalledBy(part as State));
    const step = byPlaceholder.get(called);
    const seconds = 'TimeoutSeconds' in part ? Number(part.TimeoutSeconds) : 60;
    if (!step) throw new Error(`${called} is no step's placeholder`);
    waits.set(step, Math.max(seconds, waits.get(step) ?? 0));
  }
  for (const below of Object.values(part)) waitsOf(below, waits);
  return waits;
}
