import type { Finding } from '../shared/finding.ts';
import type { Mode } from '../shared/journal.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';

/** What a step handed on; `outcome` is `failed` where the workflow caught its failure. */
export interface StepOutcome {
  readonly outcome: string;
  readonly [field: string]: unknown;
}

/** What came of an action: of each item, where the workflow did it for several. */
export type Came = StepOutcome | readonly StepOutcome[];

/** What an action of a playbook may come to. */
export interface Judgement {
  readonly label: string;
  /** A containment action that did not come out well leaves the case to a human. */
  readonly kind: 'containment' | 'evidence';
  /** Outcomes that leave nothing to do. */
  readonly well: readonly string[];
  /** Outcomes of evidence without which nobody knows what is left to contain. */
  readonly blind?: readonly string[];
  /** What a person runs by hand, in the account and Region of the case; undefined if nothing helps. */
  byHand(target: string, outcome: StepOutcome): string | undefined;
}

/** How a playbook's case is judged. */
export interface Judge {
  readonly actions: Readonly<Record<string, Judgement>>;
  /** The action that finds out whether the target is still there, and the words for its absence. */
  readonly gone: { readonly action: string; readonly outcomes: readonly string[] };
  /** What containment leaves open, said in every case rather than hidden. */
  notCut(outcomes: Readonly<Record<string, Came>>): readonly string[];
  /** What the steps found that a person must look at. */
  found?(outcomes: Readonly<Record<string, Came>>): readonly string[];
  /** What is left to a person however well the actions came out. */
  next?(outcomes: Readonly<Record<string, Came>>): readonly string[];
  /** What people read first, where it is not about containment. */
  readonly titles?: Titles;
}

/** What people read first, by what came of a case. */
export type Titles = Readonly<Record<Mode, Readonly<Record<Verdict['status'], string>>>>;

/** What came of a case, and what is left of it for a person. */
export interface Verdict {
  readonly status: 'contained' | 'needs-human' | 'ended';
  readonly done: readonly string[];
  readonly missing: readonly string[];
  readonly notCut: readonly string[];
  readonly found: readonly string[];
}

const bare = ({ outcome }: StepOutcome) => outcome.replace(/^would-be-/, '');

/** Whether any outcome is one that stand-ins answered for. */
export const isAssumed = (outcomes: Readonly<Record<string, Came>>): boolean =>
  Object.values(outcomes)
    .flat()
    .some(({ outcome }) => outcome.startsWith('would-be-'));

/**
 * Judges the outcomes of a case: any containment action that did not come out well is a human's.
 *
 * Throws `UnusableInputError` when an action of the playbook is missing: a case is not closed over
 * a step that nobody heard of.
 */
export function judge(
  outcomes: Readonly<Record<string, Came>>,
  { actions, gone, notCut, next, found }: Judge,
  target: string,
): Verdict {
  const judged = Object.entries(actions).map(([action, judgement]) => {
    const came = outcomes[action];
    if (!came) throw new UnusableInputError(`$.input.outcomes.${action}: expected its outcome`);
    const each = [came].flat();
    return { judgement, each, unwell: each.filter((one) => !judgement.well.includes(bare(one))) };
  });
  const left = judged.filter(({ judgement: { kind, blind = [] }, unwell }) => {
    if (kind === 'containment') return unwell.length > 0;
    return unwell.some((one) => blind.includes(bare(one)));
  });
  const isGone = [outcomes[gone.action] ?? []]
    .flat()
    .some((one) => gone.outcomes.includes(bare(one)));
  return {
    status: left.length > 0 ? 'needs-human' : isGone ? 'ended' : 'contained',
    done: judged.flatMap(({ judgement: { label }, each, unwell }) =>
      unwell.length > 0 || each.length === 0 ? [] : `${label}: ${words(each)}`,
    ),
    missing: [
      ...judged.flatMap(({ judgement, unwell }) =>
        unwell.map((one) => missing(judgement, one, target)),
      ),
      ...(next?.(outcomes) ?? []),
    ],
    notCut: isGone ? [] : notCut(outcomes),
    found: found?.(outcomes) ?? [],
  };
}

const words = (each: readonly StepOutcome[]): string =>
  [...new Set(each.map(({ outcome }) => outcome))].join(', ') +
  (each.length > 1 ? ` (${each.length})` : '');

function missing({ label, byHand }: Judgement, came: StepOutcome, target: string): string {
  const { outcome, reason } = came;
  const why = typeof reason === 'string' ? ` (${reason})` : '';
  const command = byHand(target, came);
  return `${label}: ${outcome}${why}.${command ? ` By hand: ${command}` : ''}`;
}

/** The notification's text, most important first. Words of a finding go out as code, not as markup. */
export function textOf(
  verdict: Verdict,
  findings: readonly Finding[],
  {
    mode,
    caseId,
    target,
    evidence,
    agreed,
  }: {
    mode: string;
    caseId: string;
    target: string;
    evidence: readonly string[];
    /** Who answered, where people were asked. */
    agreed: string;
  },
): string {
  const list = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [`*${title}*`, ...lines.map((line) => `• ${line}`), ''] : [];
  const because = findings.map(
    ({ type, severity, id }) => `\`${quote(type)}\`, severity ${severity}, finding ${quote(id)}`,
  );
  return [
    `Case ${caseId} on ${target}, mode ${mode}.`,
    ...(mode === 'dry-run'
      ? ['Nothing was changed: this says what a live run would have done.']
      : []),
    ...(agreed ? [agreed] : []),
    '',
    ...list('Left to do', verdict.missing),
    ...list('Found', verdict.found),
    ...list('Done', verdict.done),
    ...list('Not cut', verdict.notCut),
    ...list('Evidence', evidence),
    ...list('Because of', because),
  ].join('\n');
}

const quote = (text: string) => text.replaceAll(/[`\p{C}]/gu, '·');
