import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { CaseId } from './ids.ts';

/** Somebody who may approve: known by a link sent to them alone, or by who AWS says they are. */
export const Approver = z.strictObject({
  name: z.string().regex(/^[\w.@+-]{1,64}$/, 'expected 1 to 64 letters, digits or _.@+-'),
  /** Where their own links are sent; left out, they answer by command line only. */
  email: z.email().max(254).optional(),
  /** As `aws sts get-caller-identity` prints them, whole. */
  arns: z.array(z.string().regex(/^arn:[\w-]+:(?:iam|sts)::\d{12}:[^*]+$/)).default([]),
});
export type Approver = z.infer<typeof Approver>;

const statuses = [
  'asked',
  'approved',
  /** Approved, and rehearsed again since to the same plan. */
  'confirmed',
  'denied',
  'unanswered',
  /** Something graver was found meanwhile: what was asked is no longer the question. */
  'superseded',
] as const;

/** One answer, by somebody who may give it. */
const Decision = z.strictObject({
  by: z.string(),
  how: z.enum(['link', 'command-line']),
  said: z.enum(['approve', 'deny']),
  at: z.string(),
});

/** What people are asked about a case, and what they said. It holds secrets: never log it whole. */
export const Approval = z.strictObject({
  caseId: CaseId,
  /** Goes up with each change, on which changes are conditional. */
  version: z.int(),
  status: z.enum(statuses),
  /** Which rehearsal the plan was read from, by its case and its number. */
  rehearsal: z.string(),
  planHash: z.string(),
  plan: z.array(z.string()),
  failed: z.array(z.string()),
  because: z.array(z.string()),
  people: z.union([z.literal(1), z.literal(2)]),
  approvers: z.array(Approver),
  playbook: z.string(),
  /** What people call it, and its ARN. */
  target: z.string(),
  resource: z.string(),
  /** A line for each: who asks, because of what. */
  findings: z.array(z.string()),
  /** The execution that waits; of a start by hand, CloudTrail says by it who that was. */
  execution: z.string().optional(),
  severity: z.number(),
  askedAt: z.string(),
  /** Epoch seconds. */
  expires: z.int(),
  /** Secret: whoever has it can answer the workflow. */
  token: z.string(),
  /** Secret: links are signed with it. */
  key: z.string(),
  decisions: z.array(Decision),
});
export type Approval = z.infer<typeof Approval>;

/** Whether it was asked in this rehearsal, by the rehearsal's case. */
export const isAskedIn = ({ rehearsal }: Pick<Approval, 'rehearsal'>, plan: CaseId): boolean =>
  rehearsal.startsWith(`${plan} `);

/** What a link says; nobody can make one that says something else. */
const Claim = z.strictObject({
  caseId: CaseId,
  rehearsal: z.string().max(100),
  planHash: z.string().max(64),
  approver: z.string().max(64),
  expires: z.int(),
});
type Claim = z.infer<typeof Claim>;

const signatureOf = (key: string, body: string): Buffer =>
  createHmac('sha256', Buffer.from(key, 'hex')).update(body).digest();

/** What goes into an approver's own link: the case, the plan, who they are, until when; signed. */
export function signClaim(approval: Approval, { name: approver }: Approver): string {
  const { caseId, rehearsal, planHash, expires } = approval;
  const claim: Claim = { caseId, rehearsal, planHash, approver, expires };
  const body = Buffer.from(JSON.stringify(claim)).toString('base64url');
  return `${body}.${signatureOf(approval.key, body).toString('base64url')}`;
}

/** What a link says, not yet believed: {@link isSigned} must be asked with the key of its case. */
export function readClaim(link: string): Claim | undefined {
  const [body = '', signature, ...more] = link.slice(0, 2048).split('.');
  if (!signature || more.length > 0) return undefined;
  try {
    return Claim.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a link was signed with the key of this approval. */
export function isSigned({ key }: Approval, link: string): boolean {
  const [body = '', signature = ''] = link.split('.');
  const given = Buffer.from(signature, 'base64url');
  const right = signatureOf(key, body);
  return given.length === right.length && timingSafeEqual(given, right);
}

/** An answer as it arrives. */
export interface Answer {
  /** The approver's name. */
  readonly by: string;
  readonly how: 'link' | 'command-line';
  readonly said: 'approve' | 'deny';
  /** Of the plan that was looked at. */
  readonly planHash: string;
}

/** What an answer comes to. Only the first three change anything. */
export type Came =
  | 'approved'
  | 'denied'
  | 'one-more-needed'
  | 'no-such-approval'
  | 'expired'
  | 'plan-changed'
  | 'no-approver'
  | 'answered-already'
  | 'decided-already';

/** What an answer comes to now, and the approval after it where it counts. */
export function answered(
  approval: Approval,
  { by, how, said, planHash }: Answer,
  now: Date,
): { came: Came; next?: Approval } {
  const { status, decisions, people, approvers, expires } = approval;
  if (approvers.length > 0 && !approvers.some(({ name }) => name === by)) {
    return { came: 'no-approver' };
  }
  if (status === 'superseded' || planHash !== approval.planHash) return { came: 'plan-changed' };
  if (decisions.some((one) => one.by === by)) return { came: 'answered-already' };
  if (status === 'unanswered' || (status === 'asked' && now.getTime() >= expires * 1000)) {
    return { came: 'expired' };
  }
  if (status !== 'asked') return { came: 'decided-already' };

  const all = [...decisions, { by, how, said, at: now.toISOString() }];
  const enough = all.filter((one) => one.said === 'approve').length >= people;
  const after = said === 'deny' ? 'denied' : enough ? 'approved' : 'asked';
  return {
    came: after === 'asked' ? 'one-more-needed' : after,
    next: { ...approval, status: after, decisions: all, version: approval.version + 1 },
  };
}

/** Who answered what, in a line. */
export const whoSaid = (decisions: Approval['decisions']): string =>
  decisions
    .map(({ by, how, said, at }) => {
      const way = how === 'link' ? 'by link' : 'by command line';
      return `${said === 'deny' ? 'Denied' : 'Approved'} by ${by} ${way} at ${at}.`;
    })
    .join(' ');

/** Such as `2026-03-01 05:05 UTC`. */
export const untilOf = ({ expires }: Approval): string =>
  `${new Date(expires * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Why people are asked, in words for them. */
export function whyOf(because: string): string {
  const [kind, ...rest] = because.split(': ');
  switch (kind) {
    case 'policy':
      return 'the playbook is set to ask first';
    case 'finding':
      return 'what started it asks first: it is no proof of a compromise, or a person wanted it so';
    case 'limit':
      return `the hourly limit of containments is reached: ${rest.join(': ')}`;
    case 'limit-not-evaluated':
      return 'it could not be told whether the hourly limit of containments is reached';
    default:
      return because;
  }
}
