import type { CaseTable } from './case-table.ts';
import type { Mode } from './journal.ts';

/** What many cases want to do at once and AWS lets them do one after the other. */
export interface Line {
  /** What is done, in a word. */
  readonly name: string;
  /** AWS counts by these two. */
  readonly account: string;
  readonly region: string;
  /** How many turns there are in a second. */
  readonly perSecond: number;
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

const keyOf = ({ name, account, region }: Line) => ({
  pk: `line#${name}#${account}#${region}`,
  sk: 'line',
});

/** Up to when turns are booked, by lane, is all that is kept: one item, moved on by who books. */
export async function bookedUntil(
  table: CaseTable,
  line: Line,
  lane: Lane,
  own: 'with-own' | 'without-own',
): Promise<number> {
  const item = await table.get(keyOf(line));
  const before = lanes.slice(0, lanes.indexOf(lane) + (own === 'with-own' ? 1 : 0));
  return Math.max(0, ...before.map((each) => Number(item?.[each] ?? 0)));
}

export async function bookTurn(
  table: CaseTable,
  line: Line,
  lane: Lane,
  now: number,
): Promise<number> {
  const by = Math.round(1000 / line.perSecond);
  const from = Math.max(now, await bookedUntil(table, line, lane, 'without-own'));
  const item = await table.advance(keyOf(line), lane, { by, from });
  return Number(item[lane]) - by;
}
