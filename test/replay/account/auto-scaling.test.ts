import {
  AttachInstancesCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  DetachInstancesCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  paginateDescribeAutoScalingInstances,
  RecordLifecycleActionHeartbeatCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { AccountState } from '../../../replay/account/state.ts';
import { errorOf, rehearsed } from './rehearsed.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const decoyId = 'i-0bbbbbbbbbbbbbbb1';
const standbyId = 'i-0ccccccccccccccc1';
const leavingId = 'i-0ddddddddddddddd1';
const arn = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0aaaaaaaaaaaaaaa';
const vpcId = 'vpc-0aaaaaaaaaaaaaaa1';
const subnetId = 'subnet-0aaaaaaaaaaaaaaa1';
const groupId = 'sg-0aaaaaaaaaaaaaaa1';

/** A group of two in service, one on standby and one held back from termination by a hook. */
const state = {
  vpcs: [{ vpcId }],
  subnets: [{ subnetId, vpcId, cidrBlock: '10.0.1.0/24' }],
  securityGroups: [{ groupId, groupName: 'web', vpcId }],
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0bbbbbbbbbbbbbbb1',
      subnetId,
      groups: [groupId],
      privateIpAddresses: ['10.0.1.50'],
      attachment: { instanceId: decoyId },
    },
  ],
  instances: [
    { instanceId, tags: { 'aws:autoscaling:groupName': 'web' } },
    {
      instanceId: decoyId,
      blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0bbbbbbbbbbbbbbb1' }],
    },
  ],
  autoScalingGroups: [
    {
      name: 'web',
      minSize: 1,
      desiredCapacity: 2,
      maxSize: 3,
      targetGroupArns: [arn],
      loadBalancerNames: ['old'],
      lifecycleHooks: [
        { name: 'drain', transition: 'autoscaling:EC2_INSTANCE_TERMINATING' as const },
      ],
      instances: [
        { instanceId },
        { instanceId: decoyId },
        { instanceId: standbyId, lifecycleState: 'Standby' },
        { instanceId: leavingId, lifecycleState: 'Terminating:Wait' },
      ],
    },
    { name: 'batch', instances: [{ instanceId: 'i-0eeeeeeeeeeeeeee1' }] },
  ],
  targetGroups: [
    {
      arn,
      name: 'web',
      targets: [{ id: instanceId }, { id: decoyId }, { id: instanceId, port: 8080 }],
    },
  ],
  classicLoadBalancers: [{ name: 'old', instances: [instanceId, decoyId] }],
} satisfies z.input<typeof AccountState>;

