import { CloudTrailClient, type Event, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type * as z from 'zod';
import { patient } from '../../functions/shared/connection.ts';
import { RehearsalAccount, rehearse } from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { putEventHistory } from './additions.ts';
import { asIamState } from './as-iam-state.ts';
import { toMoto } from './moto.ts';
import { account, logGroup } from './test-config.ts';
import { given } from './world.ts';

const iam = new IAMClient(patient(toMoto));
const logs = new CloudWatchLogsClient(patient(toMoto));

const regions = ['eu-west-1', 'us-east-1'] as const;
let worlds = 0;

/**
 * Sets up, with plain SDK calls, a user whose key is leaked and a role whose session is stolen, each
 * of which has led to one more role, and a user, a key and a role that must be left alone. moto keeps
 * the principals of earlier worlds, so that the names are new ones.
 */
export async function setUpPrincipals() {
  const n = ++worlds;
  const [user, bystander] = [await makeUser(`data-sync-${n}`), await makeUser(`data-sync-eu-${n}`)];
  const [leaked, kept] = [await makeKey(user), await makeKey(user)];
  await makeKey(bystander);
  await iam.send(
    new PutUserPolicyCommand({
      UserName: user,
      PolicyName: 'read-reports',
      PolicyDocument: JSON.stringify(allowing('s3:GetObject')),
    }),
  );
  const role = await makeRole(`release-${n}`);
  const hop = await makeRole(`report-builder-${n}`);
  const other = await makeRole(`release-preview-${n}`);
  const session = { key: `ASIASTOLEN${String(n).padStart(10, '0')}`, name: 'ci' };
  const names = { users: [user, bystander], roles: [role, hop, other].map(({ name }) => name) };
  const read = () => asIamState(iam, names);

  const assumed = (by: { accessKeyId: string; record: object }) => ({
    eventName: 'AssumeRole',
    eventTime: new Date(Date.now() - 1_800_000).toISOString(),
    region: 'eu-west-1',
    accessKeyId: by.accessKeyId,
    record: {
      sourceIPAddress: '203.0.113.77',
      userIdentity: by.record,
      responseElements: {
        credentials: { accessKeyId: `ASIAHOP${by.accessKeyId.slice(-13)}` },
        assumedRoleUser: {
          assumedRoleId: `${hop.id}:laptop`,
          arn: `arn:aws:sts::${account}:assumed-role/${hop.name}/laptop`,
        },
      },
    },
  });
  const state = AccountState.parse({
    accountId: account,
    region: 'eu-west-1',
    regions: [...regions],
    iam: await read(),
    logs: { groups: [{ name: logGroup }], queries: { [logGroup]: { polls: 0 } } },
    cloudTrail: {
      events: [
        assumed({ accessKeyId: leaked, record: { type: 'IAMUser', userName: user } }),
        assumed({
          accessKeyId: session.key,
          record: { type: 'AssumedRole', principalId: `${role.id}:${session.name}` },
        }),
      ],
    },
  } as z.input<typeof AccountState>);
  await putEventHistory(await eventsOf(state));
  return { user, bystander, keys: { leaked, kept }, role, hop, other, session, state, read };
}
export type Principals = Awaited<ReturnType<typeof setUpPrincipals>>;

/** The log group of the trail; it is there once. */
export async function setUpTrail(): Promise<void> {
  await logs.send(new CreateLogGroupCommand({ logGroupName: logGroup }));
}

/** A state's event history in CloudTrail's own words, as the rehearsal account has them. */
async function eventsOf(state: AccountState): Promise<readonly Event[]> {
  const found: Event[] = [];
  for (const region of regions) {
    const cloudTrail = new CloudTrailClient(patient({ ...toMoto, region }));
    rehearse({ cloudTrail }, new RehearsalAccount(state, { now: () => new Date() }));
    const { Events = [] } = await cloudTrail.send(new LookupEventsCommand({}));
    found.push(...Events);
  }
  return found;
}

const allowing = (Action: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});

async function makeUser(UserName: string): Promise<string> {
  await iam.send(new CreateUserCommand({ UserName }));
  return UserName;
}

async function makeKey(UserName: string): Promise<string> {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return given(AccessKey?.AccessKeyId);
}

async function makeRole(RoleName: string): Promise<{ name: string; id: string }> {
  const Principal = { AWS: account };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  return { name: RoleName, id: given(Role?.RoleId) };
}
