import { createColors } from 'picocolors';
import * as z from 'zod';
import type { WholeCase } from '../../functions/shared/case-record.ts';
import { changes } from '../../replay/call-in-words.ts';
import { indented, linesOfCall, width } from '../../replay/lines.ts';
import { cut } from '../../replay/printable.ts';
import { type CaseRead, openingIn } from './case.ts';
import type { Ended, Happened } from './follow.ts';

type Colours = ReturnType<typeof createColors>;

/** An execution that has ended, with its case. */
interface Came {
  readonly playbook: string;
  readonly execution: string;
  readonly ended: Ended;
  readonly states: readonly Happened[];
  readonly read: CaseRead;
}

const clock = (at: Date): string => at.toISOString().slice(11, 19);

/** One line of progress, at most 100 columns. */
export function lineOf({ at, state, what, error }: Happened): string {
  const more = { entered: '', waits: ' (waits)', failed: ` failed: ${error ?? 'no reason given'}` };
  return cut(`  ${clock(at)}  ${state}${more[what]}`, width);
}

/** Whether an execution ended as a playbook should: a case that needs a human ends in a failure. */
export const endedWell = ({ status }: Ended): boolean => status === 'SUCCEEDED';

/** What came of an execution, for people: at most 100 columns, with nothing in it to obey. */
export function textOf(came: Came, { colour }: { colour: boolean }): string {
  const colours = createColors(colour);
  const { ended, states, read, execution } = came;
  const paint = endedWell(ended) ? colours.green : colours.red;
  const seconds = Math.round((ended.endedAt.getTime() - ended.startedAt.getTime()) / 1000);
  const last = states.findLast(({ what }) => what === 'entered')?.state;
  const end = `${ended.status.toLowerCase()} after ${seconds} s${last ? `: ${last}` : ''}`;
  return [
    paint(cut(end, width)),
    ...(ended.error ? indented(`${ended.error}: ${ended.cause ?? ''}`, 2).map(paint) : []),
    ...linesOfOpening(ended.output).map(colours.yellow),
    ...('record' in read
      ? linesOfCase(read.record, colours)
      : [
          ...indented(read.caseId ?? 'No case.', 0),
          ...indented(`The case record was not read: ${read.unread}`, 2).map(colours.dim),
        ]),
    // People copy it, so it is never broken.
    colours.dim(execution),
    '',
  ].join('\n');
}

const forcedBy: Readonly<Record<string, string>> = {
  policy: "the deployment's policy for this playbook is dry-run",
  sample: 'the finding is a sample',
  archived: 'the finding is archived',
  placeholder: 'the finding names a placeholder',
};

/** What kept a run from doing what was asked, where something did. */
function linesOfOpening(output: unknown): readonly string[] {
  const { outcome, reason, forced } = openingIn(output) ?? {};
  return [
    ...(forced ? indented(`a dry run whatever was asked: ${forcedBy[forced] ?? forced}`, 2) : []),
    ...(outcome && outcome !== 'opened' ? indented(`${outcome}: ${reason ?? ''}`, 2) : []),
  ];
}

/** What `close-case` found, in the words that the notification has. */
const Summary = z.looseObject({
  missing: z.array(z.string()).default([]),
  found: z.array(z.string()).default([]),
  done: z.array(z.string()).default([]),
  notCut: z.array(z.string()).default([]),
});

const titles = {
  missing: 'left to do',
  found: 'found',
  done: 'done',
  notCut: 'not cut',
} as const satisfies Partial<Record<keyof z.infer<typeof Summary>, string>>;

function linesOfCase(record: WholeCase, colours: Colours): readonly string[] {
  const { caseId, status, mode, target, findings, steps } = record;
  const summary = Summary.parse(record.summary ?? {});
  const how = mode === 'live' ? 'live' : 'dry run, nothing was changed';
  return [
    ...indented(`${caseId} · ${status.replaceAll('-', ' ')} · ${how}`, 0).map(colours.bold),
    ...indented(target, 2),
    ...findings.flatMap(({ type, severity, id }) =>
      indented(`because of ${type}, severity ${severity}, ${id}`, 2).map(colours.dim),
    ),
    ...Object.entries(titles).flatMap(([field, title]) => {
      // The schema has a list of lines for each of these.
      const lines = summary[field as keyof typeof titles];
      const shown = lines.flatMap((line) => indented(line, 4));
      return lines.length > 0 ? [`  ${colours.cyan(title)}`, ...shown] : [];
    }),
    ...steps.flatMap(({ step, outcome, journal }) => {
      const writes = journal.filter(({ call }) => changes(call));
      const failed = outcome === 'failed' ? colours.red(' failed') : '';
      if (writes.length === 0 && !failed) return [];
      return [`  ${colours.cyan(step)}${failed}`, ...writes.flatMap(linesOfCall).map(colours.dim)];
    }),
  ];
}

/** The same for programs: one document. */
export function documentOf({ playbook, execution, ended, states, read }: Came): object {
  const { status, startedAt, endedAt, input, output = null, error = null, cause = null } = ended;
  return {
    execution,
    playbook,
    status,
    startedAt,
    endedAt,
    input,
    states: states.filter(({ what }) => what !== 'failed').map(({ state }) => state),
    failures: states.filter(({ what }) => what === 'failed'),
    failure: error && { error, cause },
    case: 'record' in read ? read.record : null,
    caseNotRead: 'record' in read ? null : read.unread,
    output,
  };
}
