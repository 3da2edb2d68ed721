import { IAMServiceException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { revokeUserSessions } from '../../functions/revoke-user-sessions/handler.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type User = NonNullable<NonNullable<State['iam']>['users']>[number];

const userArn = 'arn:aws:iam::111122223333:user/alice';
const denyAll = { arn: 'arn:aws:iam::aws:policy/AWSDenyAll' };
const input = { userName: 'alice' };
/** Half a minute after the clock of a rehearsal. */
const ahead = '2026-03-01T04:05:36Z';

const deny = (before: string) => ({
  Statement: {
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { DateLessThan: { 'aws:TokenIssueTime': before } },
  },
});
/** Another case's denial, under a name of its own. */
const others = { 'cordon-case-0000000002-older-sessions': deny('2026-01-01T00:00:00Z') };
const full = {
  Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: `arn:aws:s3:::${'b'.repeat(1900)}` },
};

const world = (differs: Partial<User> = {}): State => ({
  iam: { users: [{ userName: 'bob' }, { userName: 'alice', inlinePolicies: others, ...differs }] },
});

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const userOf = ({ account }: Made) => {
  const user = account.state.iam.users.find(({ userName }) => userName === 'alice');
  if (!user) throw new Error('no alice');
  return user;
};
const nameIn = async ({ open }: Made) => `cordon-${(await open('live')).caseId}-older-sessions`;
/** Puts the case's own policy there, as a run at another time would have left it. */
const leave = async (made: Made, document: Record<string, unknown>) => {
  userOf(made).inlinePolicies[await nameIn(made)] = document;
};

const sent = ['iam:GetUserPolicy sent', 'iam:PutUserPolicy sent', 'iam:GetUserPolicy sent'];
const denied = new IAMServiceException({ name: 'AccessDenied', $fault: 'client', $metadata: {} });

describe('revoke-user-sessions', () => {
  it('denies sessions issued until half a minute from now, and no other case’s denial', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(revokeUserSessions, input);

    expect(result).toEqual({ outcome: 'set', by: 'own-policy', before: ahead });
    expect(calls(journal)).toEqual(sent);
    expect(journal[1]?.input).toEqual({
      UserName: 'alice',
      PolicyName: await nameIn(made),
      PolicyDocument: expect.stringMatching(/^\[policy, \d+ characters/),
    });
    expect(userOf(made).inlinePolicies).toEqual({ ...others, [await nameIn(made)]: deny(ahead) });
    expect(made.account.state.iam.users[0]?.inlinePolicies).toEqual({});
  });

  it('replaces an earlier time by a later one', async () => {
    const made = await rehearsalOf(world());
    await leave(made, deny('2026-03-01T04:00:00Z'));

    const { result } = await made.run(revokeUserSessions, input);

    expect(result).toMatchObject({ outcome: 'set', before: ahead });
    expect(userOf(made).inlinePolicies[await nameIn(made)]).toEqual(deny(ahead));
  });

  it('never replaces a later time by an earlier one', async () => {
    const made = await rehearsalOf(world());
    await leave(made, deny('2026-03-01T05:00:00Z'));

    const { result, journal } = await made.run(revokeUserSessions, input);

    expect(result).toMatchObject({ outcome: 'already-set', before: '2026-03-01T05:00:00Z' });
    expect(calls(journal)).toEqual(['iam:GetUserPolicy sent']);
  });

  it('puts its denial in place of a policy of its name that denies nothing', async () => {
    const made = await rehearsalOf(world());
    await leave(made, { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });

    expect((await made.run(revokeUserSessions, input)).result.outcome).toBe('set');
    expect(userOf(made).inlinePolicies[await nameIn(made)]).toEqual(deny(ahead));
  });

  it('does no harm the second time', async () => {
    const made = await rehearsalOf(world());
    await made.run(revokeUserSessions, input);
    const after = structuredClone(made.account.state);

    const { result, journal } = await made.run(revokeUserSessions, input);

    expect(result).toEqual({ outcome: 'already-set', by: 'own-policy', before: ahead });
    expect(calls(journal)).toEqual(['iam:GetUserPolicy sent']);
    expect(made.account.state).toEqual(after);
  });

  it('says that there is no such user', async () => {
    const { run } = await rehearsalOf(world());

    const { result } = await run(revokeUserSessions, { userName: 'mallory' });

    expect(result).toEqual({ outcome: 'absent', by: null, before: null });
  });

  it('relies on the quarantine where the user has no room for a policy more', async () => {
    const made = await rehearsalOf(
      world({ inlinePolicies: { team: full }, attachedPolicies: [denyAll] }),
    );

    const { result, journal } = await made.run(revokeUserSessions, input);

    expect(result).toEqual({ outcome: 'set', by: 'quarantine', before: null });
    expect(calls(journal)).toEqual([
      'iam:GetUserPolicy sent',
      'iam:PutUserPolicy sent',
      'iam:ListAttachedUserPolicies sent',
      'iam:GetUserPolicy sent',
    ]);
  });

  it('fails where there is no room and no quarantine that denies everything', async () => {
    const partial = { arn: 'arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3' };
    const made = await rehearsalOf(
      world({ inlinePolicies: { team: full }, attachedPolicies: [partial] }),
    );

    const { error } = await made.run(revokeUserSessions, input);

    expect(error).toMatchObject({ name: 'LimitExceededException' });
    expect(userOf(made).inlinePolicies).toEqual({ team: full });
  });
});

