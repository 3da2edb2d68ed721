import type { CaseRef } from '../shared/case-record.ts';
import type { Notification } from '../shared/home.ts';
import type { Verdict } from './judge-release.ts';

const titles = {
  live: {
    released: 'Released',
    'partly-released': 'Partly released',
    'needs-human': 'Release needs a human',
  },
  'dry-run': {
    released: 'Dry run, would be released',
    'partly-released': 'Dry run, would be partly released',
    'needs-human': 'Dry run, release would need a human',
  },
} as const;

/** Chat tools cut long messages; the case holds the rest. */
const most = 40;

/** What people are told of a release: what is left first. */
export function messageFor(
  { outcome, done, left }: Verdict,
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
      '',
      ...list('Left', left),
      ...list(mode === 'dry-run' ? 'Would be taken back' : 'Taken back', done),
    ].join('\n'),
    keywords: ['cordon', outcome, mode],
  };
}
