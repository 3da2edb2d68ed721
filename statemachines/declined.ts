import { misusedInCluster, misusedOnBucket, ofRole, ofUser } from './credential-findings.ts';
import type { Condition, EventPattern } from './triggers.ts';

/** Findings that start nothing, and why, in a sentence for the responder. */
interface Declined {
  readonly pattern: EventPattern;
  readonly because: string;
}

const about = (resourceType: readonly string[], detail: EventPattern = {}): EventPattern => ({
  detail: { resource: { resourceType }, ...detail },
});
const by = (userType: Condition): EventPattern =>
  about(['AccessKey'], {
    resource: { resourceType: ['AccessKey'], accessKeyDetails: { userType: [userType] } },
  });
const typed = (...type: readonly (string | { prefix: string })[]): EventPattern => ({
  detail: { type },
});

/**
 * Why a finding that no trigger matches starts no playbook. Read in order, the first that matches
 * speaks; a finding that none matches is of a type nobody has judged yet.
 */
export const declined: readonly Declined[] = [
  {
    pattern: { detail: { associatedAttackSequenceArn: [{ prefix: 'arn:' }] } },
    because:
      'It is part of an attack sequence, whose own finding starts the playbook of each of its ' +
      'targets: they would be started twice.',
  },
  {
    pattern: typed(
      { prefix: 'CredentialAccess:EC2/' },
      { prefix: 'CredentialAccess:RDS/ModifyAuthenticationProcess' },
      { prefix: 'DefenseImpairment:' },
      { prefix: 'Execution:SageMaker/' },
      { prefix: 'Exfiltration:EC2/' },
      { prefix: 'Exfiltration:RDS/' },
      { prefix: 'Exfiltration:S3/TransferDataToCloudAccount' },
      { prefix: 'Impact:S3/DataDestruction' },
      { prefix: 'Impact:SES/' },
      { prefix: 'InitialAccess:IAM/' },
      { prefix: 'InitialAccess:RDS/' },
      { prefix: 'LateralMovement:' },
      { prefix: 'Persistence:EC2/' },
      { prefix: 'Persistence:IAM/' },
      { prefix: 'Persistence:Lambda/' },
      { prefix: 'Persistence:RolesAnywhere/' },
      { prefix: 'PrivilegeEscalation:IAM/' },
      { prefix: 'ResourceDevelopment:' },
    ),
    because:
      'A custom detection rule saw API calls: whoever made them is the target, not what they ' +
      'changed, and no playbook answers that yet. Cordon itself may be the caller.',
  },
  {
    pattern: about(['AttackSequence']),
    because:
      'GuardDuty calls every attack sequence critical; one below 7.0, or of a type of its own, is ' +
      'none that it is known to send: a human must judge it.',
  },
  {
    pattern: typed({ prefix: 'Policy:IAMUser/' }),
    because: 'The root user cannot be denied by a policy, nor its sessions ended: page a human.',
  },
  {
    pattern: typed({ prefix: 'Policy:S3/' }, { prefix: 'Stealth:S3/' }),
    because:
      'A bucket was opened to the public or its logging switched off: put its settings back after ' +
      'asking its owner; no playbook does that yet.',
  },
  {
    pattern: typed('Impact:IAMUser/AnomalousModelInvocation', 'Impact:IAMUser/CostHarvesting', {
      prefix: 'Impact:IAMUser/PromptInjection',
    }),
    because: 'Misuse of a model is for its owner to judge; cutting off the caller is no answer.',
  },
  {
    pattern: by({ 'anything-but': [...ofUser, ...ofRole, 'Root'] }),
    because:
      'The credentials are of no user or role of this account: an AWS service, another account or ' +
      'someone unknown used them, whom nothing here can stop.',
  },
  {
    pattern: by({ exists: false }),
    because:
      'The finding does not say what kind of principal it is about: a human must look in ' +
      'CloudTrail, and start a playbook by hand.',
  },
  {
    pattern: about(['AccessKey'], { severity: [{ numeric: ['<', 4] }] }),
    because: 'Its severity is low (below 4.0): people are told, nothing is changed.',
  },
  {
    pattern: about(['S3Bucket'], {
      type: misusedOnBucket,
      severity: [{ numeric: ['<', 7] }],
    }),
    because:
      'Below 7.0, what was done to a bucket is no proof that the credentials were stolen: its ' +
      'owner must be asked.',
  },
  {
    pattern: about(['S3Bucket'], { type: misusedOnBucket }),
    because:
      'Whoever reached the bucket is no user or role of this account: close the bucket to them ' +
      'after asking its owner; no playbook does that yet.',
  },
  {
    pattern: about(['S3Bucket', 'S3Object']),
    because:
      'It is about data in S3: no playbook answers that yet, and a bucket is shared by many.',
  },
  {
    pattern: about(['EKSCluster'], {
      type: [...misusedInCluster, { prefix: 'Policy:Kubernetes/' }],
    }),
    because:
      'It is about a cluster and its own users: contain them in Kubernetes; where a role of this ' +
      'account was used, start compromised-role by hand.',
  },
  {
    pattern: about(['EKSCluster', 'ECSCluster', 'Container']),
    because:
      'It is about a container: isolating the instance it runs on would cut off its neighbours, ' +
      'so a human decides.',
  },
  {
    pattern: about(['RDSDBInstance', 'RDSLimitlessDB']),
    because: 'It is about a database: no playbook answers that, and its users must be asked.',
  },
  {
    pattern: about(['Lambda']),
    because:
      'It is about a Lambda function: its role is the way in, which others may share; stop the ' +
      'function, and start compromised-role on its role by hand.',
  },
  {
    pattern: about([
      'EBSSnapshot',
      'EC2Image',
      'EBSRecoveryPoint',
      'EC2RecoveryPoint',
      'S3RecoveryPoint',
    ]),
    because: 'Malware lies in a copy at rest: nothing runs that could be contained; quarantine it.',
  },
  {
    pattern: about(['Instance'], { type: [{ prefix: 'Recon:EC2/PortProbe' }] }),
    because:
      'The instance was probed from outside, which shows an open port and no compromise: close ' +
      'the port in its security group.',
  },
  {
    pattern: about(['Instance'], {
      type: [
        { prefix: 'Behavior:EC2/' },
        { prefix: 'DefenseEvasion:EC2/' },
        { prefix: 'Impact:EC2/PortSweep' },
        { prefix: 'Impact:EC2/WinRMBruteForce' },
        { prefix: 'Recon:EC2/Portscan' },
        { prefix: 'UnauthorizedAccess:EC2/' },
      ],
      severity: [{ numeric: ['<', 7] }],
      service: { resourceRole: [{ exists: false }, { 'anything-but': 'ACTOR' }] },
    }),
    because:
      'The instance is not the attacker and the severity is below 7.0: an attempt on it is no ' +
      'proof that it succeeded.',
  },
  {
    pattern: about(['Instance'], { severity: [{ numeric: ['<', 4] }] }),
    because: 'Its severity is low (below 4.0): people are told, nothing is changed.',
  },
];
