import {
  DescribeAddressesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  paginateDescribeNetworkInterfaces,
} from '@aws-sdk/client-ec2';
import { isIpv6, plain } from './address.ts';

/** What is the account's own, as far as it bears on the addresses asked about. */
export interface OwnNetwork {
  /** CIDR ranges of the instance's VPCs, both families. */
  readonly ranges: readonly string[];
  readonly addresses: readonly string[];
}

/** Reads the ranges of the VPCs, and which of the addresses the account itself holds. */
export async function ownNetwork(
  ec2: EC2Client,
  vpcIds: readonly string[],
  addresses: readonly string[],
): Promise<OwnNetwork> {
  if (addresses.length === 0) return { ranges: [], addresses: [] };
  const ipv4 = addresses.filter((address) => !isIpv6(address));
  const ipv6 = addresses.filter(isIpv6);
  const [ranges, ...own] = await Promise.all([
    rangesOf(ec2, vpcIds),
    ipv4.length > 0 ? elasticAddresses(ec2, ipv4) : [],
    ipv4.length > 0 ? interfaceAddresses(ec2, 'association.public-ip', ipv4) : [],
    ipv6.length > 0 ? interfaceAddresses(ec2, 'ipv6-addresses.ipv6-address', ipv6) : [],
  ]);
  return { ranges, addresses: own.flat().map(plain) };
}

async function rangesOf(ec2: EC2Client, VpcIds: readonly string[]): Promise<string[]> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [...VpcIds] }));
  return Vpcs.flatMap(
    ({ CidrBlock, CidrBlockAssociationSet = [], Ipv6CidrBlockAssociationSet = [] }) => [
      CidrBlock,
      ...CidrBlockAssociationSet.map((of) => of.CidrBlock),
      ...Ipv6CidrBlockAssociationSet.map((of) => of.Ipv6CidrBlock),
    ],
  ).flatMap((range) => range ?? []);
}

/** Elastic addresses, in use or not. */
async function elasticAddresses(ec2: EC2Client, Values: string[]): Promise<string[]> {
  const { Addresses = [] } = await ec2.send(
    new DescribeAddressesCommand({ Filters: [{ Name: 'public-ip', Values }] }),
  );
  return Addresses.flatMap(({ PublicIp }) => PublicIp ?? []);
}

/** Public addresses of interfaces, those that AWS gave for as long as the instance runs included. */
async function interfaceAddresses(ec2: EC2Client, Name: string, Values: string[]) {
  const held: string[] = [];
  const filtered = { Filters: [{ Name, Values }] };
  for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, filtered)) {
    for (const { PrivateIpAddresses = [], Ipv6Addresses = [] } of page.NetworkInterfaces ?? []) {
      held.push(
        ...PrivateIpAddresses.flatMap(({ Association }) => Association?.PublicIp ?? []),
        ...Ipv6Addresses.flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
      );
    }
  }
  return held;
}
