import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetLoginProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListInstanceProfilesForRoleCommand,
  ListMFADevicesCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListSSHPublicKeysCommand,
  ListUserPoliciesCommand,
  ListUserTagsCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  paginateListAttachedUserPolicies,
  type StatusType,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { parseInput } from '../../../functions/shared/unusable-input.ts';
import { AccountState } from '../../../replay/account/state.ts';
import { clientsOf, errorOf, rehearsed } from './rehearsed.ts';

const leaked = 'AKIALEAKEDLEAKEDLEAK';
const healthy = 'AKIAHEALTHYHEALTHYHE';
const decoy = 'AKIADECOYDECOYDECOYD';
const denyAll = 'arn:aws:iam::aws:policy/AWSDenyAll';
const statement = { Effect: 'Deny', Action: '*', Resource: '*' };
const deny = { Version: '2012-10-17', Statement: [statement] };
/** A policy of so many characters, white space apart. */
const policyOf = (size: number) => {
  const bare = JSON.stringify({ ...deny, Id: '' }).length;
  return JSON.stringify({ ...deny, Id: 'x'.repeat(size - bare) }, null, 2);
};

const state = {
  iam: {
    users: [
      {
        userName: 'dana',
        path: '/teams/payments/',
        tags: { team: 'payments' },
        accessKeys: [
          {
            accessKeyId: leaked,
            lastUsed: { date: '2026-03-01T04:00:00.000Z', service: 's3', region: 'eu-west-1' },
          },
          { accessKeyId: healthy },
        ],
        groups: ['developers'],
        mfaDevices: [{ serialNumber: 'arn:aws:iam::111122223333:mfa/dana' }],
        sshPublicKeys: [{ sshPublicKeyId: 'APKAAAAAAAAAAAAAAAAA' }],
        signingCertificates: [{ certificateId: 'CERTIFICATECERTIFICATE00' }],
        serviceSpecificCredentials: [{ serviceSpecificCredentialId: 'ACCAAAAAAAAAAAAAAAAAA' }],
        inlinePolicies: { own: deny },
      },
      { userName: 'decoy', loginProfile: true, accessKeys: [{ accessKeyId: decoy }] },
    ],
    roles: [
      {
        roleName: 'app',
        roleId: 'AROAAPPAPPAPPAPPAPPAP',
        instanceProfiles: ['app-profile'],
        inlinePolicies: { own: deny },
      },
      {
        roleName: 'AWSServiceRoleForSupport',
        path: '/aws-service-role/support.amazonaws.com/',
      },
      {
        roleName: 'AWSReservedSSO_Admin_0123456789abcdef',
        path: '/aws-reserved/sso.amazonaws.com/eu-west-1/',
      },
    ],
  },
} satisfies z.input<typeof AccountState>;

type Iam = ReturnType<typeof rehearsed>['iam'];
const keysOf = async (iam: Iam, UserName = 'dana') => {
  const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName }));
  return AccessKeyMetadata?.map(({ AccessKeyId, Status }) => `${AccessKeyId} ${Status}`);
};
const update = (UserName: string | undefined, AccessKeyId: string, Status = 'Inactive') =>
  // A word that is no status is one of the tests.
  new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: Status as StatusType });
const put = (PolicyName: string, PolicyDocument: string, UserName = 'dana') =>
  new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument });
const putOnRole = (RoleName: string, PolicyDocument = JSON.stringify(deny)) =>
  new PutRolePolicyCommand({ RoleName, PolicyName: 'cordon', PolicyDocument });

