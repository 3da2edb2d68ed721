import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { wiringFrom } from '../../../functions/shared/environment.ts';
import type { Mode } from '../../../functions/shared/journal.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';

const lambda = {
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:isolate-instance',
};
const environment = {
  AWS_REGION: 'eu-west-1',
  CORDON_CASE_TABLE: 'cases',
  CORDON_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111122223333:people',
  CORDON_SETTINGS: '{}',
};

describe('the wiring on AWS', () => {
  it('acts in its own account, in the target’s Region, with settings that act least', async () => {
    const { own, settings, connection } = wiringFrom(lambda, environment);

    expect(own).toEqual({ account: '111122223333', region: 'eu-west-1' });
    expect(settings.denyRemoteAddresses.enabled).toBe(false);
    expect(settings.memory.tools).toEqual([]);
    await expect(
      connection({ account: '111122223333', region: 'us-east-1' }, 'live', 'isolate-instance'),
    ).resolves.toEqual({ region: 'us-east-1' });
  });

  it('reaches IAM, which is in no Region, from its own', async () => {
    const { connection } = wiringFrom(lambda, environment);

    await expect(
      connection({ account: '111122223333', region: 'global' }, 'live', 'isolate-instance'),
    ).resolves.toEqual({ region: 'eu-west-1' });
  });

  it('reads its settings from beside the code, and acts on none that are missing', () => {
    const root = mkdtempSync(join(tmpdir(), 'cordon-'));
    const { CORDON_SETTINGS: _, ...bare } = environment;

    expect(() => wiringFrom(lambda, bare)).toThrow('expected CORDON_SETTINGS, or LAMBDA_TASK_ROOT');
    expect(() => wiringFrom(lambda, { ...bare, LAMBDA_TASK_ROOT: root })).toThrow('settings.json');
    writeFileSync(join(root, 'settings.json'), '{"stage":"blue"}');
    expect(wiringFrom(lambda, { ...bare, LAMBDA_TASK_ROOT: root }).settings.stage).toBe('blue');
    rmSync(root, { recursive: true });
  });

  it('refuses to answer for another account with its own', async () => {
    const { connection } = wiringFrom(lambda, environment);

    await expect(
      connection({ account: '444455556666', region: 'eu-west-1' }, 'dry-run', 'isolate-instance'),
    ).rejects.toThrow(UnusableInputError);
  });

  it.each([
    [
      'a variable that is missing',
      { CORDON_CASE_TABLE: undefined },
      'environment.CORDON_CASE_TABLE',
    ],
    ['playbooks that are not JSON', { CORDON_PLAYBOOKS: 'x' }, 'CORDON_PLAYBOOKS: expected JSON'],
    [
      'a playbook that is no state machine',
      { CORDON_PLAYBOOKS: '{"compromised-role":"arn:aws:lambda:eu-west-1:1:function:x"}' },
      'CORDON_PLAYBOOKS.compromised-role: expected the ARN of a state machine',
    ],
    ['settings that are not JSON', { CORDON_SETTINGS: '{' }, 'CORDON_SETTINGS: expected JSON'],
    ['a setting it does not know', { CORDON_SETTINGS: '{"dryRun":false}' }, 'dryRun'],
    [
      'a time box below a minute',
      { CORDON_SETTINGS: '{"memory":{"timeBoxSeconds":0}}' },
      'CORDON_SETTINGS.memory.timeBoxSeconds',
    ],
  ])('names %s', (_what, differs, message) => {
    expect(() => wiringFrom(lambda, { ...environment, ...differs })).toThrow(message);
  });
});

