import type { States } from './workflow.ts';

/** One time a state was entered. */
export interface Entry {
  readonly state: string;
  /** Below a Map state: which of its items, from 0. */
  readonly item: number | undefined;
  /** How often it was run: once, and again for each retry. */
  attempts: number;
  /** What was entered below a Parallel state, by branch, or below a Map state, by item. */
  readonly branches: Entry[][];
}

/**
 * The states an execution entered, in workflow order and then start order: what a Parallel's first
 * branch entered comes before what its second did, and a Map's items come in the order of their
 * list, however their turns interleaved.
 */
export class StatesEntered {
  readonly #top: Entry[] = [];
  readonly #latest = new Map<string, Entry>();
  readonly #places: ReadonlyMap<string, Place>;

  constructor(machine: States) {
    this.#places = new Map(placesIn(machine));
  }

  enter(state: string, item?: number): void {
    const entry: Entry = { state, item, attempts: 1, branches: [] };
    this.#beside(state, item).push(entry);
    this.#latest.set(keyOf(state, item), entry);
  }

  retry(state: string, item?: number): void {
    const entry = this.#latest.get(keyOf(state, item));
    if (entry) entry.attempts++;
  }

  get entries(): readonly Entry[] {
    return this.#top;
  }

  #beside(state: string, item = 0): Entry[] {
    const place = this.#places.get(state);
    const above = place && this.#latest.get(keyOf(place.below));
    if (!above) return this.#top;
    const branch = place.branch ?? item;
    while (above.branches.length <= branch) above.branches.push([]);
    return above.branches[branch] ?? this.#top;
  }
}

const keyOf = (state: string, item?: number): string => JSON.stringify([state, item ?? null]);

/** Entries with those below them, each Parallel's and each Map's after it. */
export const inOrder = (entries: readonly Entry[]): readonly Entry[] =>
  entries.flatMap((entry) => [entry, ...entry.branches.flatMap(inOrder)]);

/** Where a state stands below another: in which branch of a Parallel, or in every item of a Map. */
interface Place {
  readonly below: string;
  readonly branch: number | undefined;
}

function* placesIn({ States }: States, place?: Place): Generator<[string, Place]> {
  for (const [name, { Branches = [], Iterator: each }] of Object.entries(States)) {
    if (place) yield [name, place];
    for (const [branch, states] of Branches.entries()) {
      yield* placesIn(states, { below: name, branch });
    }
    if (each) yield* placesIn(each, { below: name, branch: undefined });
  }
}
