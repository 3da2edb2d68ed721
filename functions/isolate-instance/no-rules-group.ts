import {
  CreateSecurityGroupCommand,
  type EC2Client,
  EC2ServiceException,
  paginateDescribeSecurityGroupRules,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import { SecurityGroupId, type VpcId } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { hasNoRules } from './rules.ts';
import { named, securityGroups } from './security-groups.ts';

/** A VPC's group to put interfaces into, and whether this run made or emptied it. */
interface Ready {
  readonly groupId: SecurityGroupId;
  readonly changed: boolean;
}

/**
 * Sees to it that a VPC has its group without rules: uses the one there is, empties it where it has
 * rules, which nobody but an intruder would have given it, or makes one.
 *
 * The group is shared by every case in the VPC without a lock, since all that a case ever does to it
 * is to make it emptier. That it is empty in the end is for the step's `prove` to read.
 */
export async function readyNoRulesGroup(
  ec2: EC2Client,
  vpcId: VpcId,
  found: SecurityGroup | undefined,
  context: StepContext,
): Promise<Ready> {
  const groupId = SecurityGroupId.parse(found?.GroupId ?? (await makeGroup(ec2, vpcId, context)));
  if (found && hasNoRules(found)) return { groupId, changed: false };
  await empty(ec2, groupId);
  return { groupId, changed: true };
}

async function makeGroup(ec2: EC2Client, vpcId: VpcId, context: StepContext) {
  try {
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: context.settings.isolation.noRulesGroup,
        Description: 'Cordon: isolates instances. It must never have a rule.',
        VpcId: vpcId,
        TagSpecifications: [
          {
            ResourceType: 'security-group',
            Tags: [{ Key: 'cordon:case', Value: context.case.caseId }],
          },
        ],
      }),
    );
    return GroupId;
  } catch (error) {
    if (!(error instanceof EC2ServiceException) || error.name !== 'InvalidGroup.Duplicate') {
      throw error;
    }
    const groupId = await duplicateOf(ec2, vpcId, context);
    if (!groupId) throw error;
    return groupId;
  }
}

/**
 * The group that another run, or an intruder, made in the meantime. EC2 takes names for the same
 * whatever their case, but filters by the very letters, so all of the VPC's groups are looked at.
 */
async function duplicateOf(ec2: EC2Client, vpcId: VpcId, { settings, case: ref }: StepContext) {
  const name = settings.isolation.noRulesGroup;
  const inVpc = await securityGroups(ec2, { 'vpc-id': [vpcId] });
  const alike = inVpc.find(
    ({ GroupName }) => GroupName?.toLowerCase() === name.toLowerCase(),
  )?.GroupName;
  return named(inVpc, { vpcId, name: alike ?? name, owner: ref.account })?.GroupId;
}

/**
 * Revokes every rule by its id. By properties, one family of addresses is easily left open: a VPC
 * with IPv6 gives a new group two egress rules.
 */
async function empty(ec2: EC2Client, groupId: SecurityGroupId, looks = 3): Promise<void> {
  const rules: SecurityGroupRule[] = [];
  const Filters = [{ Name: 'group-id', Values: [groupId] }];
  for await (const page of paginateDescribeSecurityGroupRules({ client: ec2 }, { Filters })) {
    rules.push(...(page.SecurityGroupRules ?? []));
  }
  const idsOf = (egress: boolean) =>
    rules.flatMap((rule) => (rule.IsEgress === egress ? (rule.SecurityGroupRuleId ?? []) : []));
  const [ingress, egress] = [idsOf(false), idsOf(true)];
  const of = { GroupId: groupId };
  try {
    await sideBySide([
      ingress.length > 0 &&
        ec2.send(new RevokeSecurityGroupIngressCommand({ ...of, SecurityGroupRuleIds: ingress })),
      egress.length > 0 &&
        ec2.send(new RevokeSecurityGroupEgressCommand({ ...of, SecurityGroupRuleIds: egress })),
    ]);
  } catch (error) {
    // Another case empties the same group and was faster: what it left is read again.
    const gone =
      error instanceof EC2ServiceException && error.name === 'InvalidSecurityGroupRuleId.NotFound';
    if (!gone || looks === 1) throw error;
    await empty(ec2, groupId, looks - 1);
  }
}
