import type { CaseId } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import { Denial, nameOf } from './network-acl.ts';

/** A denial that Cordon put into a network ACL, and which cases need it until when. */
export interface SharedEntry {
  readonly name: string;
  readonly denial: Denial;
  readonly uses: readonly { readonly caseId: CaseId; readonly expired: boolean }[];
}

/**
 * The record of what Cordon put into one network ACL and who needs it.
 *
 * A use is put on record before its entry is made, so an entry whose step died is still known to be
 * ours. Dry runs keep their own record beside the live one, which they read and never change: what
 * was not put into the ACL must neither keep a real entry there nor be taken for one.
 */
export function sharedEntries({ home, case: ref, now, settings }: StepContext, aclId: string) {
  const arn = `arn:aws:ec2:${ref.region}:${ref.account}:network-acl/${aclId}`;
  const own = `${ref.mode}#${arn}`;
  const seconds = Math.floor(now().getTime() / 1000);
  return {
    /** Keeps other cases of the same mode from changing the ACL meanwhile. */
    holding: <T>(work: () => Promise<T>): Promise<T> => home.cases.holding(ref, own, work),

    async list(): Promise<SharedEntry[]> {
      const records = [...new Set([`live#${arn}`, own])];
      const uses = (await Promise.all(records.map((one) => home.cases.uses(one)))).flat();
      return [...new Set(uses.map(({ entry }) => entry))].map((name) => {
        const of = uses.filter(({ entry }) => entry === name);
        return {
          name,
          denial: Denial.parse(of[0]?.detail),
          uses: of.map(({ caseId, expires }) => ({ caseId, expired: expires <= seconds })),
        };
      });
    },

    use: (denial: Denial): Promise<void> =>
      home.cases.shareUse(own, nameOf(denial), {
        caseId: ref.caseId,
        expires: seconds + settings.denyRemoteAddresses.hours * 3600,
        detail: denial,
      }),

    end: (denial: Denial, caseId: CaseId): Promise<void> =>
      home.cases.endUse(own, nameOf(denial), caseId),
  };
}
export type SharedEntries = ReturnType<typeof sharedEntries>;
