import * as z from 'zod';

const hex = '(?:[0-9a-f]{8}|[0-9a-f]{17})';
const ec2Id = <Prefix extends string>(prefix: Prefix) =>
  z.string().regex(new RegExp(`^${prefix}-${hex}$`), `expected ${prefix}- and 8 or 17 hex digits`);

/** Twelve digits: an AWS account. */
export const AccountId = z
  .string()
  .regex(/^\d{12}$/, 'expected the 12 digits of an AWS account')
  .brand<'AccountId'>();
export type AccountId = z.infer<typeof AccountId>;

/** A Region's code, such as `eu-west-1`, or `global` for what IAM holds. */
export const Region = z
  .string()
  .regex(/^(?:global|[a-z]{2,3}(?:-[a-z]+){1,2}-\d{1,2})$/, 'expected a Region, such as eu-west-1')
  .brand<'Region'>();
export type Region = z.infer<typeof Region>;

/**
 * An EC2 instance. Ids have 8 or 17 hex digits; `i-99999999`, which GuardDuty's samples carry, is
 * one of them in shape and is told apart by `placeholders` in `finding.ts`.
 */
export const InstanceId = ec2Id('i').brand<'InstanceId'>();
export type InstanceId = z.infer<typeof InstanceId>;

export const VpcId = ec2Id('vpc').brand<'VpcId'>();
export type VpcId = z.infer<typeof VpcId>;

export const SubnetId = ec2Id('subnet').brand<'SubnetId'>();
export type SubnetId = z.infer<typeof SubnetId>;

export const SecurityGroupId = ec2Id('sg').brand<'SecurityGroupId'>();
export type SecurityGroupId = z.infer<typeof SecurityGroupId>;

export const NetworkInterfaceId = ec2Id('eni').brand<'NetworkInterfaceId'>();
export type NetworkInterfaceId = z.infer<typeof NetworkInterfaceId>;

export const NetworkAclId = ec2Id('acl').brand<'NetworkAclId'>();
export type NetworkAclId = z.infer<typeof NetworkAclId>;

export const VolumeId = ec2Id('vol').brand<'VolumeId'>();
export type VolumeId = z.infer<typeof VolumeId>;

export const SnapshotId = ec2Id('snap').brand<'SnapshotId'>();
export type SnapshotId = z.infer<typeof SnapshotId>;

/** A key of a user (AKIA…) or of a temporary session (ASIA…); no other prefix is a key's. */
export const AccessKeyId = z
  .string()
  .regex(/^(?:AKIA|ASIA)[A-Z0-9]{16}$/, 'expected AKIA or ASIA and 16 capitals or digits')
  .brand<'AccessKeyId'>();
export type AccessKeyId = z.infer<typeof AccessKeyId>;

/** An IAM user, by its name alone: no path, no ARN. */
export const UserName = z
  .string()
  .regex(/^[\w+=,.@-]{1,64}$/, 'expected the name of an IAM user, without its path')
  .brand<'UserName'>();
export type UserName = z.infer<typeof UserName>;

/** An IAM role, by its name alone: no path, no ARN. */
export const RoleName = z
  .string()
  .regex(/^[\w+=,.@-]{1,64}$/, 'expected the name of an IAM role, without its path')
  .brand<'RoleName'>();
export type RoleName = z.infer<typeof RoleName>;

/** What whoever assumed a role called the session; an instance's is its id. */
export const SessionName = z
  .string()
  .regex(/^[\w+=,.@-]{2,64}$/, 'expected the name of a role session')
  .brand<'SessionName'>();
export type SessionName = z.infer<typeof SessionName>;

/** A role's unique id, which a new role of the same name does not get. */
export const RoleId = z
  .string()
  .regex(/^AROA[A-Z0-9]{1,124}$/, "expected a role's unique id, AROA and capitals or digits")
  .brand<'RoleId'>();
export type RoleId = z.infer<typeof RoleId>;

/** One incident on one target. */
export const CaseId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{7,79}$/, 'expected a case id')
  .brand<'CaseId'>();
export type CaseId = z.infer<typeof CaseId>;
