import type {
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  SecurityGroup as DescribedGroup,
  SecurityGroupRule as DescribedRule,
  DescribeSecurityGroupRulesRequest,
  DescribeSecurityGroupRulesResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  IpPermission,
  RevokeSecurityGroupEgressRequest,
  RevokeSecurityGroupIngressRequest,
} from '@aws-sdk/client-ec2';
import { SecurityGroupId } from '../../functions/shared/ids.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { asked, matching, named, page, refusal, tagList, tagsFor } from './ec2-requests.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type SecurityGroup = AccountState['securityGroups'][number];
type Rule = SecurityGroup['rules'][number];

function describeSecurityGroups(
  { state }: Desk,
  input: DescribeSecurityGroupsRequest,
): DescribeSecurityGroupsResult {
  // Only a default VPC's groups can be asked for by name, and this account has no default VPC.
  const [byName] = input.GroupNames ?? [];
  if (byName) {
    throw refusal('InvalidGroup.NotFound', `The security group '${byName}' does not exist`);
  }
  const matched = matching(asked(state, 'securityGroups', input.GroupIds), input.Filters, {
    'group-id': ({ groupId }) => groupId,
    'group-name': ({ groupName }) => groupName,
    'vpc-id': ({ vpcId }) => vpcId,
    'owner-id': ({ ownerId }) => ownerId,
    description: ({ description }) => description,
  });
  const { items, ...next } = page(matched, input, { ids: input.GroupIds ?? [] });
  return { SecurityGroups: items.map((group) => describedGroup(state, group)), ...next };
}

const describedGroup = (state: AccountState, group: SecurityGroup): DescribedGroup => ({
  GroupId: group.groupId,
  GroupName: group.groupName,
  Description: group.description,
  VpcId: group.vpcId,
  OwnerId: group.ownerId,
  SecurityGroupArn: arnOf(state, group),
  IpPermissions: permissionsOf(group, false),
  IpPermissionsEgress: permissionsOf(group, true),
  Tags: tagList(group.tags),
});

const arnOf = ({ region }: AccountState, { ownerId, groupId }: SecurityGroup): string =>
  `arn:aws:ec2:${region}:${ownerId}:security-group/${groupId}`;

/** One direction's rules as EC2 lists them on a group: one permission for each protocol and ports. */
function permissionsOf(group: SecurityGroup, egress: boolean): IpPermission[] {
  const rules = group.rules.filter(({ isEgress }) => isEgress === egress);
  const shape = (rule: Rule) => JSON.stringify([rule.ipProtocol, rule.fromPort, rule.toPort]);
  const shapes = [...new Set(rules.map(shape))];
  const together = shapes.map((each) => rules.filter((rule) => shape(rule) === each));
  return together.map((alike) => ({
    IpProtocol: alike[0]?.ipProtocol,
    ...(alike[0]?.ipProtocol !== '-1' && {
      FromPort: alike[0]?.fromPort,
      ToPort: alike[0]?.toPort,
    }),
    IpRanges: present(alike, ({ cidrIpv4 }) => cidrIpv4).map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: present(alike, ({ cidrIpv6 }) => cidrIpv6).map((CidrIpv6) => ({ CidrIpv6 })),
    PrefixListIds: present(alike, ({ prefixListId }) => prefixListId).map((PrefixListId) => ({
      PrefixListId,
    })),
    UserIdGroupPairs: present(alike, ({ referencedGroupId }) => referencedGroupId).map(
      (GroupId) => ({ GroupId, UserId: group.ownerId }),
    ),
  }));
}

const present = <T, V>(items: readonly T[], of: (item: T) => V | undefined): V[] =>
  items.flatMap((item) => of(item) ?? []);

function describeSecurityGroupRules(
  { state }: Desk,
  input: DescribeSecurityGroupRulesRequest,
): DescribeSecurityGroupRulesResult {
  const all = state.securityGroups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
  const ids = input.SecurityGroupRuleIds ?? [];
  for (const id of ids) {
    if (!all.some(({ rule }) => rule.ruleId === id)) throw noSuchRule(id);
  }
  const found = all.filter(({ rule }) => ids.length === 0 || ids.includes(rule.ruleId));
  const matched = matching(found, input.Filters, {
    'group-id': ({ group }) => group.groupId,
    'security-group-rule-id': ({ rule }) => rule.ruleId,
  });
  const { items, ...next } = page(matched, input, { ids });
  return {
    SecurityGroupRules: items.map(({ group, rule }) => describedRule(group, rule)),
    ...next,
  };
}

const noSuchRule = (id: string) =>
  refusal(
    'InvalidSecurityGroupRuleId.NotFound',
    `The security group rule ID '${id}' does not exist`,
  );

const describedRule = (group: SecurityGroup, rule: Rule): DescribedRule => ({
  SecurityGroupRuleId: rule.ruleId,
  GroupId: group.groupId,
  GroupOwnerId: group.ownerId,
  IsEgress: rule.isEgress,
  IpProtocol: rule.ipProtocol,
  FromPort: rule.fromPort,
  ToPort: rule.toPort,
  ...(rule.cidrIpv4 && { CidrIpv4: rule.cidrIpv4 }),
  ...(rule.cidrIpv6 && { CidrIpv6: rule.cidrIpv6 }),
  ...(rule.prefixListId && { PrefixListId: rule.prefixListId }),
  ...(rule.referencedGroupId && {
    ReferencedGroupInfo: { GroupId: rule.referencedGroupId, UserId: group.ownerId },
  }),
  Tags: [],
});

