import { IAMServiceException, UnmodifiableEntityException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { revokeRoleSessions } from '../../functions/revoke-role-sessions/handler.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type Role = NonNullable<NonNullable<State['iam']>['roles']>[number];

const roleArn = 'arn:aws:iam::111122223333:role/web';
const roleId = 'AROAEXAMPLEWEBROLE234';
const ahead = '2026-03-01T04:05:36Z';
const instanceId = 'i-0aaaaaaaaaaaaaaa1';

const deny = (Condition: object) => ({
  Statement: { Effect: 'Deny', Action: '*', Resource: '*', Condition },
});
const denyOlder = (before: string) => deny({ DateLessThan: { 'aws:TokenIssueTime': before } });
const denySession = (session: string, id = roleId) =>
  deny({ StringLike: { 'aws:userid': `${id}:${session}` } });

/** AWS's console puts this there, and other cases theirs: none is ours to touch. */
const others = {
  AWSRevokeOlderSessions: denyOlder('2026-01-01T00:00:00Z'),
  'cordon-case-0000000002-older-sessions': denyOlder('2026-02-01T00:00:00Z'),
};
const trusting = (Principal: unknown) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }],
});
const trustsPeople = trusting({ AWS: 'arn:aws:iam::111122223333:root' });
const trustsEc2 = trusting({ Service: ['ec2.amazonaws.com'] });

const world = (differs: Partial<Role> = {}): State => ({
  iam: {
    roles: [
      { roleName: 'webmaster', roleId: 'AROAEXAMPLEDECOYROLE2' },
      {
        roleName: 'web',
        roleId,
        path: '/services/',
        inlinePolicies: others,
        trustPolicy: trustsPeople,
        ...differs,
      },
    ],
  },
});

const session = { roleName: 'web', roleId, sessionName: instanceId, scope: 'session' };
const whole = { ...session, scope: 'role' };

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const roleIn = ({ account }: Made) => {
  const role = account.state.iam.roles.find(({ roleName }) => roleName === 'web');
  if (!role) throw new Error('no role');
  return role;
};
/** What the case has put on the role, by the ends of its policies' names. */
const ownIn = async (made: Made) => {
  const start = `cordon-${(await made.open('live')).caseId}-`;
  return Object.fromEntries(
    Object.entries(roleIn(made).inlinePolicies)
      .filter(([name]) => name.startsWith(start))
      .map(([name, document]) => [name.slice(start.length), document]),
  );
};
const sessionPolicy = expect.stringMatching(/^cordon-case-[0-9a-f]{10}-session-[0-9a-f]{10}$/);
const olderPolicy = expect.stringMatching(/^cordon-case-[0-9a-f]{10}-older-sessions$/);

const put = 'iam:PutRolePolicy';
const reads = ['iam:GetRole sent', 'iam:GetRolePolicy sent'];
const sent = [...reads, `${put} sent`, 'iam:GetRolePolicy sent'];
const denied = new IAMServiceException({ name: 'AccessDenied', $fault: 'client', $metadata: {} });

describe('revoke-role-sessions of one session', () => {
  it('denies this session by its user id, and no other of the role', async () => {
    const made = await rehearsalOf(world({ trustPolicy: trustsEc2 }));

    const { result, journal } = await made.run(revokeRoleSessions, session);

    expect(result).toEqual({
      outcome: 'set',
      roleName: 'web',
      scope: 'session',
      reason: null,
      policyName: sessionPolicy,
      before: null,
    });
    expect(calls(journal)).toEqual(sent);
    expect(journal[2]?.input).toEqual({
      RoleName: 'web',
      PolicyName: result.policyName,
      PolicyDocument: expect.stringMatching(/^\[policy, \d+ characters/),
    });
    expect(roleIn(made).inlinePolicies).toEqual({
      ...others,
      [result.policyName]: denySession(instanceId),
    });
    expect(made.account.state.iam.roles[0]?.inlinePolicies).toEqual({});
  });

  it('takes the role’s id from IAM where nobody knows it', async () => {
    const made = await rehearsalOf(world());

    const { result } = await made.run(revokeRoleSessions, { ...session, roleId: null });

    expect(result.outcome).toBe('set');
    expect(Object.values(await ownIn(made))).toEqual([denySession(instanceId)]);
  });

  it('denies two sessions of a role side by side', async () => {
    const made = await rehearsalOf(world());

    await made.run(revokeRoleSessions, session);
    await made.run(revokeRoleSessions, { ...session, sessionName: 'mallory@example.com' });

    expect(Object.values(await ownIn(made))).toEqual([
      denySession(instanceId),
      denySession('mallory@example.com'),
    ]);
  });

  it('does nothing about a role made anew under the old one’s name', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(revokeRoleSessions, {
      ...session,
      roleId: 'AROAEXAMPLEOLDROLE234',
    });

    expect(result).toMatchObject({ outcome: 'absent', reason: 'another-role', policyName: null });
    expect(calls(journal)).toEqual(reads);
  });

  it('leaves it to a human when no session is named', async () => {
    const { run } = await rehearsalOf(world());

    const { result, journal } = await run(revokeRoleSessions, { ...session, sessionName: null });

    expect(result).toMatchObject({ outcome: 'left-to-human', reason: 'no-session-name' });
    expect(calls(journal)).toEqual(['iam:GetRole sent']);
  });

  it('does no harm the second time', async () => {
    const made = await rehearsalOf(world());
    await made.run(revokeRoleSessions, session);
    const after = structuredClone(made.account.state);

    const { result, journal } = await made.run(revokeRoleSessions, session);

    expect(result).toMatchObject({ outcome: 'already-set', policyName: sessionPolicy });
    expect(calls(journal)).toEqual(reads);
    expect(made.account.state).toEqual(after);
  });
});

