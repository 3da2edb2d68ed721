/** LookupEvents: two requests a second for each account and Region, shared with everybody in it. */
const spacing = 500;
/** How long a Region is left alone after CloudTrail refused a request for being one too many. */
const holdOff = 5_000;

/** Whose turn it is, Region by Region. */
export interface Pace {
  /** Waits for the Region's next turn, or answers false when it would come after all time is up. */
  turn(region: string): Promise<boolean>;
  /** Leaves a Region alone for a while: its rate is used up, perhaps by someone else. */
  holdOff(region: string): void;
  /** How long the turns taken last, in seconds: the time a trace cannot be faster than. */
  seconds(): number;
}

/**
 * Spaces the requests of each Region; Regions go side by side.
 *
 * It counts in turns given, not in time passed, so that a rehearsal, whose clock stands still and
 * whose `sleep` takes no time, comes to the same turns and the same end.
 */
export function paceOf(
  { now, sleep }: { now(): Date; sleep(milliseconds: number): Promise<void> },
  mostSeconds: number,
): Pace {
  const start = now().getTime();
  const free = new Map<string, number>();
  const turnOf = (region: string) => Math.max(now().getTime(), free.get(region) ?? start);
  return {
    async turn(region) {
      const turn = turnOf(region);
      if (turn - start > mostSeconds * 1000) return false;
      free.set(region, turn + spacing);
      const wait = turn - now().getTime();
      if (wait > 0) await sleep(wait);
      return true;
    },
    holdOff(region) {
      free.set(region, turnOf(region) + holdOff);
    },
    seconds: () => Math.round((Math.max(start, ...free.values()) - start) / 1000),
  };
}
