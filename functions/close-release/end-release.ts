import type { CaseRef } from '../shared/case-record.ts';
import { settledSince } from '../shared/recorded-change.ts';
import type { Ending, Releases } from '../shared/releases.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';

/** What the case changed, and what of it earlier releases took back, by the changes' names. */
export async function changedBy(ref: CaseRef, releases: Releases) {
  const { caseId } = ref;
  const found = await releases.find(caseId);
  if (!found) throw new UnusableInputError(`$.case.caseId: nobody knows ${caseId}`);
  const recorded = await releases.changes(caseId);
  const earlier = await releases.undone({ ...ref, mode: 'live' });
  return { recorded, settled: settledSince(earlier, found.latest.openedAt) };
}

/**
 * Closes a release, with an end that speaks of every finding that has come since it was planned: they
 * may join at any time, and what they mean is said before it is closed.
 */
export async function endRelease<End extends Ending>(
  ref: CaseRef,
  { counted, judge }: { counted: number; judge: (newFindings: number) => End },
  releases: Releases,
): Promise<End> {
  for (let look = 0; look < 5; look++) {
    const now = await releases.counted(ref);
    const ending = judge(now - counted);
    const closed = await releases.close(ref, ending, now);
    if (closed === 'closed') return ending;
    if (closed === 'lock-lost') throw new Error(`${ref.caseId} no longer holds ${ref.target}`);
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}
