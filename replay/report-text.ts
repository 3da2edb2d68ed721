import { createColors } from 'picocolors';
import { changes } from './call-in-words.ts';
import { indented, linesOfCall, width } from './lines.ts';
import { cut } from './printable.ts';
import type { Replay, StepReplayed } from './replay.ts';

export interface TextOptions {
  readonly colour: boolean;
  /** `all`: every read on a line of its own, not only how many there were. */
  readonly calls: 'writes' | 'all';
}

type Colours = ReturnType<typeof createColors>;

/** What came of one finding, for people: at most 100 columns, with nothing in it to obey. */
export function textOfReplay(replay: Replay, { colour, calls }: TextOptions): string {
  const colours = createColors(colour);
  const lines = [
    ...heading(replay, colours),
    ...replay.steps.flatMap((step) => linesOfStep(step, replay.mode, calls, colours)),
    ...replay.notifications.flatMap(({ title }) => indented(`told: ${title}`, 2)),
    ...(replay.failure
      ? indented(`failed: ${replay.failure.error}: ${replay.failure.cause}`, 2)
      : []),
    ...replay.unexpected.flatMap((difference) =>
      indented(`not as expected: ${difference}`, 2).map(colours.red),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

const statusColour = {
  succeeded: 'green',
  declined: 'yellow',
  failed: 'red',
  invalid: 'red',
} as const satisfies Record<Replay['status'], keyof Colours>;

function heading(replay: Replay, colours: Colours): readonly string[] {
  const { source, finding, playbook, priority, reason, mode, status, target } = replay;
  const how = playbook ? ` · ${playbook},${priority ? ` ${priority},` : ''} ${inTwo(mode)}` : '';
  return [
    colours.bold(cut(source, width)),
    ...(finding
      ? indented(
          `${finding.type} · ${grade(finding.severity)} · ${target ?? finding.resourceType}`,
          2,
        )
      : []),
    `  ${colours[statusColour[status]](status)}${cut(how, width - 2 - status.length)}`,
    ...indented(reason, 2).map(colours.dim),
  ];
}

function grade(severity: number): string {
  const word = severity < 4 ? 'low' : severity < 7 ? 'medium' : severity < 9 ? 'high' : 'critical';
  return `severity ${severity} (${word})`;
}

function linesOfStep(
  step: StepReplayed,
  mode: Replay['mode'],
  shown: TextOptions['calls'],
  colours: Colours,
): readonly string[] {
  const writes = step.calls.filter(({ call }) => changes(call));
  const reads = step.calls.length - writes.length;
  const lines = shown === 'all' ? step.calls : writes;
  const looked =
    shown === 'writes' && reads > 0 ? ` · ${reads} ${reads > 1 ? 'reads' : 'read'}` : '';
  const why = step.reason ? ` (${inTwo(step.reason)})` : '';
  const came = `${outcomeInWords(step, mode)}${why}${looked}`;
  const outcome = cut(came, width - 4 - nameWidth);
  const paint = step.outcome === 'failed' ? colours.red : (text: string) => text;
  return [
    `  ${colours.cyan(cut(step.step, nameWidth).padEnd(nameWidth))}  ${paint(outcome)}`,
    ...lines.flatMap(linesOfCall).map(colours.dim),
    ...(step.error ? indented(step.error, 6).slice(0, 3).map(colours.red) : []),
  ];
}

const nameWidth = 30;

/** In a dry run, what a step came to because of writes that were withheld is said as it is. */
function outcomeInWords({ outcome, calls }: StepReplayed, mode: Replay['mode']): string {
  const withheld =
    mode === 'dry-run' && calls.some(({ disposition }) => disposition === 'withheld');
  const words = inTwo(outcome);
  return withheld && /(?:ed|kept|set)\b/.test(words) && outcome !== 'failed'
    ? `would be ${words}`
    : words;
}

const inTwo = (word: string): string => word.replaceAll('-', ' ');

/** What all replays came to, counted one by one. */
export class Totals {
  readonly #statuses = { succeeded: 0, declined: 0, failed: 0, invalid: 0 };
  readonly #surprises: string[] = [];
  #reads = 0;
  #withheld = 0;
  #made = 0;

  add({ status, steps, unexpected, source }: Replay): void {
    this.#statuses[status]++;
    if (unexpected.length > 0) this.#surprises.push(source);
    for (const { call, disposition } of steps.flatMap((step) => step.calls)) {
      if (disposition === 'withheld') this.#withheld++;
      else if (changes(call)) this.#made++;
      else this.#reads++;
    }
  }

  text({ colour }: TextOptions): string {
    const colours = createColors(colour);
    const statuses = Object.entries(this.#statuses);
    const found = statuses.reduce((sum, [, count]) => sum + count, 0);
    const each = statuses.map(([status, count]) => `${count} ${status}`).join(', ');
    return [
      colours.bold(`${found} ${found === 1 ? 'finding' : 'findings'}: ${each}`),
      `${this.#reads} reads, ${this.#withheld} changes withheld, ${this.#made} changes made in the ` +
        'rehearsal account, no AWS account touched',
      ...this.#surprises.map((source) =>
        colours.red(`not as expected: ${cut(source, width - 17)}`),
      ),
      '',
    ].join('\n');
  }
}
