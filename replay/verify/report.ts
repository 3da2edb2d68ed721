import pc from 'picocolors';
import { printable, wrap } from '../printable.ts';
import type { CheckedFiles } from './verify-files.ts';
import type { Checked, Failure } from './verify-manifest.ts';

/** What a verification came to. */
export interface Report extends Checked {
  /** The manifest's file. */
  readonly file: string;
  /** Undefined where no folder was given, or the chain does not hold. */
  readonly files: CheckedFiles | undefined;
}

/**
 * `not-verified`: nothing is wrong with it, but nobody said whose signature it must bear.
 * `rehearsal`: whoever has Cordon can have signed it, so it is no case's evidence.
 */
export const verdictOf = ({ chain, signature, files }: Omit<Report, 'file'>) => {
  if (chain || signature === 'fails' || (files && files.failures.length > 0)) return 'failed';
  if (signature === 'rehearsal') return 'rehearsal';
  return signature === 'no-key' ? 'not-verified' : 'verified';
};

/** The report as one JSON document has it. */
export function asJson(report: Report): object {
  const { file, manifest, chain, signature, files } = report;
  return {
    file,
    verdict: verdictOf(report),
    case: manifest?.case ?? null,
    entries: manifest?.entries.length ?? null,
    firstFailing: chain ?? files?.failures[0] ?? null,
    signature: chain ? 'not-checked' : signature,
    signedBy: manifest?.signature.keyId ?? null,
    files: files ? { ...files } : null,
  };
}

const width = 100;

/** The report as a person reads it, in lines of at most 100 characters. */
export function textOf(report: Report, { colour }: { readonly colour: boolean }): string {
  const { green, red, yellow, bold } = pc.createColors(colour);
  const mark = { well: green('✓'), failed: red('✗'), open: yellow('!') };
  const line = (how: keyof typeof mark, what: string, text: string) =>
    wrap(text, width - 16).map((part, index) =>
      index === 0 ? `  ${mark[how]} ${what.padEnd(11)} ${part}` : `${' '.repeat(16)}${part}`,
    );
  const { manifest, chain, files } = report;
  const about = manifest
    ? [
        `${manifest.case.caseId}, ${manifest.case.playbook}, ${manifest.case.mode}: ${manifest.case.status}`,
        `${manifest.entries.length} entries, closed ${manifest.case.closedAt}`,
      ]
    : [];
  const last = endings[verdictOf(report)](report);
  return [
    ...wrap(report.file, width).map((part) => bold(part)),
    ...about.flatMap((text) => wrap(text, width - 2).map((part) => `  ${part}`)),
    ...(chain
      ? line('failed', 'chain', inWords(chain))
      : line('well', 'chain', 'every entry follows the one before, the first the case')),
    ...(chain ? [] : line(...signatureLine(report))),
    ...(files ? filesLines(files).flatMap((each) => line(...each)) : []),
    '',
    ...wrap(last, width),
    '',
  ].join('\n');
}

type Line = [how: 'well' | 'failed' | 'open', what: string, text: string];

function signatureLine({ manifest, signature }: Report): Line {
  const key = manifest?.signature.keyId ?? 'nobody';
  switch (signature) {
    case 'holds':
      return ['well', 'signature', `holds, by the public key that was given; signed by ${key}`];
    case 'rehearsal':
      return [
        'open',
        'signature',
        'a rehearsal’s: holds, by a key that everybody has, and proves nothing about who signed',
      ];
    case 'no-key':
      return ['open', 'signature', `not checked: give the public key of ${key} by --public-key`];
    case 'fails':
      return ['failed', 'signature', `does not hold; it says it is by ${key}`];
  }
}

function filesLines({ held, failures, unknown }: CheckedFiles): Line[] {
  const count = held + failures.length;
  return [
    ...(failures.length === 0
      ? [['well', 'files', `${held} of ${count} are what the manifest says`] satisfies Line]
      : []),
    ...failures.map((failure): Line => ['failed', 'file', inWords(failure)]),
    ...(unknown > 0
      ? [
          [
            'open',
            'files',
            `${unknown} more are there that the manifest does not name`,
          ] satisfies Line,
        ]
      : []),
  ];
}

const endings = {
  failed: ({ chain, files }: Report) => {
    const first = chain ?? files?.failures[0];
    if (first?.entry) return `FAILED: the first entry that fails is ${nameOf(first)}.`;
    return chain ? 'FAILED: the manifest is not whole.' : 'FAILED: the signature does not hold.';
  },
  'not-verified': () => 'NOT VERIFIED: nobody said whose signature it must bear.',
  rehearsal: ({ files }: Report) => ['Verified as a rehearsal.', ...unchecked(files)].join(' '),
  verified: ({ files }: Report) => ['Verified.', ...unchecked(files)].join(' '),
} as const;

const unchecked = (files: Report['files']): readonly string[] =>
  files ? [] : ['The files were not checked: give their folder by --evidence.'];

const nameOf = ({ entry, kind, id }: Failure): string =>
  printable([`entry ${entry}`, kind, id].filter(Boolean).join(' '));

const inWords = (failure: Failure): string =>
  failure.entry === null ? failure.why : `${nameOf(failure)}: ${failure.why}`;
