import { IAMServiceException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { quarantineUser } from '../../functions/quarantine-user/handler.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type User = NonNullable<NonNullable<State['iam']>['users']>[number];

const userArn = 'arn:aws:iam::111122223333:user/alice';
const denyAll = 'arn:aws:iam::aws:policy/AWSDenyAll';
const quarantineV3 = 'arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3';
const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
const denial = { Statement: { Effect: 'Deny', Action: '*', Resource: '*' } };
const input = { userName: 'alice' };

const own = (n: number) => ({ arn: `arn:aws:iam::111122223333:policy/team-${n}` });
const tenPolicies = Array.from({ length: 10 }, (_, n) => own(n));
/** An inline policy of so many characters. */
const inlineOf = (size: number) => {
  const empty = { Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: '' } };
  const Resource = 'r'.repeat(size - JSON.stringify(empty).length);
  return { Statement: { ...empty.Statement, Resource } };
};

/** alice, who may read, and bob, who has the same. */
const world = (differs: Partial<User> = {}): State => ({
  iam: {
    users: [
      { userName: 'bob', attachedPolicies: [{ arn: readOnly }] },
      { userName: 'alice', attachedPolicies: [{ arn: readOnly }], ...differs },
    ],
  },
});

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const policiesOf = ({ account }: Made, name: string) => {
  const user = account.state.iam.users.find(({ userName }) => userName === name);
  return { attached: user?.attachedPolicies.map(({ arn }) => arn), inline: user?.inlinePolicies };
};
const policyName = async ({ open }: Made) => `cordon-${(await open('live')).caseId}-quarantine`;

const reads = ['iam:ListAttachedUserPolicies sent', 'iam:GetUserPolicy sent'];
const denied = new IAMServiceException({
  name: 'AccessDenied',
  $fault: 'client',
  $metadata: {},
});

