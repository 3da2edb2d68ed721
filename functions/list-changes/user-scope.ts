import type { IAMClient } from '@aws-sdk/client-iam';
import type { UserName } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import { readPolicies } from './policies.ts';
import { type Scope, scopeOf } from './scope.ts';

interface UserScope {
  readonly scope: Scope;
  /** `services`, where there were more than the scope lists. */
  readonly limits: readonly string[];
}

/** Where there is no user to tell of. */
export const noScope: UserScope = {
  scope: { everything: false, services: [], privileged: [], unreadable: [] },
  limits: [],
};

/**
 * What a user's policies allow at most, without those that this case put there. The names of the
 * others are kept in the case as `policies`.
 */
export async function userScope(
  iam: IAMClient,
  userName: UserName,
  { home, case: ref }: StepContext,
): Promise<UserScope> {
  const read = await readPolicies(iam, userName, `cordon-${ref.caseId}-`);
  const { scope, cut, readable } = scopeOf(read);
  const unreadable = [...read.refused, ...(readable ? [] : ['policy-document'])].sort();
  const kept = { userName, policies: read.listed, boundary: read.bound, unreadable };
  await home.cases.keepEvidence(ref, 'policies', JSON.stringify(kept));
  return { scope: { ...scope, unreadable }, limits: cut ? ['services'] : [] };
}
