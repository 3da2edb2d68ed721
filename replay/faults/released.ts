import type { Item } from '../../functions/shared/case-table.ts';
import type { AccountState } from '../account/state.ts';
import { inOrder } from '../states-entered.ts';
import { widerThan } from './access.ts';
import type { End } from './end-state.ts';
import type { Fault } from './faults.ts';
import type { Facts, FaultFree, Judged } from './invariants.ts';
import type { Came } from './scenario.ts';

/** Whether what was run gives access back, which nothing else may. */
export const isRelease = ({ executions }: Came): boolean =>
  executions.some(({ family }) => family.playbook === 'release');

/** Where people are asked first, nothing is given back before they have agreed, nor without their word. */
export function unagreed(came: Came, { came: sound, initial }: FaultFree): string[] {
  if (!sound.executions.some(({ family }) => asks(family.ran.entered))) return [];
  const settled = came.attempts.findIndex(({ step }) => step === 'settle-release');
  const sent = came.attempts.findIndex(
    ({ step, writes, home }) => step === 'release-change' && writes && !home,
  );
  return [
    ...(sent >= 0 && (settled < 0 || sent < settled) ? ['sent before people were asked'] : []),
    ...came.worlds.flatMap(({ account, table }, n) =>
      table.items().some(isAgreed) ? [] : givenBack(account.state, initial[n]),
    ),
  ];
}

const asks = (entered: readonly { state: string }[]): boolean =>
  entered.some(({ state }) => state === 'Ask for approval');

const isAgreed = ({ sk, playbook, status }: Item): boolean =>
  sk === 'approval' && playbook === 'release' && status === 'confirmed';

const givenBack = (now: AccountState, before: AccountState | undefined): string[] =>
  widerThan(before ?? now, now).map((line) => `given back without people's word: ${line}`);

/** A release that waited for people left the case as it was, and says so. */
export const isAsItWas = (came: Came, { releases }: End, { initial }: FaultFree): boolean =>
  releases.some(({ outcome }) => outcome === 'unanswered') &&
  came.worlds.every(({ account }, n) => givenBack(account.state, initial[n]).length === 0);

/** What a change that AWS may have made already is sent once more at most: that one alone, and once. */
export function twice(came: Came, fault: Fault, { came: faultFree }: FaultFree): string[] {
  if (fault.lasts !== 'once') return [];
  const count = ({ attempts }: Came, of: string) =>
    attempts.filter(({ call, writes, home }) => writes && !home && call === of).length;
  const calls = new Set(
    came.attempts.flatMap(({ call, writes, home }) => (writes && !home ? call : [])),
  );
  return [...calls]
    .filter((call) => {
      const again = came.met?.attempt.call === call ? 1 : 0;
      return count(came, call) > count(faultFree, call) + again;
    })
    .map((call) => `sent more often than without a fault: ${call}`);
}

/** A change that cannot be taken back: every other is, and a human knows what to do by hand. */
export function withoutRelease({
  came,
  end,
  fault,
  faultFree: { came: sound, end: wanted },
}: Facts): Judged {
  const done = linesOf(end, 'done');
  const left = linesOf(end, 'left');
  const lost = [...linesOf(wanted, 'done').keys()].filter((change) => !done.has(change));
  if (lost.length === 0 && fault.name === 'not-found')
    return { ending: 'said-gone', violations: notGone(came, done) };
  const text = came.told.map((one) => one.text).join('\n');
  const untold = lost.filter((change) => !isTold(text, left.get(change) ?? ''));
  const violations = [
    ...(tried(came) === tried(sound) ? [] : ['not every change was tried']),
    ...(lost.length > 0 ? [] : ['nothing was lost, and yet it is not the same']),
    ...untold.map((change) => `nobody was told what to do by hand: ${change}`),
    ...(end.cases.some(({ status }) => status === 'needs-human') ? [] : ['no case needs a human']),
    ...(came.executions.some(({ status }) => status === 'FAILED')
      ? []
      : ['every release ended well']),
  ];
  return { ending: 'left-to-human', violations };
}

/** By change, what a release says of it. */
const linesOf = ({ releases }: End, which: 'done' | 'left'): ReadonlyMap<string, string> =>
  new Map(
    releases.flatMap((release) =>
      release[which].map((line) => [line.split(': ')[0] ?? line, line]),
    ),
  );

/** A change rests on another at times: it is then said which one first. */
const isTold = (text: string, line: string): boolean =>
  line !== '' &&
  text.includes(line) &&
  /: taking it back failed\. By hand: |: left, since /.test(line);

/** How many changes were asked to be taken back, rehearsals of the same ones among them. */
const tried = ({ executions }: Came): number =>
  executions.reduce((sum, { family }) => {
    const entered = inOrder(family.ran.road).filter(({ state }) => state === 'Take back change');
    return sum + new Set(entered.map(({ item }) => item)).size;
  }, 0);

const notGone = (came: Came, done: ReadonlyMap<string, string>): string[] =>
  [...done.values()].some((line) => /: (?:gone|already-restored)$/.test(line))
    ? []
    : [`AWS said not found, and ${came.met?.attempt.step} did not say so`];
