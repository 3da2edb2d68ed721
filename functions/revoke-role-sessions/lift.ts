import { isDeepStrictEqual } from 'node:util';
import type { IAMClient } from '@aws-sdk/client-iam';
import { rolePolicy } from '../shared/inline-policy.ts';
import { hoursPassed, liftOlderSessions } from '../shared/older-sessions.ts';
import type { StepContext } from '../shared/step.ts';
import { type Denial, roleIdIn, sessionDenial } from './denials.ts';

/** The most that any role allows: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html */
const longestSessionHours = 12;

/**
 * Takes a denial off the role, once no session that it stops can still be valid and if it is as the
 * step wrote it. One that is not there may have gone with the role; IAM's answer is the same.
 */
export async function lift(
  iam: IAMClient,
  { roleName, policyName, sessionName, since }: Denial,
  context: StepContext,
): Promise<'restored' | 'already-restored' | 'drifted' | 'not-yet'> {
  const policy = rolePolicy(iam, roleName, policyName);
  if (sessionName === null) return liftOlderSessions(policy, context, longestSessionHours);

  const says = await policy.read();
  if (says === undefined) return 'already-restored';
  const roleId = roleIdIn(says);
  if (!roleId || !isDeepStrictEqual(says, sessionDenial(roleId, sessionName))) return 'drifted';
  if (!hoursPassed(since, longestSessionHours, context.now())) return 'not-yet';
  await policy.remove();
  return 'restored';
}
