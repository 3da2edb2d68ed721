import { DetachUserPolicyCommand, type IAMClient } from '@aws-sdk/client-iam';
import { attachedPolicies, deniesAll, quarantinePolicy } from '../shared/quarantine.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { unlessGone } from '../shared/unless-gone.ts';
import type { Before } from './quarantine.ts';
import { sharedUse } from './shared-use.ts';

/**
 * Ends the case's need of the quarantine, and takes off the user what no other case needs.
 *
 * A managed policy is detached only if Cordon attached it; the case's own inline policy is deleted
 * only if it still says what the step wrote. The record of a policy that is detached ends with the
 * look after that, which finds it gone: until then it is known whose it is.
 */
export async function liftQuarantine(
  iam: IAMClient,
  { userName, policyArn }: Before,
  context: StepContext,
): Promise<{ outcome: 'restored' | 'already-restored' | 'drifted' | 'gone' }> {
  const own = quarantinePolicy(iam, userName, context.case);
  const use = sharedUse(context, userName, policyArn);
  const [attached, inline, cases] = await sideBySide([
    attachedPolicies(iam, userName),
    own.read(),
    use.cases(),
  ]);
  if (!attached) return { outcome: 'gone' };
  if (inline !== undefined && !deniesAll(inline)) return { outcome: 'drifted' };

  const mine = cases.has(context.case.caseId) && attached.includes(policyArn);
  const isLast = mine && cases.size === 1;
  if (isLast) {
    const detach = new DetachUserPolicyCommand({ UserName: userName, PolicyArn: policyArn });
    await unlessGone(iam.send(detach));
  }
  if (inline !== undefined) await own.remove();
  if (!isLast) await use.end();
  return { outcome: mine || inline !== undefined ? 'restored' : 'already-restored' };
}
