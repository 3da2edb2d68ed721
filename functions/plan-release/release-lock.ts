import type { Mode } from '../shared/journal.ts';
import type { Releasable, ReleaseOpened } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';

/**
 * Locks the target for a release. A lock that an earlier release of the same case has left, whose
 * execution runs no more, is taken over; any other holder is waited for by people.
 */
export async function lockFor(
  found: Releasable,
  { mode, execution }: { mode: Mode; execution: string },
  { home, settings: { lockSeconds } }: StepContext,
): Promise<ReleaseOpened> {
  const { releases } = home.cases;
  const how = { mode, execution, lockSeconds };
  const opened = await releases.open(found, how);
  if (opened.outcome === 'opened' || opened.caseId !== found.caseId) return opened;
  const { holder, expired } = opened;
  if (!expired && (await home.isRunning(holder))) return opened;
  return releases.open(found, how, { holder });
}
