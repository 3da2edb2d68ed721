import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { type Finding, samplesKey } from '../../../functions/shared/finding.ts';
import { accountFromFinding } from '../../../replay/account/from-finding.ts';
import { AccountState } from '../../../replay/account/state.ts';
import { finding } from '../../rehearsal.ts';
import { rehearsed } from './rehearsed.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const named = {
  networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
  vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
  subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
  privateIpAddresses: ['172.31.5.9', '172.31.5.10'],
  ipv6Addresses: ['2001:db8:0:12::9'],
  publicIp: '203.0.113.9',
};

describe('an account made from a finding', () => {
  it('has the instance as the finding names it', async () => {
    const { ec2 } = rehearsed(
      accountFromFinding(finding({ instance: { instanceId, networkInterfaces: [named] } })),
    );
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      VpcId: named.vpcId,
      SubnetId: named.subnetId,
      PublicIpAddress: '203.0.113.9',
      IamInstanceProfile: { Arn: 'arn:aws:iam::111122223333:instance-profile/web' },
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda' }, { DeviceName: '/dev/sdf' }],
      NetworkInterfaces: [
        {
          NetworkInterfaceId: named.networkInterfaceId,
          PrivateIpAddresses: [
            { PrivateIpAddress: '172.31.5.9' },
            { PrivateIpAddress: '172.31.5.10' },
          ],
          Ipv6Addresses: [{ Ipv6Address: '2001:db8:0:12::9' }],
        },
      ],
    });
  });

  it('has ranges that its addresses lie in', () => {
    const state = accountFromFinding(
      finding({ instance: { instanceId, networkInterfaces: [named] } }),
    );
    expect(state.vpcs).toMatchObject([
      { cidrBlocks: ['172.31.0.0/16'], ipv6CidrBlocks: ['2001:db8::/56'] },
    ]);
    expect(state.subnets).toMatchObject([{ cidrBlock: '172.31.5.0/24' }]);
  });

  it('has two healthy neighbours, in the same group behind the same target group', () => {
    const state = accountFromFinding(finding());
    const ids = state.instances.map((instance) => instance.instanceId);
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe(instanceId);
    const [group] = state.autoScalingGroups;
    expect(group).toMatchObject({ minSize: 2, desiredCapacity: 3 });
    expect(group?.instances.map((member) => member.instanceId)).toEqual(ids);
    expect(state.targetGroups[0]?.targets.map(({ id }) => id)).toEqual(ids);
    expect(group?.targetGroupArns).toEqual([state.targetGroups[0]?.arn]);
    const addresses = state.networkInterfaces.flatMap((eni) => eni.privateIpAddresses);
    expect(new Set(addresses).size).toBe(3);
    expect(state.ssm.managedInstances).toHaveLength(3);
  });

  it('is the same for another finding on the same instance', () => {
    expect(accountFromFinding(finding({ id: 'another', severity: 5 }))).toEqual(
      accountFromFinding(finding()),
    );
  });

  it("holds GuardDuty's placeholders and a subnet that is not named", () => {
    const state = accountFromFinding(
      finding({
        sample: true,
        instance: {
          instanceId: 'i-99999999',
          networkInterfaces: [
            {
              networkInterfaceId: 'eni-bfcffe88',
              privateIpAddresses: ['10.0.0.1', 'not an address'],
              ipv6Addresses: ['also none'],
              publicIp: 'GeneratedFindingPublicIp',
            },
          ],
        },
      }),
    );
    expect(state.networkInterfaces[0]).toMatchObject({
      networkInterfaceId: 'eni-bfcffe88',
      privateIpAddresses: ['10.0.0.1'],
      ipv6Addresses: [],
      attachment: { instanceId: 'i-99999999' },
    });
    expect(state.networkInterfaces[0]).not.toHaveProperty('publicIp');
    expect(AccountState.parse(state)).toEqual(state);
  });

  it('keeps interfaces of two VPCs apart, each in a group of its own', () => {
    const other = {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2',
      vpcId: 'vpc-0bbbbbbbbbbbbbbb1',
      privateIpAddresses: ['10.9.0.4'],
      ipv6Addresses: [],
    };
    const state = accountFromFinding(
      finding({ instance: { instanceId, networkInterfaces: [named, other, other] } }),
    );
    expect(state.vpcs.map(({ vpcId }) => vpcId)).toEqual([named.vpcId, other.vpcId]);
    const [first, second, ...neighbours] = state.networkInterfaces;
    expect(first?.groups).not.toEqual(second?.groups);
    expect(second?.attachment?.deviceIndex).toBe(1);
    expect(neighbours).toHaveLength(2);
  });

  it('has nothing in it when the finding names neither an instance nor credentials', () => {
    const state = accountFromFinding(
      finding({ resourceType: 'AccessKey', instance: undefined, region: 'global' }),
    );
    expect(state).toMatchObject({ accountId: '111122223333', region: 'us-east-1', instances: [] });
    expect(state.iam).toMatchObject({ users: [], roles: [] });
  });
});

type Said = Finding['accessKey'];
const accountOf = (accessKey: Said) =>
  accountFromFinding(finding({ resourceType: 'AccessKey', instance: undefined, accessKey }));
const key = 'AKIAC2C2C2C2C2C2C2C2';

