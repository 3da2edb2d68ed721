import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { inspectInstance } from '../../functions/inspect-instance/handler.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const decoyId = 'i-0ddddddddddddddd1';

/** The instance with two interfaces in a group of two, beside a decoy that a careless look takes. */
const account: z.input<typeof AccountState> = {
  accountId: '111122223333',
  region: 'eu-west-1',
  vpcs: [{ vpcId: 'vpc-0aaaaaaaaaaaaaaa1', cidrBlocks: ['10.0.0.0/16'] }],
  subnets: [
    {
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
      availabilityZone: 'eu-west-1a',
      cidrBlock: '10.0.1.0/24',
    },
  ],
  securityGroups: [
    {
      groupId: 'sg-0aaaaaaaaaaaaaaa1',
      groupName: 'web',
      vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
      rules: [],
    },
  ],
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      groups: ['sg-0aaaaaaaaaaaaaaa1'],
      privateIpAddresses: ['10.0.1.5'],
      publicIp: '203.0.113.5',
      attachment: { attachmentId: 'eni-attach-0aaaaaaaaaaaaaaa1', instanceId, deviceIndex: 0 },
    },
    {
      networkInterfaceId: 'eni-0ddddddddddddddd1',
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      groups: ['sg-0aaaaaaaaaaaaaaa1'],
      privateIpAddresses: ['10.0.1.6'],
      attachment: {
        attachmentId: 'eni-attach-0ddddddddddddddd1',
        instanceId: decoyId,
        deviceIndex: 0,
      },
    },
  ],
  instances: [
    {
      instanceId: decoyId,
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      architecture: 'arm64',
      blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0ddddddddddddddd1' }],
    },
    {
      instanceId,
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      instanceType: 'm5.xlarge',
      iamInstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/web',
      blockDevices: [
        { deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaa1', deleteOnTermination: true },
        { deviceName: '/dev/sdf', volumeId: 'vol-0aaaaaaaaaaaaaaa2', deleteOnTermination: false },
      ],
      tags: { Name: 'web-1' },
    },
  ],
  autoScalingGroups: [
    {
      name: 'web',
      minSize: 1,
      desiredCapacity: 2,
      maxSize: 4,
      instances: [{ instanceId }, { instanceId: decoyId }],
    },
  ],
  ssm: { managedInstances: [{ instanceId: decoyId, pingStatus: 'Online' }] },
};
const reads = [
  'ec2:DescribeInstances sent',
  'autoscaling:DescribeAutoScalingInstances sent',
  'ssm:DescribeInstanceInformation sent',
  'ec2:GetConsoleOutput sent',
];
const written = '[    0.000000] Linux version 6.1\r\nweb-1 login: \u001b[31m\n';

/** The same account, with an instance that is otherwise. */
const accountWith = (
  differs: Partial<NonNullable<typeof account.instances>[number]>,
): typeof account => ({
  ...account,
  instances: (account.instances ?? []).map((one) =>
    one.instanceId === instanceId ? { ...one, ...differs } : one,
  ),
});

const refusal = (name: string) =>
  new EC2ServiceException({ name, message: 'no', $fault: 'client', $metadata: {} });

