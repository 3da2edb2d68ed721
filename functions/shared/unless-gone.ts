import { NoSuchEntityException } from '@aws-sdk/client-iam';

/** What IAM answers, or undefined when it knows no such thing. */
export const unlessGone = <T>(request: Promise<T>): Promise<T | undefined> =>
  request.catch((error: unknown) => {
    if (error instanceof NoSuchEntityException) return undefined;
    throw error;
  });
