import { basename } from 'node:path';
import type { Priority } from '../../functions/shared/parse-finding.ts';
import { findingsIn } from '../findings-in.ts';
import { asSets, type CaseEnd, type End, endOf } from './end-state.ts';
import { always, type FaultFree, type Judged } from './invariants.ts';
import { sampler, type Wanted } from './run-case.ts';
import { type Came, idOf, play, type Scenario, type Way, wayOf } from './scenario.ts';

/** Several findings about one target at the same moment. */
export interface AtOnce extends Judged {
  readonly source: string;
  readonly priority: Priority;
  readonly way: Way;
  /** `copies` of one finding, `findings` that differ in their id, or a further one `at-close`. */
  readonly kind: 'copies' | 'findings' | 'at-close';
  readonly count: number;
}

/**
 * Runs a case with its first finding arriving several times at once, as copies from a member and the
 * administrator account do, and with a second finding on the same target, at once or as the case is
 * closed: one case, one set of changes. Of a release, two at once and a finding as it is closed.
 */
export async function* tryAtOnce(
  scenario: Scenario,
  faultFree: FaultFree,
  { every, part }: Pick<Wanted, 'every' | 'part'> = {},
): AsyncGenerator<AtOnce> {
  const { case: of, priority } = scenario;
  const way = wayOf(scenario);
  const isSampled = sampler({ every, part }, `${priority} ${basename(of.source)} ${way}`);
  if (isSampled()) yield* tryAtClose(scenario, faultFree);
  for (const [kind, count] of countsFor(scenario, faultFree)) {
    if (!isSampled()) continue;
    const came = await play(scenario, undefined, {
      copies: count,
      distinct: kind === 'findings',
    });
    const ids = kind === 'copies' ? [] : idsOf(scenario, count);
    const violations = violated(came, faultFree, ids);
    const ending = violations.length > 0 ? 'violated' : 'same-end';
    yield { source: of.source, priority, way, kind, count, ending, violations };
  }
}

/** How many of what arrive at once. */
function countsFor(
  { case: of, contained }: Scenario,
  { came }: FaultFree,
): readonly (readonly ['copies' | 'findings', number])[] {
  if (contained) return [['copies', 2]];
  // A start by hand is a finding of its own each time, and a case of several meets them already.
  if (findingsIn(of).length !== 1 || came.executions.length === 0) return [];
  return [...[2, 3, 5, 10].map((count) => ['copies', count] as const), ['findings', 2]];
}

/** The next finding on the target comes as the case of the first one, or its release, is closed. */
export async function* tryAtClose(
  scenario: Scenario,
  faultFree: FaultFree,
): AsyncGenerator<AtOnce> {
  const { case: of, priority, contained } = scenario;
  const closes = contained ? 'close-release' : 'close-case';
  const closing = faultFree.came.attempts.find(
    ({ step, call }) => step === closes && call === 'dynamodb:TransactWriteItems',
  );
  // Which of several releases the finding is about, nothing says.
  if (!closing || (contained && contained.flatMap(({ requests }) => requests).length > 1)) return;
  const came = await play(scenario, undefined, { next: closing.place });
  const violations = contained
    ? unseen(came, faultFree)
    : violated(came, faultFree, idsOf(scenario, 2));
  const ending = violations.length > 0 ? 'violated' : 'same-end';
  const way = wayOf(scenario);
  yield { source: of.source, priority, way, kind: 'at-close', count: 1, ending, violations };
}

/** A finding about what is being released: a human must know, whatever was taken back by then. */
function unseen(came: Came, faultFree: FaultFree): readonly string[] {
  const end = endOf(came, faultFree.initial);
  return [
    ...always(came, end, faultFree),
    ...(end.cases.some(({ status }) => status === 'needs-human') ? [] : ['no case needs a human']),
    ...(came.told.some(({ text }) => text.includes('new findings about the target'))
      ? []
      : ['nobody was told of the finding']),
  ];
}

/** The ids of a case's only finding and of those that differ from it in their id alone. */
function idsOf(scenario: Scenario, count: number): readonly string[] {
  const [item] = findingsIn(scenario.case);
  if (!item || !('parsed' in item)) return [];
  return Array.from({ length: count }, (_, number) => idOf(item.parsed.finding.id, number));
}

/** An attack sequence is a target of its own, by its id; what it names is the same target still. */
function casesDue({ cases }: End, [id = '', ...others]: readonly string[]): readonly CaseEnd[] {
  const more = cases.filter(({ target }) => id !== '' && target.includes(id));
  return [
    ...cases,
    ...others.flatMap((other) =>
      more.map((one) => ({ ...one, target: one.target.replace(id, other) })),
    ),
  ];
}

function violated(came: Came, faultFree: FaultFree, ids: readonly string[]): readonly string[] {
  const { end: wanted, initial } = faultFree;
  const end = endOf(came, initial);
  const due = casesOf(casesDue(wanted, ids));
  return [
    ...always(came, end, faultFree),
    ...(end.accounts === wanted.accounts || asSets(end.accounts) === asSets(wanted.accounts)
      ? []
      : ['the account differs']),
    ...(casesOf(end.cases) === due ? [] : [`cases: ${casesOf(end.cases)}, not ${due}`]),
    ...(changesOf(came) === changesOf(faultFree.came)
      ? []
      : [`changes: ${changesOf(came)}, not ${changesOf(faultFree.came)}`]),
  ];
}

const casesOf = (cases: readonly CaseEnd[]): string =>
  cases
    .map(({ target, mode, status }) => `${mode} ${target} ${status}`)
    .sort()
    .join(', ');

/** Writes to the account acted on, each with how often it was sent. */
function changesOf({ attempts }: Came): string {
  const sent = attempts.filter(({ home, writes }) => !home && writes).map(({ call }) => call);
  return [...new Set(sent)]
    .sort()
    .map((call) => `${call} ${sent.filter((one) => one === call).length}`)
    .join(', ');
}
