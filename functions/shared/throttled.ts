import type { FinalizeRequestMiddleware } from '@smithy/types';
import { type AwsClients, eachClient } from './journal.ts';

/**
 * AWS took no more calls of a kind for the moment, for longer than the SDK waits. Nothing is wrong
 * with the call nor with the account: workflows retry this for minutes, where they give any other
 * error seconds.
 */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';

  /** Without AWS's error as its cause: the SDK looks there, and would try the call again. */
  constructor({ name, message }: Error) {
    super(`${name}: ${message}`);
  }
}

/**
 * What AWS's services answer when they are asked too often: the names that the SDK retries as such,
 * but for `LimitExceededException`, which is also IAM's word for a quota that no waiting lifts.
 */
const names: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Whether AWS refused a call, before it did anything, because there were too many. */
export const isThrottle = (error: unknown): error is Error =>
  error instanceof ThrottledError || (error instanceof Error && names.has(error.name));

export const asThrottled = (error: Error): ThrottledError =>
  error instanceof ThrottledError ? error : new ThrottledError(error);

/**
 * Has clients tell of throttling at once, where they would try again for seconds: for as long as a
 * step has something better to do than to wait. What else fails they still try again.
 */
export function tellAtOnce(clients: AwsClients, hurried: () => boolean): void {
  const middleware: FinalizeRequestMiddleware<object, object> = (next) => async (args) => {
    try {
      return await next(args);
    } catch (error) {
      // By its new name the SDK knows it for nothing that it tries again.
      throw hurried() && isThrottle(error) ? asThrottled(error) : error;
    }
  };
  eachClient(clients, ({ middlewareStack }) => {
    // Inside the SDK's own retrying, which is of high priority.
    middlewareStack.add(middleware, {
      name: 'tellAtOnce',
      step: 'finalizeRequest',
      priority: 'normal',
    });
  });
}
