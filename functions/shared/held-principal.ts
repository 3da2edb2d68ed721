import type { RoleName, UserName } from './ids.ts';
import type { StepContext } from './step.ts';

/** A user as cases know it: without the path, which findings and CloudTrail leave out as well. */
export const userArn = ({ account }: { account: string }, userName: UserName): string =>
  `arn:aws:iam::${account}:user/${userName}`;

/** A role as cases know it, without its path. */
export const roleArn = ({ account }: { account: string }, roleName: RoleName): string =>
  `arn:aws:iam::${account}:role/${roleName}`;

/**
 * Holds a user or a role, which several cases may change, while `work` changes it.
 *
 * Dry runs hold it among themselves: one must never hold off a live run.
 */
export const holdingPrincipal = <T>(
  { home, case: ref }: StepContext,
  arn: string,
  work: () => Promise<T>,
): Promise<T> => home.cases.holding(ref, `${ref.mode}#${arn}`, work);
