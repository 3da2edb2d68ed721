import * as z from 'zod';
import { keepManifest } from './manifest-of-case.ts';
import type { Closing } from './write-manifest.ts';

/** A case as its own execution leaves it; with a reason, nothing was done in it. */
const Closed = z.object({
  status: z.enum(['contained', 'needs-human', 'ended', 'denied']),
  summary: z.object({
    missing: z.array(z.string()).default([]),
    reason: z.string().optional(),
  }),
});

/** What the summary of a case says in which nothing was done. */
export const nothingDone = <Reason extends string>(reason: Reason) => ({
  reason,
  missing: [`Nothing was done: ${reason}`],
});

/**
 * What follows once a case is closed: one in which nothing was done gives back what it took of the
 * hourly limits, and the manifest of its evidence is written. Whoever comes to it goes by what the
 * case says of itself, and done twice it comes to the same. Returns why nothing was done in it.
 */
export async function finishClosed(context: Closing): Promise<string | undefined> {
  const { home, case: ref } = context;
  const { data: closed } = Closed.safeParse(await home.cases.whole(ref.caseId));
  // What is released by now was closed long before.
  if (!closed) return undefined;
  const { status, summary } = closed;
  const { missing, reason } = summary;
  if (reason) await home.cases.uncount(ref);
  await keepManifest(context, { status, missing });
  return reason;
}
