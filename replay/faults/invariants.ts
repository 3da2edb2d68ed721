import * as z from 'zod';
import { steps } from '../../functions/index.ts';
import type { Notification } from '../../functions/shared/home.ts';
import type { Step } from '../../functions/shared/step.ts';
import type { AccountState } from '../account/state.ts';
import { changes } from '../call-in-words.ts';
import { loadWorkflows, statesOf } from '../workflow.ts';
import { lost, widerThan } from './access.ts';
import { asSets, type CaseEnd, type End, endOf, type SnapshotEnd } from './end-state.ts';
import type { Fault } from './faults.ts';
import { isAsItWas, isRelease, twice, unagreed, withoutRelease } from './released.ts';
import { roleOf } from './roles.ts';
import type { Came } from './scenario.ts';

const workflows = loadWorkflows(steps);

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
    ...(isRelease(faultFree.came)
      ? [...twice(came, fault, faultFree), ...unagreed(came, faultFree)]
      : notWiderThanItsStepFoundIt(came)),
    ...(fault.lasts === 'once' ? notIntact(end, faultFree.end) : []),
    ...(fault.lasts === 'once' && fault.effect !== 'execution-gone'
      ? deniedTooSoon(came, faultFree.came)
      : []),
    ...claims(came, end, fault, faultFree),
  ];
  const { ending, violations } = verdict({ came, end, fault, faultFree });
  const all = [...broken, ...violations];
  return all.length > 0 ? { ending: 'violated', violations: all } : { ending, violations: [] };
}

export interface Facts {
  readonly came: Came;
  readonly end: End;
  readonly fault: Fault;
  readonly faultFree: FaultFree;
}

function verdict(facts: Facts): Judged {
  const { came, end, fault, faultFree } = facts;
  const { step = '', home = false } = came.met?.attempt ?? {};
  const { kind } = roleOf(step);
  const isRestarted = fault.name === 'taken-over';
  const differs = differences(end, faultFree.end, { isRestarted, isHome: home });
  if (differs.length === 0) {
    const lacks = withoutManifest(end, faultFree.end);
    if (lacks.length === 0) return { ending: 'same-end', violations: [] };
    // What fails in Cordon's own account has failed after the SDK had tried it four times.
    const mayLack = home && kind === 'own' && end.told.some(saysNoManifest);
    return { ending: 'evidence-missing', violations: mayLack ? [] : lacks };
  }
  if (isSecondCase(facts)) {
    const { containment } = faultFree.end;
    const more = [
      ...(equal(statuses(end, isWorked), statuses(faultFree.end)) ? [] : differs),
      ...(asSets(end.containment) === asSets(containment)
        ? []
        : [`a second case: ${firstDifference(asSets(end.containment), asSets(containment))}`]),
    ];
    return { ending: 'same-end', violations: more };
  }
  if (fault.name === 'execution-stopped') return stopped(facts);
  if (isReplacedByThen(facts)) {
    const violations = came.told.length > 0 ? [] : ['nobody was told'];
    return { ending: 'left-to-human', violations };
  }
  if (fault.lasts === 'once' && !isRefusal(facts)) {
    return { ending: 'violated', violations: differs };
  }
  if (waitsForPeople(came) && waitsForPeople(faultFree.came)) return withoutPlan(facts);
  if (kind === 'evidence') return withoutEvidence(facts);
  if (kind === 'release') return withoutRelease(facts);
  return kind === 'containment' ? withoutContainment(facts) : withoutCase(facts);
}

/**
 * Started anew by a person when the stopped execution had closed its case already, or for a finding
 * that no case has seen and another's case is closed by then, there is nothing to take over: the
 * second start is a case of its own, with evidence and denials of its own beside the first one's.
 */
const isSecondCase = ({ came, end, faultFree, fault }: Facts): boolean =>
  fault.name === 'taken-over' && came.opensAnew && end.cases.length > faultFree.end.cases.length;

/**
 * A rotation that is started anew once the old key is deleted finds none that IAM knows: all is done,
 * and a human is told to look.
 */
const isReplacedByThen = ({ end, fault, faultFree: { end: wanted } }: Facts): boolean =>
  fault.name === 'taken-over' &&
  end.accounts === wanted.accounts &&
  end.cases.some(({ missing }) =>
    missing.some((line) => line.startsWith('It went no further: unknown-key.')),
  );

