import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { clientsOf, errorOf, rehearsed } from './rehearsed.ts';

const Name = 'cordon/dana';
const first = '11111111-1111-4111-8111-111111111111';
const second = '22222222-2222-4222-8222-222222222222';
const create = (SecretString: string, ClientRequestToken = first) =>
  new CreateSecretCommand({
    Name,
    SecretString,
    ClientRequestToken,
    Tags: [{ Key: 'cordon:case', Value: 'case-1' }],
  });
const put = (SecretString: string, ClientRequestToken = second, SecretId = Name) =>
  new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken });
const describeIt = new DescribeSecretCommand({ SecretId: Name });

describe('secrets', () => {
  it('are kept, and their value is nowhere to be found', async () => {
    const { secretsManager, account } = rehearsed({});
    const { ARN } = await secretsManager.send(create('hush'));
    expect(ARN).toMatch(/^arn:aws:secretsmanager:eu-west-1:111122223333:secret:cordon\/dana-.{6}$/);
    expect(await secretsManager.send(new DescribeSecretCommand({ SecretId: ARN }))).toMatchObject({
      Name,
      Tags: [{ Key: 'cordon:case', Value: 'case-1' }],
      VersionIdsToStages: { [first]: ['AWSCURRENT'] },
    });
    expect(JSON.stringify(account.state)).not.toContain('hush');
    await expect(
      secretsManager.send(new GetSecretValueCommand({ SecretId: Name })),
    ).rejects.toThrow('the rehearsal account has no secretsmanager:GetSecretValue');
  });

  it('asked for again by the same request are there once', async () => {
    const { secretsManager, account } = rehearsed({});
    await secretsManager.send(create('hush'));
    expect(await secretsManager.send(create('hush'))).toMatchObject({ VersionId: first });
    expect(account.state.secrets).toHaveLength(1);
  });

  it.each([
    ['another value', create('other')],
    ['another request', create('hush', second)],
  ])('are not made again by %s', async (_what, command) => {
    const { secretsManager } = rehearsed({});
    await secretsManager.send(create('hush'));
    expect(await errorOf(secretsManager.send(command))).toBe('ResourceExistsException');
  });

  it('get a new value, once a request, and know the previous one', async () => {
    const { secretsManager } = rehearsed({});
    await secretsManager.send(create('hush'));
    for (let n = 0; n < 2; n++) {
      expect(await secretsManager.send(put('hush hush'))).toMatchObject({
        VersionId: second,
        VersionStages: ['AWSCURRENT'],
      });
    }
    expect((await secretsManager.send(describeIt)).VersionIdsToStages).toEqual({
      [first]: ['AWSPREVIOUS'],
      [second]: ['AWSCURRENT'],
    });
    expect(await errorOf(secretsManager.send(put('other')))).toBe('ResourceExistsException');
  });

  it('are of one Region', async () => {
    const { account, secretsManager } = rehearsed({});
    await secretsManager.send(create('hush'));
    const elsewhere = clientsOf(account, undefined, 'us-east-1').secretsManager;
    expect(await errorOf(elsewhere.send(describeIt))).toBe('ResourceNotFoundException');
    await elsewhere.send(create('hush', second));
    expect(await elsewhere.send(describeIt)).toMatchObject({
      VersionIdsToStages: { [second]: ['AWSCURRENT'] },
    });
  });

  it('that wait to be deleted take no value', async () => {
    const { secretsManager } = rehearsed({
      secrets: [{ name: Name, deleteDate: '2026-03-08T00:00:00.000Z' }],
    });
    expect(await errorOf(secretsManager.send(put('hush')))).toBe('InvalidRequestException');
  });

  it.each([
    ['that are not there', 'ResourceNotFoundException', put('hush', second, 'cordon/nobody')],
    [
      'of a name that is none',
      'InvalidParameterException',
      new CreateSecretCommand({ Name: 'a b' }),
    ],
    ['by too short a token', 'InvalidParameterException', create('hush', 'short')],
  ])('%s are refused', async (_what, name, command) => {
    const { secretsManager, account } = rehearsed({});
    // Each of the two commands is one of this client's; together they have no one type.
    expect(await errorOf(secretsManager.send(command as CreateSecretCommand))).toBe(name);
    expect(account.state.secrets).toEqual([]);
  });
});
