import { createHash } from 'node:crypto';
import type { CaseTable, Change, Item } from './case-table.ts';
import type { CaseId } from './ids.ts';

/** At most `most` containments in any hour, of what `scope` names. */
export interface HourlyLimit {
  /** Also part of a key in the case table, such as `account#111122223333`. */
  readonly scope: string;
  readonly most: number;
}

/** A place in a limit that one case has taken. */
export interface Place {
  readonly scope: string;
  readonly number: number;
}

const hourSeconds = 3_600;

/**
 * Counts a case in a limit, or says that it is full.
 *
 * A limit of n is n places in the case table, and a place once taken is free again an hour later: so
 * no hour, wherever it begins, holds more than n. Each case begins to look at a place of its own, so
 * a hundred cases at once do not wait for one another over a single counter, whose every transaction
 * DynamoDB would cancel for the others'. When the limit is lowered, what the places beyond it took in
 * the last hour is no longer counted.
 */
export function placeFor({ scope, most }: HourlyLimit, caseId: CaseId): Place {
  const hash = createHash('sha256').update(`${scope} ${caseId}`).digest();
  return { scope, number: hash.readUInt32BE() % most };
}

/** The change that takes a place, on condition that nobody took it within the hour. */
export const taking = ({ scope, number }: Place, caseId: CaseId, now: number): Change => ({
  put: { ...keyOf(scope, number), caseId, until: now + hourSeconds },
  onlyIf: { absentOr: { field: 'until', atMost: now } },
});

/** The change that gives a place back, on condition that it is still the case's. */
export const givingBack = ({ scope, number }: Place, caseId: CaseId): Change => ({
  remove: keyOf(scope, number),
  onlyIf: { equals: { caseId } },
});

/** A place that is free, the nearest after the case's own; undefined where the limit is reached. */
export async function freePlace(
  table: CaseTable,
  limit: HourlyLimit,
  { caseId, now }: { caseId: CaseId; now: number },
): Promise<Place | undefined> {
  const taken = new Set(
    (await table.query(partitionOf(limit.scope)))
      .filter((item: Item) => Number(item.until) > now)
      .map(({ sk }) => sk),
  );
  const { number: first } = placeFor(limit, caseId);
  for (let n = 0; n < limit.most; n++) {
    const number = (first + n) % limit.most;
    if (!taken.has(keyOf(limit.scope, number).sk)) return { scope: limit.scope, number };
  }
  return undefined;
}

const partitionOf = (scope: string) => `limit#${scope}`;
const keyOf = (scope: string, number: number) => ({
  pk: partitionOf(scope),
  sk: `place#${String(number).padStart(5, '0')}`,
});