describe('inspect-instance', () => {
  it.each(['live', undefined] as const)('says what the instance is (mode %s)', async (mode) => {
    const { run, cases, open } = await rehearsalOf(account);

    const { result, journal } = await run(inspectInstance, { instanceId }, mode);

    expect(result).toMatchObject({
      outcome: 'inspected',
      state: 'running',
      lifecycle: 'on-demand',
      platform: 'linux',
      architecture: 'x86_64',
      instanceType: 'm5.xlarge',
      availabilityZone: 'eu-west-1a',
      iamInstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/web',
      tags: { Name: 'web-1' },
      interfaces: [
        {
          networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
          vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
          groups: ['sg-0aaaaaaaaaaaaaaa1'],
          privateIpAddresses: ['10.0.1.5'],
          publicIp: '203.0.113.5',
        },
      ],
      volumes: [
        { volumeId: 'vol-0aaaaaaaaaaaaaaa1', deviceName: '/dev/xvda' },
        { volumeId: 'vol-0aaaaaaaaaaaaaaa2', deviceName: '/dev/sdf' },
      ],
      autoScalingGroup: 'web',
      agent: null,
    });
    expect(calls(journal)).toEqual(reads);
    const { target } = await open(mode ?? 'dry-run');
    expect(await cases.recallTarget(target)).toMatchObject({ volumes: result.volumes });
  });

  it.each(['terminated', 'shutting-down'] as const)(
    'says that a %s instance is gone',
    async (state) => {
      const { run } = await rehearsalOf(accountWith({ state }));

      expect((await run(inspectInstance, { instanceId })).result).toMatchObject({
        outcome: 'instance-gone',
        state,
      });
    },
  );

  it('says that it knows no such instance, and keeps what an earlier case saw', async () => {
    const { run, cases, open } = await rehearsalOf({
      accountId: '111122223333',
      region: 'eu-west-1',
    });
    const { target } = await open('live');
    await cases.rememberTarget(target, { volumes: ['earlier'] });

    const { result } = await run(inspectInstance, { instanceId });

    expect(result).toMatchObject({ outcome: 'instance-unknown', state: null, volumes: [] });
    expect(await cases.recallTarget(target)).toEqual({ volumes: ['earlier'] });
  });

  it.each([
    ['an id with shell characters', { instanceId: 'i-0aaaaaaaaaaaaaaa1;id' }],
    ['a field it does not know', { instanceId, force: true }],
  ])('refuses %s before it calls AWS', async (_what, input) => {
    const { run } = await rehearsalOf(account);

    const { error, journal } = await run(inspectInstance, input);

    expect(error?.name).toBe('UnusableInputError');
    expect(journal).toEqual([]);
  });

  it.each(['m5.large', 't2.micro'])(
    'keeps what it found and what a %s wrote to its console, and hands none of the words on',
    async (instanceType) => {
      const { run, cases, open, kept, evidence } = await rehearsalOf(
        accountWith({ instanceType, consoleOutput: written }),
      );

      const { result } = await run(inspectInstance, { instanceId });

      const { caseId, execution } = await open('live');
      expect(result).toMatchObject({ consoleOutput: 'read', missing: [] });
      expect(JSON.stringify(result)).not.toContain('login');
      expect(await kept(caseId, 'console-output')).toBe(written);
      expect(JSON.parse((await kept(caseId, 'instance-metadata')) ?? '')).toMatchObject({
        instanceType,
        volumes: result.volumes,
      });
      expect(evidence.bodies(`${caseId}/`)).toHaveLength(2);
      expect(await cases.artefacts(caseId)).toMatchObject([
        {
          kind: 'console-output',
          id: instanceId,
          actor: `inspect-instance, ${execution}`,
          source: `ec2:GetConsoleOutput ${instanceId}`,
        },
        { kind: 'instance-metadata', id: instanceId },
      ]);
    },
  );

  it('keeps no console of an instance that wrote nothing, and no metadata of an unknown one', async () => {
    const silent = await rehearsalOf(account);
    const unknown = await rehearsalOf({ accountId: '111122223333', region: 'eu-west-1' });

    expect((await silent.run(inspectInstance, { instanceId })).result.consoleOutput).toBe('none');
    expect((await unknown.run(inspectInstance, { instanceId })).result.consoleOutput).toBe('none');
    expect(silent.evidence.bodies('')).toHaveLength(1);
    expect(unknown.evidence.bodies('')).toEqual([]);
  });

  it('goes on without a console that AWS refuses to show, and says how to read it by hand', async () => {
    const { run, cases, open } = await rehearsalOf(account, {
      fault: (call) =>
        call === 'ec2:GetConsoleOutput'
          ? { when: 'before', error: refusal('UnauthorizedOperation') }
          : undefined,
    });

    const { result } = await run(inspectInstance, { instanceId });

    expect(result).toMatchObject({ outcome: 'inspected', consoleOutput: 'failed' });
    expect(result.missing).toEqual([
      `console-output was not read (UnauthorizedOperation). By hand: aws ec2 get-console-output --instance-id ${instanceId} --latest`,
    ]);
    expect(await cases.recallTarget((await open('live')).target)).toMatchObject({
      volumes: result.volumes,
    });
  });

  it('goes on without a store that takes nothing, and says what was not kept', async () => {
    const rehearsal = await rehearsalOf(accountWith({ consoleOutput: written }));
    rehearsal.evidence.put = async () => Promise.reject(new TypeError('no way'));

    const { result } = await rehearsal.run(inspectInstance, { instanceId });

    expect(result.outcome).toBe('inspected');
    expect(result.missing).toEqual([
      'instance-metadata was read and not kept (TypeError)',
      'console-output was read and not kept (TypeError)',
    ]);
  });

  it('leaves a failure of AWS to the workflow', async () => {
    const denied = refusal('UnauthorizedOperation');
    const { run } = await rehearsalOf(account, {
      fault: (call) =>
        call === 'ec2:DescribeInstances' ? { when: 'before', error: denied } : undefined,
    });

    expect((await run(inspectInstance, { instanceId })).error?.name).toBe('UnauthorizedOperation');
  });
});
