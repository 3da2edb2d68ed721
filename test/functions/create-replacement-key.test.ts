import { createHash } from 'node:crypto';
import { IAMServiceException } from '@aws-sdk/client-iam';
import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { createReplacementKey } from '../../functions/create-replacement-key/handler.ts';
import type { Fault } from '../../replay/account/rehearsal-account.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { at, calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type Key = { accessKeyId: string; status?: 'Active' | 'Inactive'; createDate?: string };
type Used = Key & { lastUsed?: { date: string } };

const leaked = 'AKIAIOSFODNN7LEAKED1';
const healthy = 'AKIAIOSFODNN7HEALTHY';
const foreign = 'AKIAIOSFODNN7FOREIGN';
const asked = { userName: 'alice', oldAccessKeyId: leaked };

/** alice with the leaked key, inactive, and what a test gives her; bob, whose one key is no business of this. */
const world = (second: readonly Used[] = [], old: Partial<Used> = {}): State => ({
  iam: {
    users: [
      { userName: 'bob', accessKeys: [{ accessKeyId: foreign }] },
      {
        userName: 'alice',
        path: '/teams/payments/',
        accessKeys: [...second, { accessKeyId: leaked, status: 'Inactive', ...old }],
      },
    ],
  },
});

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const keysOf = ({ account }: Made, name = 'alice') =>
  account.state.iam.users.find(({ userName }) => userName === name)?.accessKeys ?? [];
const idsOf = (made: Made) => keysOf(made).map(({ accessKeyId }) => accessKeyId);
const newKeyOf = (made: Made) => idsOf(made).find((id) => id !== leaked && id !== healthy) ?? '';
/** The secret that the rehearsal account makes for a key. */
const secretOf = (id: string) => createHash('sha256').update(id).digest('base64').slice(0, 40);

const list = 'iam:ListAccessKeys sent';
const lastUse = 'iam:GetAccessKeyLastUsed sent';
const create = 'iam:CreateAccessKey sent';
const store = 'secretsmanager:CreateSecret sent';
const find = 'secretsmanager:DescribeSecret sent';
const drop = 'iam:DeleteAccessKey sent';

const $metadata = {};
const denied = new IAMServiceException({ name: 'AccessDenied', $fault: 'client', $metadata });
const noStore = (message = '') =>
  new SecretsManagerServiceException({
    name: 'EncryptionFailure',
    $fault: 'client',
    $metadata,
    message,
  });
/** A fault that strikes once. */
const onceAt = (wanted: string, fault: Fault) => {
  let left = 1;
  return (call: string) => (call === wanted && left-- > 0 ? fault : undefined);
};

