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
    if (this.#lets(call, name, rate)) return undefined;
    return throttledAs(call.startsWith('ec2:') ? 'RequestLimitExceeded' : 'Throttling');
  }

  /** Starts an execution for an event, as often as EventBridge would try; false when it gives up. */
  async startExecution(): Promise<boolean> {
    const { startExecution, eventBridgePerSecond: perSecond } = this.#region;
    await this.#waitFor('events:Invocation', { burst: perSecond, perSecond });
    for (let attempt = 0; attempt < deliveries.most; attempt++) {
      await this.#time.pass(latencies.call);
      const call = 'states:StartExecution';
      if (this.#lets(call, call, startExecution)) return true;
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

  assumeRole(): Promise<void> {
    return this.#patiently(latencies.call, () => this.refuse('sts:AssumeRole', {}));
  }

  /**
   * A request to the case table, which the SDK sends again until it is taken; or a write to one item of
   * it that many write to at once, for which it has no more patience than for any call.
   */
  async caseTable(hot?: string): Promise<void> {
    await this.#waitFor('dynamodb', caseTableRate);
    if (hot === undefined) {
      await this.#time.pass(latencies.caseTable);
      return;
    }
    await this.#patiently(latencies.caseTable, () =>
      this.#lets('dynamodb:UpdateItem', `dynamodb ${hot}`, itemRate)
        ? undefined
        : throttledAs('ProvisionedThroughputExceededException'),
    );
  }

  /** As often as the SDK sends a call. */
  async #patiently(latency: number, refusal: () => Error | undefined): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await this.#time.pass(latency);
      const refused = refusal();
      if (!refused) return;
      if (attempt === 3) throw refused;
      await this.#time.pass(Math.random() * 500 * 2 ** attempt);
    }
  }

  /** Whether a call is let through; counts it. */
  #lets(call: AwsCall, bucket: string, rate: Rate): boolean {
    const sent = this.calls.get(call) ?? { passed: 0, refused: 0 };
    this.calls.set(call, sent);
    const passed = this.#take(bucket, rate);
    sent[passed ? 'passed' : 'refused']++;
    return passed;
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
