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
  /** By partition and by place in it, as JSON. */
  readonly #partitions = new Map<string, Map<string, string>>();
  readonly #latency: (moved?: string) => Promise<void>;

  /**
   * `latency` is awaited before every request; the bench measures with it. It is told the partition of
   * an item that is moved on, which many may want to do at once.
   */
  constructor(latency: (moved?: string) => Promise<void> = async () => {}) {
    this.#latency = latency;
  }

  /** A table of the same items, whose changes this one never sees. */
  copy(): CaseTableInMemory {
    const copy = new CaseTableInMemory(this.#latency);
    for (const item of this.items()) copy.#put(item);
    return copy;
  }

  async get(key: Key): Promise<Item | undefined> {
    await this.#latency();
    return this.#find(key);
  }

  async query(pk: string, prefix = ''): Promise<readonly Item[]> {
    await this.#latency();
    const places = [...(this.#partitions.get(pk) ?? [])];
    return inOrder(places.filter(([sk]) => sk.startsWith(prefix)).map(([, json]) => parse(json)));
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
      if ('put' in change) this.#put(change.put);
      if ('remove' in change) this.#partitions.get(change.remove.pk)?.delete(change.remove.sk);
    }
    return 'written';
  }

  async advance(
    key: Key,
    fields: readonly string[],
    { by, from }: { by: number; from: number },
    count?: string,
  ): Promise<Item> {
    await this.#latency(key.pk);
    const now = this.#find(key);
    const { pk, sk } = key;
    const item: Item = {
      ...now,
      pk,
      sk,
      ...Object.fromEntries(
        fields.map((field) => [field, Math.max(Number(now?.[field] ?? from), from) + by]),
      ),
      ...(count && { [count]: Number(now?.[count] ?? 0) + 1 }),
    };
    this.#put(item);
    return item;
  }

  /** Everything in the table, in order of partition and place. */
  items(): readonly Item[] {
    const places = [...this.#partitions.values()].flatMap((partition) => [...partition.values()]);
    return inOrder(places.map(parse));
  }

  #put(item: Item): void {
    const partition = this.#partitions.get(item.pk) ?? new Map<string, string>();
    this.#partitions.set(item.pk, partition);
    partition.set(item.sk, JSON.stringify(item));
  }

  #find({ pk, sk }: Key): Item | undefined {
    const json = this.#partitions.get(pk)?.get(sk);
    return json === undefined ? undefined : parse(json);
  }
}

const placeOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
const keyOf = (change: Change): Key =>
  'put' in change ? change.put : 'remove' in change ? change.remove : change.check;

// Only what was put is read, and it was put as an Item.
const parse = (json: string) => JSON.parse(json) as Item;

/** By the code units of their keys, as JavaScript compares them. */
const inOrder = (items: readonly Item[]): readonly Item[] =>
  items.toSorted((a, b) => (a.pk === b.pk ? compare(a.sk, b.sk) : compare(a.pk, b.pk)));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

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