describe('acting in another account', () => {
  const member = '444455556666';
  const targets = { organization: 'o-exampleorgid', externalId: 'cordon-7f3a' };
  const settings = JSON.stringify({ stage: 'blue', targets });
  const answered = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
    <Credentials><AccessKeyId>ASIATARGET</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
    <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
    </AssumeRoleResult></AssumeRoleResponse>`;

  /** Connects as a step does, with STS answering; gives back what STS was asked, and when. */
  async function connecting(mode: Mode, caseId?: string) {
    const asked: Record<string, string>[] = [];
    const server = createServer(async (sent, response) => {
      asked.push(Object.fromEntries(new URLSearchParams(await text(sent))));
      response.writeHead(200, { 'content-type': 'text/xml' }).end(answered);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // `address` is a string for sockets of a file only.
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${port}`);
    try {
      const wiring = wiringFrom(lambda, { ...environment, CORDON_SETTINGS: settings });
      const target = { account: member, region: 'us-east-1', ...(caseId && { caseId }) };
      const { credentials, region } = await wiring.connection(target, mode, 'isolate-instance');
      const before = asked.length;
      if (typeof credentials !== 'function') throw new Error('expected a provider');
      const given = [await credentials(), await credentials()];
      return { asked, before, given, region };
    } finally {
      vi.unstubAllEnvs();
      server.close();
    }
  }
  const iam = `arn:aws:iam::${member}`;

  it('assumes the target role once, at the first call, narrowed to the step', async () => {
    const { asked, before, given, region } = await connecting('live', 'case-0123456789');

    expect(before).toBe(0);
    expect(asked).toEqual([
      {
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: `${iam}:role/cordon-blue-target`,
        RoleSessionName: 'case-0123456789.isolate-instance',
        'PolicyArns.member.1.arn': `${iam}:policy/cordon-blue-isolate-instance-reads`,
        'PolicyArns.member.2.arn': `${iam}:policy/cordon-blue-isolate-instance-writes`,
        DurationSeconds: '900',
        ExternalId: 'cordon-7f3a',
      },
    ]);
    expect(given[0]).toMatchObject({ accessKeyId: 'ASIATARGET', sessionToken: 't' });
    expect(given[1]).toBe(given[0]);
    expect(region).toBe('us-east-1');
  });

  it('has a dry run assume the reads alone', async () => {
    const { asked } = await connecting('dry-run');

    expect(asked[0]).toMatchObject({ RoleSessionName: 'cordon.isolate-instance' });
    expect(Object.values(asked[0] ?? {})).not.toContainEqual(expect.stringContaining('-writes'));
  });

  it('assumes nothing in an account that the settings do not name', async () => {
    const listed = JSON.stringify({ targets: { accounts: ['777788889999'] } });
    const { connection } = wiringFrom(lambda, { ...environment, CORDON_SETTINGS: listed });
    const at = (account: string) => connection({ account, region: 'eu-west-1' }, 'live', 'step');

    await expect(at(member)).rejects.toThrow(UnusableInputError);
    await expect(at('777788889999')).resolves.toHaveProperty('credentials');
  });
});

describe('starting a playbook on AWS', () => {
  const machine = 'arn:aws:states:eu-west-1:111122223333:stateMachine:cordon-role';
  const CORDON_PLAYBOOKS = JSON.stringify({ 'compromised-role': machine });
  const request = { roleName: 'web', mode: 'dry-run' };

  /** Starts it with Step Functions answering as it says; gives back what Step Functions was asked. */
  async function startWith(status: number, body: object, playbook = 'compromised-role') {
    const asked: unknown[] = [];
    const server = createServer(async (sent, response) => {
      asked.push(JSON.parse(await text(sent)));
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // `address` is a string for sockets of a file only.
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('AWS_ENDPOINT_URL_SFN', `http://127.0.0.1:${port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAREHEARSALACCOUNT');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'rehearsal');
    try {
      const { home } = wiringFrom(lambda, { ...environment, CORDON_PLAYBOOKS });
      return { asked, started: await home.start(playbook, request, 'role-1') };
    } finally {
      vi.unstubAllEnvs();
      server.close();
    }
  }
  const execution = 'arn:aws:states:eu-west-1:111122223333:execution:cordon-role:role-1';

  it('asks Step Functions for an execution of that name', async () => {
    const { asked, started } = await startWith(200, { executionArn: execution, startDate: 1 });

    expect(started).toEqual({ outcome: 'started', execution });
    expect(asked).toEqual([
      { stateMachineArn: machine, name: 'role-1', input: JSON.stringify(request) },
    ]);
  });

  it('knows one that was started before', async () => {
    const { started } = await startWith(400, { __type: 'ExecutionAlreadyExists', message: 'x' });

    expect(started).toEqual({ outcome: 'already-started', execution });
  });

  it('lets any other failure out', async () => {
    await expect(
      startWith(400, { __type: 'StateMachineDoesNotExist', message: 'x' }),
    ).rejects.toThrow(expect.objectContaining({ name: 'StateMachineDoesNotExist' }));
  });

  it('names the playbook that is not deployed', async () => {
    await expect(startWith(200, {}, 'compromised-instance')).rejects.toThrow(
      'CORDON_PLAYBOOKS.compromised-instance',
    );
  });
});
