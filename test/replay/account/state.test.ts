import { describe, expect, it } from 'vitest';
import { parseInput } from '../../../functions/shared/unusable-input.ts';
import { AccountState } from '../../../replay/account/state.ts';

const vpcId = 'vpc-0aaaaaaaaaaaaaaa1';
const subnetId = 'subnet-0aaaaaaaaaaaaaaa1';
const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const vpcs = [{ vpcId }];
const subnets = [{ subnetId, vpcId }];

const parse = (stated: object) => parseInput(AccountState, stated);

describe('the state of the rehearsal account', () => {
  it('is an empty account in a made-up Region when nothing is stated', () => {
    expect(parse({})).toMatchObject({
      accountId: '111122223333',
      region: 'eu-west-1',
      instances: [],
      ssm: { managedInstances: [], commands: [], captures: {} },
    });
  });

  it("gives a VPC its default network ACL, and a subnet without one its VPC's", () => {
    const { networkAcls, subnets: filled } = parse({ vpcs, subnets });
    expect(networkAcls).toEqual([
      expect.objectContaining({
        vpcId,
        isDefault: true,
        ownerId: '111122223333',
        entries: expect.arrayContaining([
          {
            ruleNumber: 100,
            egress: false,
            protocol: '-1',
            ruleAction: 'allow',
            cidrBlock: '0.0.0.0/0',
          },
          {
            ruleNumber: 32_767,
            egress: true,
            protocol: '-1',
            ruleAction: 'deny',
            cidrBlock: '0.0.0.0/0',
          },
        ]),
      }),
    ]);
    expect(networkAcls[0]?.entries).toHaveLength(4);
    expect(filled[0]).toMatchObject({
      networkAclId: networkAcls[0]?.networkAclId,
      availabilityZone: 'eu-west-1a',
      cidrBlock: '10.0.0.0/16',
    });
  });

  it('makes the volumes that only an attachment names, in the zone of their instance', () => {
    const { volumes } = parse({
      vpcs,
      subnets: [{ subnetId, vpcId, availabilityZone: 'eu-west-1b' }],
      instances: [
        {
          instanceId,
          subnetId,
          blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaa1' }],
        },
      ],
    });
    expect(volumes).toMatchObject([
      { volumeId: 'vol-0aaaaaaaaaaaaaaa1', state: 'in-use', availabilityZone: 'eu-west-1b' },
    ]);
  });

  it("puts an interface without a group in its VPC's default group, and gives it an address", () => {
    const { networkInterfaces, securityGroups } = parse({
      vpcs,
      subnets: [{ subnetId, vpcId, cidrBlock: '10.0.7.0/24' }],
      networkInterfaces: [{ networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', subnetId }],
    });
    expect(securityGroups).toMatchObject([{ groupName: 'default', vpcId }]);
    expect(networkInterfaces).toMatchObject([
      { groups: [securityGroups[0]?.groupId], privateIpAddresses: ['10.0.7.10'] },
    ]);
  });

  it('leaves a terminated instance no interface and only the volumes that outlive it', () => {
    const { networkInterfaces, instances, volumes } = parse({
      vpcs,
      subnets,
      networkInterfaces: [
        { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', subnetId, attachment: { instanceId } },
      ],
      instances: [
        {
          instanceId,
          state: 'terminated',
          subnetId,
          blockDevices: [
            { deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaa1' },
            {
              deviceName: '/dev/sdf',
              volumeId: 'vol-0aaaaaaaaaaaaaaa2',
              deleteOnTermination: false,
            },
          ],
        },
      ],
      volumes: [{ volumeId: 'vol-0aaaaaaaaaaaaaaa1' }, { volumeId: 'vol-0aaaaaaaaaaaaaaa2' }],
    });
    expect(networkInterfaces).toEqual([]);
    expect(instances).toMatchObject([{ blockDevices: [], subnetId: undefined }]);
    expect(volumes).toMatchObject([{ volumeId: 'vol-0aaaaaaaaaaaaaaa2', state: 'available' }]);
  });

  it('describes the members of an Auto Scaling group that nobody described', () => {
    const { instances, autoScalingGroups } = parse({
      autoScalingGroups: [
        { name: 'web', instances: [{ instanceId }, { instanceId: 'i-0aaaaaaaaaaaaaaa2' }] },
      ],
    });
    expect(instances).toMatchObject([{ instanceId }, { instanceId: 'i-0aaaaaaaaaaaaaaa2' }]);
    expect(autoScalingGroups).toMatchObject([{ minSize: 0, desiredCapacity: 2, maxSize: 3 }]);
  });

  it('reads its own output back unchanged', () => {
    const once = parse({
      vpcs: [{ vpcId, ipv6CidrBlocks: ['2001:db8::/56'] }],
      subnets,
      instances: [
        {
          instanceId,
          subnetId,
          blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaa1' }],
        },
      ],
      networkInterfaces: [
        { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', subnetId, attachment: { instanceId } },
      ],
      autoScalingGroups: [{ name: 'web', instances: [{ instanceId }] }],
    });
    expect(parse(once)).toEqual(once);
  });

  it.each([
    [
      'a field it does not have',
      { vpcs: [{ vpcId, dhcp: true }] },
      '$.vpcs[0]: Unrecognized key: "dhcp"',
    ],
    [
      'an id that is none',
      { vpcs: [{ vpcId: 'vpc-1' }] },
      '$.vpcs[0].vpcId: expected vpc- and 8 or 17 hex digits',
    ],
    ['an id there twice', { vpcs: [...vpcs, ...vpcs] }, `$.vpcs[1].vpcId: ${vpcId} is there twice`],
    ['a subnet in no VPC', { subnets }, `$.subnets[0].vpcId: names ${vpcId}, which is not in vpcs`],
    [
      'an interface in no subnet',
      { networkInterfaces: [{ networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', subnetId }] },
      `$.networkInterfaces[0].subnetId: names ${subnetId}, which is not in subnets`,
    ],
    [
      'an interface of no instance',
      {
        vpcs,
        subnets,
        networkInterfaces: [
          { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', subnetId, attachment: { instanceId } },
        ],
      },
      `$.networkInterfaces[0].attachment.instanceId: names ${instanceId}, which is not in instances`,
    ],
    [
      'a group of another VPC',
      {
        vpcs: [{ vpcId }, { vpcId: 'vpc-0aaaaaaaaaaaaaaa2' }],
        subnets,
        securityGroups: [
          {
            groupId: 'sg-0aaaaaaaaaaaaaaa1',
            groupName: 'web',
            vpcId: 'vpc-0aaaaaaaaaaaaaaa2',
          },
        ],
        networkInterfaces: [
          {
            networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
            subnetId,
            groups: ['sg-0aaaaaaaaaaaaaaa1'],
          },
        ],
      },
      `$.networkInterfaces[0].groups[0]: sg-0aaaaaaaaaaaaaaa1 is not of ${vpcId}`,
    ],
    [
      'a volume attached twice',
      {
        instances: [instanceId, 'i-0aaaaaaaaaaaaaaa2'].map((id) => ({
          instanceId: id,
          blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaa1' }],
        })),
      },
      '$.instances[1].blockDevices[0].volumeId: vol-0aaaaaaaaaaaaaaa1 is attached twice',
    ],
    [
      'a group attached to no target group',
      { autoScalingGroups: [{ name: 'web', targetGroupArns: ['arn:aws:elsewhere'] }] },
      '$.autoScalingGroups[0].targetGroupArns[0]: names arn:aws:elsewhere, which is not in targetGroups',
    ],
  ])('refuses %s, and says where', (_what, stated, message) => {
    expect(() => parse(stated)).toThrow(message);
  });
});