/** Makes a group as EC2 does: with a rule that lets everything out, in IPv6 too where the VPC has it. */
function createSecurityGroup(
  desk: Desk,
  { GroupName = '', Description = '', VpcId, TagSpecifications }: CreateSecurityGroupRequest,
): CreateSecurityGroupResult {
  const { state } = desk;
  if (!VpcId) throw refusal('VPCIdNotSpecified', 'No default VPC for this user');
  const vpc = named(state, 'vpcs', VpcId);
  refuseName(state, vpc.vpcId, GroupName);
  const group: SecurityGroup = {
    groupId: SecurityGroupId.parse(desk.newId('sg')),
    groupName: GroupName,
    vpcId: vpc.vpcId,
    description: Description,
    ownerId: state.accountId,
    tags: tagsFor('security-group', TagSpecifications),
    rules: [],
  };
  state.securityGroups.push(group);
  const everything = { isEgress: true, ipProtocol: '-1', fromPort: -1, toPort: -1 };
  group.rules.push({ ...everything, ruleId: desk.newId('sgr'), cidrIpv4: '0.0.0.0/0' });
  if (vpc.ipv6CidrBlocks.length > 0) {
    group.rules.push({ ...everything, ruleId: desk.newId('sgr'), cidrIpv6: '::/0' });
  }
  return {
    GroupId: group.groupId,
    SecurityGroupArn: arnOf(state, group),
    Tags: tagList(group.tags),
  };
}

/** A group's name is its VPC's own, whatever its case. */
function refuseName(state: AccountState, vpcId: string, name: string): void {
  if (name.toLowerCase() === 'default') {
    throw refusal('InvalidParameterValue', 'Cannot use reserved security group name: default');
  }
  if (name.length === 0 || name.length > 255 || name.toLowerCase().startsWith('sg-')) {
    throw refusal(
      'InvalidParameterValue',
      `Invalid value '${name}' for groupName. Names must not start with sg-.`,
    );
  }
  const taken = state.securityGroups.some(
    (group) => group.vpcId === vpcId && group.groupName.toLowerCase() === name.toLowerCase(),
  );
  if (taken) {
    throw refusal(
      'InvalidGroup.Duplicate',
      `The security group '${name}' already exists for VPC '${vpcId}'`,
    );
  }
}

type RevokeRequest = RevokeSecurityGroupIngressRequest | RevokeSecurityGroupEgressRequest;

/** Takes rules of one direction away, by their ids or by everything that makes them what they are. */
const revoke =
  (egress: boolean) =>
  ({ state }: Desk, input: RevokeRequest): object => {
    const group = named(state, 'securityGroups', input.GroupId ?? '');
    const { SecurityGroupRuleIds = [], IpPermissions = [] } = input;
    if (SecurityGroupRuleIds.length > 0 === IpPermissions.length > 0) {
      throw refusal(
        'InvalidParameterCombination',
        'Either security group rule ids or ip permissions are expected',
      );
    }
    const candidates = group.rules.filter(({ isEgress }) => isEgress === egress);
    const revoked = [
      ...SecurityGroupRuleIds.map((id) => {
        const rule = candidates.find(({ ruleId }) => ruleId === id);
        if (!rule) throw noSuchRule(id);
        return rule;
      }),
      ...IpPermissions.flatMap((permission) => rulesOf(permission, candidates)),
    ];
    group.rules = group.rules.filter((rule) => !revoked.includes(rule));
    return {
      Return: true,
      RevokedSecurityGroupRules: revoked.map((rule) => ({
        ...describedRule(group, rule),
        Tags: undefined,
      })),
    };
  };

/** The rules a permission names; EC2 refuses one that names a rule which is not there. */
function rulesOf(permission: IpPermission, candidates: readonly Rule[]): Rule[] {
  const sources: Partial<Record<keyof Rule, string | undefined>>[] = [
    ...(permission.IpRanges ?? []).map(({ CidrIp }) => ({ cidrIpv4: CidrIp })),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => ({ cidrIpv6: CidrIpv6 })),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId }) => ({ prefixListId: PrefixListId })),
    ...(permission.UserIdGroupPairs ?? []).map(({ GroupId }) => ({ referencedGroupId: GroupId })),
  ];
  const shape = {
    ipProtocol: permission.IpProtocol,
    fromPort: permission.FromPort ?? -1,
    toPort: permission.ToPort ?? -1,
  };
  return sources.map((source) => {
    const wanted = Object.entries({ ...shape, ...source });
    const rule = candidates.find((candidate) =>
      wanted.every(([field, value]) => Reflect.get(candidate, field) === value),
    );
    if (!rule) {
      throw refusal(
        'InvalidPermission.NotFound',
        'The specified rule does not exist in this security group.',
      );
    }
    return rule;
  });
}

export const securityGroupOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeSecurityGroups': describeSecurityGroups,
  'ec2:DescribeSecurityGroupRules': describeSecurityGroupRules,
  'ec2:CreateSecurityGroup': createSecurityGroup,
  'ec2:RevokeSecurityGroupIngress': revoke(false),
  'ec2:RevokeSecurityGroupEgress': revoke(true),
};