describe('create-replacement-key', () => {
  it('makes a key, keeps its secret in Secrets Manager and reads both back', async () => {
    const made = await rehearsalOf(world());
    const { caseId } = await made.open('live');

    const { result, journal } = await made.run(createReplacementKey, asked);

    const id = newKeyOf(made);
    const secretArn = expect.stringMatching(
      new RegExp(`^arn:aws:secretsmanager:eu-west-1:111122223333:secret:cordon/alice/${id}-.{6}$`),
    );
    expect(result).toEqual({ outcome: 'created', accessKeyId: id, secretArn, otherKeyId: null });
    expect(journal).toEqual([
      { call: 'iam:ListAccessKeys', disposition: 'sent', input: { UserName: 'alice' } },
      { call: 'iam:CreateAccessKey', disposition: 'sent', input: { UserName: 'alice' } },
      {
        call: 'secretsmanager:CreateSecret',
        disposition: 'sent',
        input: {
          Name: `cordon/alice/${id}`,
          ClientRequestToken: expect.stringMatching(/^[0-9a-f]{32}$/),
          Description: `Access key ${id} of alice, in place of ${leaked}`,
          SecretString: '[redacted]',
          Tags: [
            { Key: 'cordon:case', Value: caseId },
            { Key: 'cordon:replaces', Value: leaked },
          ],
        },
      },
      { call: 'iam:ListAccessKeys', disposition: 'sent', input: { UserName: 'alice' } },
      {
        call: 'secretsmanager:DescribeSecret',
        disposition: 'sent',
        input: { SecretId: `cordon/alice/${id}` },
      },
    ]);
    const { account } = made;
    const value = JSON.stringify({ accessKeyId: id, secretAccessKey: secretOf(id) });
    const digest = createHash('sha256').update(value).digest('hex');
    expect(account.state.secrets.map((secret) => secret.versions[0]?.digest)).toEqual([digest]);
    expect(keysOf(made)).toMatchObject([
      { accessKeyId: leaked, status: 'Inactive' },
      { accessKeyId: id, status: 'Active' },
    ]);
    expect(keysOf(made, 'bob')).toHaveLength(1);
  });

  it('lets the secret into nothing it leaves behind', async () => {
    const made = await rehearsalOf(world());

    const ran = await made.run(createReplacementKey, asked);

    const left = JSON.stringify([ran, made.table.items(), made.notifications, made.account.state]);
    expect(left).not.toContain(secretOf(newKeyOf(made)));
  });

  it('names the secret without the comma that Secrets Manager refuses', async () => {
    const made = await rehearsalOf({
      iam: { users: [{ userName: 'a,b', accessKeys: [{ accessKeyId: leaked }] }] },
    });

    const { result } = await made.run(createReplacementKey, { ...asked, userName: 'a,b' });

    expect(result.secretArn).toContain(':secret:cordon/a_b/AKIA');
  });

  it('finds the replacement that was made before, in this case or another', async () => {
    const made = await rehearsalOf(world());
    const first = await made.run(createReplacementKey, asked);

    const { result, journal } = await made.run(createReplacementKey, asked);

    expect(result).toEqual({ ...first.result, outcome: 'already-created' });
    expect(calls(journal)).toEqual([list, find]);
    expect(made.account.state.secrets).toHaveLength(1);
  });

  it('takes no replacement of another key for this one’s', async () => {
    const kept = { name: `cordon/alice/${healthy}`, versions: [] };
    const version = { versionId: '1'.repeat(32), stages: ['AWSCURRENT'] };
    const made = await rehearsalOf({
      ...world([{ accessKeyId: healthy }], { status: 'Active' }),
      secrets: [{ ...kept, versions: [version], tags: { 'cordon:replaces': foreign } }],
    });

    const { result } = await made.run(createReplacementKey, asked);

    expect(result).toMatchObject({ outcome: 'two-keys', otherKeyId: healthy, secretArn: null });
  });

  it.each([
    ['holds no value', { versions: [] }],
    ['is about to be deleted', { deleteDate: at }],
  ])('takes no secret for a replacement that %s', async (_what, differs) => {
    const made = await rehearsalOf({
      ...world([{ accessKeyId: healthy }]),
      secrets: [
        {
          name: `cordon/alice/${healthy}`,
          tags: { 'cordon:replaces': leaked },
          versions: [{ versionId: '1'.repeat(32), stages: ['AWSCURRENT'] }],
          ...differs,
        },
      ],
    });

    expect((await made.run(createReplacementKey, asked)).result.outcome).toBe('delete-first');
  });

  it('leaves a replacement to a human that somebody has deactivated', async () => {
    const made = await rehearsalOf(world());
    await made.run(createReplacementKey, asked);
    for (const key of keysOf(made)) key.status = 'Inactive';

    const { result } = await made.run(createReplacementKey, asked);

    expect(result).toMatchObject({ outcome: 'delete-first', accessKeyId: null });
  });
});

describe('a user with two keys', () => {
  it.each<[outcome: string, what: string, old: Partial<Used>]>([
    ['two-keys', 'is still active', { status: 'Active' }],
    ['two-keys', 'was used within the day', { lastUsed: { date: '2026-02-28T12:00:00.000Z' } }],
    ['delete-first', 'has lain unused', { lastUsed: { date: '2026-02-28T04:05:06.000Z' } }],
    ['delete-first', 'was never used', {}],
  ])('comes to %s where the old one %s, and keeps both', async (outcome, _what, old) => {
    const made = await rehearsalOf(world([{ accessKeyId: healthy }], old));

    const { result, journal } = await made.run(createReplacementKey, asked);

    expect(result).toEqual({ outcome, accessKeyId: null, secretArn: null, otherKeyId: healthy });
    expect(calls(journal)).toEqual([list, find, lastUse]);
    expect(idsOf(made)).toEqual([healthy, leaked]);
  });

  it('is found out by IAM’s limit where IAM has not listed the second one', async () => {
    const two = world([{ accessKeyId: healthy }]);
    const made = await rehearsalOf({
      iam: {
        ...two.iam,
        stale: [{ left: 1, users: world().iam?.users ?? [], roles: [], policies: [] }],
      },
    });

    const { result, journal } = await made.run(createReplacementKey, asked);

    expect(result).toMatchObject({ outcome: 'two-keys', otherKeyId: null });
    expect(calls(journal)).toEqual([list, create]);
    expect(idsOf(made)).toEqual([healthy, leaked]);
  });

  it('keeps a second key made before this case, used or not', async () => {
    const made = await rehearsalOf(world(), {
      fault: onceAt('iam:CreateAccessKey', { when: 'before', error: denied }),
    });
    await made.run(createReplacementKey, asked);
    keysOf(made).push({
      accessKeyId: healthy,
      status: 'Active',
      createDate: '2026-03-01T04:05:05Z',
    });

    expect((await made.run(createReplacementKey, asked)).result.otherKeyId).toBe(healthy);
    expect(idsOf(made)).toEqual([leaked, healthy]);
  });

  it('keeps a second key made since, where somebody uses it', async () => {
    const made = await rehearsalOf(world(), {
      fault: onceAt('iam:CreateAccessKey', { when: 'before', error: denied }),
    });
    await made.run(createReplacementKey, asked);
    const lastUsed = { date: at, service: 's3', region: 'eu-west-1' };
    keysOf(made).push({ accessKeyId: healthy, status: 'Active', createDate: at, lastUsed });

    expect((await made.run(createReplacementKey, asked)).result.otherKeyId).toBe(healthy);
    expect(idsOf(made)).toEqual([leaked, healthy]);
  });
});

