import type { CreateTagsRequest } from '@aws-sdk/client-ec2';
import type { AwsCall } from '../../functions/shared/step.ts';
import { instanceTypeOperations } from './ec2-instance-types.ts';
import { instanceOperations } from './ec2-instances.ts';
import { networkOperations } from './ec2-network.ts';
import { networkAclOperations } from './ec2-network-acls.ts';
import { kinds, named, refusal, tagsAdded } from './ec2-requests.ts';
import { securityGroupOperations } from './ec2-security-groups.ts';
import { snapshotOperations } from './ec2-snapshots.ts';
import { volumeOperations } from './ec2-volumes.ts';
import type { Desk, Operation } from './rehearsal-account.ts';

/** Puts tags on what is named, whatever it is; on all of it or on none. */
function createTags(
  { state }: Desk,
  { Resources = [], Tags = [] }: Partial<CreateTagsRequest>,
): object {
  const resources = Resources.map((id) => {
    // Object.entries forgets that the keys are the kinds' own.
    const sections = Object.keys(kinds) as (keyof typeof kinds)[];
    const section = sections.find((each) => kinds[each].prefix === id.replace(/-.*$/, ''));
    if (!section) throw refusal('InvalidID', `The ID '${id}' is not valid`);
    return named(state, section, id);
  });
  const tagged = resources.map((resource) => tagsAdded(resource.tags, Tags));
  resources.forEach((resource, n) => {
    resource.tags = tagged[n] ?? resource.tags;
  });
  return {};
}

/** EC2, as far as steps call it. It keeps no capacity, no billing and no instance metadata. */
export const ec2Operations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:CreateTags': createTags,
  ...instanceOperations,
  ...instanceTypeOperations,
  ...networkOperations,
  ...securityGroupOperations,
  ...networkAclOperations,
  ...volumeOperations,
  ...snapshotOperations,
};
