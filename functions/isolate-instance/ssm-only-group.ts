import {
  type EC2Client,
  type IpPermission,
  paginateDescribeVpcEndpoints,
  type SecurityGroup,
  type VpcEndpoint,
} from '@aws-sdk/client-ec2';
import type { VpcId } from '../shared/ids.ts';
import { securityGroups } from './security-groups.ts';

/** Why the group that admits Systems Manager alone cannot be used, and the one without rules is. */
type Unprepared = 'no-endpoint' | 'group-not-prepared' | 'group-not-trusted';

/** What Run Command needs to reach. An agent before 3.3.40.0 would need ec2messages as well. */
const services = ['ssm', 'ssmmessages'];

/** The VPCs' endpoints for Systems Manager, whether or not they are fit for use. */
export async function ssmEndpoints(
  ec2: EC2Client,
  vpcIds: readonly VpcId[],
  region: string,
): Promise<VpcEndpoint[]> {
  const found: VpcEndpoint[] = [];
  const Filters = [
    { Name: 'vpc-id', Values: [...vpcIds] },
    { Name: 'service-name', Values: services.map((s) => `com.amazonaws.${region}.${s}`) },
  ];
  for await (const page of paginateDescribeVpcEndpoints({ client: ec2 }, { Filters })) {
    found.push(...(page.VpcEndpoints ?? []));
  }
  return found;
}

/** One VPC's group for Systems Manager alone, as far as it is there, and its endpoints. */
interface Preparation {
  readonly vpcId: VpcId;
  readonly group: SecurityGroup | undefined;
  readonly endpoints: readonly VpcEndpoint[];
}

/**
 * Says why an instance in these VPCs cannot be put into their ssm-only groups, or null when it can.
 *
 * Every VPC must have been prepared: available private-DNS interface endpoints for both services,
 * and a group whose only rules are egress to TCP 443 of those endpoints' groups, which admit that
 * group by reference. Nothing of it is made or mended here: during an incident whatever is not
 * exactly so is not trusted.
 */
export async function whyUnprepared(
  ec2: EC2Client,
  preparations: readonly Preparation[],
): Promise<Unprepared | null> {
  const fit = preparations.map((one) => ({ ...one, endpoints: one.endpoints.filter(isUsable) }));
  const reason = firstOf(fit.map(whyUnfit));
  if (reason) return reason;

  const ids = [...new Set(fit.flatMap(({ endpoints }) => endpoints.flatMap(groupIdsOf)))];
  const groups = await securityGroups(ec2, { 'group-id': ids });
  const admitted = fit.every(({ group, endpoints }) =>
    services.every((service) =>
      endpoints
        .filter(({ ServiceName }) => ServiceName?.endsWith(`.${service}`))
        .some((endpoint) => admits(endpoint, groups, group)),
    ),
  );
  return admitted ? null : 'group-not-prepared';
}

const firstOf = (reasons: readonly (Unprepared | null)[]): Unprepared | null =>
  (['no-endpoint', 'group-not-prepared', 'group-not-trusted'] as const).find((reason) =>
    reasons.includes(reason),
  ) ?? null;

function whyUnfit({ group, endpoints }: Preparation): Unprepared | null {
  const served = (service: string) =>
    endpoints.some(({ ServiceName }) => ServiceName?.endsWith(`.${service}`));
  if (!services.every(served)) return 'no-endpoint';
  if (!group) return 'group-not-prepared';
  const groupIds = new Set(endpoints.flatMap(groupIdsOf));
  const within = egressGroups(group).every((groupId) => groupIds.has(groupId));
  return within && isNarrow(group) ? null : 'group-not-trusted';
}

// EC2 writes the state in lower case, its model in title case.
const isUsable = ({ VpcEndpointType, State, PrivateDnsEnabled }: VpcEndpoint): boolean =>
  VpcEndpointType === 'Interface' &&
  State?.toLowerCase() === 'available' &&
  PrivateDnsEnabled === true;

const groupIdsOf = ({ Groups = [] }: VpcEndpoint) => Groups.flatMap(({ GroupId }) => GroupId ?? []);

/** Whether a group admits nothing in, and nothing out but TCP 443 to other groups. */
export const isNarrow = ({ IpPermissions, IpPermissionsEgress = [] }: SecurityGroup): boolean =>
  IpPermissions?.length === 0 &&
  IpPermissionsEgress.length > 0 &&
  IpPermissionsEgress.every(
    (rule) =>
      rule.IpProtocol === 'tcp' &&
      rule.FromPort === 443 &&
      rule.ToPort === 443 &&
      [rule.IpRanges, rule.Ipv6Ranges, rule.PrefixListIds].every((ranges) => !ranges?.length) &&
      (rule.UserIdGroupPairs ?? []).length > 0,
  );

const egressGroups = ({ IpPermissionsEgress = [] }: SecurityGroup) =>
  IpPermissionsEgress.flatMap(groupsIn);
const groupsIn = ({ UserIdGroupPairs = [] }: IpPermission) =>
  UserIdGroupPairs.map(({ GroupId = '' }) => GroupId);

/** Whether the ssm-only group may go to the endpoint, and the endpoint lets it in. */
function admits(
  endpoint: VpcEndpoint,
  groups: readonly SecurityGroup[],
  from: SecurityGroup | undefined,
): boolean {
  const reached = groupIdsOf(endpoint).filter((id) => from && egressGroups(from).includes(id));
  return (
    reached.length > 0 &&
    groups
      .filter(({ GroupId = '' }) => groupIdsOf(endpoint).includes(GroupId))
      .flatMap(({ IpPermissions = [] }) => IpPermissions)
      .some((rule) => covers443(rule) && groupsIn(rule).includes(from?.GroupId ?? ''))
  );
}

const covers443 = ({ IpProtocol, FromPort = -1, ToPort = -1 }: IpPermission): boolean =>
  IpProtocol === '-1' || (IpProtocol === 'tcp' && FromPort <= 443 && ToPort >= 443);