describe('a secret that is lost', () => {
  it('on its way from IAM has its key deleted and another one made', async () => {
    const made = await rehearsalOf(world(), {
      fault: onceAt('iam:CreateAccessKey', { when: 'after', error: denied }),
    });
    const first = await made.run(createReplacementKey, asked);
    const lost = newKeyOf(made);

    const { result, journal } = await made.run(createReplacementKey, asked);

    expect(first.error).toMatchObject({ name: 'AccessDenied' });
    expect(calls(first.journal)).toEqual([list, create]);
    expect(calls(journal)).toEqual([list, find, lastUse, drop, create, store, list, find]);
    expect(journal[3]?.input).toEqual({ UserName: 'alice', AccessKeyId: lost });
    expect(result.outcome).toBe('created');
    expect(idsOf(made)).toEqual([leaked, result.accessKeyId]);
    expect(made.account.state.secrets).toHaveLength(1);
  });

  it('on its way to Secrets Manager has its key deleted at once, and the failure let out', async () => {
    const made = await rehearsalOf(world(), {
      fault: onceAt('secretsmanager:CreateSecret', { when: 'before', error: noStore() }),
    });

    const { error, journal } = await made.run(createReplacementKey, asked);

    expect(error).toMatchObject({
      name: 'SecretNotStoredError',
      message: expect.stringMatching(/^AKIA\w{16} of alice was made and deleted again.*Encryption/),
    });
    expect(calls(journal)).toEqual([list, create, store, drop]);
    expect(idsOf(made)).toEqual([leaked]);
    expect((await made.run(createReplacementKey, asked)).result.outcome).toBe('created');
  });

  it('stays unsaid when Secrets Manager’s error repeats it', async () => {
    let said = '';
    const made = await rehearsalOf(world(), {
      fault: (call, input) => {
        if (call !== 'secretsmanager:CreateSecret') return undefined;
        said = 'SecretString' in input ? String(input.SecretString) : '';
        return { when: 'before', error: noStore(`cannot encrypt ${said}`) };
      },
    });

    const ran = await made.run(createReplacementKey, asked);

    const { secretAccessKey } = JSON.parse(said);
    expect(secretAccessKey).toHaveLength(40);
    const { message, stack, cause } = ran.error ?? new Error('no error');
    const left = JSON.stringify([message, stack, cause, ran.journal, made.table.items()]);
    expect(left).not.toContain(secretAccessKey);
  });

  it('leaves no key behind that the next attempt would not delete', async () => {
    const fault = onceAt('secretsmanager:CreateSecret', { when: 'before', error: noStore() });
    const undeletable = onceAt('iam:DeleteAccessKey', { when: 'before', error: denied });
    const made = await rehearsalOf(world(), { fault: (call) => fault(call) ?? undeletable(call) });

    const { error } = await made.run(createReplacementKey, asked);
    expect(error).toMatchObject({ name: 'AccessDenied' });
    expect(idsOf(made)).toHaveLength(2);

    const { result } = await made.run(createReplacementKey, asked);
    expect(result.outcome).toBe('created');
    expect(idsOf(made)).toEqual([leaked, result.accessKeyId]);
  });

  it('is none where only Secrets Manager’s answer was', async () => {
    const made = await rehearsalOf(world(), {
      fault: onceAt('secretsmanager:CreateSecret', { when: 'after', error: timeout }),
    });

    const { result } = await made.run(createReplacementKey, asked);

    expect(result.outcome).toBe('created');
    expect(made.account.state.secrets).toHaveLength(1);
  });
});

