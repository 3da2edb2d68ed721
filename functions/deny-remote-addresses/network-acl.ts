import {
  DeleteNetworkAclEntryCommand,
  DescribeNetworkAclsCommand,
  type EC2Client,
  EC2ServiceException,
  type NetworkAclEntry,
  paginateDescribeNetworkAcls,
} from '@aws-sdk/client-ec2';
import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import { holds, isIpv6, onlyThis } from './address.ts';

/** A denial of one address in one direction: of every protocol, whatever its port. */
export const Denial = z.strictObject({
  egress: z.boolean(),
  ruleNumber: z.int().min(1).max(32_766),
  cidr: z.string().min(1),
});
export type Denial = z.infer<typeof Denial>;

/** The name of a denial in the record of a network ACL's shared entries. */
export const nameOf = ({ egress, ruleNumber, cidr }: Denial): string =>
  `${egress ? 'egress' : 'ingress'} ${ruleNumber} ${cidr}`;

/** The network ACLs of these subnets that the account owns, with the subnets each guards. */
export async function aclsOf(ec2: EC2Client, subnetIds: readonly string[], account: string) {
  const acls: { networkAclId: string; entries: NetworkAclEntry[]; subnetIds: string[] }[] = [];
  const filtered = { Filters: [{ Name: 'association.subnet-id', Values: [...subnetIds] }] };
  for await (const page of paginateDescribeNetworkAcls({ client: ec2 }, filtered)) {
    for (const { NetworkAclId, OwnerId, Entries = [], Associations = [] } of page.NetworkAcls ??
      []) {
      if (!NetworkAclId || OwnerId !== account) continue;
      acls.push({
        networkAclId: NetworkAclId,
        entries: Entries,
        subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
      });
    }
  }
  return acls;
}

/** The entries of a network ACL now, or undefined when it is gone. */
export async function entriesOf(
  ec2: EC2Client,
  networkAclId: string,
): Promise<NetworkAclEntry[] | undefined> {
  try {
    const { NetworkAcls = [] } = await ec2.send(
      new DescribeNetworkAclsCommand({ NetworkAclIds: [networkAclId] }),
    );
    return NetworkAcls[0]?.Entries;
  } catch (error) {
    if (error instanceof EC2ServiceException && error.name === 'InvalidNetworkAclID.NotFound') {
      return undefined;
    }
    throw error;
  }
}

/** Takes a denial out of a network ACL; one that is gone already is as good. */
export async function removeEntry(
  ec2: EC2Client,
  networkAclId: string,
  { egress, ruleNumber }: Denial,
): Promise<void> {
  try {
    await ec2.send(
      new DeleteNetworkAclEntryCommand({
        NetworkAclId: networkAclId,
        Egress: egress,
        RuleNumber: ruleNumber,
      }),
    );
  } catch (error) {
    const gone = 'InvalidNetworkAclEntry.NotFound';
    if (!(error instanceof EC2ServiceException) || error.name !== gone) throw error;
  }
}

/** An entry's range, written in one way: AWS and people write IPv6 in several. */
const rangeOf = ({ CidrBlock, Ipv6CidrBlock }: NetworkAclEntry): string => {
  const [network, bits] = ipaddr.parseCIDR(CidrBlock ?? Ipv6CidrBlock ?? '0.0.0.0/0');
  return `${network}/${bits}`;
};

/** Whether an entry is this very denial, number included. */
export const looksAs =
  ({ egress, ruleNumber, cidr }: Denial) =>
  (entry: NetworkAclEntry): boolean =>
    entry.Egress === egress &&
    entry.RuleNumber === ruleNumber &&
    entry.RuleAction === 'deny' &&
    entry.Protocol === '-1' &&
    rangeOf(entry) === cidr;

/** Whether an entry may be what became of this denial: its number, or a denial of the same range. */
export const resembles =
  ({ egress, ruleNumber, cidr }: Denial) =>
  (entry: NetworkAclEntry): boolean =>
    entry.Egress === egress &&
    (entry.RuleNumber === ruleNumber || (entry.RuleAction === 'deny' && rangeOf(entry) === cidr));

/** A denial in EC2's words. */
export const entryOf = ({ egress, ruleNumber, cidr }: Denial) => ({
  Egress: egress,
  RuleNumber: ruleNumber,
  RuleAction: 'deny' as const,
  Protocol: '-1',
  ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
});

/** Where an address stands in one direction, and what must be added for it to be denied. */
export type Standing =
  /** Denied: by `entry` when one denies this address alone, else by a wider rule or by default. */
  | { readonly is: 'denied'; readonly entry?: Denial }
  | { readonly is: 'admitted'; readonly denyBy: Denial }
  | { readonly is: 'acl-full' | 'no-number-free' };

/**
 * How an address stands in one direction. Entries are tried from the lowest number, and the first
 * that matches decides; so a denial counts only before the first rule that lets any of the
 * address's traffic through.
 * https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
 */
export function standingOf(
  entries: readonly NetworkAclEntry[],
  egress: boolean,
  address: string,
): Standing {
  const here = entries.filter((entry) => entry.Egress === egress);
  const matching = here.filter((entry) => holds(rangeOf(entry), address));
  const first = lowest(matching.filter(({ RuleAction }) => RuleAction === 'allow'));
  const denials = matching.filter(
    ({ RuleAction, Protocol, RuleNumber = 0 }) =>
      RuleAction === 'deny' && Protocol === '-1' && RuleNumber < first,
  );
  const cidr = onlyThis(address);
  const exact = denials.filter((entry) => rangeOf(entry) === cidr);
  if (exact.length > 0) {
    return { is: 'denied', entry: { egress, ruleNumber: lowest(exact), cidr } };
  }
  if (denials.length > 0 || first === Infinity) return { is: 'denied' };
  if (isFull(here, address)) return { is: 'acl-full' };
  const ruleNumber = freeBelow(first, here);
  return ruleNumber
    ? { is: 'admitted', denyBy: { egress, ruleNumber, cidr } }
    : { is: 'no-number-free' };
}

const lowest = (entries: readonly NetworkAclEntry[]): number =>
  Math.min(...entries.map(({ RuleNumber = Infinity }) => RuleNumber));

/** Numbers are shared by both families. The highest free one leaves room for people's own rules. */
function freeBelow(limit: number, entries: readonly NetworkAclEntry[]): number | undefined {
  const taken = new Set(entries.map(({ RuleNumber }) => RuleNumber));
  for (let number = limit - 1; number > 0; number--) if (!taken.has(number)) return number;
  return undefined;
}

/** The numbers of the rules that end every network ACL: 32767, and 32768 for IPv6. */
const ending = 32_767;

/**
 * Whether a direction has as many entries of the address's family as it may: 20, the ending rule
 * included. A direction that has more has a raised quota, which is at most 40.
 * https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
 */
function isFull(entries: readonly NetworkAclEntry[], address: string): boolean {
  const family = entries.filter(
    (entry) =>
      (entry.Ipv6CidrBlock !== undefined) === isIpv6(address) && (entry.RuleNumber ?? 0) < ending,
  );
  const count = family.length + 1;
  return count >= (count > 20 ? 40 : 20);
}
