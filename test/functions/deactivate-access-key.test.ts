import {
  IAMServiceException,
  NoSuchEntityException,
  ServiceFailureException,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { deactivateAccessKey } from '../../functions/deactivate-access-key/handler.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;

const leaked = 'AKIAIOSFODNN7LEAKED1';
const healthy = 'AKIAIOSFODNN7HEALTHY';
const foreign = 'AKIAIOSFODNN7FOREIGN';
const keyArn = (id: string) => `arn:aws:iam::111122223333:access-key/${id}`;

/** alice with the leaked key and a healthy one; bob with a key of his own. */
const world = (status: 'Active' | 'Inactive' = 'Active', userName = 'alice'): State => ({
  iam: {
    users: [
      { userName: 'bob', accessKeys: [{ accessKeyId: foreign }] },
      {
        userName,
        path: '/teams/payments/',
        accessKeys: [{ accessKeyId: healthy }, { accessKeyId: leaked, status }],
      },
    ],
  },
});

const known = { userName: 'alice', accessKeyId: leaked, keyStatus: 'Active', owner: 'alice' };
const unknown = { userName: null, accessKeyId: leaked, keyStatus: null, owner: null };
const everyKey = { userName: 'alice', accessKeyId: null, keyStatus: null, owner: null };

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const statuses = ({ account }: Made) =>
  Object.fromEntries(
    account.state.iam.users.flatMap(({ accessKeys }) =>
      accessKeys.map(({ accessKeyId, status }) => [accessKeyId, status]),
    ),
  );
const untouched = { [foreign]: 'Active', [healthy]: 'Active', [leaked]: 'Active' };
const onlyLeaked = { ...untouched, [leaked]: 'Inactive' };

const $metadata = {};
const denied = new IAMServiceException({ name: 'AccessDenied', $fault: 'client', $metadata });

describe('deactivate-access-key', () => {
  it('deactivates a key known to be active in one call and reads it back', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(deactivateAccessKey, known);

    expect(result).toEqual({
      outcome: 'deactivated',
      userName: 'alice',
      keys: [{ accessKeyId: leaked, status: 'Inactive' }],
    });
    expect(journal).toEqual([
      {
        call: 'iam:UpdateAccessKey',
        disposition: 'sent',
        input: { UserName: 'alice', AccessKeyId: leaked, Status: 'Inactive' },
      },
      { call: 'iam:ListAccessKeys', disposition: 'sent', input: { UserName: 'alice' } },
    ]);
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('records the status before it changes it', async () => {
    const { run, cases, open } = await rehearsalOf(world(), {
      fault: (call) =>
        call === 'iam:UpdateAccessKey' ? { when: 'before', error: denied } : undefined,
    });

    await run(deactivateAccessKey, known);

    const { caseId } = await open('live');
    expect(await cases.before(caseId)).toEqual([
      {
        step: 'deactivate-access-key',
        resource: keyArn(leaked),
        state: { userName: 'alice', accessKeyId: leaked, status: 'Active' },
      },
    ]);
  });

  it('asks IAM whose the key is when nobody has, and believes no other name', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(deactivateAccessKey, {
      ...unknown,
      userName: 'bob',
    });

    expect(result).toMatchObject({ outcome: 'deactivated', userName: 'alice' });
    expect(calls(journal)).toEqual([
      'iam:GetAccessKeyLastUsed sent',
      'iam:ListAccessKeys sent',
      'iam:UpdateAccessKey sent',
      'iam:ListAccessKeys sent',
    ]);
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('finds a user again that was renamed since', async () => {
    const made = await rehearsalOf(world('Active', 'eve'));

    const { result, journal } = await made.run(deactivateAccessKey, known);

    expect(result).toMatchObject({ outcome: 'deactivated', userName: 'eve' });
    expect(calls(journal)).toEqual([
      'iam:UpdateAccessKey sent',
      'iam:GetAccessKeyLastUsed sent',
      'iam:ListAccessKeys sent',
      'iam:UpdateAccessKey sent',
      'iam:ListAccessKeys sent',
    ]);
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('leaves the key of a user to a human who must not be touched', async () => {
    const settings = { neverTouch: { breakGlass: ['alice'] } };
    const made = await rehearsalOf(world(), { settings });

    const { error } = await made.run(deactivateAccessKey, unknown);

    expect(error).toMatchObject({
      name: 'UnusableInputError',
      message: `${leaked} is alice's: break-glass`,
    });
    expect(statuses(made)).toEqual(untouched);
  });

  it('deactivates every key of a user when no key is named', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(deactivateAccessKey, everyKey);

    expect(result).toEqual({
      outcome: 'deactivated',
      userName: 'alice',
      keys: [
        { accessKeyId: healthy, status: 'Inactive' },
        { accessKeyId: leaked, status: 'Inactive' },
      ],
    });
    expect(calls(journal)).toEqual([
      'iam:ListAccessKeys sent',
      'iam:UpdateAccessKey sent',
      'iam:UpdateAccessKey sent',
      'iam:ListAccessKeys sent',
    ]);
    expect(statuses(made)).toEqual({ ...onlyLeaked, [healthy]: 'Inactive' });
  });

  it('is not content when the user has got a new key meanwhile', async () => {
    let updates = 0;
    const made = await rehearsalOf(world(), {
      fault: (call) => {
        const user = made.account.state.iam.users.find(({ userName }) => userName === 'alice');
        if (call === 'iam:UpdateAccessKey') updates++;
        else if (updates === 2 && user) {
          user.accessKeys = user.accessKeys.map((key) => ({ ...key, status: 'Active' as const }));
        }
        return undefined;
      },
    });

    const { error } = await made.run(deactivateAccessKey, everyKey);

    expect(error).toMatchObject({
      name: 'NotProvenError',
      message: `${healthy}, ${leaked} of alice is still active`,
    });
  });

  it.each([
    ['was found so', { ...known, keyStatus: 'Inactive' }, ['iam:ListAccessKeys sent']],
    ['is so by now', unknown, ['iam:GetAccessKeyLastUsed sent', 'iam:ListAccessKeys sent']],
  ])('changes nothing when the key %s', async (_what, input, expected) => {
    const { run, cases, open } = await rehearsalOf(world('Inactive'));

    const { result, journal } = await run(deactivateAccessKey, input);

    expect(result).toEqual({
      outcome: 'already-inactive',
      userName: 'alice',
      keys: [{ accessKeyId: leaked, status: 'Inactive' }],
    });
    expect(calls(journal)).toEqual(expected);
    expect(await cases.before((await open('live')).caseId)).toEqual([]);
  });

  it('deactivates a key that was found inactive and is active again', async () => {
    const made = await rehearsalOf(world());

    const { result } = await made.run(deactivateAccessKey, { ...known, keyStatus: 'Inactive' });

    expect(result.outcome).toBe('deactivated');
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('does nothing about a temporary key', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(deactivateAccessKey, {
      ...known,
      accessKeyId: 'ASIAIOSFODNN7SESSION',
    });

    expect(result).toEqual({ outcome: 'temporary', userName: null, keys: [] });
    expect(journal).toEqual([]);
  });

  it.each([
    ['a key its owner deleted', { ...known, accessKeyId: 'AKIAIOSFODNN7DELETED' }, 'alice'],
    ['keys of an unknown user', { ...everyKey, userName: 'mallory' }, 'mallory'],
  ])('says that there are no more: %s', async (_what, input, userName) => {
    const made = await rehearsalOf(world());

    const { result } = await made.run(deactivateAccessKey, input);

    expect(result).toEqual({ outcome: 'absent', userName, keys: [] });
    expect(statuses(made)).toEqual(untouched);
  });

  it('does no harm the second time and keeps what it recorded the first', async () => {
    const made = await rehearsalOf(world());
    await made.run(deactivateAccessKey, known);
    const { caseId } = await made.open('live');
    const recorded = await made.cases.before(caseId);

    const { result } = await made.run(deactivateAccessKey, known);

    expect(result.outcome).toBe('deactivated');
    expect(statuses(made)).toEqual(onlyLeaked);
    expect(await made.cases.before(caseId)).toEqual(recorded);
  });
});

describe('deactivate-access-key in a dry run', () => {
  it.each(['dry-run', undefined] as const)('withholds the change in mode %s', async (mode) => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(deactivateAccessKey, known, mode);

    expect(result.outcome).toBe('deactivated');
    expect(calls(journal)).toEqual(['iam:UpdateAccessKey withheld', 'iam:ListAccessKeys sent']);
    expect(statuses(made)).toEqual(untouched);
  });

  it('ends on stand-ins alone, with the changes of a live run', async () => {
    const made = await rehearsalOf(world(), { dryRun: 'stand-ins' });

    const { result, journal } = await made.run(deactivateAccessKey, everyKey, 'dry-run');

    expect(result.outcome).toBe('would-be-deactivated');
    expect(calls(journal)).toEqual([
      'iam:ListAccessKeys sent',
      'iam:UpdateAccessKey withheld',
      'iam:UpdateAccessKey withheld',
    ]);
    expect(statuses(made)).toEqual(untouched);
  });
});

describe('deactivate-access-key failing', () => {
  it('goes on when the answer of the change is lost and it is run again', async () => {
    let lost = 0;
    const made = await rehearsalOf(world(), {
      fault: (call) =>
        call === 'iam:UpdateAccessKey' && lost++ === 0
          ? { when: 'after', error: denied }
          : undefined,
    });

    const first = await made.run(deactivateAccessKey, known);
    const second = await made.run(deactivateAccessKey, known);

    expect(first.error).toMatchObject({ name: 'AccessDenied' });
    expect(second.result.outcome).toBe('deactivated');
    expect(statuses(made)).toEqual(onlyLeaked);
    const { caseId } = await made.open('live');
    expect(await made.cases.before(caseId)).toMatchObject([{ state: { status: 'Active' } }]);
  });

  it('sends the change again when IAM fails by itself', async () => {
    let failed = 0;
    const error = new ServiceFailureException({ message: '', $metadata: { httpStatusCode: 500 } });
    const made = await rehearsalOf(world(), {
      fault: (call) =>
        call === 'iam:UpdateAccessKey' && failed++ === 0 ? { when: 'before', error } : undefined,
    });

    expect((await made.run(deactivateAccessKey, known)).result.outcome).toBe('deactivated');
  });

  it('tries the other key when one fails, then lets the failure out', async () => {
    const made = await rehearsalOf(world(), {
      fault: (call, input) =>
        call === 'iam:UpdateAccessKey' && JSON.stringify(input).includes(healthy)
          ? { when: 'before', error: denied }
          : undefined,
    });

    const { error } = await made.run(deactivateAccessKey, everyKey);

    expect(error).toMatchObject({ name: 'AccessDenied' });
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('does not take a key that IAM may not tell of for one that is not there', async () => {
    const made = await rehearsalOf(world());

    const { error } = await made.run(deactivateAccessKey, {
      ...unknown,
      accessKeyId: 'AKIAIOSFODNN7ELSEWHE',
    });

    expect(error).toMatchObject({ name: 'AccessDenied' });
  });

  it('says absent of a key that IAM knows not', async () => {
    const made = await rehearsalOf({ iam: { unknownAccessKey: 'NoSuchEntity' } });

    const { result } = await made.run(deactivateAccessKey, unknown);

    expect(result).toEqual({ outcome: 'absent', userName: null, keys: [] });
  });

  it('says absent of a key that is deleted between the change and the read-back', async () => {
    const made = await rehearsalOf(world(), {
      fault: (call) =>
        call === 'iam:ListAccessKeys'
          ? { when: 'before', error: new NoSuchEntityException({ message: '', $metadata }) }
          : undefined,
    });

    const { result } = await made.run(deactivateAccessKey, known);

    expect(result).toEqual({ outcome: 'absent', userName: 'alice', keys: [] });
  });

  it('is not content while IAM still shows the key active', async () => {
    const lagging = world();
    const made = await rehearsalOf({ iam: { ...lagging.iam, lag: 1 } });

    const { error } = await made.run(deactivateAccessKey, known);

    expect(error).toMatchObject({
      name: 'NotProvenError',
      message: `${leaked} of alice is still active`,
    });
  });

  it.each([
    ['neither key nor user', { ...everyKey, userName: null }],
    ['a user id for a key', { ...known, accessKeyId: 'AIDAIOSFODNN7EXAMPLE' }],
    ['a role id for a key', { ...known, accessKeyId: 'AROAIOSFODNN7EXAMPLE' }],
    ['a key of 15 characters', { ...known, accessKeyId: 'AKIAIOSFODNN7EX' }],
    ['a key in lower case', { ...known, accessKeyId: leaked.toLowerCase() }],
    ['the key of a sample', { ...known, accessKeyId: 'GeneratedFindingAccessKeyId' }],
    ['an ARN for a user', { ...known, userName: 'arn:aws:iam::111122223333:user/alice' }],
    ['policy syntax in a name', { ...known, owner: 'alice"},{"Effect":"Allow"' }],
    ['a field it does not know', { ...known, force: true }],
  ])('refuses %s before it calls AWS', async (_what, input) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(deactivateAccessKey, input);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing deactivate-access-key', () => {
  it('makes a key active that was so before, once, and no other', async () => {
    const made = await rehearsalOf(world());
    await made.run(deactivateAccessKey, known);

    const first = await made.undo(deactivateAccessKey);
    const second = await made.undo(deactivateAccessKey);

    expect(first.outcomes).toEqual({ [keyArn(leaked)]: 'restored' });
    expect(calls(first.journal)).toEqual(['iam:ListAccessKeys sent', 'iam:UpdateAccessKey sent']);
    expect(second.outcomes).toEqual({ [keyArn(leaked)]: 'already-restored' });
    expect(statuses(made)).toEqual(untouched);
  });

  it('leaves a key inactive that was so before', async () => {
    const made = await rehearsalOf(world('Inactive'));
    await made.run(deactivateAccessKey, everyKey);

    const { outcomes } = await made.undo(deactivateAccessKey);

    expect(outcomes).toEqual({ [keyArn(healthy)]: 'restored' });
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('withholds it in a dry run', async () => {
    const made = await rehearsalOf(world());
    await made.run(deactivateAccessKey, known);

    const { journal } = await made.undo(deactivateAccessKey, 'dry-run');

    expect(calls(journal)).toEqual(['iam:ListAccessKeys sent', 'iam:UpdateAccessKey withheld']);
    expect(statuses(made)).toEqual(onlyLeaked);
  });

  it('says that a key is gone', async () => {
    const made = await rehearsalOf(world());
    await made.run(deactivateAccessKey, known);
    for (const user of made.account.state.iam.users) user.accessKeys = [];

    expect((await made.undo(deactivateAccessKey)).outcomes).toEqual({ [keyArn(leaked)]: 'gone' });
  });
});
