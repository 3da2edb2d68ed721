import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { StormReport } from './summary.ts';

interface Looks {
  /** What a ratio may be at most, in storms of how many findings or more. */
  readonly most: { readonly ratio: number; readonly from: number };
  readonly colour: boolean;
}

/** Storms as tables for people, none wider than 100 columns. */
export function textOfStorms(reports: readonly StormReport[], { most, colour }: Looks): string {
  const [first] = reports;
  if (!first) return '';
  const paint = picocolors.createColors(colour);
  const ratioOf = ({ ratio, findings }: StormReport) => {
    if (ratio === null || findings < most.from) return ratio ?? '–';
    return ratio <= most.ratio ? paint.green(String(ratio)) : paint.red(`${ratio}: MISSED`);
  };
  const lost = (count: number) => (count === 0 ? paint.green('0') : paint.red(String(count)));
  const { priority, group, interfaces, concurrency } = first;
  return [
    `${priority}, group ${group}, ${interfaces} interface(s) each, ${concurrency} Lambdas at once; simulated seconds`,
    `least: what AWS's limit on the cut allows; last/least to reach from ${most.from} findings on: ${most.ratio}`,
    tableOf(
      [
        'findings',
        'guard',
        'cut',
        'parked',
        'lost',
        'p50 s',
        'p99 s',
        'last s',
        'least s',
        'last/least',
      ],
      reports.map((of) => [
        of.findings,
        of.guard,
        of.cut,
        of.parked,
        lost(of.lost),
        ...[of.p50, of.p99, of.last].map(seconds),
        of.leastSeconds,
        ratioOf(of),
      ]),
    ),
    tableOf(
      ['findings', 'guard', 'severity', 'cut', 'p50 s', 'p99 s', 'last s'],
      reports.flatMap(({ findings, guard, bySeverity }) =>
        bySeverity.map(({ severity, cut, p50, p99, last }) => [
          findings,
          guard,
          severity,
          cut,
          ...[p50, p99, last].map(seconds),
        ]),
      ),
    ),
    tableOf(
      ['findings', 'guard', 'refused', 'Lambdas', 'refused', 'peak', 'ended s', 'ended in'],
      reports.map(({ findings, guard, refused, lambda, allEnded, ends }) => [
        findings,
        guard,
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
