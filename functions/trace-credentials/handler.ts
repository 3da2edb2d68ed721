import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { AccessKeyId, RoleName, SessionName, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { ClientPerRegion, isKnownRegion, type RegionName } from '../shared/regions.ts';
import { defineStep } from '../shared/step.ts';
import { TracedRole } from '../shared/trace.ts';
import { type Found, nothingFound } from './found.ts';
import { windowTo } from './look-up.ts';
import { paceOf } from './pace.ts';
import { keep, keptTrace, most, resultOf } from './result.ts';
import { ofRole, ofUser, walk } from './walk.ts';

const input = z
  .strictObject({
    accessKeyIds: z.array(AccessKeyId).max(200),
    userName: UserName.nullable(),
    roleName: RoleName.nullable(),
    sessionName: SessionName.nullable(),
    /** CloudTrail lags: a workflow looks again, and each look is kept beside the others. */
    look: z.int().min(0).max(2),
  })
  .refine(
    ({ accessKeyIds, userName, roleName }) => accessKeyIds.length > 0 || userName || roleName,
    'expected a key, a user or a role to trace',
  );

const output = z.object({
  /** `traced-in-part`: see `limits`. */
  outcome: z.enum(['traced', 'traced-in-part', 'nothing-found']),
  /** Sessions of this account's roles that the credentials led to, directly or through others. */
  roles: z.array(TracedRole).max(most.roles),
  /** Accounts whose roles or root were assumed: which, is in the case. Their owners must act. */
  otherAccounts: z.array(z.string()).max(most.otherAccounts),
  /** Named limits that were reached, and Regions that could not be looked into. */
  limits: z.array(z.string()).max(most.limits),
  events: z.int(),
  /** Records that were no JSON, or did not say which credentials they handed out. */
  unreadable: z.int(),
  pages: z.int(),
  /** How long the pace made it take. */
  seconds: z.int(),
  persistence: z
    .array(z.object({ eventName: z.string(), who: z.string(), what: z.string(), when: z.string() }))
    .max(most.persistence),
  /** Where the calls came from, most calls first. */
  sources: z.array(z.string()).max(most.sources),
  firstUse: z.string().nullable(),
  lastUse: z.string().nullable(),
  /** Which look comes next; 3 when there is none. */
  look: z.int().min(1).max(3),
  /** `session` when more roles were found than may be revoked whole without a human. */
  scope: z.enum(['session', 'role']),
  /** The name under which the case keeps the whole trace; its events have `-events` behind it. */
  evidence: z.string(),
});
type Traced = z.infer<typeof output>;

/**
 * Traces what stolen credentials did, in CloudTrail's event history of every enabled Region: which
 * sessions they opened, and what those opened in turn, what may have been left behind, from where.
 *
 * It changes nothing and leans on no trail, which an intruder may have stopped. It sees management
 * events of 90 days, not S3 objects read or functions invoked, and of other accounts only that they
 * were entered. Records are partly the intruder's own words: read as data, kept as plain text, and
 * neither policies nor tokens in them are kept at all.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export const traceCredentials = defineStep({
  name: 'trace-credentials',
  input,
  output,
  // Neither supports a resource: service authorization reference of CloudTrail and EC2.
  reads: { 'cloudtrail:LookupEvents': { on: '*' }, 'ec2:DescribeRegions': { on: '*' } },
  writes: {},
  uses: ['evidence'],
  connect: (to) => ({
    ec2: new EC2Client(patient(to)),
    cloudTrail: new ClientPerRegion((region) => new CloudTrailClient(patient({ ...to, region }))),
  }),

  async run({ accessKeyIds, userName, roleName, sessionName, look }, aws, context) {
    const { mostDepth, mostKeys, mostRoles, mostEvents, mostSeconds } = context.settings.trace;
    const { ec2, cloudTrail } = aws;
    const found = nothingFound();
    const regions = await regionsToLookInto(ec2, found);
    const window = windowTo(context.now());
    const pace = paceOf(context, mostSeconds);

    // By name only where no key is known: a name finds less, and others' sessions too.
    const named = [userName && ofUser(userName), roleName && ofRole(roleName, sessionName)];
    const trails = accessKeyIds.length > 0 ? [] : named.filter((trail) => trail !== null);
    const keys = await walk(
      found,
      { keys: accessKeyIds, trails },
      {
        ...{ cloudTrail, regions, window, pace, ownAccount: context.case.account },
        most: { depth: mostDepth, keys: mostKeys, events: mostEvents },
      },
    );
    if (found.unreadable > 0) found.limits.add('unreadable');
    if (rolesIn(found) > mostRoles) found.limits.add('roles');

    const [from, to] = [window.from.toISOString(), window.to.toISOString()];
    const trace = keptTrace(found, { look, from, to, regions, keys });
    const evidence = await keep(trace, found.lines, context);
    const scope = found.limits.has('roles') ? 'session' : 'role';
    const result = resultOf(trace, evidence, pace.seconds());
    return { ...result, look: look + 1, scope } satisfies Traced;
  },
});

const rolesIn = ({ roles }: Found): number =>
  new Set([...roles.values()].map(({ roleName }) => roleName)).size;

/** Enabled Regions, and always us-east-1, which has the events of IAM and of the global endpoints. */
async function regionsToLookInto(ec2: EC2Client, found: Found): Promise<RegionName[]> {
  const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({}));
  const enabled = new Set(['us-east-1', ...Regions.flatMap(({ RegionName }) => RegionName ?? [])]);
  for (const region of enabled) {
    if (!isKnownRegion(region)) found.limits.add(`unknown region ${region}`);
  }
  return [...enabled].filter(isKnownRegion).sort();
}

export const handler = toLambda(traceCredentials);
