import type { AwsCall } from '../../functions/shared/step.ts';
import type { VirtualTime } from '../virtual-time.ts';
import {
  bucketOf,
  caseTableRate,
  deliveries,
  itemRate,
  latencies,
  type RegionSize,
  regionLimits,
} from './limits.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** What was sent of one call, and how much of it AWS refused. */
export interface Sent {
  passed: number;
  refused: number;
}

/** AWS's limits on one account and Region, and what has come up against them. */
export class AwsLimits {
  readonly calls = new Map<AwsCall, Sent>();
  readonly #time: VirtualTime;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #region: (typeof regionLimits)[RegionSize];

  constructor(time: VirtualTime, region: RegionSize) {
    this.#time = time;
    this.#region = regionLimits[region];
  }

  pass(milliseconds: number): Promise<void> {
    return this.#time.pass(milliseconds);
  }

  /** The error with which AWS refuses a call for which there is no token. */
  refuse(call: AwsCall, input: object): Error | undefined {
    const { name, rate } = bucketOf(call, input);
    const sent = this.calls.get(call) ?? { passed: 0, refused: 0 };
    this.calls.set(call, sent);
    if (this.#take(name, rate)) {
      sent.passed++;
      return undefined;
    }
    sent.refused++;
    return throttledAs(call.startsWith('ec2:') ? 'RequestLimitExceeded' : 'Throttling');
  }

  /** Starts an execution for an event, as often as EventBridge would try; false when it gives up. */
  async startExecution(): Promise<boolean> {
    const { startExecution, eventBridgePerSecond: perSecond } = this.#region;
    await this.#waitFor('events:Invocation', { burst: perSecond, perSecond });
    for (let attempt = 0; attempt < deliveries.most; attempt++) {
      await this.#time.pass(latencies.call);
      const sent = this.calls.get('states:StartExecution') ?? { passed: 0, refused: 0 };
      this.calls.set('states:StartExecution', sent);
      if (this.#take('states:StartExecution', startExecution)) {
        sent.passed++;
        return true;
      }
      sent.refused++;
      const longest = Math.min(deliveries.firstMs * 2 ** attempt, deliveries.longestMs);
      await this.#time.pass(Math.random() * longest);
    }
    return false;
  }

  /** A Task state and the Choice or Pass behind it. Step Functions delays what is beyond its limit. */
  async stateTransitions(): Promise<void> {
    const { stateTransition } = this.#region;
    await this.#waitFor('states:StateTransition', stateTransition);
    await this.#waitFor('states:StateTransition', stateTransition);
  }

  /** AssumeRole, with the SDK's patience. */
  async assumeRole(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await this.#time.pass(latencies.call);
      const refused = this.refuse('sts:AssumeRole', {});
      if (!refused) return;
      if (attempt === 3) throw refused;
      await this.#time.pass(Math.random() * 500 * 2 ** attempt);
    }
  }

  /**
   * A request to the case table, which the SDK sends again until it is taken; or a write to one item of
   * it that many write to at once, which it sends four times.
   */
  async caseTable(hot?: string): Promise<void> {
    await this.#waitFor('dynamodb', caseTableRate);
    for (let attempt = 0; ; attempt++) {
      await this.#time.pass(latencies.caseTable);
      if (hot === undefined) return;
      const sent = this.calls.get('dynamodb:UpdateItem') ?? { passed: 0, refused: 0 };
      this.calls.set('dynamodb:UpdateItem', sent);
      if (this.#take(`dynamodb ${hot}`, itemRate)) {
        sent.passed++;
        return;
      }
      sent.refused++;
      if (attempt === 3) throw throttledAs('ProvisionedThroughputExceededException');
      await this.#time.pass(Math.random() * 500 * 2 ** attempt);
    }
  }

  async #waitFor(name: string, rate: Rate): Promise<void> {
    // A millisecond more: what is left of a second may be too little to get past its end.
    while (!this.#take(name, rate)) await this.#time.pass(1001 - (this.#time.now % 1000));
  }

  #take(name: string, rate: Rate): boolean {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(rate, this.#time.now);
    this.#buckets.set(name, bucket);
    return bucket.take(this.#time.now);
  }
}

/** As the SDK's clients throw it. */
const throttledAs = (name: string): Error =>
  Object.assign(new Error('Request limit exceeded.'), {
    name,
    $fault: 'client',
    $metadata: { httpStatusCode: 503 },
  });
