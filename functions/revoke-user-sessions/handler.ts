import { IAMClient, LimitExceededException } from '@aws-sdk/client-iam';
import * as z from 'zod';
import type { CaseRef } from '../shared/case-record.ts';
import { patient } from '../shared/connection.ts';
import { holdingPrincipal, userArn } from '../shared/held-principal.ts';
import { UserName } from '../shared/ids.ts';
import { userPolicy } from '../shared/inline-policy.ts';
import { toLambda } from '../shared/lambda.ts';
import {
  denyOlderSessions,
  liftOlderSessions,
  proveOlderSessions,
} from '../shared/older-sessions.ts';
import { attachedPolicies, awsDenyAll, deniesAll, quarantinePolicy } from '../shared/quarantine.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep, type StepContext } from '../shared/step.ts';

const input = z.strictObject({ userName: UserName });

const output = z.object({
  outcome: z.enum(['set', 'already-set', 'absent']),
  /** `quarantine`: the user had no room for a policy more, and is denied everything anyway. */
  by: z.enum(['own-policy', 'quarantine']).nullable(),
  /** Sessions issued before it are denied; null where all are, or nobody is there. */
  before: z.iso.datetime().nullable(),
});
type Output = z.infer<typeof output>;

const Before = z.strictObject({ userName: UserName, policyName: z.string().min(1) });

/** GetSessionToken and GetFederationToken give a user's session no more. */
const longestSessionHours = 36;

const users = 'arn:aws:iam::*:user/*';
const readsOwn = { 'iam:GetUserPolicy': { on: users } };

/**
 * Denies everything to sessions that were made from the user's credentials until half a minute from
 * now (GetSessionToken, GetFederationToken, a console sign-in), by an inline policy of the case's own.
 *
 * It cannot stop the user's long-lived keys: `aws:TokenIssueTime` is there in a session's requests
 * alone. Nor sessions of roles the user has assumed (`revoke-role-sessions`). The outcome says `set`
 * since IAM takes time to enforce it. All inline policies of a user share 2,048 characters; where
 * these are used up and the user is not quarantined either, the step fails for a human to make room.
 * Its undo waits until the longest session must have expired.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
 */
export const revokeUserSessions = defineStep({
  name: 'revoke-user-sessions',
  input,
  output,
  reads: { ...readsOwn, 'iam:ListAttachedUserPolicies': { on: users } },
  writes: { 'iam:PutUserPolicy': { on: users, standIn: () => ({}) } },
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  run: ({ userName }, { iam }, context) =>
    holdingPrincipal(context, userArn(context.case, userName), () =>
      revoke(iam, userName, context),
    ),

  async prove({ userName }, result, { iam }, { case: ref }) {
    if (result.outcome === 'set' && result.before) {
      await proveOlderSessions(userPolicy(iam, userName, policyNameOf(ref)), result.before);
    }
    return result;
  },

  undo: {
    before: Before,
    reads: readsOwn,
    writes: { 'iam:DeleteUserPolicy': { on: users, standIn: () => ({}) } },
    run: ({ userName, policyName }, { iam }, context) =>
      holdingPrincipal(context, userArn(context.case, userName), async () => ({
        outcome: await liftOlderSessions(
          userPolicy(iam, userName, policyName),
          context,
          longestSessionHours,
        ),
      })),
  },
});

async function revoke(iam: IAMClient, userName: UserName, context: StepContext): Promise<Output> {
  const { home, case: ref } = context;
  const policyName = policyNameOf(ref);
  const policy = userPolicy(iam, userName, policyName);
  const state: z.infer<typeof Before> = { userName, policyName };
  const resource = userArn(ref, userName);
  const [present] = await sideBySide([
    policy.read(),
    home.cases.recordBefore(ref, { step: 'revoke-user-sessions', resource, state }),
  ]);
  try {
    const denied = await denyOlderSessions(policy, present, context);
    return { ...denied, by: denied.outcome === 'absent' ? null : 'own-policy' };
  } catch (error) {
    if (!(error instanceof LimitExceededException)) throw error;
    if (!(await isQuarantined(iam, userName, ref))) throw error;
    return { outcome: 'set', by: 'quarantine', before: null };
  }
}

async function isQuarantined(iam: IAMClient, userName: UserName, ref: CaseRef): Promise<boolean> {
  const [attached = [], inline] = await sideBySide([
    attachedPolicies(iam, userName),
    quarantinePolicy(iam, userName, ref).read(),
  ]);
  return attached.includes(awsDenyAll) || deniesAll(inline);
}

const policyNameOf = ({ caseId }: CaseRef): string => `cordon-${caseId}-older-sessions`;

export const handler = toLambda(revokeUserSessions);
