import type { VirtualTime } from '../virtual-time.ts';
import { lambdaLimits, latencies } from './limits.ts';

/** Lambda had no room for one more: Step Functions sees this error. */
class TooManyRequestsError extends Error {
  override readonly name = 'Lambda.TooManyRequestsException';
}

/** The environments of one function. */
interface Environments {
  idle: number;
  /** When each of those was made that Lambda still counts against how fast it makes more. */
  made: number[];
}

/**
 * Lambda in one account and Region: so many run at once, a function gains so many environments in
 * ten seconds, and a new environment starts slowly. What is beyond that is refused, not queued, as
 * for every caller that waits for the answer.
 */
export class LambdaService {
  readonly #time: VirtualTime;
  readonly #concurrent: number;
  readonly #functions = new Map<string, Environments>();
  #running = 0;
  /** Invocations that Lambda refused. */
  refused = 0;
  /** Most that ran at one time. */
  peak = 0;
  invocations = 0;

  constructor(time: VirtualTime, concurrent: number) {
    this.#time = time;
    this.#concurrent = concurrent;
  }

  async invoke<T>(name: string, work: () => Promise<T>): Promise<T> {
    const environments = this.#functions.get(name) ?? { idle: 0, made: [] };
    this.#functions.set(name, environments);
    const start = this.#startIn(environments);
    if (this.#running >= this.#concurrent || start === undefined) {
      this.refused++;
      throw new TooManyRequestsError('Rate Exceeded.');
    }
    this.invocations++;
    this.peak = Math.max(this.peak, ++this.#running);
    if (start === 'warm') environments.idle--;
    else environments.made.push(this.#time.now);
    try {
      await this.#time.pass(start === 'warm' ? latencies.warmStart : latencies.coldStart);
      return await work();
    } finally {
      this.#running--;
      environments.idle++;
    }
  }

  #startIn(environments: Environments): 'warm' | 'cold' | undefined {
    if (environments.idle > 0) return 'warm';
    const since = this.#time.now - 10_000;
    environments.made = environments.made.filter((at) => at > since);
    return environments.made.length < lambdaLimits.newIn10Seconds ? 'cold' : undefined;
  }
}
