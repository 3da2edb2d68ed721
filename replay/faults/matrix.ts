import Table from 'cli-table3';
import { faults } from './faults.ts';
import type { Ending } from './invariants.ts';
import type { Cell, Row, Tally, Violation } from './tally.ts';

const rows: readonly (readonly [row: Row, words: string])[] = [
  ...faults.map(({ name, words }) => [name, words] as const),
  ['copies', 'two to ten copies at once'],
  ['findings', 'two findings on one target'],
  ['at-close', 'a finding as its case closes'],
];

const columns: readonly (readonly [heading: string, endings: readonly Ending[]])[] = [
  ['same', ['same-end']],
  ['lacking', ['evidence-missing']],
  ['human', ['left-to-human', 'no-case-opened']],
  ['gone', ['said-gone']],
  ['settled', ['settled']],
  ['broken', ['violated', 'not-met']],
];

const sum = (cells: readonly Cell[], of: (cell: Cell) => number): number =>
  cells.reduce((total, cell) => total + of(cell), 0);

const tableOf = (head: readonly string[]) =>
  new Table({
    head: [...head],
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
  });

/** The matrix for people: each fault, how often it was met, and how that ended. */
export function matrixOf({ cells }: Tally): string {
  const table = tableOf(['fault', 'met', 'run', ...columns.map(([heading]) => heading)]);
  const line = (words: string, of: readonly Cell[]) => [
    words,
    ...[sum(of, ({ tried }) => tried), sum(of, ({ run }) => run)],
    ...columns.map(([, endings]) =>
      sum(
        of.filter(({ ending }) => endings.includes(ending)),
        ({ tried }) => tried,
      ),
    ),
  ];
  for (const [row, words] of rows) {
    const of = cells.filter(({ fault }) => fault === row);
    if (of.length > 0) table.push(line(words, of));
  }
  table.push(line('in all', cells));
  const cases = new Set(cells.map(({ source }) => source)).size;
  const all = new Set(cells.map(({ source, priority, way }) => `${source} ${priority} ${way}`))
    .size;
  const calls = new Set(cells.flatMap(({ call }) => call ?? [])).size;
  return [
    `${cases} cases in ${all} ways (priorities, throttling, release, a second fault), ${calls} calls.`,
    'met: at every attempt at every call. run: not known to be the same run as another.',
    'same: ends as without a fault. lacking: contained, and the case says which evidence it lacks.',
    'human: left to people, who are told. gone: AWS said so. settled: by the rule on executions.',
    '',
    table.toString(),
    '',
  ].join('\n');
}

/** What each call came to, over all cases and faults. */
export function callsOf({ cells }: Tally): string {
  const table = tableOf(['call', 'met', ...columns.map(([heading]) => heading)]);
  for (const call of [...new Set(cells.flatMap((cell) => cell.call ?? []))].sort()) {
    const of = cells.filter((cell) => cell.call === call);
    const counts = columns.map(([, endings]) =>
      sum(
        of.filter(({ ending }) => endings.includes(ending)),
        ({ tried }) => tried,
      ),
    );
    // As people call it: its name in IAM alone is longer than a column may be.
    const short = call.replace('elasticloadbalancing:', 'elb:');
    table.push([short, sum(of, ({ tried }) => tried), ...counts]);
  }
  return `${table.toString()}\n`;
}

/** Runs that broke an invariant, alike ones together. */
export function violationsOf(violations: readonly Violation[]): string {
  const alike = new Map<string, { first: Violation; count: number }>();
  for (const violation of violations) {
    const { fault, step, call, violations: lines } = violation;
    const key = JSON.stringify([fault, step, call, lines[0]?.slice(0, 40)]);
    const known = alike.get(key);
    alike.set(key, { first: known?.first ?? violation, count: (known?.count ?? 0) + 1 });
  }
  return [...alike.values()]
    .map(
      ({ first: { source, priority, way, fault, state, step, call, violations: lines }, count }) =>
        [
          `${source}, ${priority}, ${way}: ${fault} at ${call ?? 'its start'}`,
          ...(state ? [`  in "${state}" (${step})`] : []),
          ...lines.slice(0, 4).map((line) => `  ${line}`),
          ...(count > 1 ? [`  and ${count - 1} more like it`] : []),
        ].join('\n'),
    )
    .join('\n\n');
}