describe('revoke-role-sessions of a whole role', () => {
  const both = ['iam:GetRole sent', 'iam:GetRolePolicy sent', 'iam:GetRolePolicy sent'];

  it('denies every session issued until half a minute from now', async () => {
    const made = await rehearsalOf(world());

    const { result, journal } = await made.run(revokeRoleSessions, whole);

    expect(result).toEqual({
      outcome: 'set',
      roleName: 'web',
      scope: 'role',
      reason: null,
      policyName: olderPolicy,
      before: ahead,
    });
    expect(calls(journal)).toEqual([...both, `${put} sent`, 'iam:GetRolePolicy sent']);
    expect(await ownIn(made)).toEqual({ 'older-sessions': denyOlder(ahead) });
  });

  it.each([
    ['earlier', '2026-03-01T04:00:00Z', 'set', ahead],
    ['later', '2026-03-01T05:00:00Z', 'already-set', '2026-03-01T05:00:00Z'],
  ])('keeps the later time where its own is an %s one', async (_which, there, outcome, before) => {
    const made = await rehearsalOf(world());
    const { result: first } = await made.run(revokeRoleSessions, whole);
    roleIn(made).inlinePolicies[first.policyName] = denyOlder(there);

    const { result } = await made.run(revokeRoleSessions, whole);

    expect(result).toMatchObject({ outcome, before });
    expect(await ownIn(made)).toEqual({ 'older-sessions': denyOlder(before) });
  });

  it.each([
    ['a service of AWS assumes', trustsEc2],
    ['pods assume', trusting({ Federated: 'arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.x' })],
    ['nobody can tell who assumes', { Statement: [{ Principal: 'everyone' }] }],
  ])('denies the traced session alone of a role that %s', async (_who, trustPolicy) => {
    const made = await rehearsalOf(world({ trustPolicy }));

    const { result } = await made.run(revokeRoleSessions, whole);

    expect(result).toEqual({
      outcome: 'set',
      roleName: 'web',
      scope: 'session',
      reason: 'runs-workloads',
      policyName: sessionPolicy,
      before: null,
    });
    expect(Object.values(await ownIn(made))).toEqual([denySession(instanceId)]);
  });

  it.each([
    ['anybody', trusting('*')],
    ['people of an identity provider', trusting({ Federated: ['arn:aws:iam::1:saml-provider/x'] })],
  ])('denies all of a traced role that %s may assume', async (_who, trustPolicy) => {
    const { run } = await rehearsalOf(world({ trustPolicy }));

    expect((await run(revokeRoleSessions, whole)).result).toMatchObject({ scope: 'role' });
  });

  it('leaves a role that runs workloads to a human when no session is named', async () => {
    const made = await rehearsalOf(world({ trustPolicy: trustsEc2 }));

    const { result } = await made.run(revokeRoleSessions, { ...whole, sessionName: null });

    expect(result).toMatchObject({
      outcome: 'left-to-human',
      scope: 'role',
      reason: 'runs-workloads',
    });
    expect(await ownIn(made)).toEqual({});
  });

  it.each([
    ['role', roleArn],
    ['session', `arn:aws:sts::111122223333:assumed-role/web/${instanceId}`],
  ])('denies all of a role that runs workloads when the case is on this %s', async (_what, on) => {
    const made = await rehearsalOf(world({ trustPolicy: trustsEc2 }), { target: on });

    const { result } = await made.run(revokeRoleSessions, whole);

    expect(result).toMatchObject({ outcome: 'set', scope: 'role', reason: null });
  });
});

