import { instanceArn } from '../shared/finding.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import type { FindTarget } from './target.ts';

/** The instance a finding is about, where it stands. */
export const instanceTarget: FindTarget = (finding) => {
  const { instance, resourceType, region } = finding;
  if (!instance || resourceType !== 'Instance') {
    throw new UnusableInputError(
      `$.input.request: expected a finding about an instance, not ${resourceType}`,
    );
  }
  const vpcIds = new Set(instance.networkInterfaces.flatMap(({ vpcId }) => vpcId ?? []));
  return {
    arn: instanceArn(finding, instance.instanceId),
    region,
    instanceId: instance.instanceId,
    vpcIds: [...vpcIds],
    principal: null,
  };
};
