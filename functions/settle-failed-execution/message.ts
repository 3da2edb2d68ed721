import type { CaseRecord, CaseRef } from '../shared/case-record.ts';
import type { Notification } from '../shared/home.ts';
import type { CaseId } from '../shared/ids.ts';

type Records = Awaited<ReturnType<CaseRecord['steps']>>;
type Befores = Awaited<ReturnType<CaseRecord['before']>>;

interface Ended {
  readonly execution: string;
  readonly status: string;
  /** The case that it had closed before it ended. */
  readonly closed?: CaseId;
  /** The closed case whose changes it was taking back, unless it waited for people to agree. */
  readonly releasing?: { readonly ref: CaseRef; readonly people: { readonly waited: boolean } };
  readonly held?: { readonly ref: CaseRef; readonly steps: Records; readonly before: Befores };
}

const words: Readonly<Record<string, string>> = {
  FAILED: 'failed',
  TIMED_OUT: 'ran out of time',
  ABORTED: 'was stopped',
};

/** What people are told of an execution that did not end well: how far it got, and what is theirs. */
export function messageFor({ execution, status, closed, releasing, held }: Ended): Notification {
  const came = words[status] ?? status;
  if (closed) {
    return {
      title: `A playbook ${came} after it had closed case ${closed}`,
      text: `Execution: ${execution}\n\nNobody may have heard what came of the case: read it, and see to what it says is missing.`,
      keywords: ['cordon', 'needs-human'],
    };
  }
  if (releasing) {
    const { caseId, target, mode } = releasing.ref;
    const { waited } = releasing.people;
    return {
      title: waited
        ? `A release ${came} before people had agreed: case ${caseId}`
        : `A release ${came}: case ${caseId} needs a human`,
      text: [
        `Case ${caseId} on ${target}, mode ${mode}.`,
        `Execution: ${execution}`,
        mode === 'dry-run'
          ? 'Nothing was changed.'
          : waited
            ? 'Nothing was taken back, and the target is free: start the release again, which asks anew.'
            : 'Some of its changes may be taken back and others not: start the release again, which finds done what is done.',
      ].join('\n'),
      keywords: ['cordon', 'needs-human', mode],
    };
  }
  if (!held) {
    return {
      title: `A playbook ${came} and holds no case`,
      text: `Execution: ${execution}\n\nIt may have ended before it opened one: look at what it was started with, and whether anything was contained.`,
      keywords: ['cordon', 'needs-human'],
    };
  }
  const { ref, steps, before } = held;
  const { caseId, target, mode } = ref;
  const list = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ['', `*${title}*`, ...lines.map((line) => `• ${line}`)] : [];
  return {
    title: `A playbook ${came}: case ${caseId} needs a human`,
    text: [
      `Case ${caseId} on ${target}, mode ${mode}.`,
      `Execution: ${execution}`,
      ...(mode === 'dry-run' ? ['Nothing was changed.'] : []),
      ...list('Left to do', [
        'Look at the execution: the step it stopped in may or may not have taken effect.',
        `Start the playbook again by hand on ${target}: what is done already is found done.`,
      ]),
      ...list('Steps that left a record', steps.map(stepLine)),
      ...list('Recorded as it was before', [...new Set(before.map(({ resource }) => resource))]),
    ].join('\n'),
    keywords: ['cordon', 'needs-human', mode],
  };
}

/** `ran` in the record means that the step had done its work and was about to read it back. */
const stepLine = ({ step, outcome, journal }: Records[number]): string => {
  const refused = journal.findLast(({ error }) => error);
  const why = refused ? ` (${refused.call}: ${refused.error})` : '';
  return `${step}: ${outcome}${why}`;
};