describe('quarantine-user', () => {
  it('attaches AWSDenyAll to the user and reads it back', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(quarantineUser, input);

    expect(result).toMatchObject({
      outcome: 'quarantined',
      by: 'managed-policy',
      policyArn: denyAll,
    });
    expect(calls(journal)).toEqual([
      ...reads,
      'iam:AttachUserPolicy sent',
      'iam:ListAttachedUserPolicies sent',
    ]);
    expect(journal[2]?.input).toEqual({ UserName: 'alice', PolicyArn: denyAll });
    expect(policiesOf(made, 'alice')).toEqual({ attached: [readOnly, denyAll], inline: {} });
    expect(policiesOf(made, 'bob')).toEqual({ attached: [readOnly], inline: {} });
  });

  it('attaches the policy that is configured and says what that leaves open', async () => {
    const settings = { quarantine: { policy: 'AWSCompromisedKeyQuarantineV3' as const } };
    const made = await rehearsalOf(world(), { settings });
    const whole = await (await rehearsalOf(world())).run(quarantineUser, input);

    const { result } = await made.run(quarantineUser, input);

    expect(result).toMatchObject({ outcome: 'quarantined', policyArn: quarantineV3 });
    expect(result.cannotStop).toEqual([
      expect.stringContaining('every action the policy does not name'),
      expect.stringContaining('password'),
      ...whole.result.cannotStop,
    ]);
    expect(policiesOf(made, 'alice').attached).toEqual([readOnly, quarantineV3]);
  });

  it('names what no policy on the user can stop', async () => {
    const { run } = await rehearsalOf(world());

    const { result } = await run(quarantineUser, input);

    expect(result.cannotStop).toEqual([
      expect.stringContaining('sessions of roles'),
      expect.stringContaining('the policy of a resource that names the user'),
      expect.stringContaining('started or changed already'),
      expect.stringContaining('takes time'),
    ]);
  });

  it('does not take the policy that AWS attaches by itself for the one configured', async () => {
    const made = await rehearsalOf(world({ attachedPolicies: [{ arn: quarantineV3 }] }));

    const { result } = await made.run(quarantineUser, input);

    expect(result).toMatchObject({ outcome: 'quarantined', policyArn: denyAll });
    expect(policiesOf(made, 'alice').attached).toEqual([quarantineV3, denyAll]);
  });

  it.each(['AWSDenyAll', 'AWSCompromisedKeyQuarantineV3'] as const)(
    'leaves a user alone who is denied everything, with %s configured',
    async (policy) => {
      const made = await rehearsalOf(world({ attachedPolicies: [{ arn: denyAll }] }), {
        settings: { quarantine: { policy } },
      });

      const { result, journal } = await made.run(quarantineUser, input);

      expect(result).toMatchObject({
        outcome: 'already-quarantined',
        by: 'managed-policy',
        policyArn: denyAll,
      });
      expect(calls(journal)).toEqual(reads);
      expect(await made.cases.before((await made.open('live')).caseId)).toEqual([]);
    },
  );

  it('puts an inline policy when the user has ten managed ones', async () => {
    const made = await rehearsalOf(world({ attachedPolicies: tenPolicies }));

    const { result, journal } = await made.run(quarantineUser, input);

    expect(result).toMatchObject({
      outcome: 'quarantined',
      by: 'inline-policy',
      policyArn: null,
    });
    expect(calls(journal)).toEqual([...reads, 'iam:PutUserPolicy sent', 'iam:GetUserPolicy sent']);
    expect(policiesOf(made, 'alice').inline).toEqual({ [await policyName(made)]: denial });
  });

  it('puts an inline policy when IAM has less room than was to be expected', async () => {
    const made = await rehearsalOf(world({ attachedPolicies: tenPolicies.slice(1) }), {
      fault: (call) => {
        const alice = made.account.state.iam.users[1];
        if (call === 'iam:AttachUserPolicy' && alice?.attachedPolicies.length === 9) {
          alice.attachedPolicies.push({ arn: own(10).arn, name: 'team-10' });
        }
        return undefined;
      },
    });

    const { result, journal } = await made.run(quarantineUser, input);

    expect(result).toMatchObject({ outcome: 'quarantined', by: 'inline-policy' });
    expect(journal.map(({ call, error }) => [call, error]).slice(2, 4)).toEqual([
      ['iam:AttachUserPolicy', 'LimitExceededException'],
      ['iam:PutUserPolicy', undefined],
    ]);
  });

  it('fits into what is left of 2,048 characters', async () => {
    const size = 2048 - JSON.stringify(denial).length;
    const made = await rehearsalOf(
      world({ attachedPolicies: tenPolicies, inlinePolicies: { team: inlineOf(size) } }),
    );

    expect((await made.run(quarantineUser, input)).result.outcome).toBe('quarantined');
  });

  it('fails when neither a managed nor an inline policy has room', async () => {
    const made = await rehearsalOf(
      world({ attachedPolicies: tenPolicies, inlinePolicies: { team: inlineOf(2000) } }),
    );

    const { error } = await made.run(quarantineUser, input);

    expect(error).toMatchObject({ name: 'LimitExceededException' });
    expect(Object.keys(policiesOf(made, 'alice').inline ?? {})).toEqual(['team']);
  });

  it('finds the policy beyond the first page', async () => {
    const made = await rehearsalOf(world(), {
      fault: (call, asked) => {
        // Ten policies fit on IAM's page, so the page is made small.
        if (call === 'iam:ListAttachedUserPolicies') Object.assign(asked, { MaxItems: 1 });
        return undefined;
      },
    });

    expect((await made.run(quarantineUser, input)).result.outcome).toBe('quarantined');
  });

  it('says that there is no such user', async () => {
    const { run } = await rehearsalOf(world());

    const { result, journal } = await run(quarantineUser, { userName: 'mallory' });

    expect(result).toEqual({ outcome: 'absent', by: null, policyArn: null, cannotStop: [] });
    expect(calls(journal)).toEqual(reads);
  });

  it.each([
    ['attached', {}, 'managed-policy'],
    ['put inline', { attachedPolicies: tenPolicies }, 'inline-policy'],
  ])('does no harm the second time to what it has %s', async (_how, differs, by) => {
    const made = await rehearsalOf(world(differs));
    await made.run(quarantineUser, input);
    const after = structuredClone(made.account.state);

    const { result, journal } = await made.run(quarantineUser, input);

    expect(result).toMatchObject({ outcome: 'already-quarantined', by });
    expect(calls(journal)).toEqual(reads);
    expect(made.account.state).toEqual(after);
  });
});

