import { steps } from '../../functions/index.ts';
import type { Step } from '../../functions/shared/step.ts';
import type { AccountState } from '../account/state.ts';
import { widerThan } from './access.ts';
import { type CaseEnd, type End, endOf } from './end-state.ts';
import type { Fault } from './faults.ts';
import { roleOf } from './roles.ts';
import type { Came } from './scenario.ts';

/** How a run with a fault ended, in the words of the matrix; `violated` where an invariant broke. */
export const endings = [
  'same-end',
  'evidence-missing',
  'left-to-human',
  'said-gone',
  'no-case-opened',
  'settled',
  'not-met',
  'violated',
] as const;
export type Ending = (typeof endings)[number];

export interface Judged {
  readonly ending: Ending;
  /** What was broken, a line each; empty but for `violated`. */
  readonly violations: readonly string[];
}

/** A run without a fault, to hold the others against. */
export interface FaultFree {
  readonly came: Came;
  readonly end: End;
  readonly initial: readonly AccountState[];
}

/** Holds what a run with a fault came to against the same run without one. */
export function judge(came: Came, fault: Fault, faultFree: FaultFree): Judged {
  const { met } = came;
  if (!met) return { ending: 'not-met', violations: [] };
  const end = endOf(came, faultFree.initial);
  const broken = [
    ...always(came, end, faultFree),
    ...notWiderThanItsStepFoundIt(came),
    ...(fault.lasts === 'once' ? notIntact(end, faultFree.end) : []),
    ...(fault.name === 'not-found' || isSecondCase(end, faultFree, fault)
      ? []
      : claims(end, faultFree.end)),
  ];
  const { ending, violations } = verdict({ came, end, fault, faultFree });
  const all = [...broken, ...violations];
  return all.length > 0 ? { ending: 'violated', violations: all } : { ending, violations: [] };
}

interface Facts {
  readonly came: Came;
  readonly end: End;
  readonly fault: Fault;
  readonly faultFree: FaultFree;
}

function verdict(facts: Facts): Judged {
  const { came, end, fault, faultFree } = facts;
  // What fails in Cordon's own account has failed four times over: people are told in other words.
  const otherWords = fault.name === 'taken-over' || came.met?.attempt.home === true;
  const differs = differences(end, faultFree.end, {
    restarted: fault.name === 'taken-over',
    otherWords,
  });
  if (differs.length === 0) return { ending: 'same-end', violations: [] };
  if (isSecondCase(end, faultFree, fault) && equal(statuses(end), statuses(faultFree.end))) {
    return { ending: 'same-end', violations: [] };
  }
  if (fault.name === 'execution-stopped') return stopped(facts);
  const { kind } = roleOf(came.met?.attempt.step ?? '');
  // A volume or a query that is never seen again is how AWS refuses some of them; and what fails in
  // Cordon's own account has failed after the SDK had tried it four times.
  const mayLack = fault.name === 'not-done' || came.met?.attempt.home;
  if (mayLack && kind === 'evidence' && fault.effect !== 'execution-gone') {
    return withoutEvidence(facts);
  }
  if (fault.lasts === 'once') return { ending: 'violated', violations: differs };
  if (kind === 'evidence') return withoutEvidence(facts);
  return kind === 'containment' ? withoutContainment(facts) : withoutCase(facts);
}

/**
 * Started anew when the stopped execution had closed its case already, there is nothing to take over:
 * the second start is a case of its own, with denials of its own beside the first one's.
 */
const isSecondCase = (end: End, { end: wanted }: FaultFree, { name }: Fault): boolean =>
  name === 'taken-over' && end.cases.length > wanted.cases.length;

/** What must hold however a run has gone. */
export function always(came: Came, end: End, { end: wanted, initial }: FaultFree): string[] {
  const failed = came.executions.filter(({ status }) => status !== 'SUCCEEDED');
  const now = came.worlds.map(({ account }) => account.state);
  return [
    // What waits for people without a fault waits for them with one.
    ...end.heldStill
      .filter((lock) => !wanted.heldStill.includes(lock))
      .map((lock) => `still held: ${lock}`),
    ...statuses(end)
      .filter((line) => line.endsWith(' open') && !statuses(wanted).includes(line))
      .map((line) => `left ${line}`),
    ...(failed.length > 0 && came.told.length === 0
      ? ['an execution failed and nobody was told']
      : []),
    ...now.flatMap((state, n) =>
      widerThan(initial[n] ?? state, state).map((line) => `wider than at the start: ${line}`),
    ),
    ...moreGroups(now, initial),
    ...notListed(end, wanted),
  ];
}

