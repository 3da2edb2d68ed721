/**
 * AWS took no more calls of a kind for the moment, for longer than the SDK waits. Nothing is wrong
 * with the call nor with the account: workflows retry this for minutes, where they give any other
 * error seconds.
 */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';

  constructor(cause: Error) {
    super(`${cause.name}: ${cause.message}`, { cause });
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
  error instanceof Error && names.has(error.name);
