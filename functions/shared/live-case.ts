import type { CaseRef } from './case-record.ts';

/** The live case that a rehearsal plans. Throws for a case that plans none. */
export function liveCaseOf({ planOf: caseId, ...plan }: CaseRef): CaseRef {
  if (!caseId) throw new Error(`${plan.caseId} is no plan of another case`);
  return { ...plan, caseId, mode: 'live' };
}
