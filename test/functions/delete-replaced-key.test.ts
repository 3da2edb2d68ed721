import { IAMServiceException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { deactivateAccessKey } from '../../functions/deactivate-access-key/handler.ts';
import { deleteReplacedKey } from '../../functions/delete-replaced-key/handler.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;

const leaked = 'AKIAIOSFODNN7LEAKED1';
const replacement = 'AKIAIOSFODNN7REPLACE';
const foreign = 'AKIAIOSFODNN7FOREIGN';
const asked = { userName: 'alice', accessKeyId: leaked };

interface Old {
  readonly status?: 'Active' | 'Inactive';
  readonly lastUsed?: { readonly date: string };
}

/** alice with the leaked key and its replacement; bob with an inactive key that stays. */
const world = (old: Old = {}): State => ({
  iam: {
    users: [
      { userName: 'bob', accessKeys: [{ accessKeyId: foreign, status: 'Inactive' }] },
      {
        userName: 'alice',
        accessKeys: [
          { accessKeyId: replacement },
          { accessKeyId: leaked, status: 'Inactive', ...old },
        ],
      },
    ],
  },
});

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const idsOf = ({ account }: Made) =>
  account.state.iam.users.flatMap(({ accessKeys }) => accessKeys.map((key) => key.accessKeyId));
const usedAt = ({ account }: Made, date: string) => {
  const key = account.state.iam.users[1]?.accessKeys.find((one) => one.accessKeyId === leaked);
  if (!key) throw new Error('no key');
  key.lastUsed = { date, service: 's3', region: 'eu-west-1' };
};

const reads = ['iam:ListAccessKeys sent', 'iam:GetAccessKeyLastUsed sent'];
const both = [foreign, replacement, leaked];
const aDayAgo = '2026-02-28T04:05:06.000Z';
const denied = new IAMServiceException({ name: 'AccessDenied', $fault: 'client', $metadata: {} });
const deactivation = { ...asked, keyStatus: 'Active', owner: 'alice' };

describe('delete-replaced-key', () => {
  it('deletes a key that is inactive and unused, and reads back that it is gone', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(deleteReplacedKey, asked);

    expect(result).toEqual({ outcome: 'deleted', lastUsed: null, since: aDayAgo });
    expect(journal).toEqual([
      { call: 'iam:ListAccessKeys', disposition: 'sent', input: { UserName: 'alice' } },
      { call: 'iam:GetAccessKeyLastUsed', disposition: 'sent', input: { AccessKeyId: leaked } },
      {
        call: 'iam:DeleteAccessKey',
        disposition: 'sent',
        input: { UserName: 'alice', AccessKeyId: leaked },
      },
      { call: 'iam:ListAccessKeys', disposition: 'sent', input: { UserName: 'alice' } },
    ]);
    expect(idsOf(made)).toEqual([foreign, replacement]);
  });

  it('records what is known of the key before it is gone', async () => {
    const made = await rehearsalOf(world({ lastUsed: { date: '2026-02-01T00:00:00.000Z' } }), {
      fault: (call) =>
        call === 'iam:DeleteAccessKey' ? { when: 'before', error: denied } : undefined,
    });

    const { error } = await made.run(deleteReplacedKey, asked);

    expect(error).toMatchObject({ name: 'AccessDenied' });
    const { caseId } = await made.open('live');
    expect(await made.cases.before(caseId)).toEqual([
      {
        step: 'delete-replaced-key',
        resource: `arn:aws:iam::111122223333:access-key/${leaked}`,
        state: {
          userName: 'alice',
          accessKeyId: leaked,
          status: 'Inactive',
          createdAt: '2026-01-01T00:00:00.000Z',
          lastUsed: '2026-02-01T00:00:00.000Z',
          since: aDayAgo,
        },
      },
    ]);
  });

  it('leaves an active key to a human', async () => {
    const lastUsed = { date: '2026-03-01T04:00:00.000Z' };
    const made = await rehearsalOf(world({ status: 'Active', lastUsed }));

    const { result, journal } = await made.run(deleteReplacedKey, asked);

    expect(result).toEqual({ outcome: 'still-active', lastUsed: lastUsed.date, since: aDayAgo });
    expect(calls(journal)).toEqual(reads);
    expect(idsOf(made)).toEqual(both);
  });

  it('leaves a key that was used within the day to a human, where nobody knows since when it is off', async () => {
    const made = await rehearsalOf(world({ lastUsed: { date: '2026-02-28T04:05:07.000Z' } }));

    const { result, journal } = await made.run(deleteReplacedKey, asked);

    expect(result.outcome).toBe('used-since');
    expect(calls(journal)).toEqual(reads);
    expect(idsOf(made)).toEqual(both);
  });

  it.each([
    ['deletes', 'before', 'deleted', '2026-03-01T04:05:05.000Z', [foreign, replacement]],
    ['keeps', 'after', 'used-since', '2026-03-01T04:05:07.000Z', both],
  ])('%s a key used just %s Cordon deactivated it', async (_does, _when, outcome, used, left) => {
    const made = await rehearsalOf(world({ status: 'Active' }));
    await made.run(deactivateAccessKey, deactivation);
    usedAt(made, used);

    const { result } = await made.run(deleteReplacedKey, asked);

    expect(result).toEqual({ outcome, lastUsed: used, since: '2026-03-01T04:05:06.000Z' });
    expect(idsOf(made)).toEqual(left);
  });

  it('goes by what was deactivated live in a dry run too, so that both come to the same', async () => {
    const made = await rehearsalOf(world({ status: 'Active' }));
    await made.run(deactivateAccessKey, deactivation);
    usedAt(made, '2026-03-01T04:05:05.000Z');

    const { result, journal } = await made.run(deleteReplacedKey, asked, 'dry-run');

    expect(result).toMatchObject({ outcome: 'deleted', since: '2026-03-01T04:05:06.000Z' });
    expect(calls(journal)).toContain('iam:DeleteAccessKey withheld');
  });

  it('does not go by what a dry run would have deactivated', async () => {
    const made = await rehearsalOf(world({ status: 'Active' }));
    await made.run(deactivateAccessKey, deactivation, 'dry-run');

    expect((await made.run(deleteReplacedKey, asked)).result.since).toBe(aDayAgo);
  });

  it('does no harm the second time, nor where somebody was quicker', async () => {
    const made = await rehearsalOf(world());
    await made.run(deleteReplacedKey, asked);

    const { result, journal } = await made.run(deleteReplacedKey, asked);

    expect(result).toEqual({ outcome: 'absent', lastUsed: null, since: null });
    expect(calls(journal)).toEqual(['iam:ListAccessKeys sent']);
    expect(idsOf(made)).toEqual([foreign, replacement]);
  });

  it('deletes nobody else’s key', async () => {
    const made = await rehearsalOf(world());

    const { result } = await made.run(deleteReplacedKey, { ...asked, accessKeyId: foreign });

    expect(result.outcome).toBe('absent');
    expect(idsOf(made)).toEqual(both);
  });

  it.each([
    ['in a dry run', 'dry-run', {}, 'deleted'],
    ['when the mode is missing', undefined, {}, 'deleted'],
    ['in a dry run that stand-ins answer', 'dry-run', { dryRun: 'stand-ins' }, 'would-be-deleted'],
  ] as const)('withholds it %s', async (_when, mode, options, outcome) => {
    const made = await rehearsalOf(world(), options);

    const { result, journal } = await made.run(deleteReplacedKey, asked, mode);

    expect(result.outcome).toBe(outcome);
    expect(calls(journal).slice(0, 3)).toEqual([...reads, 'iam:DeleteAccessKey withheld']);
    expect(idsOf(made)).toEqual(both);
  });

  it('is not content while IAM still shows the key', async () => {
    const made = await rehearsalOf({ iam: { ...world().iam, lag: 1 } });

    const { error } = await made.run(deleteReplacedKey, asked);

    expect(error).toMatchObject({
      name: 'NotProvenError',
      message: `${leaked} of alice is still there`,
    });
  });

  it.each(['iam:ListAccessKeys', 'iam:GetAccessKeyLastUsed', 'iam:DeleteAccessKey'])(
    'lets out what AWS says to %s',
    async (call) => {
      const { run } = await rehearsalOf(world(), {
        fault: (made) => (made === call ? { when: 'before', error: denied } : undefined),
      });

      expect((await run(deleteReplacedKey, asked)).error).toMatchObject({ name: 'AccessDenied' });
    },
  );

  it.each([
    ['a session’s key', { ...asked, accessKeyId: 'ASIAIOSFODNN7EXAMPLE' }],
    ['a role’s id', { ...asked, accessKeyId: 'AROAIOSFODNN7EXAMPLE' }],
    ['a key in lower case', { ...asked, accessKeyId: leaked.toLowerCase() }],
    ['no user', { ...asked, userName: null }],
    ['policy syntax in a name', { ...asked, userName: 'alice"},{"Effect":"Allow"' }],
    ['a field it does not know', { ...asked, force: true }],
  ])('refuses %s before it calls AWS', async (_what, input) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(deleteReplacedKey, input);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});
