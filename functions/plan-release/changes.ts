import type { CaseRef } from '../shared/case-record.ts';
import { inside, refuse } from '../shared/place.ts';
import { keyOf, nameOfChange, namesOf, settledSince } from '../shared/recorded-change.ts';
import type { ReleaseRequest } from '../shared/release-request.ts';
import type { RecordedChange, Releasable } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';
import { isUndone, newestFirst } from '../shared/undo-order.ts';

/** Refuses groups and keys that the case never touched: whoever named them means another case. */
export function refuseUnknownNames(
  recorded: readonly RecordedChange[],
  { rejoin, reactivateKeys }: ReleaseRequest,
): void {
  const groups = recorded.flatMap(namesOf);
  const keys: string[] = recorded.flatMap((change) => keyOf(change) ?? []);
  refuseStrangers('rejoin', rejoin, groups);
  refuseStrangers('reactivateKeys', reactivateKeys, keys);
}

function refuseStrangers(member: string, named: readonly string[], known: readonly string[]): void {
  const at = named.findIndex((name) => !known.includes(name));
  const what = member === 'rejoin' ? 'left' : 'deactivated';
  const list = known.length > 0 ? `one that the case ${what}: ${known.join(', ')}` : 'none';
  if (at >= 0) {
    const none = known.length > 0 ? '' : `, for the case ${what} none`;
    refuse(inside({ path: '$' }, member, at), `${list}${none}`, named[at]);
  }
}

/**
 * The changes to take back, newest first: those of the steps that were asked for, without what an
 * earlier release has taken back. Each was recorded before it was made, so one that its step never
 * came to make is among them, and is found as it was.
 */
export async function changesOf(
  recorded: readonly RecordedChange[],
  { asked: { steps }, found, ref }: { asked: ReleaseRequest; found: Releasable; ref: CaseRef },
  { home }: Pick<StepContext, 'home'>,
) {
  const undone = await home.cases.releases.undone({ ...ref, mode: 'live' });
  const settled = settledSince(undone, found.latest.openedAt);
  return recorded
    .filter(({ step }) => isUndone(step) && (!steps || steps.includes(step)))
    .filter((change) => !settled.has(nameOfChange(change)))
    .toSorted(newestFirst)
    .map(({ step, resource }) => ({ step, resource }));
}