describe('IAM users', () => {
  it('are read with all that an intruder could come back with', async () => {
    const { iam } = rehearsed(state);
    const of = { UserName: 'dana' };
    expect((await iam.send(new GetUserCommand(of))).User).toMatchObject({
      UserName: 'dana',
      Arn: 'arn:aws:iam::111122223333:user/teams/payments/dana',
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    });
    expect(
      await Promise.all([
        iam.send(new ListMFADevicesCommand(of)),
        iam.send(new ListGroupsForUserCommand(of)),
        iam.send(new ListSSHPublicKeysCommand(of)),
        iam.send(new ListSigningCertificatesCommand(of)),
        iam.send(new ListServiceSpecificCredentialsCommand(of)),
        iam.send(new ListUserPoliciesCommand(of)),
        iam.send(new ListUserTagsCommand(of)),
      ]),
    ).toMatchObject([
      { MFADevices: [{ SerialNumber: 'arn:aws:iam::111122223333:mfa/dana' }] },
      { Groups: [{ GroupName: 'developers' }] },
      { SSHPublicKeys: [{ SSHPublicKeyId: 'APKAAAAAAAAAAAAAAAAA', Status: 'Active' }] },
      { Certificates: [{ CertificateId: 'CERTIFICATECERTIFICATE00', Status: 'Active' }] },
      { ServiceSpecificCredentials: [{ ServiceName: 'codecommit.amazonaws.com' }] },
      { PolicyNames: ['own'], IsTruncated: false },
      { Tags: [{ Key: 'team', Value: 'payments' }] },
    ]);
    expect(await errorOf(iam.send(new GetLoginProfileCommand(of)))).toBe('NoSuchEntityException');
    expect(
      (await iam.send(new GetLoginProfileCommand({ UserName: 'decoy' }))).LoginProfile,
    ).toMatchObject({ UserName: 'decoy' });
  });

  it.each([
    ['that are not there', 'NoSuchEntityException', 'nobody'],
    ['named by ARN', 'ValidationError', 'arn:aws:iam::111122223333:user/dana'],
    ['named with a wildcard', 'ValidationError', 'dan*'],
    ['left unnamed', 'ValidationError', undefined],
  ])('%s are refused', async (_what, name, UserName) => {
    const { iam } = rehearsed(state);
    expect(await errorOf(iam.send(new ListAccessKeysCommand({ UserName })))).toBe(name);
  });

  it.each([
    [
      'twice, whatever the case',
      { users: [{ userName: 'dana' }, { userName: 'Dana' }] },
      '$.iam.users[1].userName: Dana is there twice',
    ],
    [
      "with another's key",
      {
        users: ['a', 'b'].map((userName) => ({ userName, accessKeys: [{ accessKeyId: leaked }] })),
      },
      `$.iam.users[1].accessKeys[0].accessKeyId: ${leaked} is there twice`,
    ],
    [
      'named as none can be',
      { users: [{ userName: 'user/dana' }] },
      '$.iam.users[0].userName: expected a name IAM would take',
    ],
  ])('are not stated %s', (_what, iam, message) => {
    expect(() => parseInput(AccountState, { iam })).toThrow(message);
  });

  it('are stated again as they were read', () => {
    const once = parseInput(AccountState, state);
    expect(parseInput(AccountState, once)).toEqual(once);
  });
});

describe('IAM access keys', () => {
  it('lead to their user and say when they were last used', async () => {
    const { iam } = rehearsed(state);
    const ask = (AccessKeyId: string) => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
    expect(await ask(leaked)).toMatchObject({
      UserName: 'dana',
      AccessKeyLastUsed: {
        ServiceName: 's3',
        Region: 'eu-west-1',
        LastUsedDate: new Date('2026-03-01T04:00:00.000Z'),
      },
    });
    const { AccessKeyLastUsed } = await ask(healthy);
    expect(AccessKeyLastUsed).toEqual({ ServiceName: 'N/A', Region: 'N/A' });
  });

  it('of nobody here are not told of, by either of the two errors', async () => {
    const ask = new GetAccessKeyLastUsedCommand({ AccessKeyId: 'ASIATEMPORARYTEMPORA' });
    const errors = [];
    for (const unknownAccessKey of ['AccessDenied', 'NoSuchEntity'] as const) {
      errors.push(await errorOf(rehearsed({ iam: { unknownAccessKey } }).iam.send(ask)));
    }
    expect(errors).toEqual(['AccessDenied', 'NoSuchEntityException']);
  });

  it("are deactivated one at a time, and nobody else's with them", async () => {
    const { iam } = rehearsed(state);
    await iam.send(update('dana', leaked));
    expect(await keysOf(iam)).toEqual([`${leaked} Inactive`, `${healthy} Active`]);
    expect(await keysOf(iam, 'decoy')).toEqual([`${decoy} Active`]);
  });

  it.each([
    ["another user's", 'NoSuchEntityException', update('dana', decoy)],
    ['a temporary one', 'NoSuchEntityException', update('dana', 'ASIATEMPORARYTEMPORA')],
    ['one of nobody named', 'ValidationError', update(undefined, leaked)],
    ['one of a wrong shape', 'ValidationError', update('dana', 'AKIA')],
    ['one to a status there is none', 'ValidationError', update('dana', leaked, 'Off')],
  ])('are not changed: %s', async (_what, name, command) => {
    const { iam, account } = rehearsed(state);
    expect(await errorOf(iam.send(command))).toBe(name);
    expect(account.state.iam).toEqual(AccountState.parse(state).iam);
  });

  it('are made up to two, inactive ones counted, and the secret is kept nowhere', async () => {
    const { iam, account } = rehearsed(state);
    const create = new CreateAccessKeyCommand({ UserName: 'dana' });
    await iam.send(update('dana', leaked));
    expect(await errorOf(iam.send(create))).toBe('LimitExceededException');
    await iam.send(new DeleteAccessKeyCommand({ UserName: 'dana', AccessKeyId: leaked }));
    const { AccessKey } = await iam.send(create);
    expect(AccessKey).toMatchObject({
      AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
      SecretAccessKey: expect.stringMatching(/^.{40}$/),
    });
    expect(await keysOf(iam)).toEqual([`${healthy} Active`, `${AccessKey?.AccessKeyId} Active`]);
    expect(JSON.stringify(account.state)).not.toContain(AccessKey?.SecretAccessKey);
  });
});