/**
 * Faults that pass and yet are more than one of AWS's: a volume or a query that is never seen again is
 * how it refuses some of them; and a body that the evidence store did not take was tried four times
 * by the SDK, with what was read gone if it were read again.
 */
const isRefusal = ({ came: { met }, fault }: Facts): boolean => {
  const { step = '', home = false, call = '' } = met?.attempt ?? {};
  if (roleOf(step).kind !== 'evidence' || fault.effect.endsWith('-gone')) return false;
  return fault.name === 'not-done' || (home && call === 's3:PutObject');
};

const accountsOf = ({ worlds }: Came) => worlds.map(({ account }) => account.state);

/** What must hold however a run has gone. */
export function always(came: Came, end: End, faultFree: FaultFree): string[] {
  const { end: wanted, initial } = faultFree;
  const failed = came.executions.filter(({ status }) => status !== 'SUCCEEDED');
  const now = accountsOf(came);
  const [when, allowed] = isRelease(faultFree.came)
    ? ['when it is released', accountsOf(faultFree.came)]
    : ['at the start', initial];
  return [
    // What waits for people without a fault waits for them with one.
    ...end.heldStill
      .filter((lock) => !wanted.heldStill.includes(lock))
      .map((lock) => `still held: ${lock}`),
    ...end.countedStill.map((place) => `counted, though nothing was done: ${place}`),
    ...statuses(end)
      .filter((line) => line.endsWith(' open') && !statuses(wanted).includes(line))
      .map((line) => `left ${line}`),
    ...(failed.length > 0 && came.told.length === 0
      ? ['an execution failed and nobody was told']
      : []),
    ...failed.flatMap(({ family, status }) =>
      status !== 'FAILED' || family.ran.notifications.some(isLastWord) || isSilenced(came)
        ? []
        : [`${family.playbook} failed without a word of its own`],
    ),
    ...failed.flatMap(({ family: { playbook, ran } }) =>
      !ran.failure || endsOf(playbook).has(ran.failure.error)
        ? []
        : [`${playbook} failed by ${ran.failure.error}, which is none of its own ends`],
    ),
    ...now.flatMap((state, n) =>
      wider(came, allowed[n] ?? state, state).map((line) => `wider than ${when}: ${line}`),
    ),
    ...moreGroups(now, initial),
    ...notListed(end, wanted),
  ];
}

/** The errors of a playbook's own `Fail` states: whatever fails, one of them is where it ends. */
function endsOf(playbook: string): ReadonlySet<unknown> {
  const { machine } = workflows.get(playbook) ?? {};
  return new Set(machine ? [...statesOf(machine)].map(([, { Error: error }]) => error) : []);
}

/** People hear in between as well: how the first containment of credentials went, and when asked. */
const isLastWord = ({ title }: Notification): boolean =>
  !title.endsWith('first containment came to') && !title.startsWith('Approval needed ');

/** The rule on executions is the second net: the workflow's own word must not depend on it. */
const isSilenced = ({ met }: Came): boolean => met?.attempt.call === 'sns:Publish';

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

/** The session of an instance is its SSM agent's as well: denied first, its memory is lost. */
function deniedTooSoon(came: Came, faultFree: Came): string[] {
  const isTooSoon = ({ attempts }: Came): boolean => {
    const began = attempts.findIndex(({ call }) => call === 'ssm:SendCommand');
    const denied = attempts.findIndex(({ call }) => call === 'iam:PutRolePolicy');
    return denied >= 0 && denied < began;
  };
  return isTooSoon(came) && !isTooSoon(faultFree)
    ? ['the session was denied before the capture of memory had begun']
    : [];
}

function notWiderThanItsStepFoundIt(came: Came): string[] {
  const { met, where } = came;
  if (!met || !where) return [];
  return wider(came, met.found, where.account.state).map(
    (line) => `wider than its step found it: ${line}`,
  );
}

