import * as z from 'zod';
import { type BookedTurn, type Lane, type Line, laneOf, type Pace } from './line.ts';
import type { StepContext } from './step.ts';

/**
 * Whether a step that AWS throttles waits, or is put off until after the cut: what preserves evidence
 * must not hold up the cut, which AWS counts apart.
 */
export const WhenThrottled = z.enum(['wait', 'put-off']).default('wait');

const Booked = z.object({ at: z.int(), ahead: z.int().min(0) });

/** A case's turn in a line; null before it has one. */
export const Turn = Booked.nullable().default(null);

/** What a step hands on while its case waits for its turn, and the workflow gives back after it. */
export interface Waiting {
  readonly turn: BookedTurn;
  /** Until shortly before it. */
  readonly waitSeconds: number;
}

/** {@link Waiting}'s fields, in a step's output. */
export const waiting = { turn: Booked.optional(), waitSeconds: z.int().min(0).optional() };

/** What is so near is waited for by the Lambda itself. */
const nearMs = 3_000;

/**
 * Whether a case may go without a turn. A dry run always may: what it withholds takes nobody's.
 *
 * A line that cannot be read holds nobody up: what then goes too early AWS refuses, and it lines up.
 */
export async function goesAtOnce(pace: Pace, context: StepContext): Promise<boolean> {
  const { home, case: ref } = context;
  // Whatever the error is, it is the line's, and nothing that the case waits for.
  const goes =
    ref.mode === 'dry-run' || (await home.cases.goesAtOnce(lineOf(pace, ref)).catch(() => true));
  if (goes) context.takeTime();
  return goes;
}

/** Gets a case into a line: its turn, behind all cases that are as severe or more. */
export async function lineUp(pace: Pace, context: StepContext): Promise<Waiting> {
  const { home, case: ref } = context;
  const lane = await laneFor(context);
  return waitFor(await home.cases.bookTurn(lineOf(pace, ref), lane), context);
}

/**
 * Waits for a turn that is near. Returns what to hand on where it has moved away, because more
 * severe findings have come since.
 */
export async function awaitTurn(
  turn: BookedTurn,
  pace: Pace,
  context: StepContext,
): Promise<Waiting | undefined> {
  // As in `goesAtOnce`.
  const now = await turnNow(turn, pace, context).catch(() => turn);
  const left = now.at - context.now().getTime();
  if (left > nearMs) return waitFor(now, context);
  if (left > 0) await context.sleep(left);
  return undefined;
}

/** For a step that waits for its turn before all else: what to hand on while it is not its turn. */
export async function takeTurn(
  turn: BookedTurn | null,
  pace: Pace,
  context: StepContext,
): Promise<Waiting | undefined> {
  if (turn) return awaitTurn(turn, pace, context);
  return (await goesAtOnce(pace, context)) ? undefined : lineUp(pace, context);
}

async function turnNow(turn: BookedTurn, pace: Pace, context: StepContext): Promise<BookedTurn> {
  const { home, case: ref } = context;
  const lane = await laneFor(context);
  // Nobody gets ahead of the most severe.
  return lane === 'critical' ? turn : home.cases.turnNow(lineOf(pace, ref), lane, turn);
}

async function laneFor({ home, case: ref }: StepContext): Promise<Lane> {
  const { findings } = await home.cases.findings(ref);
  return laneOf(ref.mode, Math.max(0, ...findings.map(({ severity }) => severity)));
}

const lineOf = (pace: Pace, { account, region }: StepContext['case']): Line => ({
  ...pace,
  account,
  region,
});

const waitFor = (turn: BookedTurn, { now }: StepContext): Waiting => ({
  turn,
  waitSeconds: Math.max(0, Math.floor((turn.at - now().getTime()) / 1000)),
});