describe('quarantine-user in a dry run', () => {
  it.each(['dry-run', undefined] as const)('withholds the change in mode %s', async (mode) => {
    const made = await rehearsalOf(world());
    const before = structuredClone(made.account.state);

    const { result, journal } = await made.run(quarantineUser, input, mode);

    expect(result.outcome).toBe('quarantined');
    expect(calls(journal)).toEqual([
      ...reads,
      'iam:AttachUserPolicy withheld',
      'iam:ListAttachedUserPolicies sent',
    ]);
    expect(made.account.state).toEqual(before);
  });

  it.each([
    ['iam:AttachUserPolicy', {}],
    ['iam:PutUserPolicy', { attachedPolicies: tenPolicies }],
  ])('ends on stand-ins alone with %s withheld, as a live run sends it', async (call, differs) => {
    const made = await rehearsalOf(world(differs), { dryRun: 'stand-ins' });

    const { result, journal } = await made.run(quarantineUser, input, 'dry-run');

    expect(result.outcome).toBe('would-be-quarantined');
    expect(calls(journal)).toEqual([...reads, `${call} withheld`]);
  });

  it('does not hold off a live run', async () => {
    const made = await rehearsalOf(world());

    const [dry, live] = await Promise.all([
      made.run(quarantineUser, input, 'dry-run'),
      made.run(quarantineUser, input, 'live'),
    ]);

    expect([dry.result?.outcome, live.result?.outcome]).toEqual(['quarantined', 'quarantined']);
  });
});

