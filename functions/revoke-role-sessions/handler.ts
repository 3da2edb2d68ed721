import { isDeepStrictEqual } from 'node:util';
import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { holdingPrincipal, roleArn } from '../shared/held-principal.ts';
import { RoleId, RoleName, SessionName } from '../shared/ids.ts';
import { rolePolicy } from '../shared/inline-policy.ts';
import { toLambda } from '../shared/lambda.ts';
import { proveOlderSessions } from '../shared/older-sessions.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import { Denial, roleIdIn, Scope, sessionDenial } from './denials.ts';
import { lift } from './lift.ts';
import { Revocation, revoke } from './revoke.ts';

const input = z.strictObject({
  roleName: RoleName,
  /** Null: whichever role has the name now. */
  roleId: RoleId.nullable(),
  sessionName: SessionName.nullable(),
  scope: Scope,
});

const roles = 'arn:aws:iam::*:role/*';
const readsOwn = { 'iam:GetRolePolicy': { on: roles } };

/**
 * Denies everything to one session of a role, or to every session issued until half a minute from
 * now, by an inline policy of the case's own.
 *
 * Credentials that were issued stay valid whatever becomes of the role's trust or of an instance's
 * profile; a policy is looked at with each request. `session` stops one session by its name, which
 * for an instance's is all it will ever get; `role` stops everybody, who must then get new
 * credentials. Of a role that a trace came to and that workloads run under, one session is denied
 * at most: else whoever can assume roles could have production revoked.
 *
 * Roles of AWS's services and of Identity Center cannot be changed and are left to a human, as are
 * those that must not be touched. It does not keep anybody from assuming the role anew, and does not
 * reach resources whose own policy names the session. Its undo waits until the sessions have expired.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
 */
export const revokeRoleSessions = defineStep({
  name: 'revoke-role-sessions',
  input,
  // The name too: in a list of roles, the outcome alone tells nobody which is left.
  output: Revocation.extend({ roleName: RoleName }),
  reads: { ...readsOwn, 'iam:GetRole': { on: roles } },
  writes: { 'iam:PutRolePolicy': { on: roles, standIn: () => ({}) } },
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  run: (asked, { iam }, context) =>
    holdingPrincipal(context, roleArn(context.case, asked.roleName), async () => ({
      ...(await revoke(iam, asked, context)),
      roleName: asked.roleName,
    })),

  async prove({ roleName, roleId, sessionName }, result, { iam }) {
    const { outcome, policyName, scope, before } = result;
    if (outcome !== 'set' || !policyName) return result;
    const policy = rolePolicy(iam, roleName, policyName);
    if (before) await proveOlderSessions(policy, before);
    if (scope === 'session' && sessionName) {
      const says = await policy.read();
      const id = roleId ?? roleIdIn(says);
      if (!id || !isDeepStrictEqual(says, sessionDenial(id, sessionName))) {
        throw new NotProvenError(`${policyName} on ${roleName} does not deny ${sessionName}`);
      }
    }
    return result;
  },

  undo: {
    before: Denial,
    reads: readsOwn,
    writes: { 'iam:DeleteRolePolicy': { on: roles, standIn: () => ({}) } },
    run: (denial, { iam }, context) =>
      holdingPrincipal(context, roleArn(context.case, denial.roleName), async () => ({
        outcome: await lift(iam, denial, context),
      })),
  },
});

export const handler = toLambda(revokeRoleSessions);
