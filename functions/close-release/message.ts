import { whoSaid } from '../shared/approval.ts';
import type { CaseRef } from '../shared/case-record.ts';
import type { Notification } from '../shared/home.ts';
import type { Ending } from '../shared/releases.ts';

const titles = {
  live: {
    released: 'Released',
    'partly-released': 'Partly released',
    'needs-human': 'Release needs a human',
    denied: 'Denied, nothing was released',
    unanswered: 'Nobody agreed in time, nothing was released',
  },
  'dry-run': {
    released: 'Dry run, would be released',
    'partly-released': 'Dry run, would be partly released',
    'needs-human': 'Dry run, release would need a human',
    denied: 'Dry run, denied',
    unanswered: 'Dry run, nobody agreed',
  },
} as const;

/** Chat tools cut long messages; the case holds the rest. */
const most = 40;

/** What people are told of a release: what is left first. */
export function messageFor(
  { outcome, done, left, decisions = [] }: Ending,
  { caseId, target, mode }: CaseRef,
): Notification {
  const list = (title: string, lines: readonly string[]) => [
    ...(lines.length > 0 ? [`*${title}*`, ...lines.slice(0, most).map((line) => `• ${line}`)] : []),
    ...(lines.length > most ? [`• ${lines.length - most} more, listed in the case`] : []),
    ...(lines.length > 0 ? [''] : []),
  ];
  return {
    title: `${titles[mode][outcome]}: ${target}`,
    text: [
      `Case ${caseId} on ${target}, mode ${mode}.`,
      ...(mode === 'dry-run'
        ? ['Nothing was changed: this says what a live run would have taken back.']
        : []),
      ...(decisions.length > 0 ? [whoSaid(decisions)] : []),
      '',
      ...list('Left', left),
      ...list(mode === 'dry-run' ? 'Would be taken back' : 'Taken back', done),
    ].join('\n'),
    keywords: ['cordon', outcome, mode],
  };
}
