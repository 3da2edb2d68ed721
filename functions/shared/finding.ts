import * as z from 'zod';
import {
  AccessKeyId,
  AccountId,
  InstanceId,
  NetworkInterfaceId,
  Region,
  SubnetId,
  VpcId,
} from './ids.ts';

/** The resources a finding can be about, in GuardDuty's words. */
export const resourceTypes = [
  'Instance',
  'AccessKey',
  'S3Bucket',
  'S3Object',
  'EKSCluster',
  'ECSCluster',
  'Container',
  'RDSDBInstance',
  'RDSLimitlessDB',
  'Lambda',
  'AttackSequence',
  'EBSSnapshot',
  'EC2Image',
  'EBSRecoveryPoint',
  'EC2RecoveryPoint',
  'S3RecoveryPoint',
] as const;

const NetworkInterface = z.strictObject({
  networkInterfaceId: NetworkInterfaceId.optional(),
  vpcId: VpcId.optional(),
  subnetId: SubnetId.optional(),
  privateIpAddresses: z.array(z.string()),
  ipv6Addresses: z.array(z.string()),
  publicIp: z.string().optional(),
});

const Credentials = z.strictObject({
  /** Of a key, or of the credentials that an actor used. */
  accessKeyId: z.string().max(128).optional(),
  /** Such as `AROA…:session`, or the ARN of a role's session. */
  principalId: z.string().max(512).optional(),
  /** Of a role's session, the role's name. */
  userName: z.string().max(128).optional(),
  /** CloudTrail's word, such as IAMUser, AssumedRole or Root. */
  userType: z.string().max(64).optional(),
});

/**
 * The resources and actors of an attack sequence:
 * https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Sequence.html
 */
const Sequence = z.strictObject({
  resources: z
    .array(
      z.strictObject({
        /** GuardDuty's, such as EC2_INSTANCE; any word parses. */
        resourceType: z.string().max(64),
        /** An ARN or a bare id: GuardDuty does not say which. */
        uid: z.string().max(512),
        account: AccountId,
        region: Region,
        credentials: Credentials.optional(),
      }),
    )
    .max(200),
  actors: z.array(Credentials.extend({ account: AccountId })).max(200),
  /** How many resources and actors are not kept, for there were too many or they say nothing. */
  notKept: z.int().min(0),
});
export type Sequence = z.infer<typeof Sequence>;

/**
 * A finding, whatever it came as: one shape for every step, the replay and the case.
 *
 * What it says of a resource was true when the detector looked; steps read the resource again.
 */
export const Finding = z.strictObject({
  /** The detector's id; a manual start's is `manual-` and a hash of its execution. */
  id: z.string().min(1).max(300),
  /** Such as `Backdoor:EC2/C&CActivity.B`; any name parses. `Manual:…` for a manual start. */
  type: z.string().min(1).max(120),
  /** GuardDuty's: 1.0–3.9 low, 4.0–6.9 medium, 7.0–8.9 high, 9.0–10.0 critical. */
  severity: z.number().min(0).max(10),
  /** Where the target is, which may not be where the event arrived. */
  account: AccountId,
  region: Region,
  source: z.enum(['guardduty', 'security-hub', 'manual']),
  title: z.string().max(1000).optional(),
  resourceType: z.enum(resourceTypes),
  resourceRole: z.enum(['TARGET', 'ACTOR']).optional(),
  /** Made by `create-sample-findings`, or about a placeholder such as `i-99999999`. */
  sample: z.boolean(),
  archived: z.boolean(),
  /** ISO 8601. */
  updatedAt: z.string(),
  count: z.int().min(0),
  /** Present when the finding names an instance, whether or not it is about it. */
  instance: z
    .strictObject({
      instanceId: InstanceId,
      networkInterfaces: z.array(NetworkInterface),
    })
    .optional(),
  /** Present when the finding names a principal, whether or not it is about one. */
  accessKey: z
    .strictObject({
      /** AKIA… or ASIA…; missing where the detector knew only the principal. */
      accessKeyId: z.string().optional(),
      /** Such as `AROA…:session`: a role's unique id, and what its session is called. */
      principalId: z.string().optional(),
      /** Of a role's session, the role's name. */
      userName: z.string().optional(),
      /** From a start by hand, which does not know the role's unique id. */
      sessionName: z.string().optional(),
      /** CloudTrail's word, such as IAMUser, AssumedRole or Root. */
      userType: z.string().optional(),
    })
    .optional(),
  /** What an attack sequence ties together: its own shape, apart from single findings'. */
  sequence: Sequence.optional(),
  /** The name that was looked up, in a finding about DNS. */
  domain: z.string().optional(),
  /** Remote addresses the action names, with who opened the connection. */
  remote: z.strictObject({
    direction: z.enum(['INBOUND', 'OUTBOUND', 'UNKNOWN']).optional(),
    addresses: z.array(z.union([z.ipv4(), z.ipv6()])),
  }),
});
export type Finding = z.infer<typeof Finding>;

/** A finding without the members that say nothing, since a table refuses to hold `undefined`. */
export const findingFrom = (said: z.input<typeof Finding>): Finding =>
  Finding.parse(JSON.parse(JSON.stringify(said)));

/** Ids that GuardDuty's sample findings carry in place of real ones. */
export const placeholders: ReadonlySet<string> = new Set([
  'i-99999999',
  'eni-bfcffe88',
  'ami-99999999',
  'GeneratedFindingAccessKeyId',
  'GeneratedFindingPrincipalId',
  'GeneratedFindingUserType',
]);

/**
 * What stands for a sample's key, as no real key has the digits 0 and 1: GuardDuty's own placeholder
 * is not of a key's shape, and a sample must go through every step.
 */
export const samplesKey = {
  longLived: AccessKeyId.parse('AKIA0000000000000000'),
  temporary: AccessKeyId.parse('ASIA0000000000000000'),
} as const;

/** ARN of the instance a finding is about: the target that a case locks. */
export const instanceArn = (
  { account, region }: Pick<Finding, 'account' | 'region'>,
  instanceId: InstanceId,
): string => `arn:${partitionOf(region)}:ec2:${region}:${account}:instance/${instanceId}`;

/** The part of AWS that a Region belongs to, as ARNs spell it. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