describe('IAM policies', () => {
  it('are put in line and read back percent-encoded', async () => {
    const { iam, account } = rehearsed(state);
    await iam.send(put('cordon-case', JSON.stringify(deny)));
    const { PolicyDocument = '' } = await iam.send(
      new GetUserPolicyCommand({ UserName: 'dana', PolicyName: 'cordon-case' }),
    );
    expect(PolicyDocument).toMatch(/^%7B%22Version%22/);
    expect(JSON.parse(decodeURIComponent(PolicyDocument))).toEqual(deny);
    expect(account.state.iam.users[0]?.inlinePolicies).toEqual({ own: deny, 'cordon-case': deny });
    const away = new DeleteUserPolicyCommand({ UserName: 'dana', PolicyName: 'cordon-case' });
    await iam.send(away);
    expect(await errorOf(iam.send(away))).toBe('NoSuchEntityException');
  });

  it('in line have 2,048 characters on a user together, white space apart', async () => {
    const { iam } = rehearsed(state);
    const left = 2048 - JSON.stringify(deny).length;
    expect(await errorOf(iam.send(put('more', policyOf(left + 1))))).toBe('LimitExceededException');
    await iam.send(put('more', policyOf(left)));
    await iam.send(put('more', policyOf(left)));
    expect(await errorOf(iam.send(put('one', JSON.stringify(deny))))).toBe(
      'LimitExceededException',
    );
  });

  it('in line have 10,240 characters on a role together', async () => {
    const { iam } = rehearsed(state);
    const left = 10_240 - JSON.stringify(deny).length;
    expect(await errorOf(iam.send(putOnRole('app', policyOf(left + 1))))).toBe(
      'LimitExceededException',
    );
    await iam.send(putOnRole('app', policyOf(left)));
    const { PolicyName } = await iam.send(
      new GetRolePolicyCommand({ RoleName: 'app', PolicyName: 'cordon' }),
    );
    expect(PolicyName).toBe('cordon');
  });

  it.each([
    ['no JSON', 'no'],
    ['no policy', '[]'],
    ['a statement without effect', { Statement: { Action: '*', Resource: '*' } }],
    ['a statement without actions', { Statement: { Effect: 'Deny', Resource: '*' } }],
    ['a statement without resources', { Statement: { Effect: 'Deny', Action: '*' } }],
    ['a principal', { Statement: { ...statement, Principal: '*' } }],
    ['a version of its own', { Version: '2026-01-01', Statement: statement }],
  ])('are malformed when they are or have %s', async (_what, document) => {
    const { iam } = rehearsed(state);
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    expect(await errorOf(iam.send(put('cordon', text)))).toBe('MalformedPolicyDocumentException');
  });

  it('are attached once, up to ten, and detached once', async () => {
    const arns = Array.from({ length: 9 }, (_, n) => `arn:aws:iam::111122223333:policy/own-${n}`);
    const attachedPolicies = arns.map((arn) => ({ arn }));
    const { iam, account } = rehearsed({
      iam: { users: [{ userName: 'dana', attachedPolicies }] },
    });
    const of = (PolicyArn: string) => ({ UserName: 'dana', PolicyArn });
    const other = 'arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3';
    await iam.send(new AttachUserPolicyCommand(of(denyAll)));
    await iam.send(new AttachUserPolicyCommand(of(denyAll)));
    expect(account.state.iam.users[0]?.attachedPolicies).toHaveLength(10);
    expect(await errorOf(iam.send(new AttachUserPolicyCommand(of(other))))).toBe(
      'LimitExceededException',
    );
    await iam.send(new DetachUserPolicyCommand(of(denyAll)));
    expect(await errorOf(iam.send(new DetachUserPolicyCommand(of(denyAll))))).toBe(
      'NoSuchEntityException',
    );
  });

  it('that are not there are not attached', async () => {
    const { iam } = rehearsed(state);
    const PolicyArn = 'arn:aws:iam::aws:policy/AWSDenyEverything';
    const command = new AttachUserPolicyCommand({ UserName: 'dana', PolicyArn });
    expect(await errorOf(iam.send(command))).toBe('NoSuchEntityException');
  });

  it('managed by AWS say what they do', async () => {
    const { iam } = rehearsed(state);
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: denyAll }));
    const { PolicyVersion } = await iam.send(
      new GetPolicyVersionCommand({ PolicyArn: denyAll, VersionId: Policy?.DefaultVersionId }),
    );
    expect(Policy).toMatchObject({ PolicyName: 'AWSDenyAll', AttachmentCount: 0 });
    expect(decodeURIComponent(PolicyVersion?.Document ?? '')).toContain('"Effect":"Deny"');
  });

  it('come in pages that a marker leads through', async () => {
    const attachedPolicies = Array.from({ length: 5 }, (_, n) => ({
      arn: `arn:aws:iam::111122223333:policy/own-${n}`,
    }));
    const { iam } = rehearsed({ iam: { users: [{ userName: 'dana', attachedPolicies }] } });
    const pages = [];
    for await (const page of paginateListAttachedUserPolicies(
      { client: iam, pageSize: 2 },
      { UserName: 'dana' },
    )) {
      pages.push([page.AttachedPolicies?.length, page.IsTruncated]);
    }
    expect(pages).toEqual([
      [2, true],
      [2, true],
      [1, false],
    ]);
    const strange = new ListAttachedUserPoliciesCommand({ UserName: 'dana', Marker: 'mine' });
    expect(await errorOf(iam.send(strange))).toBe('ValidationError');
  });
});

