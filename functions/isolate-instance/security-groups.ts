import {
  type EC2Client,
  type Filter,
  paginateDescribeSecurityGroups,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import type { VpcId } from '../shared/ids.ts';

/**
 * The security groups that pass every filter; none when one of them has no value, which EC2 refuses.
 * Ids go in as a filter too: an unknown one is no error then.
 */
export async function securityGroups(
  ec2: EC2Client,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<SecurityGroup[]> {
  const found: SecurityGroup[] = [];
  if (Object.values(filters).some((values) => values.length === 0)) return found;
  const Filters: Filter[] = Object.entries(filters).map(([Name, values]) => ({
    Name,
    Values: [...values],
  }));
  for await (const page of paginateDescribeSecurityGroups({ client: ec2 }, { Filters })) {
    found.push(...(page.SecurityGroups ?? []));
  }
  return found;
}

/** One account's group of a name in a VPC. Its name earns it no trust: its rules do. */
export const named = (
  groups: readonly SecurityGroup[],
  { vpcId, name, owner }: { vpcId: VpcId; name: string; owner: string },
): SecurityGroup | undefined =>
  groups.find(
    ({ VpcId, GroupName, OwnerId }) => VpcId === vpcId && GroupName === name && OwnerId === owner,
  );
