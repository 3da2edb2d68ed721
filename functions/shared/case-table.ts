/** Where an item lives: a partition and its place in it. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** One item: its key, and JSON beside it. */
export type Item = Key & { readonly [field: string]: unknown };

/** What must hold of the item now in place for a change to be made. */
export type Condition =
  | { readonly absent: true }
  /** Present, and each of these fields equal. */
  | { readonly equals: Readonly<Record<string, string | number>> }
  /** Absent, or present with this number at most so large. */
  | { readonly absentOr: { readonly field: string; readonly atMost: number } };

export type Change =
  | { readonly put: Item; readonly onlyIf?: Condition }
  | { readonly remove: Key; readonly onlyIf?: Condition }
  | { readonly check: Key; readonly onlyIf: Condition };

/** The changes whose conditions did not hold; none of a refused set was made. */
export interface Refused {
  /** By position in the set: the item found in place, or null where there was none. */
  readonly found: Readonly<Record<number, Item | null>>;
}

/**
 * The table of cases, as narrow as Cordon needs it: consistent reads, and sets of conditional
 * changes that are made whole or not at all.
 *
 * On AWS it is DynamoDB (`case-table-dynamodb.ts`); in a replay it is memory
 * (`replay/case-table-in-memory.ts`). One contract test holds both.
 */
export interface CaseTable {
  get(key: Key): Promise<Item | undefined>;
  /** The items of one partition whose place starts with `prefix`, in order of place. */
  query(pk: string, prefix?: string): Promise<readonly Item[]>;
  /** At most 100 changes, no two of one item. */
  write(changes: readonly Change[]): Promise<'written' | Refused>;
  /**
   * Moves numbers of an item on by `by`, each from no less than `from`, where it may not be yet, and
   * counts one more in `count`; returns the item as it is then. However many do so at once, each moves
   * them on further. No number may be less than the one before it.
   */
  advance(
    key: Key,
    fields: readonly string[],
    step: { readonly by: number; readonly from: number },
    count?: string,
  ): Promise<Item>;
}
