import { IAMServiceException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { recordPrincipal } from '../../functions/record-principal/handler.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;

const time = '2026-01-01T00:00:00.000Z';
const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
const team = { Statement: { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::Größe %2A' } };
const trust = { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' } };

const world: State = {
  iam: {
    users: [
      { userName: 'bob', accessKeys: [{ accessKeyId: 'AKIAIOSFODNN7FOREIGN' }] },
      {
        userName: 'alice',
        userId: 'AIDAEXAMPLEALICE23456',
        path: '/teams/payments/',
        tags: { team: 'payments' },
        passwordLastUsed: '2026-02-01T00:00:00.000Z',
        permissionsBoundary: readOnly,
        accessKeys: [
          { accessKeyId: 'AKIAIOSFODNN7HEALTHY', status: 'Inactive' },
          { accessKeyId: 'AKIAIOSFODNN7LEAKED1', lastUsed: { date: '2026-03-01T00:00:00.000Z' } },
        ],
        loginProfile: true,
        mfaDevices: [{ serialNumber: 'arn:aws:iam::111122223333:mfa/alice' }],
        groups: ['admins', 'payments'],
        attachedPolicies: [{ arn: readOnly }],
        inlinePolicies: { team },
        sshPublicKeys: [{ sshPublicKeyId: 'APKAEXAMPLE' }],
        signingCertificates: [{ certificateId: 'CERTEXAMPLE' }],
        serviceSpecificCredentials: [{ serviceSpecificCredentialId: 'ACCAEXAMPLE' }],
      },
    ],
    roles: [
      {
        roleName: 'web',
        roleId: 'AROAEXAMPLEWEBROLE234',
        description: 'The web servers',
        trustPolicy: trust,
        lastUsed: { date: '2026-02-01T00:00:00.000Z', region: 'eu-west-1' },
        attachedPolicies: [{ arn: readOnly }],
        inlinePolicies: { team },
        instanceProfiles: ['web-profile'],
      },
    ],
  },
};
const user = { userName: 'alice', roleName: null };
const role = { userName: null, roleName: 'web' };
const userArn = 'arn:aws:iam::111122223333:user/alice';

const userReads = [
  'iam:GetLoginProfile',
  'iam:GetUser',
  'iam:ListAccessKeys',
  'iam:ListAttachedUserPolicies',
  'iam:ListGroupsForUser',
  'iam:ListMFADevices',
  'iam:ListSSHPublicKeys',
  'iam:ListServiceSpecificCredentials',
  'iam:ListSigningCertificates',
  'iam:ListUserPolicies',
];
const denied = new IAMServiceException({ name: 'AccessDenied', $fault: 'client', $metadata: {} });
const counts = { keys: 2, mfaDevices: 1, groups: 2, policies: 2, loginProfile: 'present' };

describe('record-principal of a user', () => {
  it('keeps what the user is, holds and may sign in with, in two rounds of reads', async () => {
    const { run, cases, open } = await rehearsalOf(world);

    const { result, journal } = await run(recordPrincipal, user);

    expect(result).toEqual({ outcome: 'recorded', ...counts, unreadable: [] });
    expect(
      journal
        .slice(0, 10)
        .map(({ call }) => call)
        .toSorted(),
    ).toEqual(userReads);
    expect(calls(journal.slice(10)).toSorted()).toEqual([
      'iam:GetAccessKeyLastUsed sent',
      'iam:GetAccessKeyLastUsed sent',
      'iam:GetUserPolicy sent',
    ]);
    const [before, ...more] = await cases.before((await open('live')).caseId);
    expect(more).toEqual([]);
    expect(before).toMatchObject({ step: 'record-principal', resource: userArn });
    expect(before?.state).toEqual({
      userName: 'alice',
      userId: 'AIDAEXAMPLEALICE23456',
      arn: 'arn:aws:iam::111122223333:user/teams/payments/alice',
      createDate: time,
      passwordLastUsed: '2026-02-01T00:00:00.000Z',
      permissionsBoundary: readOnly,
      tags: { team: 'payments' },
      accessKeys: [
        {
          accessKeyId: 'AKIAIOSFODNN7HEALTHY',
          status: 'Inactive',
          createDate: time,
          lastUsed: null,
        },
        {
          accessKeyId: 'AKIAIOSFODNN7LEAKED1',
          status: 'Active',
          createDate: time,
          lastUsed: { date: '2026-03-01T00:00:00.000Z', service: 'sts', region: 'us-east-1' },
        },
      ],
      loginProfile: { createDate: time, passwordResetRequired: false },
      mfaDevices: [{ serialNumber: 'arn:aws:iam::111122223333:mfa/alice', enableDate: time }],
      groups: ['admins', 'payments'],
      attachedPolicies: [readOnly],
      inlinePolicies: [{ name: 'team', document: JSON.stringify(team) }],
      signingCertificates: [{ certificateId: 'CERTEXAMPLE', status: 'Active', uploadDate: time }],
      sshPublicKeys: [{ sshPublicKeyId: 'APKAEXAMPLE', status: 'Active', uploadDate: time }],
      serviceSpecificCredentials: [
        {
          serviceSpecificCredentialId: 'ACCAEXAMPLE',
          serviceName: 'codecommit.amazonaws.com',
          status: 'Active',
          createDate: time,
        },
      ],
    });
  });

  it('lets no document or certificate into its result or journal', async () => {
    const { run, table } = await rehearsalOf(world);

    const { result, journal } = await run(recordPrincipal, user);

    expect(JSON.stringify([result, journal])).not.toMatch(/Statement|CERTIFICATE|Effect/);
    expect(JSON.stringify(table.items())).not.toContain('BEGIN CERTIFICATE');
  });

  it('takes a user without a password for one', async () => {
    const { run } = await rehearsalOf(world);

    const { result } = await run(recordPrincipal, { ...user, userName: 'bob' });

    expect(result).toEqual({
      outcome: 'recorded',
      keys: 1,
      mfaDevices: 0,
      groups: 0,
      policies: 0,
      loginProfile: 'none',
      unreadable: [],
    });
  });

  it.each([
    ['iam:ListAccessKeys', { keys: 'unreadable' }],
    ['iam:GetAccessKeyLastUsed', {}],
    ['iam:GetLoginProfile', { loginProfile: 'unreadable' }],
    ['iam:ListMFADevices', { mfaDevices: 'unreadable' }],
    ['iam:ListGroupsForUser', { groups: 'unreadable' }],
    ['iam:ListAttachedUserPolicies', { policies: 'unreadable' }],
    ['iam:ListUserPolicies', { policies: 'unreadable' }],
    ['iam:GetUserPolicy', {}],
    ['iam:ListSigningCertificates', {}],
    ['iam:ListSSHPublicKeys', {}],
    ['iam:ListServiceSpecificCredentials', {}],
  ])('names %s when it is refused, and keeps the rest', async (refused, differs) => {
    const { run, cases, open } = await rehearsalOf(world, {
      fault: (call) => (call === refused ? { when: 'before', error: denied } : undefined),
    });

    const { result } = await run(recordPrincipal, user);

    expect(result).toEqual({
      outcome: 'recorded',
      ...counts,
      ...differs,
      unreadable: [refused],
    });
    const [before] = await cases.before((await open('live')).caseId);
    expect(before?.state).toMatchObject({ userName: 'alice' });
    expect(JSON.stringify(before?.state)).toContain('unreadable');
  });

  it('reads every page of a list', async () => {
    const { run } = await rehearsalOf(world, {
      fault: (call, asked) => {
        // IAM's page holds more than any user has, so the page is made small.
        if (call.startsWith('iam:List')) Object.assign(asked, { MaxItems: 1 });
        return undefined;
      },
    });

    expect((await run(recordPrincipal, user)).result).toMatchObject(counts);
  });

  it.each([
    ['user', { ...user, userName: 'mallory' }],
    ['role', { ...role, roleName: 'none' }],
  ])('says that there is no such %s, and records nothing', async (_what, input) => {
    const { run, cases, open } = await rehearsalOf(world);

    const { result } = await run(recordPrincipal, input);

    expect(result).toMatchObject({ outcome: 'absent', unreadable: [] });
    expect(await cases.before((await open('live')).caseId)).toEqual([]);
  });

  it.each(['dry-run', undefined] as const)('reads and records alike in mode %s', async (mode) => {
    const { run, cases, open } = await rehearsalOf(world, { dryRun: 'stand-ins' });

    const { result, journal } = await run(recordPrincipal, user, mode);

    expect(result.outcome).toBe('recorded');
    expect(new Set(journal.map(({ disposition }) => disposition))).toEqual(new Set(['sent']));
    expect(await cases.before((await open('dry-run')).caseId)).toHaveLength(1);
  });

  it('keeps the first record when it is run again', async () => {
    const { run, cases, open, account } = await rehearsalOf(world);
    await run(recordPrincipal, user);
    const recorded = await cases.before((await open('live')).caseId);
    const alice = account.state.iam.users[1];
    if (alice) alice.groups = [];

    const { result } = await run(recordPrincipal, user);

    expect(result).toMatchObject({ outcome: 'recorded', groups: 0 });
    expect(await cases.before((await open('live')).caseId)).toEqual(recorded);
  });

  it.each([
    ['iam:GetUser', user],
    ['iam:GetRole', role],
  ])('lets a refused %s out', async (refused, input) => {
    const { run } = await rehearsalOf(world, {
      fault: (call) => (call === refused ? { when: 'before', error: denied } : undefined),
    });

    expect((await run(recordPrincipal, input)).error).toMatchObject({ name: 'AccessDenied' });
  });

  it('lets any other failure of a list out', async () => {
    const error = new IAMServiceException({ name: 'Odd', $fault: 'server', $metadata: {} });
    const { run } = await rehearsalOf(world, {
      fault: (call) => (call === 'iam:ListMFADevices' ? { when: 'before', error } : undefined),
    });

    expect((await run(recordPrincipal, user)).error).toMatchObject({ name: 'Odd' });
  });

  it.each([
    ['neither user nor role', { userName: null, roleName: null }],
    ['both', { userName: 'alice', roleName: 'web' }],
    ['an ARN', { ...user, userName: userArn }],
    ['a wildcard', { ...role, roleName: 'web*' }],
    ['a field it does not know', { ...user, force: true }],
  ])('refuses %s before it calls AWS', async (_what, input) => {
    const { run } = await rehearsalOf(world);

    const { error, journal } = await run(recordPrincipal, input);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('record-principal of a role', () => {
  it('keeps what the role is and may do, and who may assume it', async () => {
    const { run, cases, open } = await rehearsalOf(world);

    const { result, journal } = await run(recordPrincipal, role);

    expect(result).toEqual({
      outcome: 'recorded',
      keys: 0,
      mfaDevices: 0,
      groups: 0,
      policies: 2,
      loginProfile: 'none',
      unreadable: [],
    });
    expect(calls(journal)).toEqual([
      'iam:GetRole sent',
      'iam:ListAttachedRolePolicies sent',
      'iam:ListRolePolicies sent',
      'iam:ListInstanceProfilesForRole sent',
      'iam:GetRolePolicy sent',
    ]);
    expect(await cases.before((await open('live')).caseId)).toEqual([
      {
        step: 'record-principal',
        resource: 'arn:aws:iam::111122223333:role/web',
        state: {
          roleName: 'web',
          roleId: 'AROAEXAMPLEWEBROLE234',
          arn: 'arn:aws:iam::111122223333:role/web',
          description: 'The web servers',
          createDate: time,
          lastUsed: { date: '2026-02-01T00:00:00.000Z', region: 'eu-west-1' },
          maxSessionDuration: 3600,
          permissionsBoundary: null,
          tags: {},
          trustPolicy: JSON.stringify(trust),
          attachedPolicies: [readOnly],
          inlinePolicies: [{ name: 'team', document: JSON.stringify(team) }],
          instanceProfiles: ['web-profile'],
        },
      },
    ]);
  });

  it.each([
    ['iam:ListAttachedRolePolicies', 'unreadable'],
    ['iam:ListRolePolicies', 'unreadable'],
    ['iam:GetRolePolicy', 2],
    ['iam:ListInstanceProfilesForRole', 2],
  ])('names %s when it is refused, and keeps the rest', async (refused, policies) => {
    const { run } = await rehearsalOf(world, {
      fault: (call) => (call === refused ? { when: 'before', error: denied } : undefined),
    });

    const { result } = await run(recordPrincipal, role);

    expect(result).toMatchObject({ outcome: 'recorded', policies, unreadable: [refused] });
  });
});
