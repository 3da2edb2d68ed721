import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { StormReport } from './summary.ts';

interface Looks {
  /** What a ratio may be at most. */
  readonly mostRatio: number;
  readonly colour: boolean;
}

/** Storms as tables for people, none wider than 100 columns. */
export function textOfStorms(
  reports: readonly StormReport[],
  { mostRatio, colour }: Looks,
): string {
  const [first] = reports;
  if (!first) return '';
  const paint = picocolors.createColors(colour);
  const ratio = (value: number | null) => {
    if (value === null) return '–';
    const text = `${value} of ${mostRatio}`;
    return value <= mostRatio ? paint.green(text) : paint.red(`${text}: MISSED`);
  };
  const lost = (count: number) => (count === 0 ? paint.green('0') : paint.red(String(count)));
  const { priority, group, interfaces, guard } = first;
  return [
    `${priority}, group ${group}, ${interfaces} interface(s) each, hourly guard ${guard === 'default' ? 'at its default' : guard}; simulated seconds`,
    tableOf(
      ['findings', 'cut', 'parked', 'lost', 'p50 s', 'p99 s', 'last s', 'least s', 'last/least'],
      reports.map((of) => [
        of.findings,
        of.cut,
        of.parked,
        lost(of.lost),
        ...[of.p50, of.p99, of.last].map(seconds),
        of.leastSeconds,
        ratio(of.ratio),
      ]),
    ),
    tableOf(
      ['findings', 'severity', 'cut', 'p50 s', 'p99 s', 'last s'],
      reports.flatMap(({ findings, bySeverity }) =>
        bySeverity.map(({ severity, cut, p50, p99, last }) => [
          findings,
          severity,
          cut,
          ...[p50, p99, last].map(seconds),
        ]),
      ),
    ),
    tableOf(
      ['findings', 'refused', 'Lambdas', 'refused', 'at once', 'ended s', 'ended in'],
      reports.map(({ findings, refused, lambda, allEnded, ends }) => [
        findings,
        refused,
        lambda.invocations,
        lambda.refused,
        lambda.peak,
        allEnded,
        Object.entries(ends)
          .map(([end, count]) => `${end}: ${count}`)
          .join('\n'),
      ]),
    ),
    '',
  ].join('\n');
}

const seconds = (value: number | null): string => (value === null ? '–' : value.toFixed(1));

function tableOf(head: string[], rows: readonly (readonly (string | number)[])[]): string {
  const table = new Table({
    wordWrap: true,
    head,
    style: { head: [], border: [], compact: true },
    chars: { 'left-mid': '├', mid: '─', 'mid-mid': '┼', 'right-mid': '┤' },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
