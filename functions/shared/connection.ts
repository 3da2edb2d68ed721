import type { Connection } from './step.ts';

/**
 * Client options for calls that may be repeated. Said outright, so that the environment's
 * AWS_MAX_ATTEMPTS and AWS_RETRY_MODE cannot change how an incident is answered.
 */
export const patient = (to: Connection) => ({
  ...to,
  maxAttempts: 4,
  retryMode: 'standard' as const,
});

/** Client options for writes declared `once`: AWS would do them again. */
export const once = (to: Connection) => ({ ...to, maxAttempts: 1, retryMode: 'standard' as const });
