import type { States } from './workflow.ts';

/** One time a state was entered. */
export interface Entry {
  readonly state: string;
  /** How often it was run: once, and again for each retry. */
  attempts: number;
  /** What was entered below a Parallel state, by branch. */
  readonly branches: readonly Entry[][];
}

/**
 * The states an execution entered, in workflow order and then start order: what a Parallel's first
 * branch entered comes before what its second did, however their turns interleaved.
 */
export class StatesEntered {
  readonly #top: Entry[] = [];
  readonly #latest = new Map<string, Entry>();
  readonly #places: ReadonlyMap<string, Place>;

  constructor(machine: States) {
    this.#places = new Map(placesIn(machine));
  }

  enter(state: string): void {
    const { parallel, branch, branches } = this.#places.get(state) ?? nowhere;
    const beside = parallel ? this.#latest.get(parallel)?.branches[branch] : this.#top;
    const entry: Entry = {
      state,
      attempts: 1,
      branches: Array.from({ length: branches }, () => []),
    };
    (beside ?? this.#top).push(entry);
    this.#latest.set(state, entry);
  }

  retry(state: string): void {
    const entry = this.#latest.get(state);
    if (entry) entry.attempts++;
  }

  get entries(): readonly Entry[] {
    return this.#top;
  }
}

/** Entries with those below them, each Parallel's after it. */
export const inOrder = (entries: readonly Entry[]): readonly Entry[] =>
  entries.flatMap((entry) => [entry, ...entry.branches.flatMap(inOrder)]);

/** Where a state stands: in which branch of which Parallel, and how many branches it has itself. */
interface Place {
  readonly parallel?: string;
  readonly branch: number;
  readonly branches: number;
}

const nowhere: Place = { branch: 0, branches: 0 };

function* placesIn(
  { States }: States,
  below: Omit<Place, 'branches'> = { branch: 0 },
): Generator<[string, Place]> {
  for (const [name, { Branches = [] }] of Object.entries(States)) {
    yield [name, { ...below, branches: Branches.length }];
    for (const [branch, states] of Branches.entries()) {
      yield* placesIn(states, { parallel: name, branch });
    }
  }
}
