import type { IAMClient } from '@aws-sdk/client-iam';
import { keepEvidence } from '../shared/evidence.ts';
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
  context: StepContext,
): Promise<UserScope> {
  const read = await readPolicies(iam, userName, `cordon-${context.case.caseId}-`);
  const { scope, cut, readable } = scopeOf(read);
  const unreadable = [...read.refused, ...(readable ? [] : ['policy-document'])].sort();
  const kept = { userName, policies: read.listed, boundary: read.bound, unreadable };
  await keepEvidence(context, {
    kind: 'user-policies',
    name: 'policies',
    id: userName,
    body: JSON.stringify(kept),
    type: 'json',
    source: `iam: policies of ${userName} and of its groups`,
  });
  return { scope: { ...scope, unreadable }, limits: cut ? ['services'] : [] };
}
