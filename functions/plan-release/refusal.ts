import type { Releasable } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';
import { reaches } from '../shared/target-role.ts';

/** What decided about a release, before anything is looked at in the account. */
export const reasons = [
  'release',
  'already-released',
  'dry-run-case',
  'playbook-off',
  'case-open',
  'target-held',
  'later-case',
  'other-account',
  'never-touch-account',
  'guard-unreadable',
] as const;
type Reason = (typeof reasons)[number];

/** What a person does where nothing is released. */
const instructions: Partial<Record<Reason, string>> = {
  'case-open':
    'The case is still open: its playbook is at work, or waits. Wait until it has ended, or stop ' +
    'its execution, which gives the case to you; then start the release again.',
  'target-held':
    'Another execution holds the target: a case that is open on it, or another release. Wait until ' +
    'it has ended, then start the release again.',
  'later-case':
    'A later case stands on the same target, and rests on what this one did. Release the later case ' +
    'first; if it is a dry run or is open, see to it first.',
  'other-account':
    'Cordon does not act in this account any more. Put it back under targets in the settings, or ' +
    'take the changes back by hand: the case lists what was there before.',
  'never-touch-account':
    'This account is on the never-touch list. Ask its owner; to have Cordon release it, take it ' +
    'off neverTouch.accounts in the settings and start the release again.',
  'guard-unreadable':
    'It could not be told whether people must be asked first: see the log of plan-release. Where a ' +
    'rule names organisational units, AWS Organizations must answer. Then start the release again.',
};

/** Nothing is locked nor taken back; a person is told what to do. */
export const left = (reason: Reason) =>
  ({ outcome: 'needs-human', reason, instructions: instructions[reason] ?? null }) as const;

/** Why a case is not released, or undefined where it may be. */
export function refusalOf(
  { caseId, status, ref, latest }: Releasable,
  { settings, own }: Pick<StepContext, 'settings' | 'own'>,
) {
  if (status === 'open') return left('case-open');
  if (ref.mode === 'dry-run') return { outcome: 'declined', reason: 'dry-run-case' } as const;
  if (status === 'released') return { outcome: 'declined', reason: 'already-released' } as const;
  if (latest.caseId !== caseId && latest.status !== 'released') return left('later-case');
  if (settings.neverTouch.accounts.includes(ref.account)) return left('never-touch-account');
  if (!reaches(settings, own, ref.account)) return left('other-account');
  return undefined;
}
