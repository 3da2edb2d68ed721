import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { wiringFrom } from '../../../functions/shared/environment.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';

const lambda = {
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:isolate-instance',
};
const environment = {
  AWS_REGION: 'eu-west-1',
  CORDON_CASE_TABLE: 'cases',
  CORDON_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111122223333:people',
};

describe('the wiring on AWS', () => {
  it('acts in its own account, in the target’s Region, with settings that act least', async () => {
    const { own, settings, connection } = wiringFrom(lambda, environment);

    expect(own).toEqual({ account: '111122223333', region: 'eu-west-1' });
    expect(settings.denyRemoteAddresses.enabled).toBe(false);
    expect(settings.memory.tools).toEqual([]);
    await expect(
      connection({ account: '111122223333', region: 'us-east-1' }, 'live'),
    ).resolves.toEqual({ region: 'us-east-1' });
  });

  it('reaches IAM, which is in no Region, from its own', async () => {
    const { connection } = wiringFrom(lambda, environment);

    await expect(
      connection({ account: '111122223333', region: 'global' }, 'live'),
    ).resolves.toEqual({ region: 'eu-west-1' });
  });

  it('refuses to answer for another account with its own', async () => {
    const { connection } = wiringFrom(lambda, environment);

    await expect(
      connection({ account: '444455556666', region: 'eu-west-1' }, 'dry-run'),
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
