import { isDeepStrictEqual } from 'node:util';
import { type IAMClient, UnmodifiableEntityException } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { forbidden, forbidsRole } from '../shared/guard-rails.ts';
import { roleArn } from '../shared/held-principal.ts';
import type { RoleId, RoleName, SessionName } from '../shared/ids.ts';
import { rolePolicy } from '../shared/inline-policy.ts';
import { denyOlderSessions } from '../shared/older-sessions.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { type Denial, policyNameOf, Scope, sessionDenial } from './denials.ts';
import { describeRole, type Role, runsWorkloads } from './role.ts';

/** What was asked of a role. */
interface Asked {
  readonly roleName: RoleName;
  readonly roleId: RoleId | null;
  readonly sessionName: SessionName | null;
  readonly scope: Scope;
}

/** What came of denying a role's sessions. */
export const Revocation = z.object({
  outcome: z.enum(['set', 'already-set', 'absent', 'left-to-human']),
  /** What was denied in the end, which is never more than was asked. */
  scope: Scope,
  /** Why the role is left to a human, or why less was denied than asked. */
  reason: z
    .enum([...forbidden, 'unmodifiable', 'no-session-name', 'runs-workloads', 'another-role'])
    .nullable(),
  policyName: z.string().nullable(),
  /** Sessions issued before it are denied; null where one session is, whenever it was issued. */
  before: z.iso.datetime().nullable(),
});
export type Revocation = z.infer<typeof Revocation>;

/** Denies the session, or every session so far, unless the role is one to be left to a human. */
export async function revoke(
  iam: IAMClient,
  asked: Asked,
  context: StepContext,
): Promise<Revocation> {
  const { roleName, roleId, scope } = asked;
  const denials = candidates(asked, context);
  const { session, older } = denials;
  const [role, saysSession, saysOlder] = await sideBySide([
    describeRole(iam, roleName),
    session && policyOf(iam, session).read(),
    older && policyOf(iam, older).read(),
    record([session, older], context),
  ]);
  if (!role) return undone('absent', scope, null);
  const forbids = forbidsRole(context.settings, roleName, role.Path);
  if (forbids) return undone('left-to-human', scope, forbids);
  // A role made anew has another id, and the old one's sessions have ended with it.
  if (roleId && role.RoleId !== roleId) return undone('absent', scope, 'another-role');

  const says = { session: saysSession, older: saysOlder };
  return deny(iam, { role, denials, says }, context).catch((error: unknown) => {
    if (!(error instanceof UnmodifiableEntityException)) throw error;
    return undone('left-to-human', scope, 'unmodifiable');
  });
}

const undone = (
  outcome: 'absent' | 'left-to-human',
  scope: Scope,
  reason: Revocation['reason'],
): Revocation => ({ outcome, scope, reason, policyName: null, before: null });

interface Grounds {
  readonly role: Role;
  readonly denials: ReturnType<typeof candidates>;
  /** What the role's policies of these names say now. */
  readonly says: { readonly session: unknown; readonly older: unknown };
}

async function deny(
  iam: IAMClient,
  { role, denials: { session, older }, says }: Grounds,
  context: StepContext,
): Promise<Revocation> {
  if (older && (isTarget(context, role.RoleName) || !runsWorkloads(role))) {
    const denied = await denyOlderSessions(policyOf(iam, older), says.older, context);
    return { ...denied, scope: 'role', reason: null, policyName: older.policyName };
  }
  const reason = older ? 'runs-workloads' : null;
  if (!session) {
    return undone('left-to-human', older ? 'role' : 'session', reason ?? 'no-session-name');
  }
  const { policyName } = session;
  const document = sessionDenial(role.RoleId, session.sessionName);
  const denied = { scope: 'session', reason, policyName, before: null } as const;
  if (isDeepStrictEqual(says.session, document)) return { ...denied, outcome: 'already-set' };
  const put = await policyOf(iam, session).put(document);
  return put === 'absent' ? undone(put, 'session', reason) : { ...denied, outcome: 'set' };
}

/** The policies that the role may get, depending on what it turns out to be. */
function candidates({ roleName, sessionName, scope }: Asked, { case: ref, now }: StepContext) {
  const denialOf = <Name extends SessionName | null>(name: Name) => ({
    roleName,
    policyName: policyNameOf(ref, name),
    sessionName: name,
    since: now().toISOString(),
  });
  return {
    session: sessionName && denialOf(sessionName),
    older: scope === 'role' ? denialOf(null) : null,
  };
}

const policyOf = (iam: IAMClient, { roleName, policyName }: Denial) =>
  rolePolicy(iam, roleName, policyName);

/** On record before it is known which of them is put: one that is not there needs no undoing. */
async function record(denials: readonly (Denial | null)[], { home, case: ref }: StepContext) {
  const befores = denials.flatMap((state) =>
    state
      ? {
          step: 'revoke-role-sessions',
          resource: `${roleArn(ref, state.roleName)} ${state.policyName}`,
          state,
        }
      : [],
  );
  await home.cases.recordBefore(ref, ...befores);
}

/**
 * Whether the case is about this very role. Any other role came up in a trace, where whoever is
 * traced decides which: all sessions of such a role are denied only if nothing runs under it.
 */
function isTarget({ case: ref }: StepContext, roleName: RoleName): boolean {
  const session = `arn:aws:sts::${ref.account}:assumed-role/${roleName}/`;
  return ref.target === roleArn(ref, roleName) || ref.target.startsWith(session);
}
