import { basename } from 'node:path';
import type { Priority } from '../../functions/shared/parse-finding.ts';
import { findingsIn } from '../findings-in.ts';
import { asSets, type CaseEnd, type End, endOf } from './end-state.ts';
import { always, type FaultFree, type Judged } from './invariants.ts';
import { sampler, type Wanted } from './run-case.ts';
import { type Came, idOf, play, type Scenario } from './scenario.ts';

/** Several findings about one target at the same moment. */
export interface AtOnce extends Judged {
  readonly source: string;
  readonly priority: Priority;
  /** `copies` of one finding, `findings` that differ in their id, or a further one `at-close`. */
  readonly kind: 'copies' | 'findings' | 'at-close';
  readonly count: number;
}

/** How many arrive at once, in all that is tried. */
const counts = { copies: [2, 3, 5, 10], findings: [2] } as const;

/**
 * Runs a case with its first finding arriving several times at once, as copies from a member and the
 * administrator account do, and with a second finding on the same target, at once or as the case is
 * closed: one case, one set of changes.
 */
export async function* tryAtOnce(
  scenario: Scenario,
  faultFree: FaultFree,
  { every = 1 }: Pick<Wanted, 'every'> = {},
): AsyncGenerator<AtOnce> {
  const { case: of, priority } = scenario;
  const isSampled = sampler(every, `${priority} ${basename(of.source)}`);
  if (isSampled()) yield* tryAtClose(scenario, faultFree);
  // A start by hand is a finding of its own each time, and a case of several meets them already.
  if (findingsIn(of).length !== 1 || faultFree.came.executions.length === 0) return;
  for (const kind of ['copies', 'findings'] as const) {
    for (const count of counts[kind]) {
      if (!isSampled()) continue;
      const came = await play(scenario, undefined, {
        copies: count,
        distinct: kind === 'findings',
      });
      const ids = kind === 'copies' ? [] : idsOf(scenario, count);
      const violations = violated(came, faultFree, ids);
      const ending = violations.length > 0 ? 'violated' : 'same-end';
      yield { source: of.source, priority, kind, count, ending, violations };
    }
  }
}

/** The next finding on the target comes as the case of the first one is about to be closed. */
export async function* tryAtClose(
  scenario: Scenario,
  faultFree: FaultFree,
): AsyncGenerator<AtOnce> {
  const { case: of, priority } = scenario;
  const closing = faultFree.came.attempts.find(
    ({ step, call }) => step === 'close-case' && call === 'dynamodb:TransactWriteItems',
  );
  if (!closing) return;
  const came = await play(scenario, undefined, { next: closing.place });
  const violations = violated(came, faultFree, idsOf(scenario, 2));
  const ending = violations.length > 0 ? 'violated' : 'same-end';
  yield { source: of.source, priority, kind: 'at-close', count: 1, ending, violations };
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
