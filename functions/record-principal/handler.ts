import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { roleArn, userArn } from '../shared/held-principal.ts';
import { RoleName, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { countOf, type Readable, sparingReads, unreadable } from './readable.ts';
import { readRole, roleReads } from './role.ts';
import { readUser, userReads } from './user.ts';

/** One of the two is null. */
const input = z.strictObject({ userName: UserName.nullable(), roleName: RoleName.nullable() });

const Count = z.union([z.int(), z.literal(unreadable)]);

const output = z.object({
  outcome: z.enum(['recorded', 'absent']),
  keys: Count,
  mfaDevices: Count,
  groups: Count,
  /** Attached and inline ones. */
  policies: Count,
  loginProfile: z.enum(['none', 'present', unreadable]),
  /** The calls that IAM refused. */
  unreadable: z.array(z.string()),
});
type Output = z.infer<typeof output>;
type Counts = Omit<Output, 'outcome' | 'unreadable'>;

/**
 * Keeps in the case what a user or a role is, may do and can sign in with, as it was found: `before`
 * of the case, for whoever must judge afterwards what an intruder may have changed.
 *
 * It changes nothing. What IAM refuses to tell is named and keeps back nothing else, but for the
 * principal itself. Policy documents go into the case alone, and no secret, certificate or public
 * key goes anywhere. Only the first record of a case is kept.
 */
export const recordPrincipal = defineStep({
  name: 'record-principal',
  input,
  output,
  reads: { ...userReads, ...roleReads },
  writes: {},
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  async run({ userName, roleName }, { iam }, context): Promise<Output> {
    if ((userName === null) === (roleName === null)) {
      throw new UnusableInputError('$.input: expected either a userName or a roleName');
    }
    const reads = sparingReads();
    const found = userName
      ? await recordUser(iam, userName, reads, context)
      : roleName && (await recordRole(iam, roleName, reads, context));
    if (!found) return { ...none, outcome: 'absent', unreadable: [] };
    return { ...found, outcome: 'recorded', unreadable: [...reads.refused].sort() };
  },
});

const none: Counts = { keys: 0, mfaDevices: 0, groups: 0, policies: 0, loginProfile: 'none' };

async function recordUser(
  iam: IAMClient,
  userName: UserName,
  reads: ReturnType<typeof sparingReads>,
  context: StepContext,
): Promise<Counts | undefined> {
  const user = await readUser(iam, userName, reads);
  if (!user) return undefined;
  await keep(userArn(context.case, userName), user, context);
  const { loginProfile } = user;
  return {
    keys: countOf(user.accessKeys),
    mfaDevices: countOf(user.mfaDevices),
    groups: countOf(user.groups),
    policies: sum(countOf(user.attachedPolicies), countOf(user.inlinePolicies)),
    loginProfile: typeof loginProfile === 'string' ? loginProfile : 'present',
  };
}

async function recordRole(
  iam: IAMClient,
  roleName: RoleName,
  reads: ReturnType<typeof sparingReads>,
  context: StepContext,
): Promise<Counts | undefined> {
  const role = await readRole(iam, roleName, reads);
  if (!role) return undefined;
  await keep(roleArn(context.case, roleName), role, context);
  return {
    ...none,
    policies: sum(countOf(role.attachedPolicies), countOf(role.inlinePolicies)),
  };
}

async function keep(resource: string, state: object, { home, case: ref }: StepContext) {
  await home.cases.recordBefore(ref, { step: 'record-principal', resource, state });
}

const sum = (one: Readable<number>, other: Readable<number>): Readable<number> =>
  one === unreadable || other === unreadable ? unreadable : one + other;

export const handler = toLambda(recordPrincipal);
