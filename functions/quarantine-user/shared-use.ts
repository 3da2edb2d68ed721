import { userArn } from '../shared/held-principal.ts';
import type { UserName } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';

/**
 * The record of which cases need a policy that Cordon attached to a user, one attachment for all.
 *
 * A policy without a use was attached by somebody else. Dry runs keep their own record beside the
 * live one, which they read and never change.
 */
export function sharedUse({ home, case: ref, now }: StepContext, user: UserName, policy: string) {
  const arn = userArn(ref, user);
  const own = `${ref.mode}#${arn}`;
  return {
    /** The cases that need it. */
    async cases(): Promise<ReadonlySet<string>> {
      const records = [...new Set([`live#${arn}`, own])];
      const uses = (await Promise.all(records.map((one) => home.cases.uses(one)))).flat();
      return new Set(uses.filter(({ entry }) => entry === policy).map(({ caseId }) => caseId));
    },

    begin: (): Promise<void> =>
      home.cases.shareUse(own, policy, {
        caseId: ref.caseId,
        // A quarantine has no end of its own; ten years is longer than any case.
        expires: Math.floor(now().getTime() / 1000) + 315_360_000,
        detail: {},
      }),

    end: (): Promise<void> => home.cases.endUse(own, policy, ref.caseId),
  };
}
