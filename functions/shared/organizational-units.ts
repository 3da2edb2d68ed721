import { ListParentsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { patient } from './connection.ts';

/**
 * Organizations answers in one Region, and only the management account or a delegated administrator.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html
 */
export async function unitsOf(account: string): Promise<readonly string[]> {
  const organizations = new OrganizationsClient(patient({ region: 'us-east-1' }));
  const units: string[] = [];
  // Units are at most five deep, below the root.
  for (let child = account; units.length < 10; ) {
    const { Parents: [parent] = [] } = await organizations.send(
      new ListParentsCommand({ ChildId: child }),
    );
    if (!parent?.Id) break;
    units.push(parent.Id);
    if (parent.Type === 'ROOT') return units;
    child = parent.Id;
  }
  throw new Error(`AWS Organizations names no root above ${account}`);
}