describe('an account made from a finding on credentials', () => {
  it('has the user whose key it is, with a second key and a neighbour', () => {
    const { iam, cloudTrail } = accountOf({
      accessKeyId: key,
      userName: 'build',
      principalId: 'AIDAC2C2C2C2C2C2C2C2C',
      userType: 'IAMUser',
    });
    const [user, neighbour] = iam.users;
    expect(user).toMatchObject({ userName: 'build', userId: 'AIDAC2C2C2C2C2C2C2C2C' });
    expect(user?.accessKeys.map(({ accessKeyId }) => accessKeyId)).toEqual([
      key,
      expect.stringMatching(/^AKIA/),
    ]);
    expect(neighbour?.accessKeys).toHaveLength(1);
    const assumed = cloudTrail.events.find(({ eventName }) => eventName === 'AssumeRole');
    expect(assumed).toMatchObject({ accessKeyId: key });
    expect(iam.roles.map(({ roleName }) => roleName)).toEqual(['build-reports', 'build-neighbour']);
  });

  it('makes up a user for a key of which only the id is known', () => {
    const { iam } = accountOf({ accessKeyId: key });
    expect(iam.users[0]?.accessKeys[0]?.accessKeyId).toBe(key);
  });

  it('has the sample user with the key that stands for the placeholder', () => {
    const { iam } = accountOf({
      accessKeyId: 'GeneratedFindingAccessKeyId',
      principalId: 'GeneratedFindingPrincipalId',
      userName: 'GeneratedFindingUserName',
      userType: 'IAMUser',
    });
    expect(iam.users[0]).toMatchObject({ userName: 'GeneratedFindingUserName' });
    expect(iam.users[0]?.accessKeys[0]?.accessKeyId).toBe(samplesKey.longLived);
  });

  it('has seen the user make the session that was stolen', () => {
    const stolen = 'ASIAC2C2C2C2C2C2C2C2';
    const { iam, cloudTrail } = accountOf({
      accessKeyId: stolen,
      userName: 'kiosk',
      principalId: '111122223333:kiosk-7',
      userType: 'FederatedUser',
    });
    const made = cloudTrail.events.find(({ eventName }) => eventName === 'GetFederationToken');
    expect(made?.accessKeyId).toBe(iam.users[0]?.accessKeys[0]?.accessKeyId);
    expect(made?.record).toMatchObject({
      responseElements: { credentials: { accessKeyId: stolen } },
    });
  });

  it('has the role of the session, and the instance whose session it is among its fleet', () => {
    const { iam, instances } = accountOf({
      accessKeyId: 'ASIAC2C2C2C2C2C2C2C2',
      userName: 'web',
      principalId: `AROAC2C2C2C2C2C2C2C2C:${instanceId}`,
      userType: 'AssumedRole',
    });
    expect(iam.roles[0]).toMatchObject({
      roleName: 'web',
      roleId: 'AROAC2C2C2C2C2C2C2C2C',
      instanceProfiles: ['web'],
    });
    expect(instances.map((one) => one.instanceId)).toContain(instanceId);
    expect(instances).toHaveLength(3);
  });

  it.each([
    ['AWSServiceRoleForSupport', '/aws-service-role/'],
    ['AWSReservedSSO_Admin_0123456789abcdef', '/aws-reserved/sso.amazonaws.com/'],
    ['deploy', '/'],
  ])('keeps %s under %s', (roleName, path) => {
    const { iam } = accountOf({ userName: roleName, sessionName: 'me', userType: 'AssumedRole' });
    expect(iam.roles[0]).toMatchObject({ roleName, path });
  });

  it('has nobody for root, nor for credentials that are of no usable shape', () => {
    expect(accountOf({ userName: 'Root', userType: 'Root' }).iam.users).toEqual([]);
    const state = accountFromFinding(
      finding({ accessKey: { accessKeyId: 'AKIA', userType: 'IAMUser' } }),
    );
    expect(state.iam.users).toEqual([]);
    expect(state.instances).toHaveLength(3);
  });

  it('has the first instance and the first key of an attack sequence', () => {
    const at = { account: '111122223333', region: 'eu-west-1' };
    const arn = `arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`;
    const resources = [
      { ...at, resourceType: 'EC2_INSTANCE', uid: arn },
      { ...at, resourceType: 'ACCESS_KEY', uid: key, credentials: { userName: 'build' } },
    ];
    const state = accountFromFinding(
      finding({
        resourceType: 'AttackSequence',
        instance: undefined,
        sequence: { resources, actors: [], notKept: 0 },
      }),
    );
    expect(state.instances.map((one) => one.instanceId)).toContain(instanceId);
    expect(state.iam.users[0]).toMatchObject({ userName: 'build' });
    expect(state.iam.users[0]?.accessKeys[0]?.accessKeyId).toBe(key);
  });

  it('has whom an attack sequence names as its actor, where it names no key', () => {
    const actor = { account: '111122223333', accessKeyId: key, userType: 'IAMUser' };
    const state = accountFromFinding(
      finding({
        resourceType: 'AttackSequence',
        instance: undefined,
        sequence: { resources: [], actors: [actor], notKept: 0 },
      }),
    );
    expect(state.iam.users[0]?.accessKeys[0]?.accessKeyId).toBe(key);
    expect(state.instances).toEqual([]);
  });
});