describe('IAM roles', () => {
  it('are read with their trust, their id and their instance profiles', async () => {
    const { iam } = rehearsed(state);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'app' }));
    expect(Role).toMatchObject({
      RoleId: 'AROAAPPAPPAPPAPPAPPAP',
      Arn: 'arn:aws:iam::111122223333:role/app',
      MaxSessionDuration: 3600,
    });
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toContain('ec2.amazonaws.com');
    const { InstanceProfiles } = await iam.send(
      new ListInstanceProfilesForRoleCommand({ RoleName: 'app' }),
    );
    expect(InstanceProfiles).toMatchObject([{ InstanceProfileName: 'app-profile' }]);
  });

  it.each(['AWSServiceRoleForSupport', 'AWSReservedSSO_Admin_0123456789abcdef'])(
    'of AWS are read but not changed: %s',
    async (RoleName) => {
      const { iam } = rehearsed(state);
      const away = new DeleteRolePolicyCommand({ RoleName, PolicyName: 'cordon' });
      expect((await iam.send(new GetRoleCommand({ RoleName }))).Role?.RoleName).toBe(RoleName);
      expect(await errorOf(iam.send(putOnRole(RoleName)))).toBe('UnmodifiableEntityException');
      expect(await errorOf(iam.send(away))).toBe('UnmodifiableEntityException');
    },
  );

  it.each([
    ['that are not there', 'NoSuchEntityException', 'nobody'],
    ['named with a wildcard', 'ValidationError', 'app*'],
  ])('%s are refused', async (_what, name, RoleName) => {
    const { iam } = rehearsed(state);
    expect(await errorOf(iam.send(putOnRole(RoleName)))).toBe(name);
  });
});

describe('IAM that lags', () => {
  it('shows a write only after so many further calls', async () => {
    const { iam } = rehearsed({ iam: { ...state.iam, lag: 2 } });
    await iam.send(update('dana', leaked));
    const seen = [await keysOf(iam), await keysOf(iam), await keysOf(iam)];
    expect(seen.map((keys) => keys?.[0])).toEqual([
      `${leaked} Active`,
      `${leaked} Active`,
      `${leaked} Inactive`,
    ]);
  });

  it('lets no write undo the one before it', async () => {
    const { iam, account } = rehearsed({ iam: { ...state.iam, lag: 2 } });
    await iam.send(update('dana', leaked));
    await iam.send(put('cordon', JSON.stringify(deny)));
    for (let n = 0; n < 2; n++) await keysOf(iam);
    expect(account.state.iam.users[0]).toMatchObject({
      accessKeys: [{ status: 'Inactive' }, { status: 'Active' }],
      inlinePolicies: { own: deny, cordon: deny },
    });
    expect(account.state.iam.stale).toEqual([]);
  });

  it('keeps the calls of a copy apart', async () => {
    const { account, iam } = rehearsed({ iam: { ...state.iam, lag: 1 } });
    await iam.send(update('dana', leaked));
    const copy = account.copy();
    await keysOf(clientsOf(copy).iam);
    expect((await keysOf(iam))?.[0]).toBe(`${leaked} Active`);
  });
});
