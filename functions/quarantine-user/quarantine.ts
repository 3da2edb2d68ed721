import {
  AttachUserPolicyCommand,
  type IAMClient,
  LimitExceededException,
} from '@aws-sdk/client-iam';
import * as z from 'zod';
import { denial } from '../shared/denial.ts';
import { userArn } from '../shared/held-principal.ts';
import { UserName } from '../shared/ids.ts';
import {
  attachedPolicies,
  awsDenyAll,
  deniesAll,
  ofAws,
  quarantinePolicy,
} from '../shared/quarantine.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { unlessGone } from '../shared/unless-gone.ts';
import { cannotStop } from './cannot-stop.ts';
import { sharedUse } from './shared-use.ts';

/** What the step may have put on the user; whether it did, the record of uses and the name tell. */
export const Before = z.strictObject({ userName: UserName, policyArn: z.string().min(1) });
export type Before = z.infer<typeof Before>;

/** What came of quarantining a user. */
export const Quarantine = z.object({
  outcome: z.enum(['quarantined', 'already-quarantined', 'absent']),
  by: z.enum(['managed-policy', 'inline-policy']).nullable(),
  /** Of the managed policy, where it is one. */
  policyArn: z.string().nullable(),
  /** What the quarantine leaves open, in sentences for the case. */
  cannotStop: z.array(z.string()),
});
export type Quarantine = z.infer<typeof Quarantine>;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const mostAttached = 10;

/** Denies the user everything, by a managed policy where one more fits, else by an inline one. */
export async function quarantine(
  iam: IAMClient,
  userName: UserName,
  context: StepContext,
): Promise<Quarantine> {
  const own = quarantinePolicy(iam, userName, context.case);
  const [attached, inline] = await sideBySide([attachedPolicies(iam, userName), own.read()]);
  if (!attached) return { outcome: 'absent', by: null, policyArn: null, cannotStop: [] };

  const policyArn = ofAws(context.settings.quarantine.policy);
  // Whatever is configured, everything denied is denied enough.
  const present = [awsDenyAll, policyArn].find((arn) => attached.includes(arn));
  if (present) {
    await shareIfOurs(userName, present, context);
    return described('already-quarantined', present);
  }
  if (deniesAll(inline)) return described('already-quarantined', null);

  await record({ userName, policyArn }, context);
  // A quota may have been raised; an inline policy that denies everything does as well then.
  if (attached.length < mostAttached && (await attach(iam, userName, policyArn, context))) {
    return described('quarantined', policyArn);
  }
  const put = await own.put(denial());
  return put === 'absent'
    ? { outcome: put, by: null, policyArn: null, cannotStop: [] }
    : described('quarantined', null);
}

const described = (
  outcome: 'quarantined' | 'already-quarantined',
  policyArn: string | null,
): Quarantine => ({
  outcome,
  by: policyArn ? 'managed-policy' : 'inline-policy',
  policyArn,
  cannotStop: cannotStop(policyArn),
});

/** Attaches the policy for this case; false when IAM has no room for it or does not know it. */
async function attach(
  iam: IAMClient,
  userName: UserName,
  policyArn: string,
  context: StepContext,
): Promise<boolean> {
  const use = sharedUse(context, userName, policyArn);
  // On record before it is attached, so that an attachment whose answer was lost is known as ours.
  await use.begin();
  const command = new AttachUserPolicyCommand({ UserName: userName, PolicyArn: policyArn });
  const attached = await unlessGone(iam.send(command)).catch((error: unknown) => {
    if (error instanceof LimitExceededException) return undefined;
    throw error;
  });
  if (!attached) await use.end();
  return attached !== undefined;
}

/** A policy that another case of Cordon's attached is needed by this one as well. */
async function shareIfOurs(
  userName: UserName,
  policyArn: string,
  context: StepContext,
): Promise<void> {
  const use = sharedUse(context, userName, policyArn);
  const cases = await use.cases();
  if (cases.size === 0 || cases.has(context.case.caseId)) return;
  await record({ userName, policyArn }, context);
  await use.begin();
}

async function record(before: Before, { home, case: ref }: StepContext): Promise<void> {
  const resource = userArn(ref, before.userName);
  await home.cases.recordBefore(ref, { step: 'quarantine-user', resource, state: before });
}
