import { createHash } from 'node:crypto';
import type { CaseRef } from './case-record.ts';
import { CaseId } from './ids.ts';

/** The live case that a rehearsal plans. Throws for a case that plans none. */
export function liveCaseOf({ planOf: caseId, ...plan }: CaseRef): CaseRef {
  if (!caseId) throw new Error(`${plan.caseId} is no plan of another case`);
  return { ...plan, caseId, mode: 'live' };
}

/** The rehearsal of what a case's execution is to do: a dry run with records of its own. */
export function planningOf(live: CaseRef): CaseRef {
  const { caseId, execution } = live;
  return { ...live, mode: 'dry-run', planOf: caseId, caseId: planId(caseId, execution) };
}

/** The same in each round, so that the same plan names the same things; another where it is taken over. */
function planId(caseId: CaseId, execution: string): CaseId {
  const hash = createHash('sha256').update(execution).digest('hex').slice(0, 6);
  return CaseId.parse(`${caseId}-plan-${hash}`);
}

/** The case whose records say what was changed: of a plan, the one that it plans. */
export const recordedBy = ({ planOf, caseId }: CaseRef): CaseId => planOf ?? caseId;

/** The case as what it has changed is taken back: by the id that it was changed under. */
export function asRecorded({ planOf, ...ref }: CaseRef): CaseRef {
  return { ...ref, caseId: planOf ?? ref.caseId };
}
