import { isAskedIn } from '../shared/approval.ts';
import type { CaseRef } from '../shared/case-record.ts';
import type { Mode } from '../shared/journal.ts';
import { planningOf } from '../shared/live-case.ts';
import type { Asking, Releasable, ReleaseOpened } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';

/**
 * Locks the target for a release. A lock that an earlier release of the same case has left, whose
 * execution runs no more, is taken over; any other holder is waited for by people.
 */
export async function lockFor(
  found: Releasable,
  { mode, execution, asking }: { mode: Mode; execution: string; asking: Asking | null },
  { home, settings: { lockSeconds } }: StepContext,
): Promise<ReleaseOpened> {
  const { releases } = home.cases;
  const how = { mode, execution, lockSeconds, asking };
  const opened = await releases.open(found, how);
  if (opened.outcome === 'opened' || opened.caseId !== found.caseId) return opened;
  const { holder, expired } = opened;
  if (!expired && (await home.isRunning(holder))) return opened;
  const unclosed = mode === 'live' && (await hasGivenBack(found, holder, home.cases));
  return releases.open(found, how, { holder, unclosed });
}

/** Whether a release that did not come to its end, or one before it, had begun to give anything back. */
async function hasGivenBack(
  { caseId, ref }: Releasable,
  execution: string,
  { releases, approvals }: StepContext['home']['cases'],
): Promise<boolean> {
  const ended: CaseRef = { ...ref, caseId, mode: 'live', execution };
  if (await releases.isAfterUnclosed(ended)) return true;
  if (!(await releases.asking(ended))) return true;
  const said = await approvals.of(caseId);
  return said?.status === 'confirmed' && isAskedIn(said, planningOf(ended).caseId);
}
