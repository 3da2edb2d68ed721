import { isDeepStrictEqual } from 'node:util';
import { type IAMClient, paginateListAttachedUserPolicies } from '@aws-sdk/client-iam';
import type { CaseRef } from './case-record.ts';
import { denial } from './denial.ts';
import type { UserName } from './ids.ts';
import { type InlinePolicy, userPolicy } from './inline-policy.ts';
import { unlessGone } from './unless-gone.ts';

/** The ARN of one of AWS's own policies. */
export const ofAws = (name: string): string => `arn:aws:iam::aws:policy/${name}`;

/** https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSDenyAll.html */
export const awsDenyAll = ofAws('AWSDenyAll');

/** The case's own inline policy in place of a managed one, where no more of those fit. */
export const quarantinePolicy = (
  iam: IAMClient,
  userName: UserName,
  { caseId }: CaseRef,
): InlinePolicy => userPolicy(iam, userName, `cordon-${caseId}-quarantine`);

/** Whether a document denies everything and is as this project writes it. */
export const deniesAll = (document: unknown): boolean => isDeepStrictEqual(document, denial());

/** ARNs of the managed policies attached to a user; undefined when there is no such user. */
export const attachedPolicies = (
  iam: IAMClient,
  userName: UserName,
): Promise<string[] | undefined> => unlessGone(listAttached(iam, userName));

async function listAttached(iam: IAMClient, UserName: UserName): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListAttachedUserPolicies({ client: iam }, { UserName })) {
    arns.push(...(page.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []));
  }
  return arns;
}