/** Steps whose record is what they are undone by; any other is a picture, taken beside other steps. */
const undone: ReadonlySet<string> = new Set(
  steps.flatMap((step: Step) => (step.undo ? step.name : [])),
);

/** A step that lasts may leave the next one another account; one that passes may not. */
const notIntact = (end: End, wanted: End): string[] =>
  [...wanted.befores]
    .filter(([key, [state = '']]) => end.befores.get(key)?.includes(state) === false)
    .filter(([key]) => undone.has(key.split(' ')[2] ?? ''))
    .map(([key]) => `not as it was before: ${key}`);

function notWiderThanItsStepFoundIt({ met, worlds }: Came): string[] {
  if (!met) return [];
  const now = worlds.map(({ account }) => account.state);
  const same = now.find(({ accountId }) => accountId === met.found.accountId);
  return worlds.length === 1 && same
    ? widerThan(met.found, same).map((line) => `wider than its step found it: ${line}`)
    : [];
}

/** One group of a name in a VPC is enough for any number of cases. */
function moreGroups(now: readonly AccountState[], initial: readonly AccountState[]): string[] {
  return now.flatMap(({ securityGroups }, n) => {
    const were = new Set(initial[n]?.securityGroups.map(({ groupId }) => groupId));
    const made = securityGroups.filter(({ groupId }) => !were.has(groupId));
    const places = made.map(({ groupName, vpcId }) => `${groupName} in ${vpcId}`);
    const twice = places.filter((place, at) => places.indexOf(place) !== at);
    return twice.map((place) => `a second group ${place}`);
  });
}

/** AWS does not let a second snapshot always be told in advance; then the step must name it. */
function notListed({ snapshots, duplicates }: End, wanted: End): string[] {
  const due = new Map<string, number>();
  for (const { of } of wanted.snapshots) due.set(of, (due.get(of) ?? 0) + 1);
  const extra = snapshots.filter(({ id, of }) => {
    if (duplicates.has(id)) return false;
    // One of a volume that the fault-free run has none of, such as a memory volume's own, is due.
    const left = due.get(of) ?? 1;
    due.set(of, left - 1);
    return left <= 0;
  });
  return extra.map(({ id, of }) => `a further snapshot that nothing lists: ${id} of ${of}`);
}

/** A case that calls itself contained is contained as the fault-free one is. */
function claims(end: End, wanted: End): string[] {
  const claimed = (cases: readonly CaseEnd[]) =>
    cases.length > 0 && cases.every(({ status }) => status === 'contained');
  return claimed(end.cases) && claimed(wanted.cases) && end.containment !== wanted.containment
    ? ['every case says contained, and the account is not as without a fault']
    : [];
}

/** How an end differs from the fault-free one; empty where it is the same. */
function differences(
  end: End,
  wanted: End,
  { restarted, otherWords }: { restarted: boolean; otherWords: boolean },
): string[] {
  return [
    ...(end.accounts === wanted.accounts
      ? []
      : [`the account differs: ${firstDifference(end.accounts, wanted.accounts)}`]),
    ...(restarted || equal(end.executions, wanted.executions)
      ? []
      : [`executions ended as ${end.executions}, not ${wanted.executions}`]),
    ...(equal(statuses(end), statuses(wanted))
      ? []
      : [`cases ended as ${statuses(end)}, not ${statuses(wanted)}`]),
    ...[...wanted.befores.keys()]
      .filter((key) => !end.befores.has(key))
      .map((key) => `not recorded: ${key}`),
    ...wanted.told
      .filter((title) => !otherWords && !end.told.includes(title))
      .map((title) => `not told: ${title}`),
    ...missingMore(end, wanted).map((line) => `missing: ${line}`),
    ...fewerSnapshots(end, wanted),
  ];
}

const equal = (one: readonly string[], other: readonly string[]) =>
  one.join('\n') === other.join('\n');

const statuses = ({ cases }: End): string[] =>
  [...new Set(cases.map(({ target, mode, status }) => `${mode} ${target} ${status}`))].sort();

const missingMore = (end: End, wanted: End): string[] => {
  const known = new Set(wanted.cases.flatMap(({ missing }) => missing));
  return end.cases.flatMap(({ missing }) => missing).filter((line) => !known.has(line));
};

function fewerSnapshots({ snapshots }: End, wanted: End): string[] {
  const made = snapshots.map(({ of }) => of);
  return wanted.snapshots
    .filter(({ of }) => !made.includes(of))
    .map(({ of }) => `no snapshot of ${of}`);
}