/** A rotation that is stopped may leave a key without its secret; started anew it deletes that one. */
function wider({ executions }: Came, before: AccountState, after: AccountState): readonly string[] {
  const isStopped = executions.some(({ status }) => status === 'ABORTED');
  return widerThan(before, after).filter((line) => !(isStopped && line.endsWith(lost)));
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

/**
 * AWS does not let a second snapshot always be told in advance; then the step must name it, and the
 * case list it. A further case on the same volume, opened when the first was closed, has a set of its
 * own, which it lists.
 */
function notListed({ snapshots, duplicates, listed }: End, wanted: End): string[] {
  const count = (list: readonly SnapshotEnd[], of: string) =>
    list.filter((one) => one.of === of).length;
  const extra = snapshots.filter(({ id, of, by }) => {
    // One of a volume that the fault-free run has none of, such as a memory volume's own, is due.
    if (count(snapshots, of) <= (count(wanted.snapshots, of) || 1)) return false;
    const ofCase = snapshots.filter((one) => one.of === of && one.by === by);
    const unnamed = ofCase.filter((one) => !duplicates.has(one.id));
    return unnamed.length > 1 || !listed.has(`${by} ${id}`);
  });
  return extra.map(({ id, of }) => `a further snapshot that nothing lists: ${id} of ${of}`);
}

/** A case that calls itself contained is contained as the fault-free one is, if with more denials. */
function claims(came: Came, end: End, fault: Fault, faultFree: FaultFree): string[] {
  const { end: wanted } = faultFree;
  const { executions } = came;
  const claimed = (cases: readonly CaseEnd[]) =>
    cases.length > 0 && cases.every(({ status }) => status === 'contained');
  // Its finding is in no case that could claim anything, and people were told of its execution.
  const isOutside = executions.some(({ settled }) => settled?.outcome === 'no-case');
  const isSame =
    end.containment === wanted.containment ||
    asSets(end.containment) === asSets(wanted.containment);
  if (!claimed(end.cases) || !claimed(wanted.cases) || isSame || isOutside) return [];
  const initial = JSON.stringify(faultFree.initial);
  // What was not there at the start is of somebody's making, such as a replacement in a group.
  const differ = resourcesApart(end.containment, wanted.containment).filter((names) =>
    initial.includes(`"${names[0]}"`),
  );
  // What AWS says is not there cannot be contained; whatever else the step does not touch can.
  const touched =
    fault.name === 'not-found' ? namesSent(faultFree.came, came.met?.attempt.step) : [];
  const others = differ.filter((names) => !names.some((name) => touched.includes(name)));
  return others.length > 0
    ? [`every case says contained, and not as without a fault: ${others.map(([name]) => name)}`]
    : [];
}

/** The resources that are not the same in two accounts, each by all its names. */
function resourcesApart(one: string, other: string): readonly (readonly string[])[] {
  const [mine, theirs] = [one, other].map((text) => {
    const worlds = Containment.parse(JSON.parse(text));
    const lists = worlds.flatMap((world) => Object.values(world)).flat();
    return new Map(lists.map((resource) => [JSON.stringify(resource), namesOf(resource)]));
  });
  return [
    ...[...(mine ?? [])].filter(([text]) => !theirs?.has(text)),
    ...[...(theirs ?? [])].filter(([text]) => !mine?.has(text)),
  ].map(([, names]) => names);
}

const Containment = z.array(z.record(z.string(), z.array(z.record(z.string(), z.unknown()))));

/** By which resources of each kind are told apart, and what else they may be called. */
const ownNames = [
  ...['instanceId', 'networkInterfaceId', 'networkAclId', 'groupId', 'arn'],
  ...['userName', 'roleName', 'groupName', 'name'],
];
const namesOf = (resource: Readonly<Record<string, unknown>>): readonly string[] =>
  ownNames.flatMap((field) => {
    const value = resource[field];
    return typeof value === 'string' ? value : [];
  });

/** Every name that a step sends in a write. */
function namesSent({ executions }: Came, step: string | undefined): readonly string[] {
  const sent = executions.flatMap(({ family }) =>
    family.ran.entered.flatMap(({ invocations }) =>
      invocations.filter((run) => run.step === step).flatMap(({ journal }) => journal),
    ),
  );
  const texts = sent.filter(({ call }) => changes(call)).map(({ input }) => JSON.stringify(input));
  return texts.flatMap((text) => text.match(/(?<=")[^"]+(?=")/g) ?? []);
}

/** How an end differs from the fault-free one; empty where it is the same. */
function differences(
  end: End,
  wanted: End,
  { isRestarted, isHome }: { isRestarted: boolean; isHome: boolean },
): string[] {
  return [
    ...(end.accounts === wanted.accounts
      ? []
      : [`the account differs: ${firstDifference(end.accounts, wanted.accounts)}`]),
    ...(isRestarted || equal(end.executions, wanted.executions)
      ? []
      : [`executions ended as ${end.executions}, not ${wanted.executions}`]),
    ...(equal(statuses(end), statuses(wanted))
      ? []
      : [`cases ended as ${statuses(end)}, not ${statuses(wanted)}`]),
    ...[...wanted.befores.keys()]
      .filter((key) => !end.befores.has(key))
      .map((key) => `not recorded: ${key}`),
    ...wanted.told
      .filter((title) => !end.told.includes(title))
      .filter((title) => !(isHome && end.told.includes(title.replace(':', `${noManifest}:`))))
      .filter(() => !(isRestarted && end.told.some((title) => closedBefore.test(title))))
      .map((title) => `not told: ${title}`),
    ...missingMore(end, wanted).map((line) => `missing: ${line}`),
    ...fewerSnapshots(end, wanted),
  ];
}

/** What `close-case` adds to what it tells people. */
const noManifest = ', no evidence manifest';
const saysNoManifest = (title: string): boolean =>
  title.includes(noManifest) || /^Evidence of case .* is not complete$/.test(title);

/** The rule on executions tells of a case whose execution was stopped before it had told of it. */
const closedBefore = /^A playbook was stopped after it had closed case /;

/** Cases that end without the manifest of their evidence, where the fault-free ones have theirs. */
const withoutManifest = (end: End, wanted: End): string[] => {
  const have = new Set(wanted.cases.flatMap((one) => (one.manifest === 'kept' ? one.target : [])));
  return end.cases
    .filter(({ target, manifest }) => manifest === 'none' && have.has(target))
    .map(({ target }) => `no evidence manifest: ${target}`);
};

const equal = (one: readonly string[], other: readonly string[]) =>
  one.join('\n') === other.join('\n');

const statuses = ({ cases }: End, which: (one: CaseEnd) => boolean = () => true): string[] =>
  [
    ...new Set(
      cases.filter(which).map(({ target, mode, status }) => `${mode} ${target} ${status}`),
    ),
  ].sort();

/** Started anew on a key that is replaced, a case finds that there is none and says so. */
const isWorked = ({ missing }: CaseEnd): boolean =>
  !missing.some((line) => line.startsWith('Nothing was done: '));

const missingMore = (end: End, wanted: End): string[] => {
  const known = new Set(wanted.cases.flatMap(({ missing }) => missing));
  return end.cases.flatMap(({ missing }) => missing).filter((line) => !known.has(line));
};

function fewerSnapshots({ snapshots }: End, wanted: End): string[] {
  const inWords = ({ of, device }: SnapshotEnd) => `${of}, ${device}`;
  const made = snapshots.map(inWords);
  const due = wanted.snapshots.map(inWords);
  return due.filter((one) => !made.includes(one)).map((one) => `no snapshot of ${one}`);
}

function firstDifference(one: string, other: string): string {
  let at = 0;
  while (one[at] === other[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
  return `…${around(one)}… not …${around(other)}…`;
}

/** An execution that was stopped: its case is a human's, and the human knows. */
function stopped({ came, end, faultFree }: Facts): Judged {
  const aborted = came.executions.filter(({ status }) => status === 'ABORTED');
  const outcomes = aborted.map(({ settled }) => settled?.outcome);
  const violations = [
    ...(came.told.length > 0 ? [] : ['nobody was told']),
    ...(outcomes.includes('settled') &&
    !end.cases.some(({ status }) => status === 'needs-human') &&
    !isAsItWas(came, end, faultFree)
      ? ['it was settled, and no case needs a human']
      : []),
    ...(outcomes.length > 0 && outcomes.every(Boolean) ? [] : ['it was not settled']),
  ];
  return { ending: 'settled', violations };
}

const waitsForPeople = ({ executions }: Came): boolean =>
  executions.some(({ family }) => family.ran.status === 'waiting');

/** What people are asked lacks a step that could not be rehearsed: nothing is changed, and they are asked. */
function withoutPlan({ end, faultFree: { end: wanted } }: Facts): Judged {
  const violations = [
    ...(end.accounts === wanted.accounts ? [] : ['something was changed before people agreed']),
    ...(end.told.some((title) => title.startsWith('Approval needed ')) ? [] : ['nobody was asked']),
  ];
  return { ending: 'left-to-human', violations };
}

/** Evidence that cannot be had: containment is done all the same, and the case says what is missing. */
function withoutEvidence({ came, end, fault, faultFree: { end: wanted } }: Facts): Judged {
  const { labels, gone } = roleOf(came.met?.attempt.step ?? '');
  // Without a trace nobody knows which roles are left; then, and only then, evidence is a human's.
  const blind = labels.includes('Trace what the credentials did');
  const more = missingMore(end, wanted);
  const isGone = fault.name === 'not-found' && outcomesOf(came).some((word) => gone.includes(word));
  const violations = [
    ...(end.containment === wanted.containment || blind ? [] : ['containment is not complete']),
    ...(blind || equal(end.executions, wanted.executions)
      ? []
      : [`executions ended as ${end.executions}, not ${wanted.executions}`]),
    ...(more.some((line) => labels.some((label) => line.startsWith(label))) || isGone
      ? []
      : [`the case does not say that it lacks ${labels}`]),
  ];
  return { ending: 'evidence-missing', violations };
}

/** What follows on a capture: none is begun on an instance that was to be cut first, or not at all. */
const afterCapture =
  /: (?:Check memory capture|Keep memory image|Wait for the memory capture to begin)$/;

/** The old key goes only where there is a new one. */
const isDeletion = 'rotate-access-key: Delete replaced key';

/** A step that fails ahead of its turn, or of the cut, is not put off. */
const isTurnOf = (step: string, state: string): boolean =>
  /(?:in its turn|after the cut)$/.test(state) &&
  state.toLowerCase().includes(`: ${step.replace('-', ' ')} `);

/** Containment that cannot be had: the rest is tried, and a human knows what to do by hand. */
function withoutContainment({ came, end, fault, faultFree: { end: wanted } }: Facts): Judged {
  const { step, playbook } = came.met?.attempt ?? { step: '', playbook: '' };
  const { labels } = roleOf(step);
  const lines = missingMore(end, wanted).filter((line) =>
    labels.some((label) => line.startsWith(label)),
  );
  if (lines.length === 0 && isMadeGood(end, wanted)) {
    return { ending: 'evidence-missing', violations: [] };
  }
  const isGone = fault.name === 'not-found' && lines.length === 0;
  if (isGone) return { ending: 'said-gone', violations: goneInstead(came, end, wanted) };
  const text = came.told.map((one) => one.text).join('\n');
  const ofCase = end.cases.filter(({ status }) => status === 'needs-human');
  const violations = [
    ...[...wanted.tried]
      .filter((state) => !end.tried.has(state) && !afterCapture.test(state))
      .filter((state) => !isTurnOf(step, state))
      .filter((state) => step !== 'create-replacement-key' || state !== isDeletion)
      // A playbook that could not be started has tried nothing.
      .filter((state) => step !== 'start-playbook' || state.startsWith(`${playbook}: `))
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

/** A later state has done what the first one could not: the cut at once, and the cut that follows. */
const isMadeGood = (end: End, wanted: End): boolean =>
  end.containment === wanted.containment &&
  equal(statuses(end), statuses(wanted)) &&
  equal(end.executions, wanted.executions) &&
  missingMore(end, wanted).length > 0;

/** What people call a resource: the end of its ARN, or a sequence's id. */
const resourceOf = (target: string): string =>
  /attack-sequence\/([^/]+)/.exec(target)?.[1] ?? target.split(/[:/]/).at(-1) ?? target;

/** What the step that met the fault came to, each time it ran. */
const outcomesOf = ({ executions, met }: Came): readonly string[] =>
  executions.flatMap(({ family }) =>
    family.ran.entered.flatMap(({ invocations }) =>
      invocations.filter((run) => run.step === met?.attempt.step).map(({ outcome }) => outcome),
    ),
  );

/** AWS said that the target itself is gone: there is nothing to contain, and the step says so. */
function goneInstead(came: Came, end: End, wanted: End): string[] {
  const { step } = came.met?.attempt ?? { step: '' };
  const { gone } = roleOf(step);
  const words = outcomesOf(came);
  // Or it found another way to the same, such as an inline policy for one that cannot be attached.
  const otherwise = !words.includes('failed') && equal(statuses(end), statuses(wanted));
  return otherwise || words.some((word) => gone.includes(word))
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
