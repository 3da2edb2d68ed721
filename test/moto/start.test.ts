import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  CreateRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { patient } from '../../functions/shared/connection.ts';
import { stackName } from '../../infra/names.ts';
import { deploy } from './deployment.ts';
import { emptyMoto, toMoto } from './moto.ts';
import { createStack } from './stack-in-moto.ts';
import { config, member } from './test-config.ts';
import { given } from './world.ts';

const role = 'release';
const own = new IAMClient(patient(toMoto));
let theirs: IAMClient;

beforeAll(async () => {
  await emptyMoto();
  const to = await asAdministrator();
  theirs = new IAMClient(patient(to));
  await createStack(inject('built').templates, stackName(config.stage, 'member-account'), to);
  for (const iam of [own, theirs]) await makeRole(iam, role, 's3:GetObject');
  await deploy();
});

/** An administrator of the member account, as whom the rest of the test acts there. */
async function asAdministrator() {
  const RoleArn = `arn:aws:iam::${member}:role/administrator`;
  const { Credentials } = await new STSClient(patient(toMoto)).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }),
  );
  const credentials = {
    accessKeyId: given(Credentials?.AccessKeyId),
    secretAccessKey: given(Credentials?.SecretAccessKey),
    sessionToken: given(Credentials?.SessionToken),
  };
  const to = { ...toMoto, credentials };
  await makeRole(new IAMClient(patient(to)), 'administrator', '*');
  return to;
}

async function makeRole(iam: IAMClient, RoleName: string, Action: string): Promise<void> {
  const allowing = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: allowing([
        { Effect: 'Allow', Principal: { AWS: member }, Action: 'sts:AssumeRole' },
      ]),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: 'own',
      PolicyDocument: allowing([{ Effect: 'Allow', Action, Resource: '*' }]),
    }),
  );
}

/** What a role may and may not do, by its inline policies. */
async function policiesOf(iam: IAMClient): Promise<string> {
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName: role }));
  const found = await Promise.all(
    PolicyNames.map((PolicyName) =>
      iam.send(new GetRolePolicyCommand({ RoleName: role, PolicyName })),
    ),
  );
  return found.map(({ PolicyDocument = '' }) => decodeURIComponent(PolicyDocument)).join('\n');
}

/** `npm run start`, as somebody types it, with nothing but where AWS is put in its place. */
async function start(...args: readonly string[]) {
  const cli = fileURLToPath(new URL('../../infra/start/cli.ts', import.meta.url));
  const env = {
    AWS_ENDPOINT_URL: toMoto.endpoint,
    AWS_REGION: toMoto.region,
    AWS_ACCESS_KEY_ID: toMoto.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: toMoto.credentials.secretAccessKey,
    NODE_NO_WARNINGS: '1',
  };
  return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [cli, ...args], { env }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
}

describe('npm run start, on a role of another account', () => {
  const asked = ['compromised-role', '--role', role, '--account', member];

  it('follows the dry run to its end, which changes nothing', async () => {
    const before = await policiesOf(theirs);
    const { code, out, err } = await start(...asked);
    expect({ code, err }, out).toEqual({ code: 0, err: '' });
    expect(out).toContain('Credentials are contained');
    expect(await policiesOf(theirs)).toBe(before);
  });

  it('contains the role there by the target role, and leaves its namesake here alone', async () => {
    const here = await policiesOf(own);
    const { code, out } = await start(...asked, '--live', '--reason', 'ticket 4711', '--json');
    expect(code, out).toBe(0);
    const { case: record } = JSON.parse(out);
    expect(record).toMatchObject({ status: 'contained', mode: 'live' });
    expect(record.target).toBe(`arn:aws:iam::${member}:role/${role}`);
    expect(await policiesOf(theirs)).toContain('aws:TokenIssueTime');
    expect(await policiesOf(own)).toBe(here);
  });
});