describe('quarantine-user failing', () => {
  it('knows an attachment for its own whose answer was lost', async () => {
    let lost = 0;
    const made = await rehearsalOf(world(), {
      fault: (call) =>
        call === 'iam:AttachUserPolicy' && lost++ === 0
          ? { when: 'after', error: denied }
          : undefined,
    });

    const first = await made.run(quarantineUser, input);
    const second = await made.run(quarantineUser, input);
    const { outcomes } = await made.undo(quarantineUser);

    expect(first.error).toMatchObject({ name: 'AccessDenied' });
    expect(second.result.outcome).toBe('already-quarantined');
    expect(outcomes).toEqual({ [userArn]: 'restored' });
    expect(policiesOf(made, 'alice').attached).toEqual([readOnly]);
  });

  it.each(['iam:ListAttachedUserPolicies', 'iam:GetUserPolicy', 'iam:AttachUserPolicy'])(
    'lets a refused %s out',
    async (refused) => {
      const made = await rehearsalOf(world(), {
        fault: (call) => (call === refused ? { when: 'before', error: denied } : undefined),
      });

      const { error } = await made.run(quarantineUser, input);

      expect(error).toMatchObject({ name: 'AccessDenied' });
      expect(policiesOf(made, 'alice').attached).toEqual([readOnly]);
    },
  );

  it('is not content when the policy is not there at the read-back', async () => {
    const { iam } = world();
    const made = await rehearsalOf({ iam: { ...iam, lag: 1 } });

    const { error } = await made.run(quarantineUser, input);

    expect(error).toMatchObject({ name: 'NotProvenError' });
  });

  it('stops while another case changes the user', async () => {
    const made = await rehearsalOf(world());
    const caseId = CaseId.parse('case-0000000000');
    const ref = { ...(await made.open('live')), caseId, execution: 'another' };

    const { error } = await made.cases.holding(ref, `live#${userArn}`, () =>
      made.run(quarantineUser, input),
    );

    expect(error).toMatchObject({ name: 'ResourceHeldError' });
  });

  it.each([
    ['no user', {}],
    ['an ARN', { userName: userArn }],
    ['policy syntax', { userName: 'alice","*' }],
    ['a field it does not know', { ...input, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(quarantineUser, bad);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing quarantine-user', () => {
  it('detaches what is still attached though AWS had said that it was not', async () => {
    const made = await rehearsalOf(world());
    await made.run(quarantineUser, input);
    const alice = made.account.state.iam.users.find(({ userName }) => userName === 'alice');
    const attached = alice?.attachedPolicies ?? [];
    const standing = structuredClone(attached);
    await made.undo(quarantineUser);
    attached.splice(0, Number.POSITIVE_INFINITY, ...standing);

    const again = await made.undo(quarantineUser);
    const last = await made.undo(quarantineUser);

    expect([again, last].map(({ outcomes }) => outcomes[userArn])).toEqual([
      'restored',
      'already-restored',
    ]);
    expect(policiesOf(made, 'alice').attached).toEqual([readOnly]);
    expect(made.table.items().filter(({ pk }) => pk.startsWith('shared#'))).toEqual([]);
  });

  it.each([
    ['detaches what it attached', {}, 'iam:DetachUserPolicy sent'],
    ['deletes its inline policy', { attachedPolicies: tenPolicies }, 'iam:DeleteUserPolicy sent'],
  ])('%s, once', async (_what, differs, call) => {
    const made = await rehearsalOf(world(differs));
    const before = structuredClone(made.account.state);
    await made.run(quarantineUser, input);

    const first = await made.undo(quarantineUser);
    const second = await made.undo(quarantineUser);

    expect(first.outcomes).toEqual({ [userArn]: 'restored' });
    expect(calls(first.journal)).toEqual([...reads, call]);
    expect(second.outcomes).toEqual({ [userArn]: 'already-restored' });
    expect(made.account.state).toEqual(before);
  });

  it('withholds it in a dry run', async () => {
    const made = await rehearsalOf(world());
    await made.run(quarantineUser, input);

    const { outcomes, journal } = await made.undo(quarantineUser, 'dry-run');

    expect(outcomes).toEqual({ [userArn]: 'restored' });
    expect(calls(journal)).toEqual([...reads, 'iam:DetachUserPolicy withheld']);
    expect((await made.undo(quarantineUser)).outcomes).toEqual({ [userArn]: 'restored' });
  });

  it('leaves the policy to another case that needs it as well', async () => {
    const made = await rehearsalOf(world());
    await made.run(quarantineUser, input);
    const caseId = CaseId.parse('case-0000000002');
    const use = { caseId, expires: Number.MAX_SAFE_INTEGER, detail: {} };
    await made.cases.shareUse(`live#${userArn}`, denyAll, use);

    const { journal } = await made.undo(quarantineUser);

    expect(calls(journal)).toEqual(reads);
    expect(policiesOf(made, 'alice').attached).toEqual([readOnly, denyAll]);
  });

  it('takes off what another case attached, once no case needs it', async () => {
    const made = await rehearsalOf(world({ attachedPolicies: [{ arn: denyAll }] }));
    const caseId = CaseId.parse('case-0000000002');
    const use = { caseId, expires: Number.MAX_SAFE_INTEGER, detail: {} };
    await made.cases.shareUse(`live#${userArn}`, denyAll, use);
    const { result } = await made.run(quarantineUser, input);
    await made.cases.endUse(`live#${userArn}`, denyAll, caseId);

    const { outcomes } = await made.undo(quarantineUser);

    expect(result.outcome).toBe('already-quarantined');
    expect(outcomes).toEqual({ [userArn]: 'restored' });
    expect(policiesOf(made, 'alice').attached).toEqual([]);
  });

  it('leaves an inline policy alone that somebody has changed', async () => {
    const made = await rehearsalOf(world({ attachedPolicies: tenPolicies }));
    await made.run(quarantineUser, input);
    const inline = policiesOf(made, 'alice').inline ?? {};
    Object.assign(inline, { [await policyName(made)]: inlineOf(200) });

    const { outcomes, journal } = await made.undo(quarantineUser);

    expect(outcomes).toEqual({ [userArn]: 'drifted' });
    expect(calls(journal)).toEqual(reads);
  });

  it('says that the user is gone', async () => {
    const made = await rehearsalOf(world());
    await made.run(quarantineUser, input);
    made.account.state.iam.users.pop();

    expect((await made.undo(quarantineUser)).outcomes).toEqual({ [userArn]: 'gone' });
  });
});
