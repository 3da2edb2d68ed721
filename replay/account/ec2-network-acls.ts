import type {
  CreateNetworkAclEntryRequest,
  DeleteNetworkAclEntryRequest,
  NetworkAcl as DescribedAcl,
  DescribeNetworkAclsRequest,
  DescribeNetworkAclsResult,
} from '@aws-sdk/client-ec2';
import ipaddr from 'ipaddr.js';
import type { AwsCall } from '../../functions/shared/step.ts';
import { asked, matching, named, page, refusal, tagList } from './ec2-requests.ts';
import { madeUpId } from './made-up-ids.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type NetworkAcl = AccountState['networkAcls'][number];
type Entry = NetworkAcl['entries'][number];

/** The denials of all the rest, which nobody may make or take away. */
const lastNumber = 32_766;

/** Each direction and each IP version, the last denial included: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const mostEntries = 20;

function describeNetworkAcls(
  { state }: Desk,
  input: DescribeNetworkAclsRequest,
): DescribeNetworkAclsResult {
  const matched = matching(asked(state, 'networkAcls', input.NetworkAclIds), input.Filters, {
    'network-acl-id': ({ networkAclId }) => networkAclId,
    'vpc-id': ({ vpcId }) => vpcId,
    'owner-id': ({ ownerId }) => ownerId,
    default: ({ isDefault }) => isDefault,
    'association.subnet-id': (acl) => subnetsOf(state, acl).map(({ subnetId }) => subnetId),
    'association.network-acl-id': (acl) =>
      subnetsOf(state, acl).map(({ networkAclId }) => networkAclId),
  });
  const { items, ...next } = page(matched, input, { ids: input.NetworkAclIds ?? [] });
  return { NetworkAcls: items.map((acl) => describedAcl(state, acl)), ...next };
}

const subnetsOf = ({ subnets }: AccountState, acl: NetworkAcl) =>
  subnets.filter(({ networkAclId }) => networkAclId === acl.networkAclId);

const describedAcl = (state: AccountState, acl: NetworkAcl): DescribedAcl => ({
  NetworkAclId: acl.networkAclId,
  VpcId: acl.vpcId,
  OwnerId: acl.ownerId,
  IsDefault: acl.isDefault,
  Associations: subnetsOf(state, acl).map(({ subnetId }) => ({
    NetworkAclAssociationId: madeUpId('aclassoc', subnetId),
    NetworkAclId: acl.networkAclId,
    SubnetId: subnetId,
  })),
  Entries: acl.entries
    .toSorted((a, b) => Number(b.egress) - Number(a.egress) || a.ruleNumber - b.ruleNumber)
    .map((entry) => ({
      RuleNumber: entry.ruleNumber,
      Egress: entry.egress,
      Protocol: entry.protocol,
      RuleAction: entry.ruleAction,
      ...(entry.cidrBlock && { CidrBlock: entry.cidrBlock }),
      ...(entry.ipv6CidrBlock && { Ipv6CidrBlock: entry.ipv6CidrBlock }),
      ...(entry.portRange && {
        PortRange: { From: entry.portRange.from, To: entry.portRange.to },
      }),
    })),
  Tags: tagList(acl.tags),
});

function createNetworkAclEntry(
  { state }: Desk,
  input: Partial<CreateNetworkAclEntryRequest>,
): object {
  const acl = ownAcl(state, input.NetworkAclId ?? '');
  const entry = entryOf(input);
  const taken = acl.entries.some(
    ({ ruleNumber, egress }) => ruleNumber === entry.ruleNumber && egress === entry.egress,
  );
  if (taken) {
    throw refusal(
      'NetworkAclEntryAlreadyExists',
      `The network acl entry identified by ${entry.ruleNumber} already exists.`,
    );
  }
  const alike = acl.entries.filter(
    ({ egress, cidrBlock }) => egress === entry.egress && !cidrBlock === !entry.cidrBlock,
  );
  if (alike.length >= mostEntries) {
    throw refusal(
      'NetworkAclEntryLimitExceeded',
      'The maximum number of network acl entries has been reached.',
    );
  }
  acl.entries.push(entry);
  return {};
}

/** A network ACL of this account. One in a VPC shared by another can be looked at, and no more. */
function ownAcl(state: AccountState, id: string): NetworkAcl {
  const acl = named(state, 'networkAcls', id);
  if (acl.ownerId !== state.accountId) {
    throw refusal(
      'UnauthorizedOperation',
      'You are not authorized to perform this operation.',
      403,
    );
  }
  return acl;
}

