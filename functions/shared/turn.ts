import * as z from 'zod';
import { type Lane, type Line, laneOf } from './line.ts';
import type { StepContext } from './step.ts';

/**
 * Whether a step that AWS throttles waits, or is put off until after the cut: what preserves evidence
 * must not hold up the cut, which AWS counts apart.
 */
export const WhenThrottled = z.enum(['wait', 'put-off']).default('wait');

/** When a case has its turn in a line, epoch milliseconds; null before it is in the line. */
export const Turn = z.int().nullable().default(null);

/** What a step hands on while its case waits for its turn, and the workflow gives back after it. */
export interface Waiting {
  readonly turn: number;
  /** Until shortly before it. */
  readonly waitSeconds: number;
}

/** {@link Waiting}'s fields, in a step's output. */
export const waiting = { turn: z.int().optional(), waitSeconds: z.int().min(0).optional() };

/** What is so near is waited for by the Lambda itself. */
const nearMs = 3_000;

/** Gets a case into a line: its turn, behind all cases that are as severe or more. */
export async function lineUp(line: Line, context: StepContext): Promise<Waiting> {
  const { home } = context;
  return waitUntil(await home.cases.bookTurn(line, await laneFor(context)), context);
}

/**
 * Waits for a turn that is near. Returns what to hand on where it has moved away, because more
 * severe findings have come since: the turn is then booked anew.
 *
 * A line that cannot be read holds nobody up: what then goes too early AWS refuses, and it lines up
 * again.
 */
export async function awaitTurn(
  turn: number,
  line: Line,
  context: StepContext,
): Promise<Waiting | undefined> {
  // Whatever the error is, it is the line's, and nothing that the case waits for.
  const moved = await hasMoved(turn, line, context).catch(() => false);
  const next = moved ? await lineUp(line, context).catch(() => undefined) : undefined;
  const at = next?.turn ?? turn;
  const left = at - context.now().getTime();
  if (left > nearMs) return waitUntil(at, context);
  if (left > 0) await context.sleep(left);
  return undefined;
}

/** Whether cases wait in a line that this one, which is not in it, would get ahead of. */
export async function othersWait(
  line: Line,
  { home, case: ref, now }: StepContext,
): Promise<boolean> {
  // What a dry run withholds takes nobody's turn.
  if (ref.mode === 'dry-run') return false;
  // As in `awaitTurn`.
  const until = await home.cases.bookedUntil(line, 'low', 'with-own').catch(() => 0);
  return until > now().getTime();
}

async function hasMoved(turn: number, line: Line, context: StepContext): Promise<boolean> {
  const lane = await laneFor(context);
  if (lane === 'critical') return false;
  return (await context.home.cases.bookedUntil(line, lane, 'without-own')) > turn;
}

async function laneFor({ home, case: ref }: StepContext): Promise<Lane> {
  const { findings } = await home.cases.findings(ref);
  return laneOf(ref.mode, Math.max(0, ...findings.map(({ severity }) => severity)));
}

const waitUntil = (turn: number, { now }: StepContext): Waiting => ({
  turn,
  waitSeconds: Math.max(0, Math.floor((turn - now().getTime()) / 1000)),
});
