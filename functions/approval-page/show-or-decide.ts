import { type Approval, answered, isSigned, readClaim } from '../shared/approval.ts';
import type { Approvals } from '../shared/approvals.ts';
import type { Home } from '../shared/home.ts';
import { pageOfApproval, pageOfWords, security } from './html.ts';
import { type Said, words } from './words.ts';

/** What the page is given of Cordon's own account. */
export interface Door {
  readonly approvals: Approvals;
  readonly answer: Home['answer'];
  now(): Date;
}

/** What a function URL answers a browser. */
export interface PageAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Request {
  readonly method: string;
  readonly link: string;
  readonly decision: string | null;
}

/**
 * Shows an approver what they are asked, or takes their answer.
 *
 * Only a POST decides: whatever follows links to look at them, decides nothing. A link that was
 * changed, is another case's or was replaced by a newer one is answered clearly, does nothing, and is
 * kept in the case that it names; so is an answer that comes twice or too late.
 */
export async function showOrDecide(request: Request, door: Door): Promise<PageAnswer> {
  const { method, link, decision } = request;
  if (!['GET', 'HEAD', 'POST'].includes(method)) return say('wrong-method');
  const claim = readClaim(link);
  if (!claim) return say('no-link');
  const approval = await door.approvals.of(claim.caseId);
  if (!approval) return say('no-such-approval');
  if (!isSigned(approval, link)) {
    // Looking is not knocking: a preview of an old link is nobody's attempt.
    if (method === 'POST') {
      await door.approvals.refused(claim.caseId, { came: 'not-signed', by: claim.approver });
    }
    return say('not-signed');
  }
  const { approver: by, planHash } = claim;
  if (method !== 'POST') {
    const { came } = answered(approval, { by, how: 'link', said: 'deny', planHash }, door.now());
    const open = came === 'denied';
    return answer(200, pageOfApproval(approval, { by, link: open ? link : undefined, came }));
  }
  if (decision !== 'approve' && decision !== 'deny') return say('no-decision');
  const { came, approval: now = approval } = await door.approvals.answer(claim.caseId, {
    by,
    how: 'link',
    said: decision,
    planHash,
  });
  await wake(now, door);
  return say(came, now);
}

/** The workflow goes on once it is decided. Told twice, it goes on once. */
export async function wake(
  { status, token }: Approval,
  { answer }: Pick<Door, 'answer'>,
): Promise<void> {
  if (status === 'approved' || status === 'denied') await answer(token, { outcome: status });
}

const say = (said: Said, approval?: Approval): PageAnswer =>
  answer(words[said].status, pageOfWords(said, approval));

const answer = (statusCode: number, body: string): PageAnswer => ({
  statusCode,
  headers: security,
  body,
});