const detach = (InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
  new DetachInstancesCommand({
    AutoScalingGroupName: 'web',
    InstanceIds: [InstanceId],
    ShouldDecrementDesiredCapacity,
  });

describe('Auto Scaling', () => {
  it('says of an instance which group it is in, and nothing of one in none', async () => {
    const { autoScaling } = rehearsed(state);
    const ask = async (id: string) =>
      (await autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: [id] })))
        .AutoScalingInstances;
    expect(await ask(standbyId)).toMatchObject([
      {
        AutoScalingGroupName: 'web',
        LifecycleState: 'Standby',
        HealthStatus: 'HEALTHY',
        AvailabilityZone: 'eu-west-1a',
      },
    ]);
    expect(await ask('i-0fffffffffffffff1')).toEqual([]);
  });

  it('describes groups by name, and leaves out those that are not there', async () => {
    const { autoScaling } = rehearsed(state);
    const { AutoScalingGroups } = await autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['web', 'nobody'] }),
    );
    expect(AutoScalingGroups).toMatchObject([
      {
        AutoScalingGroupName: 'web',
        MinSize: 1,
        DesiredCapacity: 2,
        MaxSize: 3,
        TargetGroupARNs: [arn],
        Instances: [
          { InstanceId: instanceId, LifecycleState: 'InService', HealthStatus: 'Healthy' },
          { InstanceId: decoyId },
          { InstanceId: standbyId },
          { InstanceId: leavingId },
        ],
      },
    ]);
  });

  it('lists instances in pages of fifty', async () => {
    const instances = Array.from({ length: 51 }, (_, n) => ({
      instanceId: `i-00000000000000${String(n).padStart(3, '0')}`,
    }));
    const { autoScaling } = rehearsed({ autoScalingGroups: [{ name: 'many', instances }] });
    const sizes: number[] = [];
    for await (const page of paginateDescribeAutoScalingInstances({ client: autoScaling }, {})) {
      sizes.push(page.AutoScalingInstances?.length ?? 0);
    }
    expect(sizes).toEqual([50, 1]);
  });

  it('launches another in place of a detached instance, and takes it out of the load balancers', async () => {
    const { autoScaling, account } = rehearsed(state);
    const { Activities } = await autoScaling.send(detach(instanceId, false));
    expect(Activities).toMatchObject([{ StatusCode: 'InProgress', AutoScalingGroupName: 'web' }]);

    const { autoScalingGroups, targetGroups, classicLoadBalancers, instances } = account.state;
    const members = autoScalingGroups[0]?.instances.map((member) => member.instanceId) ?? [];
    const launched = members.at(-1) ?? '';
    expect(members).toEqual([decoyId, standbyId, leavingId, launched]);
    expect(autoScalingGroups[0]).toMatchObject({ minSize: 1, desiredCapacity: 2 });
    expect(targetGroups[0]?.targets).toEqual([
      { id: instanceId, port: 80, state: 'draining' },
      { id: decoyId, port: 80, state: 'healthy' },
      { id: instanceId, port: 8080, state: 'healthy' },
      { id: launched, port: 80, state: 'initial' },
    ]);
    expect(classicLoadBalancers[0]?.instances).toEqual([decoyId, launched]);
    expect(instances.find((one) => one.instanceId === launched)?.state).toBe('running');
    expect(instances.find((one) => one.instanceId === instanceId)).toMatchObject({
      state: 'running',
      tags: {},
    });
    expect(account.state.networkInterfaces.at(-1)).toMatchObject({
      subnetId,
      groups: [groupId],
      privateIpAddresses: ['10.0.1.51'],
      attachment: { instanceId: launched },
    });
  });

  it('launches nothing where launching is suspended', async () => {
    const [web, batch] = state.autoScalingGroups;
    const suspended = { ...web, suspendedProcesses: ['Launch'] };
    const { autoScaling, account } = rehearsed({
      ...state,
      autoScalingGroups: [suspended, batch],
    } as z.input<typeof AccountState>);
    await autoScaling.send(detach(instanceId, false));
    expect(account.state.autoScalingGroups[0]?.instances).toHaveLength(3);
  });

  it('lowers the desired capacity when told to, but never below the minimum', async () => {
    const { autoScaling, account } = rehearsed(state);
    await autoScaling.send(detach(instanceId, true));
    expect(account.state.autoScalingGroups[0]).toMatchObject({ desiredCapacity: 1 });
    expect(account.state.autoScalingGroups[0]?.instances).toHaveLength(3);
    expect(await errorOf(autoScaling.send(detach(decoyId, true)))).toBe('ValidationError');
    expect(account.state.autoScalingGroups[0]?.instances).toHaveLength(3);
  });

  it.each([
    ['an instance of another group', detach('i-0eeeeeeeeeeeeeee1', false)],
    ['an instance on its way out', detach(leavingId, false)],
    [
      'a group that is not there',
      new DetachInstancesCommand({
        AutoScalingGroupName: 'nobody',
        InstanceIds: [instanceId],
        ShouldDecrementDesiredCapacity: false,
      }),
    ],
  ])('refuses to detach %s', async (_what, command) => {
    const { autoScaling } = rehearsed(state);
    expect(await errorOf(autoScaling.send(command))).toBe('ValidationError');
  });

  it('extends the wait of an instance that a hook holds, and of no other', async () => {
    const { autoScaling } = rehearsed(state);
    const { LifecycleHooks } = await autoScaling.send(
      new DescribeLifecycleHooksCommand({ AutoScalingGroupName: 'web' }),
    );
    expect(LifecycleHooks).toMatchObject([
      {
        LifecycleHookName: 'drain',
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      },
    ]);
    const beat = (InstanceId: string) =>
      autoScaling.send(
        new RecordLifecycleActionHeartbeatCommand({
          AutoScalingGroupName: 'web',
          LifecycleHookName: 'drain',
          InstanceId,
        }),
      );
    expect(await errorOf(beat(leavingId))).toBe('no error');
    expect(await errorOf(beat(instanceId))).toBe('ValidationError');
  });

  it('takes an instance back, up to the maximum', async () => {
    const { autoScaling, account } = rehearsed(state);
    await autoScaling.send(detach(instanceId, true));
    const attach = (id: string) =>
      autoScaling.send(
        new AttachInstancesCommand({ AutoScalingGroupName: 'web', InstanceIds: [id] }),
      );
    await attach(instanceId);
    expect(account.state.autoScalingGroups[0]).toMatchObject({ desiredCapacity: 2 });
    expect(account.state.targetGroups[0]?.targets[0]).toMatchObject({
      id: instanceId,
      state: 'initial',
    });
    expect(await errorOf(attach(instanceId))).toBe('ValidationError');
  });

  it('changes sizes, and terminates what is then too many, protected members apart', async () => {
    const [web] = state.autoScalingGroups;
    const { autoScaling, account } = rehearsed({
      ...state,
      autoScalingGroups: [
        {
          ...web,
          instances: [{ instanceId, protectedFromScaleIn: true }, { instanceId: decoyId }],
        },
      ],
    } as z.input<typeof AccountState>);
    await autoScaling.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: 'web',
        MinSize: 0,
        DesiredCapacity: 0,
      }),
    );
    expect(account.state.autoScalingGroups[0]).toMatchObject({ minSize: 0, desiredCapacity: 0 });
    expect(account.state.instances).toMatchObject([
      { instanceId, state: 'running' },
      { instanceId: decoyId, state: 'terminated', blockDevices: [] },
    ]);
    expect(account.state.volumes).toEqual([]);
    expect(account.state.networkInterfaces).toEqual([]);
    const impossible = new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: 'web',
      MinSize: 2,
      DesiredCapacity: 1,
    });
    expect(await errorOf(autoScaling.send(impossible))).toBe('ValidationError');
  });

  it('puts an instance on standby, with another in its place, and takes it back', async () => {
    const { autoScaling, account } = rehearsed(state);
    const named = { AutoScalingGroupName: 'web', InstanceIds: [instanceId] };
    await autoScaling.send(
      new EnterStandbyCommand({ ...named, ShouldDecrementDesiredCapacity: false }),
    );
    expect(account.state.autoScalingGroups[0]?.instances).toHaveLength(5);
    expect(account.state.autoScalingGroups[0]?.instances[0]?.lifecycleState).toBe('Standby');
    await autoScaling.send(new ExitStandbyCommand(named));
    expect(account.state.autoScalingGroups[0]).toMatchObject({ desiredCapacity: 3 });
  });
});
