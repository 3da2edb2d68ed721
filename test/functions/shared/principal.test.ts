import { describe, expect, test } from 'vitest';
import { samplesKey } from '../../../functions/shared/finding.ts';
import { forbidsRole, forbidsUser } from '../../../functions/shared/guard-rails.ts';
import { RoleName, UserName } from '../../../functions/shared/ids.ts';
import { principalOf } from '../../../functions/shared/principal.ts';
import { Settings } from '../../../functions/shared/settings.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';

const longLived = 'AKIAIOSFODNN7EXAMPLE';
const temporary = 'ASIAIOSFODNN7EXAMPLE';
const nobody = {
  accessKeyId: null,
  userName: null,
  roleName: null,
  roleId: null,
  sessionName: null,
  instanceId: null,
  federated: false,
};
const principal = (said: Parameters<typeof principalOf>[0]) =>
  principalOf(said, '111122223333', { path: '$.accessKeyDetails' });

describe('tells who acted', () => {
  test.each([
    [
      "a user's long-lived key",
      { accessKeyId: longLived, userName: 'ada', userType: 'IAMUser', principalId: 'AIDAEXAMPLE' },
      { kind: 'user-key', accessKeyId: longLived, userName: 'ada' },
    ],
    [
      'a key whose user nobody named',
      { accessKeyId: longLived },
      { kind: 'user-key', accessKeyId: longLived },
    ],
    [
      'a session made from a user',
      { accessKeyId: temporary, userName: 'ada', userType: 'IAMUser' },
      { kind: 'user-session', accessKeyId: temporary, userName: 'ada' },
    ],
    [
      'a user at the console, of whom no key is named',
      { userName: 'ada', userType: 'IAMUser' },
      { kind: 'user', userName: 'ada' },
    ],
    [
      'a federated session, with what it was called',
      {
        accessKeyId: temporary,
        userName: 'ada',
        userType: 'FederatedUser',
        principalId: '111122223333:visitor',
      },
      {
        kind: 'user-session',
        accessKeyId: temporary,
        userName: 'ada',
        sessionName: 'visitor',
        federated: true,
      },
    ],
    [
      "a role's session",
      {
        accessKeyId: temporary,
        userName: 'deploy',
        userType: 'AssumedRole',
        principalId: 'AROAEXAMPLE:ci-7',
      },
      {
        kind: 'role-session',
        accessKeyId: temporary,
        roleName: 'deploy',
        roleId: 'AROAEXAMPLE',
        sessionName: 'ci-7',
      },
    ],
    [
      "an instance's session, which is called by the instance's id",
      { userName: 'web', userType: 'Role', principalId: 'AROAEXAMPLE:i-0aaaaaaaaaaaaaaa1' },
      {
        kind: 'role-session',
        roleName: 'web',
        roleId: 'AROAEXAMPLE',
        sessionName: 'i-0aaaaaaaaaaaaaaa1',
        instanceId: 'i-0aaaaaaaaaaaaaaa1',
      },
    ],
    [
      'a role of which no session is named',
      { userName: 'web', userType: 'AssumedRole', principalId: 'AROAEXAMPLE' },
      { kind: 'role', roleName: 'web', roleId: 'AROAEXAMPLE' },
    ],
    [
      'a role by its unique id alone',
      { userName: 'web', principalId: 'AROAEXAMPLE:ci-7' },
      { kind: 'role-session', roleName: 'web', roleId: 'AROAEXAMPLE', sessionName: 'ci-7' },
    ],
    [
      "a sample's key, as one that nobody has",
      { accessKeyId: 'GeneratedFindingAccessKeyId', userName: 'x', userType: 'IAMUser' },
      { kind: 'user-key', accessKeyId: samplesKey.longLived, userName: 'x' },
    ],
    [
      "a sample's role",
      {
        accessKeyId: 'GeneratedFindingAccessKeyId',
        principalId: 'GeneratedFindingPrincipalId',
        userName: 'GeneratedFindingUserName',
        userType: 'AssumedRole',
      },
      { kind: 'role', accessKeyId: samplesKey.temporary, roleName: 'GeneratedFindingUserName' },
    ],
  ])('%s', (_, said, expected) => {
    expect(principal(said)).toEqual({ ...nobody, ...expected });
  });

  test.each([
    ['root', { userType: 'Root', accessKeyId: longLived }],
    ['aws-service', { userType: 'AWSService', userName: 'ec2.amazonaws.com' }],
    ['other-account', { userType: 'AWSAccount', principalId: '999988887777' }],
    ['identity-center-role', { userType: 'IdentityCenterUser', userName: 'ada' }],
    [
      'other-account',
      { userType: 'FederatedUser', userName: 'ada', principalId: '999988887777:visitor' },
    ],
    ['unknown-principal', { userType: 'Directory', userName: 'ada' }],
    ['unknown-principal', { userType: 'Unknown', userName: 'ada' }],
    ['unknown-principal', { userType: 'iamuser', userName: 'ada' }],
    ['unknown-principal', { userName: 'ada' }],
    ['unknown-principal', { accessKeyId: temporary, userType: 'IAMUser' }],
    ['unknown-principal', { accessKeyId: temporary, userType: 'AssumedRole' }],
    ['unknown-principal', { userType: 'IAMUser', userName: 'web', principalId: 'AROAEXAMPLE:i' }],
    ['unknown-principal', { userType: 'Role', userName: 'ada', principalId: 'AIDAEXAMPLE' }],
  ])('calls %s whom no policy here stops: %j', (expected, said) => {
    expect(principal(said)).toBe(expected);
  });

  test('refuses a long-lived key of a federated user, which there is none of', () => {
    const said = { accessKeyId: longLived, userName: 'ada', userType: 'FederatedUser' };
    expect(() => principal(said)).toThrow(UnusableInputError);
    expect(() => principal(said)).toThrow('$.accessKeyDetails.accessKeyId: expected');
  });
});

describe('who may not be touched', () => {
  const settings = Settings.parse({
    neverTouch: { users: ['Payroll'], roles: ['ledger'], breakGlass: ['in-emergency'] },
  });

  test.each([
    ['payroll', 'never-touch-user'],
    ['in-emergency', 'break-glass'],
    ['ledger', undefined],
    ['ada', undefined],
  ])('the user %s: %s', (name, reason) => {
    expect(forbidsUser(settings, UserName.parse(name))).toBe(reason);
  });

  test.each([
    ['LEDGER', undefined, 'never-touch-role'],
    ['in-emergency', undefined, 'break-glass'],
    ['Cordon-IsolateInstance', undefined, 'own-role'],
    ['AWSServiceRoleForECS', undefined, 'service-linked-role'],
    ['AWSServiceRoleForECS', '/aws-service-role/ecs.amazonaws.com/', 'service-linked-role'],
    ['AWSReservedSSO_Admin_0123456789abcdef', undefined, 'identity-center-role'],
    ['anything', '/aws-reserved/sso.amazonaws.com/', 'identity-center-role'],
    ['AWSServiceRoleForMischief', '/', undefined],
    ['payroll', undefined, undefined],
    ['deploy', undefined, undefined],
  ])('the role %s with the path %s: %s', (name, path, reason) => {
    expect(forbidsRole(settings, RoleName.parse(name), path)).toBe(reason);
  });
});
