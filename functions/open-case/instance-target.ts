import { instanceArn } from '../shared/finding.ts';
import { reaches } from '../shared/target-role.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import type { FindTarget } from './target.ts';

/** The instance a finding is about, where it stands. */
export const instanceTarget: FindTarget = (finding, { own, settings }) => {
  const { instance, resourceType, account, region } = finding;
  if (!instance || resourceType !== 'Instance') {
    throw new UnusableInputError(
      `$.input.request: expected a finding about an instance, not ${resourceType}`,
    );
  }
  if (!reaches(settings, own, account)) return { reason: 'other-account' };
  const vpcIds = new Set(instance.networkInterfaces.flatMap(({ vpcId }) => vpcId ?? []));
  return {
    arn: instanceArn(finding, instance.instanceId),
    region,
    instanceId: instance.instanceId,
    vpcIds: [...vpcIds],
    principal: null,
  };
};
