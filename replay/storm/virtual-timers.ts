import type { VirtualTime } from '../virtual-time.ts';

/**
 * Has everything in this process that waits wait in virtual time: the SDK between its attempts, the
 * workflow interpreter in its Wait states, between its retries and for its time limits. What they
 * draw lots with, to spread retries, becomes the same in every run. Returns what undoes both.
 */
export function takeOverTimers(time: VirtualTime, seed = 1): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const { random } = Math;
  const pending = new Map<number, () => void>();
  let last = 0;
  const later = (work: (...given: unknown[]) => void, milliseconds = 0, ...given: unknown[]) => {
    const id = ++last;
    const callOff = time.after(milliseconds, () => {
      pending.delete(id);
      work(...given);
    });
    pending.set(id, callOff);
    return id;
  };
  const never = (id?: number) => {
    pending.get(id ?? 0)?.();
    pending.delete(id ?? 0);
  };
  Object.assign(globalThis, { setTimeout: later, clearTimeout: never });
  Math.random = lots(seed);
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Math.random = random;
  };
}

/** Numbers from 0 to 1 without rhyme or reason, the same for the same seed (mulberry32). */
function lots(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
