import type {
  CaseTable,
  Change,
  Condition,
  Item,
  Key,
  Refused,
} from '../functions/shared/case-table.ts';

/** The table of cases of one replay. Items go in and out as JSON, as they would over the wire. */
export class CaseTableInMemory implements CaseTable {
  readonly #items = new Map<string, string>();
  readonly #latency: () => Promise<void>;

  /** `latency` is awaited before every request; the bench measures with it. */
  constructor(latency: () => Promise<void> = async () => {}) {
    this.#latency = latency;
  }

  async get(key: Key): Promise<Item | undefined> {
    await this.#latency();
    return this.#find(key);
  }

  async query(pk: string, prefix = ''): Promise<readonly Item[]> {
    await this.#latency();
    // A place is its partition and its sort key as JSON, so its start can be told without parsing.
    const start = placeOf({ pk, sk: prefix }).slice(0, -2);
    return this.#itemsIn((place) => place.startsWith(start));
  }

  async write(changes: readonly Change[]): Promise<'written' | Refused> {
    await this.#latency();
    refuseUnusable(changes);
    const found: Record<number, Item | null> = {};
    for (const [position, change] of changes.entries()) {
      const now = this.#find(keyOf(change));
      if (!holds(change.onlyIf, now)) found[position] = now ?? null;
    }
    if (Object.keys(found).length > 0) return { found };

    for (const change of changes) {
      if ('put' in change) this.#items.set(placeOf(change.put), JSON.stringify(change.put));
      if ('remove' in change) this.#items.delete(placeOf(change.remove));
    }
    return 'written';
  }

  /** Everything in the table, in order of partition and place. */
  items(): readonly Item[] {
    return this.#itemsIn(() => true);
  }

  #itemsIn(isWanted: (place: string) => boolean): readonly Item[] {
    const wanted = [...this.#items].filter(([place]) => isWanted(place));
    return wanted.map(([, json]) => parse(json)).sort(inOrder);
  }

  #find(key: Key): Item | undefined {
    const json = this.#items.get(placeOf(key));
    return json === undefined ? undefined : parse(json);
  }
}

const placeOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
const keyOf = (change: Change): Key =>
  'put' in change ? change.put : 'remove' in change ? change.remove : change.check;

// Only what was put is read, and it was put as an Item.
const parse = (json: string) => JSON.parse(json) as Item;

/** Not by `placeOf`: there a quote ends each part, and some characters come before a quote. */
function inOrder(a: Item, b: Item): number {
  if (a.pk !== b.pk) return a.pk < b.pk ? -1 : 1;
  return a.sk < b.sk ? -1 : 1;
}

/** DynamoDB's own limits on one transaction. */
function refuseUnusable(changes: readonly Change[]): void {
  const places = new Set(changes.map((change) => placeOf(keyOf(change))));
  if (places.size < changes.length) throw new Error('two changes of one item at once');
  if (changes.length < 1 || changes.length > 100) {
    throw new Error(`expected 1 to 100 changes at once, not ${changes.length}`);
  }
}

function holds(condition: Condition | undefined, item: Item | undefined): boolean {
  if (!condition) return true;
  if ('absent' in condition) return item === undefined;
  if ('absentOr' in condition) {
    const { field, atMost } = condition.absentOr;
    return item === undefined || Number(item[field]) <= atMost;
  }
  return Object.entries(condition.equals).every(([field, value]) => item?.[field] === value);
}
