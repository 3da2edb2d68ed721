import * as z from 'zod';
import { keepManifest } from './manifest-of-case.ts';
import type { Closing } from './write-manifest.ts';

/** A case as its own execution leaves it; with a reason, it was let go. */
const Closed = z.object({
  status: z.enum(['contained', 'needs-human', 'ended', 'denied']),
  summary: z.object({
    missing: z.array(z.string()).default([]),
    reason: z.string().optional(),
    /** It was let go when something had been done in it. */
    worked: z.boolean().default(false),
  }),
});

/** What the summary of a case says in which nothing was done. */
const nothingDone = <Reason extends string>(reason: Reason) => ({
  reason,
  missing: [`Nothing was done: ${reason}`],
});

/** What it says where an earlier execution, which this one took over from, had done something. */
const wentNoFurther = (reason: string) => ({
  reason,
  worked: true,
  missing: [`It went no further: ${reason}. What it had done by then is in its record`],
});

/** What the summary says of a case that is let go. */
export async function letGoFor(
  reason: string,
  { home, case: ref }: Pick<Closing, 'home' | 'case'>,
) {
  const steps = await home.cases.steps(ref.caseId);
  return steps.length > 0 ? wentNoFurther(reason) : nothingDone(reason);
}

/**
 * What follows once a case is closed: one in which nothing was done gives back what it took of the
 * hourly limits, and the manifest of its evidence is written. Whoever comes to it goes by what the
 * case says of itself, and done twice it comes to the same. Returns why it was let go.
 */
export async function finishClosed(context: Closing): Promise<string | undefined> {
  const { home, case: ref } = context;
  const { data: closed } = Closed.safeParse(await home.cases.whole(ref.caseId));
  // What is released by now was closed long before.
  if (!closed) return undefined;
  const { status, summary } = closed;
  const { missing, reason, worked } = summary;
  if (reason && !worked) await home.cases.uncount(ref);
  await keepManifest(context, { status, missing });
  return reason;
}
