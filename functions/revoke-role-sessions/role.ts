import { GetRoleCommand, type IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { RoleId, RoleName } from '../shared/ids.ts';
import { documentOf } from '../shared/inline-policy.ts';
import { unlessGone } from '../shared/unless-gone.ts';

const Role = z.object({
  RoleName,
  RoleId,
  Path: z.string(),
  AssumeRolePolicyDocument: z.string().optional(),
});
export type Role = z.infer<typeof Role>;

/** The role as IAM describes it, or undefined when there is none of this name. */
export async function describeRole(iam: IAMClient, name: RoleName): Promise<Role | undefined> {
  const found = await unlessGone(iam.send(new GetRoleCommand({ RoleName: name })));
  return found && Role.parse(found.Role);
}

const Names = z.union([z.string(), z.array(z.string())]).optional();
const Statement = z.object({
  Principal: z.union([z.literal('*'), z.object({ Service: Names, Federated: Names })]),
});
const Trust = z.object({
  Statement: z.union([z.array(Statement), Statement.transform((one) => [one])]),
});

/**
 * Whether something runs under the role by itself: it trusts a service of AWS (EC2, Lambda, ECS, EKS
 * Pod Identity …) or the identity provider of an EKS cluster. Trust that cannot be read counts too.
 */
export function runsWorkloads({ AssumeRolePolicyDocument }: Role): boolean {
  const { data: trust } = Trust.safeParse(documentOf(AssumeRolePolicyDocument));
  if (!trust) return true;
  return trust.Statement.some(({ Principal }) => {
    if (Principal === '*') return false;
    const { Service, Federated } = Principal;
    return Service !== undefined || [Federated].flat().some((arn) => arn?.includes('/oidc.eks.'));
  });
}
