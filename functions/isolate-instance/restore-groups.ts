import {
  DescribeNetworkInterfacesCommand,
  type EC2Client,
  EC2ServiceException,
  ModifyNetworkInterfaceAttributeCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import type { NetworkInterfaceId } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { type Before, type GroupBefore, type InterfaceBefore, recordedRules } from './before.ts';
import { rulesOf } from './rules.ts';
import { securityGroups } from './security-groups.ts';

type Undone = { outcome: 'restored' | 'already-restored' | 'drifted' | 'gone' };

/**
 * Puts an interface back into the groups it carried. Of a group it says whether its rules are still
 * those that the interface left: the step never changed them, so there is nothing to put back.
 */
export const restore = (ec2: EC2Client, before: Before, context: StepContext): Promise<Undone> =>
  'groupId' in before ? compareGroup(ec2, before) : restoreInterface(ec2, before, context);

async function compareGroup(ec2: EC2Client, { groupId, rules }: GroupBefore): Promise<Undone> {
  const [group] = await securityGroups(ec2, { 'group-id': [groupId] });
  if (!group) return { outcome: 'gone' };
  return { outcome: sameRules(group, rules) ? 'already-restored' : 'drifted' };
}

async function restoreInterface(
  ec2: EC2Client,
  before: InterfaceBefore,
  context: StepContext,
): Promise<Undone> {
  const { networkInterfaceId, groups, isolationGroups } = before;
  const [now, originals, rules] = await sideBySide([
    groupsNow(ec2, networkInterfaceId),
    securityGroups(ec2, { 'group-id': groups }),
    recordedRules(context),
  ]);
  if (!now) return { outcome: 'gone' };
  if (
    sameMembers(
      now.map(({ GroupId }) => GroupId),
      groups,
    )
  ) {
    return { outcome: 'already-restored' };
  }
  const ours = now.length === 1 && isolationGroups.includes(now[0]?.GroupName ?? '');
  const intact = groups.every((groupId) => {
    const group = originals.find(({ GroupId }) => GroupId === groupId);
    return group && sameRules(group, rules.get(groupId));
  });
  if (!ours || !intact) return { outcome: 'drifted' };

  await ec2.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: networkInterfaceId,
      Groups: groups,
    }),
  );
  return { outcome: 'restored' };
}

async function groupsNow(ec2: EC2Client, networkInterfaceId: NetworkInterfaceId) {
  try {
    const { NetworkInterfaces = [] } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [networkInterfaceId] }),
    );
    return NetworkInterfaces[0]?.Groups;
  } catch (error) {
    const gone = error instanceof EC2ServiceException;
    if (gone && error.name === 'InvalidNetworkInterfaceID.NotFound') return undefined;
    throw error;
  }
}

/** Rules that were never recorded, because that failed, count as changed. */
const sameRules = (group: SecurityGroup, rules: readonly string[] | undefined): boolean =>
  JSON.stringify(rulesOf(group)) === JSON.stringify(rules);

const sameMembers = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one));