function firstDifference(one: string, other: string): string {
  let at = 0;
  while (one[at] === other[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
  return `…${around(one)}… not …${around(other)}…`;
}

/** An execution that was stopped: its case is a human's, and the human knows. */
function stopped({ came, end }: Facts): Judged {
  const aborted = came.executions.filter(({ status }) => status === 'ABORTED');
  const outcomes = aborted.map(({ settled }) => settled?.outcome);
  const violations = [
    ...(came.told.length > 0 ? [] : ['nobody was told']),
    ...(outcomes.includes('settled') && !end.cases.some(({ status }) => status === 'needs-human')
      ? ['it was settled, and no case needs a human']
      : []),
    ...(outcomes.length > 0 && outcomes.every(Boolean) ? [] : ['it was not settled']),
  ];
  return { ending: 'settled', violations };
}

/** Evidence that cannot be had: containment is done all the same, and the case says what is missing. */
function withoutEvidence({ came, end, faultFree: { end: wanted } }: Facts): Judged {
  const { labels } = roleOf(came.met?.attempt.step ?? '');
  // Without a trace nobody knows which roles are left; then, and only then, evidence is a human's.
  const blind = labels.includes('Trace what the credentials did');
  const more = missingMore(end, wanted);
  const violations = [
    ...(end.containment === wanted.containment || blind ? [] : ['containment is not complete']),
    ...(blind || equal(end.executions, wanted.executions)
      ? []
      : [`executions ended as ${end.executions}, not ${wanted.executions}`]),
    ...(more.some((line) => labels.some((label) => line.startsWith(label)))
      ? []
      : [`the case does not say that it lacks ${labels}`]),
  ];
  return { ending: 'evidence-missing', violations };
}

/** Containment that cannot be had: the rest is tried, and a human knows what to do by hand. */
function withoutContainment({ came, end, fault, faultFree: { end: wanted } }: Facts): Judged {
  const { step } = came.met?.attempt ?? { step: '' };
  const { labels } = roleOf(step);
  const lines = missingMore(end, wanted).filter((line) =>
    labels.some((label) => line.startsWith(label)),
  );
  const isGone = fault.name === 'not-found' && lines.length === 0;
  if (isGone) return { ending: 'said-gone', violations: goneInstead(came, end, wanted) };
  const text = came.told.map((one) => one.text).join('\n');
  const ofCase = end.cases.filter(({ status }) => status === 'needs-human');
  const violations = [
    ...[...wanted.tried]
      .filter((state) => !end.tried.has(state))
      .map((state) => `not tried: ${state}`),
    ...(ofCase.length > 0 ? [] : ['no case needs a human']),
    ...(came.executions.some(({ status }) => status === 'FAILED')
      ? []
      : ['every execution ended well']),
    ...(lines.some((line) => text.includes(line)) ? [] : [`nobody was told of ${labels}`]),
    ...(lines.every((line) => line.includes('By hand: ')) ? [] : ['no command is given']),
    ...(ofCase.some(({ target }) => text.includes(resourceOf(target)))
      ? []
      : ['no resource is named']),
  ];
  return { ending: 'left-to-human', violations };
}

/** What people call a resource: the end of its ARN. */
const resourceOf = (target: string): string => target.split(/[:/]/).at(-1) ?? target;

/** AWS said that the target itself is gone: there is nothing to contain, and the step says so. */
function goneInstead(came: Came, end: End, wanted: End): string[] {
  const { step } = came.met?.attempt ?? { step: '' };
  const words = came.executions.flatMap(({ family }) =>
    family.ran.entered.flatMap(({ invocations }) =>
      invocations.filter((run) => run.step === step).map(({ outcome }) => outcome),
    ),
  );
  // Or it found another way to the same, such as an inline policy for one that cannot be attached.
  const otherwise = !words.includes('failed') && equal(statuses(end), statuses(wanted));
  return otherwise || words.some((word) => /gone|absent|not-|unknown|nothing/.test(word))
    ? []
    : [`AWS said not found, and ${step} came to ${[...new Set(words)]}`];
}

/** Cordon itself could not go on: nothing is changed unseen, and a human knows. */
function withoutCase({ came, end, faultFree: { end: wanted } }: Facts): Judged {
  const failed = came.executions.some(({ status }) => status !== 'SUCCEEDED');
  const human = end.cases.some(({ status }) => status === 'needs-human');
  const violations = [
    ...(failed || human || equal(end.executions, wanted.executions)
      ? []
      : ['it ended well, without its case']),
    ...(came.told.length > 0 ? [] : ['nobody was told']),
  ];
  return { ending: human ? 'left-to-human' : 'no-case-opened', violations };
}
