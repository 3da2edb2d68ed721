import { describe, expect, it } from 'vitest';
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