describe('revoke-user-sessions in a dry run', () => {
  it.each(['dry-run', undefined] as const)('withholds the change in mode %s', async (mode) => {
    const made = await rehearsalOf(world());
    const before = structuredClone(made.account.state);

    const { result, journal } = await made.run(revokeUserSessions, input, mode);

    expect(result.outcome).toBe('set');
    expect(calls(journal)).toEqual([sent[0], 'iam:PutUserPolicy withheld', sent[2]]);
    expect(made.account.state).toEqual(before);
  });

  it('ends on stand-ins alone, with the change of a live run', async () => {
    const { run } = await rehearsalOf(world(), { dryRun: 'stand-ins' });

    const { result, journal } = await run(revokeUserSessions, input, 'dry-run');

    expect(result.outcome).toBe('would-be-set');
    expect(calls(journal)).toEqual([sent[0], 'iam:PutUserPolicy withheld']);
  });
});

describe('revoke-user-sessions failing', () => {
  it('goes on when the answer of the change is lost and it is run again', async () => {
    let lost = 0;
    const made = await rehearsalOf(world(), {
      fault: (call) =>
        call === 'iam:PutUserPolicy' && lost++ === 0 ? { when: 'after', error: denied } : undefined,
    });

    const first = await made.run(revokeUserSessions, input);
    const second = await made.run(revokeUserSessions, input);

    expect(first.error).toMatchObject({ name: 'AccessDenied' });
    expect(second.result).toMatchObject({ outcome: 'already-set', before: ahead });
  });

  it.each(['iam:GetUserPolicy', 'iam:PutUserPolicy'])('lets a refused %s out', async (refused) => {
    const made = await rehearsalOf(world(), {
      fault: (call) => (call === refused ? { when: 'before', error: denied } : undefined),
    });

    expect((await made.run(revokeUserSessions, input)).error).toMatchObject({
      name: 'AccessDenied',
    });
    expect(userOf(made).inlinePolicies).toEqual(others);
  });

  it('is not content when the denial is an earlier one at the read-back', async () => {
    const made = await rehearsalOf(world(), {
      fault: (call) => {
        const policies = userOf(made).inlinePolicies;
        const own = Object.keys(policies).find((name) => !(name in others));
        if (call === 'iam:GetUserPolicy' && own) policies[own] = deny('2026-03-01T04:00:00Z');
        return undefined;
      },
    });

    expect((await made.run(revokeUserSessions, input)).error).toMatchObject({
      name: 'NotProvenError',
      message: `${await nameIn(made)} does not deny sessions issued before ${ahead}`,
    });
  });

  it.each([
    ['no user', {}],
    ['an ARN', { userName: userArn }],
    ['a wildcard', { userName: 'al*' }],
    ['a field it does not know', { ...input, before: ahead }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(revokeUserSessions, bad);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing revoke-user-sessions', () => {
  it('waits until the longest session must have expired', async () => {
    const made = await rehearsalOf(world());
    await made.run(revokeUserSessions, input);

    const { outcomes, journal } = await made.undo(revokeUserSessions);

    expect(outcomes).toEqual({ [userArn]: 'not-yet' });
    expect(calls(journal)).toEqual(['iam:GetUserPolicy sent']);
  });

  it.each([
    ['a second before 36 hours', '2026-02-27T16:05:07Z', 'not-yet'],
    ['after 36 hours', '2026-02-27T16:05:06Z', 'restored'],
  ])('%s says so', async (_when, before, outcome) => {
    const made = await rehearsalOf(world());
    await made.run(revokeUserSessions, input);
    await leave(made, deny(before));

    expect((await made.undo(revokeUserSessions)).outcomes).toEqual({ [userArn]: outcome });
  });

  it('deletes the case’s own policy alone, once', async () => {
    const made = await rehearsalOf(world());
    await made.run(revokeUserSessions, input);
    await leave(made, deny('2026-02-01T00:00:00Z'));

    const first = await made.undo(revokeUserSessions);
    const second = await made.undo(revokeUserSessions);

    expect(calls(first.journal)).toEqual(['iam:GetUserPolicy sent', 'iam:DeleteUserPolicy sent']);
    expect(second.outcomes).toEqual({ [userArn]: 'already-restored' });
    expect(userOf(made).inlinePolicies).toEqual(others);
  });

  it('withholds it in a dry run', async () => {
    const made = await rehearsalOf(world());
    await made.run(revokeUserSessions, input);
    await leave(made, deny('2026-02-01T00:00:00Z'));

    const { journal } = await made.undo(revokeUserSessions, 'dry-run');

    expect(calls(journal)).toEqual(['iam:GetUserPolicy sent', 'iam:DeleteUserPolicy withheld']);
    expect(await nameIn(made)).toSatisfy((name: string) => name in userOf(made).inlinePolicies);
  });

  it('leaves a policy alone that somebody has changed', async () => {
    const made = await rehearsalOf(world());
    await made.run(revokeUserSessions, input);
    const { Statement } = deny('2026-02-01T00:00:00Z');
    await leave(made, { Statement: { ...Statement, Resource: 'arn:aws:s3:::*' } });

    const { outcomes, journal } = await made.undo(revokeUserSessions);

    expect(outcomes).toEqual({ [userArn]: 'drifted' });
    expect(calls(journal)).toEqual(['iam:GetUserPolicy sent']);
  });
});
