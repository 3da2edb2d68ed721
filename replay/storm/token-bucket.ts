/** How many calls may come at once, and how many more each second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * A limit on calls as AWS describes its own: a bucket of tokens, from which each call takes one, and
 * to which some are added every second until it is full. A call that finds none is refused, and
 * takes nothing. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  /** Whole seconds, up to which the tokens are counted. */
  #counted: number;

  /** Full at `now`, in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#counted = Math.floor(now / 1000);
  }

  /** Whether there was a token to take. */
  take(now: number): boolean {
    const second = Math.floor(now / 1000);
    const { burst, perSecond } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + (second - this.#counted) * perSecond);
    this.#counted = second;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** The least time, in seconds, in which a full bucket lets so many calls through. */
export const leastSeconds = ({ burst, perSecond }: Rate, calls: number): number =>
  Math.max(0, (calls - burst) / perSecond);