describe('revoke-role-sessions of a role that must be left alone', () => {
  it.each([
    [
      'of an AWS service',
      { path: '/aws-service-role/ec2.amazonaws.com/' },
      {},
      'service-linked-role',
    ],
    [
      'of Identity Center',
      { path: '/aws-reserved/sso.amazonaws.com/' },
      {},
      'identity-center-role',
    ],
    ['on the never-touch list', {}, { neverTouch: { roles: ['WEB'] } }, 'never-touch-role'],
    ['for breaking the glass', {}, { neverTouch: { breakGlass: ['web'] } }, 'break-glass'],
    ['of Cordon’s own', {}, { ownRoles: 'we' }, 'own-role'],
  ])('leaves a role %s to a human', async (_which, differs, settings, reason) => {
    const made = await rehearsalOf(world(differs), { settings });

    const { result, journal } = await made.run(revokeRoleSessions, session);

    expect(result).toEqual({
      outcome: 'left-to-human',
      roleName: 'web',
      scope: 'session',
      reason,
      policyName: null,
      before: null,
    });
    expect(calls(journal)).toEqual(reads);
  });

  it('leaves a role to a human that IAM lets nobody change', async () => {
    const error = new UnmodifiableEntityException({ message: '', $metadata: {} });
    const { run } = await rehearsalOf(world(), {
      fault: (call) => (call === put ? { when: 'before', error } : undefined),
    });

    const { result } = await run(revokeRoleSessions, session);

    expect(result).toMatchObject({ outcome: 'left-to-human', reason: 'unmodifiable' });
  });

  it('says that there is no such role', async () => {
    const { run } = await rehearsalOf(world());

    const { result } = await run(revokeRoleSessions, { ...session, roleName: 'none' });

    expect(result).toMatchObject({ outcome: 'absent', reason: null, policyName: null });
  });
});

describe('revoke-role-sessions in a dry run', () => {
  it.each(['dry-run', undefined] as const)('withholds the change in mode %s', async (mode) => {
    const made = await rehearsalOf(world());
    const before = structuredClone(made.account.state);

    const { result, journal } = await made.run(revokeRoleSessions, session, mode);

    expect(result.outcome).toBe('set');
    expect(calls(journal)).toEqual([...reads, `${put} withheld`, 'iam:GetRolePolicy sent']);
    expect(made.account.state).toEqual(before);
  });

  it.each([
    ['a session', session, 1],
    ['a whole role', whole, 2],
  ])('ends on stand-ins alone for %s, with the change of a live run', async (_what, asked, own) => {
    const { run } = await rehearsalOf(world(), { dryRun: 'stand-ins' });

    const { result, journal } = await run(revokeRoleSessions, asked, 'dry-run');

    expect(result.outcome).toBe('would-be-set');
    expect(calls(journal)).toEqual([
      'iam:GetRole sent',
      ...Array(own).fill('iam:GetRolePolicy sent'),
      `${put} withheld`,
    ]);
  });
});

