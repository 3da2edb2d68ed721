import type { EventPattern } from './triggers.ts';

/** What whoever holds stolen credentials does with them, in AWS's API. */
export const misused = [
  'CredentialAccess:IAMUser/AnomalousBehavior',
  'DefenseEvasion:IAMUser/AnomalousBehavior',
  'DefenseEvasion:IAMUser/BedrockLoggingDisabled',
  'Discovery:IAMUser/AnomalousBehavior',
  'Exfiltration:IAMUser/AnomalousBehavior',
  'Impact:IAMUser/AnomalousBehavior',
  'InitialAccess:IAMUser/AnomalousBehavior',
  'Persistence:IAMUser/AnomalousBehavior',
  'PrivilegeEscalation:IAMUser/AnomalousBehavior',
  { prefix: 'PenTest:IAMUser/' },
  { prefix: 'Recon:IAMUser/MaliciousIPCaller' },
  'Recon:IAMUser/TorIPCaller',
  'Stealth:IAMUser/CloudTrailLoggingDisabled',
  'Stealth:IAMUser/PasswordPolicyChange',
  'UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B',
  { prefix: 'UnauthorizedAccess:IAMUser/MaliciousIPCaller' },
  'UnauthorizedAccess:IAMUser/TorIPCaller',
];

/** Credentials that were made for a machine or a function, used elsewhere. */
export const exfiltrated = [
  { prefix: 'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration' },
  { prefix: 'UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration' },
];

/** AWS itself has found the credentials where they should not be. */
export const leaked = ['CredentialAccess:IAMUser/CompromisedCredentials'];

/** What stolen credentials are used for on a bucket. Its settings are another matter. */
export const misusedOnBucket = [
  { prefix: 'Discovery:S3/' },
  'Exfiltration:S3/AnomalousBehavior',
  'Exfiltration:S3/MaliciousIPCaller',
  { prefix: 'Impact:S3/AnomalousBehavior' },
  'Impact:S3/MaliciousIPCaller',
  { prefix: 'PenTest:S3/' },
  { prefix: 'UnauthorizedAccess:S3/' },
];

/** What Kubernetes' audit log shows of a role's use; a cluster's policies are its owner's. */
export const misusedInCluster = [
  { prefix: 'CredentialAccess:Kubernetes/' },
  { prefix: 'DefenseEvasion:Kubernetes/' },
  { prefix: 'Discovery:Kubernetes/' },
  { prefix: 'Execution:Kubernetes/AnomalousBehavior' },
  'Execution:Kubernetes/ExecInKubeSystemPod',
  { prefix: 'Impact:Kubernetes/' },
  { prefix: 'Persistence:Kubernetes/' },
  { prefix: 'PrivilegeEscalation:Kubernetes/' },
];

/** Kinds of principal whose credentials are a user's, and a role's, in CloudTrail's words. */
export const ofUser = ['IAMUser', 'FederatedUser'];
export const ofRole = ['AssumedRole', 'Role'];

export const high = [{ numeric: ['>=', 7] }];
export const medium = [{ numeric: ['>=', 4, '<', 7] }];

/**
 * A finding that no attack sequence has taken up. One that has starts nothing: the sequence's own
 * finding starts the playbooks of all its targets. What names no sequence must match, so what is
 * null or empty does too.
 * https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
 */
export const ofNoSequence: EventPattern = {
  associatedAttackSequenceArn: [{ exists: false }, null, ''],
};

/**
 * A GuardDuty finding with credentials of one kind of principal. The kind decides between the
 * playbooks, for a name may be a user's or a role's; other kinds are not this account's to stop.
 */
export const usedBy = (
  userType: readonly string[],
  resourceType: string,
  detail: EventPattern = {},
): EventPattern => ({
  source: ['aws.guardduty'],
  'detail-type': ['GuardDuty Finding'],
  detail: {
    resource: { resourceType: [resourceType], accessKeyDetails: { userType } },
    ...ofNoSequence,
    ...detail,
  },
});
