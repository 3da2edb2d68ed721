import type { IpPermission, SecurityGroup } from '@aws-sdk/client-ec2';

/** Whether a group lets nothing in and nothing out, by any address family, prefix list or group. */
export const hasNoRules = ({ IpPermissions, IpPermissionsEgress }: SecurityGroup): boolean =>
  IpPermissions?.length === 0 && IpPermissionsEgress?.length === 0;

/**
 * A group's rules as sorted lines, one for each source or destination, so that two readings can be
 * compared. Descriptions are left out: they admit nothing.
 */
export const rulesOf = ({ IpPermissions = [], IpPermissionsEgress = [] }: SecurityGroup) =>
  [
    ...IpPermissions.flatMap((permission) => linesOf('in', permission)),
    ...IpPermissionsEgress.flatMap((permission) => linesOf('out', permission)),
  ].sort();

function linesOf(direction: 'in' | 'out', permission: IpPermission): string[] {
  const { IpProtocol, FromPort = 'any', ToPort = 'any' } = permission;
  const peers = [
    ...(permission.IpRanges ?? []).map(({ CidrIp }) => CidrIp),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId }) => PrefixListId),
    ...(permission.UserIdGroupPairs ?? []).map(({ GroupId }) => GroupId),
  ];
  return peers.map((peer) => `${direction} ${IpProtocol} ${FromPort}-${ToPort} ${peer}`);
}