function entryOf(input: Partial<CreateNetworkAclEntryRequest>): Entry {
  const { RuleNumber = 0, Protocol = '', RuleAction, Egress = false, PortRange } = input;
  refuseNumber(RuleNumber);
  if (RuleAction !== 'allow' && RuleAction !== 'deny') {
    throw refusal(
      'InvalidParameterValue',
      `Value (${RuleAction}) for parameter ruleAction is invalid.`,
    );
  }
  if (['6', '17'].includes(Protocol) && PortRange?.From === undefined) {
    throw refusal('MissingParameter', 'The request must contain the parameter portRange');
  }
  return {
    ruleNumber: RuleNumber,
    egress: Egress,
    protocol: Protocol,
    ruleAction: RuleAction,
    ...rangeOf(input),
    ...(PortRange && { portRange: { from: PortRange.From ?? 0, to: PortRange.To ?? 65_535 } }),
  };
}

function refuseNumber(ruleNumber: number): void {
  if (ruleNumber < 1 || ruleNumber > lastNumber) {
    throw refusal(
      'InvalidParameterValue',
      `Value (${ruleNumber}) for parameter ruleNumber is invalid. Expecting 1 to ${lastNumber}.`,
    );
  }
}

/** The entry's range in canonical form, as EC2 keeps it: `100.68.0.18/18` is `100.68.0.0/18`. */
function rangeOf({ CidrBlock, Ipv6CidrBlock }: Partial<CreateNetworkAclEntryRequest>) {
  if (CidrBlock && Ipv6CidrBlock) {
    throw refusal(
      'InvalidParameterCombination',
      'Only one of cidrBlock and ipv6CidrBlock is allowed',
    );
  }
  const stated = CidrBlock ?? Ipv6CidrBlock;
  if (!stated)
    throw refusal('MissingParameter', 'The request must contain the parameter cidrBlock');
  const parameter = CidrBlock ? 'cidrBlock' : 'ipv6CidrBlock';
  const family = CidrBlock ? ipaddr.IPv4 : ipaddr.IPv6;
  if (!family.isValidCIDR(stated)) {
    throw refusal(
      'InvalidParameterValue',
      `Value (${stated}) for parameter ${parameter} is invalid.`,
    );
  }
  const [, bits] = family.parseCIDR(stated);
  return { [parameter]: `${family.networkAddressFromCIDR(stated)}/${bits}` };
}

function deleteNetworkAclEntry(
  { state }: Desk,
  { NetworkAclId = '', RuleNumber = 0, Egress = false }: Partial<DeleteNetworkAclEntryRequest>,
): object {
  const acl = ownAcl(state, NetworkAclId);
  refuseNumber(RuleNumber);
  const kept = acl.entries.filter(
    ({ ruleNumber, egress }) => ruleNumber !== RuleNumber || egress !== Egress,
  );
  if (kept.length === acl.entries.length) {
    throw refusal(
      'InvalidNetworkAclEntry.NotFound',
      `The network acl entry identified by ${RuleNumber} does not exist.`,
    );
  }
  acl.entries = kept;
  return {};
}

export const networkAclOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeNetworkAcls': describeNetworkAcls,
  'ec2:CreateNetworkAclEntry': createNetworkAclEntry,
  'ec2:DeleteNetworkAclEntry': deleteNetworkAclEntry,
};
