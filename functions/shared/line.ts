import type { CaseTable, Item } from './case-table.ts';
import type { Mode } from './journal.ts';

/** What many cases want to do at once and AWS lets them do one after the other. */
export interface Pace {
  /** What is done, in a word. */
  readonly name: string;
  /** How many turns there are in a second. */
  readonly perSecond: number;
  /** How many may go at once, without a turn, when none has gone for long. */
  readonly burst: number;
}

/** The same in one account and Region, by which AWS counts. */
export interface Line extends Pace {
  readonly account: string;
  readonly region: string;
}

/** Who goes first: GuardDuty's four bands of severity, and behind them all dry runs. */
const lanes = ['critical', 'high', 'medium', 'low', 'dry-run'] as const;
export type Lane = (typeof lanes)[number];

/** https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html */
export function laneOf(mode: Mode, severity: number): Lane {
  if (mode === 'dry-run') return 'dry-run';
  if (severity >= 9) return 'critical';
  if (severity >= 7) return 'high';
  return severity >= 4 ? 'medium' : 'low';
}

/** A turn in a line. */
export interface BookedTurn {
  /** When it is, in epoch milliseconds, if nobody more severe comes any more. */
  readonly at: number;
  /** How many more severe ones had ever lined up by then. */
  readonly ahead: number;
}

/*
 * A line is one item, moved on by whoever comes: `came`, up to when AWS's bucket is used up by all
 * who ever came; of each lane, up to when turns are booked in it and the lanes before it; and of
 * each lane, how many ever lined up in it.
 */
const keyOf = ({ name, account, region }: Line) => ({
  pk: `line#${name}#${account}#${region}`,
  sk: 'line',
});
const countOf = (lane: Lane) => `count-${lane}`;
const between = ({ perSecond }: Line): number => Math.round(1000 / perSecond);

/**
 * Whether one more may go without a turn: nobody waits, and AWS's bucket is not used up by those who
 * came before. Counts it among them either way.
 */
export async function goesAtOnce(table: CaseTable, line: Line, now: number): Promise<boolean> {
  const by = between(line);
  const item = await table.advance(keyOf(line), ['came'], { by, from: now });
  const waited = lanes.some((lane) => Number(item[lane] ?? 0) > now);
  return !waited && Number(item.came) <= now + line.burst * by;
}

/** Gives the next turn, behind whoever is in the lane or in one before it. */
export async function bookTurn(
  table: CaseTable,
  line: Line,
  lane: Lane,
  now: number,
): Promise<BookedTurn> {
  const by = between(line);
  // Whoever is less severe waits so much longer.
  const delayed = lanes.slice(lanes.indexOf(lane));
  const item = await table.advance(keyOf(line), delayed, { by, from: now }, countOf(lane));
  return { at: Number(item[lane]) - by, ahead: aheadOf(lane, item) };
}

/** The turn again, moved back by those more severe who lined up since. */
export async function turnNow(
  table: CaseTable,
  line: Line,
  lane: Lane,
  { at, ahead: before }: BookedTurn,
): Promise<BookedTurn> {
  const ahead = aheadOf(lane, await table.get(keyOf(line)));
  return { at: at + Math.max(0, ahead - before) * between(line), ahead };
}

const aheadOf = (lane: Lane, item: Item | undefined): number =>
  lanes
    .slice(0, lanes.indexOf(lane))
    .reduce((sum, each) => sum + Number(item?.[countOf(each)] ?? 0), 0);
