import type { Finding } from '../shared/finding.ts';
import { forbidsRole, forbidsUser } from '../shared/guard-rails.ts';
import { roleArn, userArn } from '../shared/held-principal.ts';
import { type AccountId, Region } from '../shared/ids.ts';
import { type Principal, principalOf } from '../shared/principal.ts';
import type { Settings } from '../shared/settings.ts';
import { reaches } from '../shared/target-role.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import type { FindTarget, ForHuman } from './target.ts';

/** IAM is global: whichever Region's finding comes first, the principal is one target. */
const region = Region.parse('global');

/** The key, user or user's session that a finding is about. */
export const userTarget: FindTarget = (finding, context) =>
  principalTarget(finding, context, 'compromised-access-key');

/** The role or role's session that a finding is about. */
export const roleTarget: FindTarget = (finding, context) =>
  principalTarget(finding, context, 'compromised-role');

/**
 * The long-lived key that is to be replaced. It is the target that `compromised-access-key` locks as
 * well, so no key is replaced while its leak is still being contained.
 */
export const keyTarget: FindTarget = (finding, context) => {
  const target = userTarget(finding, context);
  if ('principal' in target && target.principal?.kind !== 'user-key') {
    throw new UnusableInputError(
      '$.input.request: expected the accessKeyId, AKIA…, of the key to replace',
    );
  }
  return target;
};

function principalTarget(
  finding: Finding,
  { own, settings }: Parameters<FindTarget>[1],
  playbook: string,
): ReturnType<FindTarget> {
  const { account, accessKey, resourceType } = finding;
  if (!accessKey) {
    throw new UnusableInputError(
      `$.input.request: expected a finding that names credentials; this one, about ${resourceType}, does not`,
    );
  }
  const principal = principalOf(accessKey, account, {
    path: '$.input.request: accessKeyDetails',
  });
  if (typeof principal === 'string') return { reason: principal };
  const answering = principal.roleName ? 'compromised-role' : 'compromised-access-key';
  if (answering !== playbook) {
    throw new UnusableInputError(
      `$.input.request: expected a principal that ${playbook} answers; ${answering} answers this one`,
    );
  }
  if (account === settings.managementAccount) return { reason: 'management-account' };
  if (!reaches(settings, own, account)) return { reason: 'other-account' };
  const reason = refusedFor(settings, principal);
  if (reason) return { reason };
  const arn = arnOf(account, principal);
  return { arn, region, instanceId: null, vpcIds: [], principal };
}

function refusedFor(settings: Settings, principal: Principal): ForHuman | undefined {
  const { kind, roleName, userName, instanceId } = principal;
  if (instanceId && settings.neverTouch.instances.includes(instanceId)) {
    return 'never-touch-instance';
  }
  if (roleName) return forbidsRole(settings, roleName);
  // Whose a key is, AWS says; the finding's word could keep a key alive.
  return userName && kind !== 'user-key' ? forbidsUser(settings, userName) : undefined;
}

/** What a case locks, without IAM's paths. */
function arnOf(account: AccountId, principal: Principal): string {
  const { kind, accessKeyId, userName, roleName, sessionName } = principal;
  if (roleName) {
    return kind === 'role-session'
      ? `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`
      : roleArn({ account }, roleName);
  }
  return userName && kind !== 'user-key'
    ? userArn({ account }, userName)
    : `arn:aws:iam::${account}:access-key/${accessKeyId}`;
}
