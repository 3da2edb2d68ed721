import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { CaseRef } from '../shared/case-record.ts';
import { denial } from '../shared/denial.ts';
import { RoleId, RoleName, SessionName } from '../shared/ids.ts';

/** One session of a role, or all that were issued so far. */
export const Scope = z.enum(['session', 'role']);
export type Scope = z.infer<typeof Scope>;

/** A policy that the step may have put on a role. */
export const Denial = z.strictObject({
  roleName: RoleName,
  policyName: z.string().min(1),
  /** Null where the policy denies every older session. */
  sessionName: SessionName.nullable(),
  /** When the session was first denied. */
  since: z.iso.datetime(),
});
export type Denial = z.infer<typeof Denial>;

/** The name of the case's policy. One role may get one for each session, so that none is replaced. */
export function policyNameOf({ caseId }: CaseRef, sessionName: SessionName | null): string {
  if (sessionName === null) return `cordon-${caseId}-older-sessions`;
  const hash = createHash('sha256').update(sessionName).digest('hex').slice(0, 10);
  return `cordon-${caseId}-session-${hash}`;
}

/**
 * Denies everything to one session. Neither id nor name can hold a wildcard or a policy variable:
 * their schemas let none in.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export const sessionDenial = (roleId: RoleId, sessionName: SessionName) =>
  denial({ StringLike: { 'aws:userid': `${roleId}:${sessionName}` } });

const Document = z.object({
  Statement: z.object({
    Condition: z.object({ StringLike: z.object({ 'aws:userid': z.string() }) }),
  }),
});

/** The role's id in a document that denies one session; undefined where it is none. */
export function roleIdIn(document: unknown): RoleId | undefined {
  const userid = Document.safeParse(document).data?.Statement.Condition.StringLike['aws:userid'];
  return RoleId.safeParse(userid?.split(':')[0]).data;
}
