import type { EC2Client } from '@aws-sdk/client-ec2';
import type { InstanceId } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { NotProvenError, type StepContext } from '../shared/step.ts';
import { leftWithoutRules, recordRules } from './before.ts';
import { carriesOnly, interfacesOf } from './interfaces.ts';
import type { Isolation } from './isolation.ts';
import { hasNoRules } from './rules.ts';
import { securityGroups } from './security-groups.ts';
import { isNarrow } from './ssm-only-group.ts';

/**
 * Reads back, by instance again, that every interface which was not skipped carries its VPC's group
 * and nothing else, and that these groups still are what they must be. An interface that appeared in
 * the meantime is one that was not isolated. What the groups that were left admit is read with them,
 * and kept.
 *
 * Undefined when the instance has no interface any more. Throws a `NotProvenError`.
 */
export async function proveIsolated(
  ec2: EC2Client,
  instanceId: InstanceId,
  result: Isolation,
  context: StepContext,
): Promise<Isolation | undefined> {
  const groupIds = [...new Set(result.interfaces.map(({ groupId }) => groupId))];
  const left = await leftWithoutRules(context);
  const [attached, groups] = await sideBySide([
    interfacesOf(ec2, instanceId),
    securityGroups(ec2, { 'group-id': [...new Set([...groupIds, ...left])] }),
  ]);
  const leftGroups = groups.filter(({ GroupId }) => left.some((groupId) => groupId === GroupId));
  await recordRules(leftGroups, context);
  if (attached.length === 0) return undefined;

  const byVpc = new Map(result.interfaces.map(({ vpcId, groupId }) => [vpcId, groupId]));
  const skipped = new Set(result.skipped.map((one) => one.networkInterfaceId));
  const open = attached.filter(
    (eni) => !skipped.has(eni.NetworkInterfaceId) && !carriesOnly(eni, byVpc.get(eni.VpcId)),
  );
  if (open.length > 0) {
    const ids = open.map((eni) => eni.NetworkInterfaceId).join(', ');
    throw new NotProvenError(`${ids} of ${instanceId} not in the ${result.group} group alone`);
  }
  const isFit = result.group === 'no-rules' ? hasNoRules : isNarrow;
  const fit = groups.filter(isFit).map(({ GroupId }) => GroupId);
  const loose = groupIds.filter((groupId) => !fit.includes(groupId));
  if (loose.length > 0) {
    throw new NotProvenError(`${loose.join(', ')} has rules that a ${result.group} group has not`);
  }
  return result;
}