describe('revoke-role-sessions failing', () => {
  it.each([
    ['a session', session],
    ['a whole role', whole],
  ])('goes on for %s when the answer of the change is lost', async (_what, asked) => {
    let lost = 0;
    const made = await rehearsalOf(world(), {
      fault: (call) =>
        call === put && lost++ === 0 ? { when: 'after', error: denied } : undefined,
    });

    const first = await made.run(revokeRoleSessions, asked);
    const second = await made.run(revokeRoleSessions, asked);

    expect(first.error).toMatchObject({ name: 'AccessDenied' });
    expect(second.result.outcome).toBe('already-set');
    expect(Object.keys(await ownIn(made))).toHaveLength(1);
  });

  it('lets the failure out when the role has no room for a policy more', async () => {
    const Resource = `arn:aws:s3:::${'b'.repeat(10_100)}`;
    const team = { Statement: { Effect: 'Allow', Action: 's3:Get*', Resource } };
    const made = await rehearsalOf(world({ inlinePolicies: { team } }));

    const { error } = await made.run(revokeRoleSessions, session);

    expect(error).toMatchObject({ name: 'LimitExceededException' });
  });

  it.each(['iam:GetRole', 'iam:GetRolePolicy', put])('lets a refused %s out', async (refused) => {
    const made = await rehearsalOf(world(), {
      fault: (call) => (call === refused ? { when: 'before', error: denied } : undefined),
    });

    expect((await made.run(revokeRoleSessions, session)).error).toMatchObject({
      name: 'AccessDenied',
    });
    expect(await ownIn(made)).toEqual({});
  });

  it.each([
    ['another session', session, denySession('somebody-else')],
    ['another role', session, denySession(instanceId, 'AROAEXAMPLEDECOYROLE2')],
    ['an earlier time', whole, denyOlder('2026-03-01T04:00:00Z')],
    ['nobody', session, {}],
  ])('is not content with a denial of %s at the read-back', async (_what, asked, document) => {
    const made = await rehearsalOf(world(), {
      fault: (call) => {
        const policies = roleIn(made).inlinePolicies;
        const own = Object.keys(policies).find((name) => !(name in others));
        if (call === 'iam:GetRolePolicy' && own) policies[own] = document;
        return undefined;
      },
    });

    const { error } = await made.run(revokeRoleSessions, asked);

    expect(error).toMatchObject({ name: 'NotProvenError' });
  });

  it.each([
    ['a wildcard for a role', { ...session, roleName: 'we*' }],
    ['an ARN for a role', { ...session, roleName: roleArn }],
    ['a wildcard for a session', { ...session, sessionName: '*' }],
    ['a question mark in a session', { ...session, sessionName: 'i-0aaaaaaaaaaaaaa??' }],
    ['a policy variable in a session', { ...session, sessionName: `\${aws:username}` }],
    ['policy syntax in a session', { ...session, sessionName: 'a","b' }],
    ['a session of one character', { ...session, sessionName: 'a' }],
    ['a wildcard for a role’s id', { ...session, roleId: 'AROA*' }],
    ['a user’s id for a role’s', { ...session, roleId: 'AIDAEXAMPLEUSERID2345' }],
    ['an unknown scope', { ...session, scope: 'account' }],
    ['a field it does not know', { ...session, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { run } = await rehearsalOf(world());

    const { error, journal } = await run(revokeRoleSessions, bad);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing revoke-role-sessions', () => {
  /** As if the case had denied the sessions so many hours before. */
  const denyHoursAgo = async (made: Made, asked: object, hours: number) => {
    const { result } = await made.run(revokeRoleSessions, asked);
    const then = new Date(Date.parse('2026-03-01T04:05:06Z') - hours * 3_600_000).toISOString();
    const { caseId } = await made.open('live');
    const [before] = await made.cases.before(caseId, 'revoke-role-sessions');
    if (!before) throw new Error('nothing recorded');
    if (result.before) roleIn(made).inlinePolicies[result.policyName] = denyOlder(then);
    await made.table.write([
      {
        put: {
          pk: `case#${caseId}`,
          sk: `before#revoke-role-sessions#${before.resource}`,
          ...before,
          state: { ...before.state, since: then },
        },
      },
    ]);
    return { resource: before.resource, policyName: result.policyName as string };
  };
  const alone = { ...whole, sessionName: null };

  it.each([
    ['one session', session],
    ['a whole role', alone],
  ])('waits with %s until the longest session must have expired', async (_what, asked) => {
    const made = await rehearsalOf(world());
    const { resource, policyName } = await denyHoursAgo(made, asked, 11.99);

    const { outcomes, journal } = await made.undo(revokeRoleSessions);

    expect(resource).toBe(`${roleArn} ${policyName}`);
    expect(outcomes).toEqual({ [resource]: 'not-yet' });
    expect(calls(journal)).toEqual(['iam:GetRolePolicy sent']);
    expect(roleIn(made).inlinePolicies).toHaveProperty([policyName]);
  });

  it.each([
    ['one session', session],
    ['a whole role', alone],
  ])('deletes the denial of %s after that, once', async (_what, asked) => {
    const made = await rehearsalOf(world());
    const { resource } = await denyHoursAgo(made, asked, 12);

    const first = await made.undo(revokeRoleSessions);
    const second = await made.undo(revokeRoleSessions);

    expect(first.outcomes).toEqual({ [resource]: 'restored' });
    expect(calls(first.journal)).toEqual(['iam:GetRolePolicy sent', 'iam:DeleteRolePolicy sent']);
    expect(second.outcomes).toEqual({ [resource]: 'already-restored' });
    expect(roleIn(made).inlinePolicies).toEqual(others);
  });

  it('withholds it in a dry run', async () => {
    const made = await rehearsalOf(world());
    const { policyName } = await denyHoursAgo(made, session, 12);

    const { journal } = await made.undo(revokeRoleSessions, 'dry-run');

    expect(calls(journal)).toEqual(['iam:GetRolePolicy sent', 'iam:DeleteRolePolicy withheld']);
    expect(roleIn(made).inlinePolicies).toHaveProperty([policyName]);
  });

  it('leaves a policy alone that somebody has changed', async () => {
    const made = await rehearsalOf(world());
    const { resource, policyName } = await denyHoursAgo(made, session, 12);
    roleIn(made).inlinePolicies[policyName] = denySession('*');

    expect((await made.undo(revokeRoleSessions)).outcomes).toEqual({ [resource]: 'drifted' });
    expect(roleIn(made).inlinePolicies).toHaveProperty([policyName]);
  });
});
