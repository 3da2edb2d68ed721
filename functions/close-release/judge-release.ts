import { nameOfChange, nothingLeft } from '../shared/recorded-change.ts';
import type { RecordedChange, Release } from '../shared/releases.ts';
import { isUndone } from '../shared/undo-order.ts';
import { byHand } from './by-hand.ts';

interface Came {
  readonly step: string;
  readonly resource: string;
  readonly outcome: string;
  readonly reason?: string | null | undefined;
}

interface Grounds {
  readonly recorded: readonly RecordedChange[];
  readonly undone: readonly Came[];
  /** What earlier releases took back, by the changes' names. */
  readonly settled: ReadonlySet<string>;
  /** How many findings have come since the release was planned. */
  readonly newFindings: number;
}

/** What came of a release that was not held up. */
interface Verdict extends Pick<Release, 'done' | 'left'> {
  readonly outcome: 'released' | 'partly-released' | 'needs-human';
}

/** Says of every change the case recorded whether it is taken back, and if not why and what to do. */
export function judgeRelease({ recorded, undone, settled, newFindings }: Grounds): Verdict {
  const came = new Map(undone.map((one) => [nameOfChange(one), one]));
  const done: string[] = [];
  const left: string[] = [];
  // Other steps put on record what they found, and changed nothing.
  for (const change of recorded.filter(({ step }) => isUndone(step) || step in impossible)) {
    const name = nameOfChange(change);
    const one = came.get(name);
    const outcome = one?.outcome.replace(/^would-be-/, '');
    if (outcome && nothingLeft.has(outcome))
      done.push(`${change.step} ${change.resource}: ${outcome}`);
    else if (!one && settled.has(name))
      done.push(`${change.step} ${change.resource}: released before`);
    else left.push(lineOf(change, one?.reason ?? outcome ?? 'not-asked'));
  }
  const failed = undone.some(({ outcome }) => outcome === 'failed');
  if (newFindings > 0) left.unshift(`${newFindings} new findings about the target: ${again}`);
  const outcome =
    failed || newFindings > 0 ? 'needs-human' : left.length > 0 ? 'partly-released' : 'released';
  return { outcome, done, left };
}

const again =
  'read them, and start the playbook on it by hand unless you know them to be false alarms';

function lineOf(change: RecordedChange, why: string): string {
  const { step, resource, state } = change;
  const said = words[why]?.(change) ?? `${why}: a human must decide`;
  const command = byHandToo.has(why) ? byHand(step, resource, state) : undefined;
  return `${step} ${resource}: ${said}${command ? `. By hand: ${command}` : ''}`;
}

/** Why it may be for a person to take it back, by a command. */
const byHandToo: ReadonlySet<string> = new Set(['failed', 'drifted', 'not-rehearsed']);

const member = (state: object, name: string): string => {
  const value = Object.entries(state).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : '…';
};

const listed = () => 'the never-touch list holds it back: take it off in the settings, or leave it';

/** Why a change is left, by its outcome or reason. */
const words: Readonly<Record<string, (change: RecordedChange) => string>> = {
  failed: () => 'taking it back failed',
  'not-rehearsed': () =>
    'left, since it could not be rehearsed, and people agree to what they can see: release the case again',
  drifted: () => 'left, since it was changed after the case and not by Cordon',
  'not-yet': ({ step }) =>
    `left, since a stolen session may still be valid: release the case again ${step === 'revoke-user-sessions' ? 36 : 12} hours after it was contained`,
  'not-named': ({ step, state }) =>
    step === 'detach-from-auto-scaling'
      ? `left, since nobody named the group: release with "rejoin": ["${member(state, 'group')}"]`
      : `left, since nobody named it: release with "rejoin": ["${'targetGroupArn' in state ? member(state, 'targetGroupArn') : member(state, 'name')}"]`,
  'key-not-named': ({ state }) =>
    `stays inactive: a leaked key is better replaced; else release with "reactivateKeys": ["${member(state, 'accessKeyId')}"]`,
  'still-isolated': () =>
    'left, since the instance is still cut off and its group would terminate it: release isolate-instance first',
  'new-finding': () => 'left, since a new finding came in about the target',
  'not-asked': ({ step }) =>
    step in impossible
      ? (impossible[step] ?? '')
      : `left, since the release was of other steps: release with "steps": ["${step}"]`,
  'never-touch-account': listed,
  'never-touch-instance': listed,
  'never-touch-user': listed,
  'never-touch-role': listed,
  'break-glass': listed,
  'own-role': () => 'left: the role is one that Cordon itself acts with',
  'service-linked-role': () => 'left: nobody can change a role of an AWS service',
  'identity-center-role': () => 'left: Identity Center would undo the change',
};

/** Steps that put something on record though nothing can take it back. */
const impossible: Readonly<Record<string, string>> = {
  'delete-replaced-key': 'cannot be taken back: IAM gives no deleted key back',
  'create-replacement-key': 'is not taken back: an application may sign with the new key',
};
