import * as z from 'zod';
import { denial } from './denial.ts';
import type { InlinePolicy } from './inline-policy.ts';
import { NotProvenError, type StepContext } from './step.ts';

/** What came of denying the sessions of a user or a role that were issued before a time. */
interface Denied {
  readonly outcome: 'set' | 'already-set' | 'absent';
  /** Sessions issued before it are denied; null when nobody is there to deny them to. */
  readonly before: string | null;
}

const secondsAhead = 30;

/**
 * Denies the sessions issued until half a minute from now, by a policy that only this case writes.
 *
 * Half a minute ahead as AWS's console does it, for sessions issued while the policy spreads. A
 * later time is never replaced by an earlier one, which would let sessions back in.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
 */
export async function denyOlderSessions(
  policy: InlinePolicy,
  present: unknown,
  { now }: Pick<StepContext, 'now'>,
): Promise<Denied> {
  const wanted = inSeconds(now(), secondsAhead);
  const there = timeIn(present);
  if (there !== undefined && Date.parse(there) >= Date.parse(wanted)) {
    return { outcome: 'already-set', before: there };
  }
  const put = await policy.put(olderSessions(wanted));
  return put === 'absent' ? { outcome: put, before: null } : { outcome: 'set', before: wanted };
}

/** Reads the policy back: it must deny the sessions issued before that time, or a later one. */
export async function proveOlderSessions(policy: InlinePolicy, before: string): Promise<void> {
  const there = timeIn(await policy.read());
  if (there === undefined || Date.parse(there) < Date.parse(before)) {
    throw new NotProvenError(`${policy.name} does not deny sessions issued before ${before}`);
  }
}

/**
 * Takes the denial out, once no session that it stops can still be valid and if it is unchanged.
 *
 * A policy that is not there may have gone with its user or role; IAM's answer is the same.
 */
export async function liftOlderSessions(
  policy: InlinePolicy,
  { now }: Pick<StepContext, 'now'>,
  longestSessionHours: number,
): Promise<'restored' | 'already-restored' | 'drifted' | 'not-yet'> {
  const document = await policy.read();
  if (document === undefined) return 'already-restored';
  const before = timeIn(document);
  if (before === undefined) return 'drifted';
  if (!hoursPassed(before, longestSessionHours, now())) return 'not-yet';
  await policy.remove();
  return 'restored';
}

/** Whether so many hours have passed since a time. */
export const hoursPassed = (since: string, hours: number, now: Date): boolean =>
  now.getTime() >= Date.parse(since) + hours * 3_600_000;

const olderSessions = (before: string) =>
  denial({ DateLessThan: { 'aws:TokenIssueTime': before } });

const Document = z.strictObject({
  Statement: z.strictObject({
    Effect: z.literal('Deny'),
    Action: z.literal('*'),
    Resource: z.literal('*'),
    Condition: z.strictObject({
      DateLessThan: z.strictObject({ 'aws:TokenIssueTime': z.iso.datetime() }),
    }),
  }),
});

/** The time in a document that is, but for its time, as this case writes it. */
function timeIn(document: unknown): string | undefined {
  return Document.safeParse(document).data?.Statement.Condition.DateLessThan['aws:TokenIssueTime'];
}

/** Whole seconds, rounded up, as IAM's documents have them. */
function inSeconds(now: Date, seconds: number): string {
  const whole = Math.ceil(now.getTime() / 1000) + seconds;
  return new Date(whole * 1000).toISOString().replace('.000Z', 'Z');
}
