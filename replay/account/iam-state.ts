import { createHash } from 'node:crypto';
import * as z from 'zod';

const name = z.string().min(1);
const time = z.iso.datetime().default('2026-01-01T00:00:00.000Z');
const tags = z.record(z.string(), z.string()).default({});
const status = z.enum(['Active', 'Inactive']).default('Active');
const principalName = z.string().regex(/^[\w+=,.@-]{1,64}$/, 'expected a name IAM would take');
const path = z
  .string()
  .regex(/^\/(?:[!-.0-~]+\/)*$/, 'expected a path, such as /teams/payments/')
  .default('/');
const policyArn = z
  .string()
  .regex(/^arn:aws:iam::(?:aws|\d{12}):policy\/[\w+=,.@/-]+$/, "expected a managed policy's ARN");
const document = z.record(z.string(), z.unknown());
const inlinePolicies = z.record(principalName, document).default({});

/** IAM shows a policy's name beside its ARN, which ends in it. */
const attachedPolicies = z
  .array(
    z.strictObject({ arn: policyArn, name: name.optional() }).transform((policy) => ({
      arn: policy.arn,
      name: policy.name ?? policy.arn.replace(/^.*\//, ''),
    })),
  )
  .max(20)
  .default([]);

/** An id of IAM's shape, the same for the same reason: the kind's four letters and 17 more. */
export function iamId(prefix: 'AKIA' | 'AIDA' | 'AROA' | 'ANPA' | 'AGPA' | 'AIPA', reason: string) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  // An access key's id is one character shorter than the other ids.
  const length = prefix === 'AKIA' ? 16 : 17;
  const bytes = createHash('sha256').update(`${prefix} ${reason}`).digest().subarray(0, length);
  return prefix + [...bytes].map((byte) => digits[byte % 32]).join('');
}

const AccessKey = z.strictObject({
  accessKeyId: z.string().regex(/^AKIA[A-Z0-9]{16}$/, 'expected AKIA and 16 letters and digits'),
  status,
  createDate: time,
  /** Left out, it was never used. */
  lastUsed: z
    .strictObject({
      date: z.iso.datetime(),
      service: name.default('sts'),
      region: name.default('us-east-1'),
    })
    .optional(),
});

const User = z
  .strictObject({
    userName: principalName,
    userId: z
      .string()
      .regex(/^AIDA[A-Z0-9]+$/)
      .optional(),
    path,
    tags,
    createDate: time,
    passwordLastUsed: z.iso.datetime().optional(),
    permissionsBoundary: policyArn.optional(),
    accessKeys: z.array(AccessKey).max(2).default([]),
    loginProfile: z.boolean().default(false),
    mfaDevices: z.array(z.strictObject({ serialNumber: name, enableDate: time })).default([]),
    groups: z.array(name).default([]),
    attachedPolicies,
    inlinePolicies,
    sshPublicKeys: z
      .array(z.strictObject({ sshPublicKeyId: name, status, uploadDate: time }))
      .default([]),
    signingCertificates: z
      .array(z.strictObject({ certificateId: name, status, uploadDate: time }))
      .default([]),
    serviceSpecificCredentials: z
      .array(
        z.strictObject({
          serviceSpecificCredentialId: name,
          serviceName: name.default('codecommit.amazonaws.com'),
          status,
          createDate: time,
        }),
      )
      .default([]),
  })
  .transform((user) => ({ ...user, userId: user.userId ?? iamId('AIDA', user.userName) }));

const trustInEc2 = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};

const Role = z
  .strictObject({
    roleName: principalName,
    roleId: z
      .string()
      .regex(/^AROA[A-Z0-9]+$/)
      .optional(),
    path,
    tags,
    createDate: time,
    description: z.string().optional(),
    trustPolicy: document.default(trustInEc2),
    maxSessionDuration: z.int().min(3600).max(43_200).default(3600),
    permissionsBoundary: policyArn.optional(),
    lastUsed: z.strictObject({ date: z.iso.datetime(), region: name }).optional(),
    attachedPolicies,
    inlinePolicies,
    /** Names of the instance profiles that hold it. */
    instanceProfiles: z.array(principalName).default([]),
  })
  .transform((role) => ({ ...role, roleId: role.roleId ?? iamId('AROA', role.roleName) }));

/** A group's members are the users that name it; one nobody states here has no policies. */
const Group = z.strictObject({ groupName: principalName, attachedPolicies, inlinePolicies });

const ManagedPolicy = z.strictObject({
  arn: policyArn,
  versionId: z
    .string()
    .regex(/^v[1-9]\d*$/)
    .default('v1'),
  createDate: time,
  document,
});

const held = {
  users: z.array(User).default([]),
  roles: z.array(Role).default([]),
  groups: z.array(Group).default([]),
  /** Beside AWS's own, and those that a principal has attached. */
  policies: z.array(ManagedPolicy).default([]),
};

/** The section of the account's state that is IAM's. */
export const Iam = z
  .strictObject({
    ...held,
    /** For how many further IAM calls the reads do not show a write yet. */
    lag: z.int().min(0).default(0),
    /** What the reads still show, for so many calls each; filled by writes. */
    stale: z.array(z.strictObject({ left: z.int().min(1), ...held })).default([]),
    /** What AWS says of an access key that is no user's of this account; it says either. */
    unknownAccessKey: z.enum(['AccessDenied', 'NoSuchEntity']).default('AccessDenied'),
  })
  .superRefine(({ users, roles, groups }, context) => {
    const refuse = (at: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: at, message });
    const once = (list: readonly (readonly [string, (string | number)[]])[]) => {
      const seen = new Set<string>();
      for (const [id, at] of list) {
        // Two of IAM's names may not differ in case alone.
        if (seen.has(id.toLowerCase())) refuse(at, `${id} is there twice`);
        seen.add(id.toLowerCase());
      }
    };
    once(users.map(({ userName }, n) => [userName, ['users', n, 'userName']]));
    once(roles.map(({ roleName }, n) => [roleName, ['roles', n, 'roleName']]));
    once(groups.map(({ groupName }, n) => [groupName, ['groups', n, 'groupName']]));
    once(
      users.flatMap(({ accessKeys }, n) =>
        accessKeys.map(
          ({ accessKeyId }, k) =>
            [accessKeyId, ['users', n, 'accessKeys', k, 'accessKeyId']] as const,
        ),
      ),
    );
  });