/** An error that the SDK tries again. */
const timeout = Object.assign(new Error('timed out'), { name: 'TimeoutError', $metadata });

describe('create-replacement-key in a dry run', () => {
  const wouldMake = [
    list,
    'iam:CreateAccessKey withheld',
    'secretsmanager:CreateSecret withheld',
    list,
    find,
  ];

  it.each([
    ['in a dry run', 'dry-run'],
    ['when the mode is missing', undefined],
  ] as const)('withholds the key and its secret %s', async (_when, mode) => {
    const made = await rehearsalOf(world());
    const before = structuredClone(made.account.state);

    const { result, journal } = await made.run(createReplacementKey, asked, mode);

    expect(result.outcome).toBe('created');
    expect(calls(journal)).toEqual(wouldMake);
    expect(made.account.state).toEqual(before);
  });

  it('withholds the same when stand-ins answer, with a key that is nobody’s', async () => {
    const made = await rehearsalOf(world(), { dryRun: 'stand-ins' });

    const { result, journal } = await made.run(createReplacementKey, asked, 'dry-run');

    expect(result).toMatchObject({
      outcome: 'would-be-created',
      accessKeyId: expect.stringMatching(/^AKIA0{11}[0-9A-F]{5}$/),
      secretArn: expect.stringMatching(/:000000000000:secret:cordon\/alice\/AKIA0{11}/),
    });
    expect(calls(journal)).toEqual(wouldMake.slice(0, 3));
  });

  it('leads no live run to delete a key', async () => {
    const made = await rehearsalOf(world());
    await made.run(createReplacementKey, asked, 'dry-run');
    keysOf(made).push({ accessKeyId: healthy, status: 'Active', createDate: at });

    expect((await made.run(createReplacementKey, asked)).result.outcome).toBe('delete-first');
    expect(idsOf(made)).toEqual([leaked, healthy]);
  });
});

describe('create-replacement-key that cannot work', () => {
  it.each([
    ['a user who does not hold the old key', { ...asked, userName: 'bob' }],
    ['a user who is not there', { ...asked, userName: 'mallory' }],
  ])('says absent of %s, and makes none', async (_what, input) => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(createReplacementKey, input);

    expect(result).toMatchObject({ outcome: 'absent', accessKeyId: null });
    expect(calls(journal)).toEqual([list]);
  });

  it.each(['iam:ListAccessKeys', 'iam:CreateAccessKey'])(
    'lets out what AWS says to %s',
    async (call) => {
      const { run } = await rehearsalOf(world(), {
        fault: (made) => (made === call ? { when: 'before', error: denied } : undefined),
      });

      expect((await run(createReplacementKey, asked)).error).toMatchObject({
        name: 'AccessDenied',
      });
    },
  );

  it('is not content while IAM does not show the new key, and finds it later', async () => {
    const made = await rehearsalOf({ iam: { ...world().iam, lag: 1 } });

    const { error } = await made.run(createReplacementKey, asked);

    expect(error).toMatchObject({ name: 'NotProvenError' });
    expect((await made.run(createReplacementKey, asked)).result.outcome).toBe('already-created');
    expect(idsOf(made)).toHaveLength(2);
  });

  it('comes again when a lost key is there that IAM does not list yet', async () => {
    const made = await rehearsalOf(
      { iam: { ...world().iam, lag: 1 } },
      { fault: onceAt('iam:CreateAccessKey', { when: 'after', error: denied }) },
    );
    await made.run(createReplacementKey, asked);

    const second = await made.run(createReplacementKey, asked);
    made.account.state.iam.lag = 0;
    const third = await made.run(createReplacementKey, asked);

    expect(second.error).toMatchObject({ name: 'LimitExceededException' });
    expect(third.result.outcome).toBe('created');
  });

  it.each([
    ['a session’s key', { ...asked, oldAccessKeyId: 'ASIAIOSFODNN7EXAMPLE' }],
    ['a user’s id', { ...asked, oldAccessKeyId: 'AIDAIOSFODNN7EXAMPLE' }],
    ['a key of 15 characters', { ...asked, oldAccessKeyId: 'AKIAIOSFODNN7EX' }],
    ['no key', { userName: 'alice' }],
    ['no user', { ...asked, userName: null }],
    ['an ARN for a user', { ...asked, userName: 'arn:aws:iam::111122223333:user/alice' }],
    ['a path in a name', { ...asked, userName: '../bob' }],
    ['a field it does not know', { ...asked, force: true }],
  ])('refuses %s before it calls AWS', async (_what, input) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(createReplacementKey, input);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});
