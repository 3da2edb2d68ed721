import {
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  paginateDescribeLoadBalancers,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  paginateDescribeTargetGroups,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { AccountState } from '../../../replay/account/state.ts';
import { errorOf, rehearsed } from './rehearsed.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const decoyId = 'i-0bbbbbbbbbbbbbbb1';
const arn = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/0aaaaaaaaaaaaaaa`;

const state = {
  instances: [{ instanceId }, { instanceId: decoyId }],
  targetGroups: [
    {
      arn: arn('web'),
      name: 'web',
      port: 80,
      targets: [{ id: instanceId }, { id: instanceId, port: 8080 }, { id: decoyId }],
    },
    { arn: arn('ip'), name: 'ip', targetType: 'ip' as const, targets: [{ id: '10.0.1.5' }] },
    { arn: arn('idle'), name: 'idle', targets: [{ id: instanceId, state: 'unused' as const }] },
    {
      arn: arn('fn'),
      name: 'fn',
      targetType: 'lambda' as const,
      targets: [{ id: 'arn:aws:lambda:x' }],
    },
  ],
  classicLoadBalancers: [
    { name: 'old', instances: [instanceId, decoyId] },
    { name: 'older', instances: [] },
  ],
} satisfies z.input<typeof AccountState>;

const health = async ({ elb }: ReturnType<typeof rehearsed>, name: string) => {
  const { TargetHealthDescriptions = [] } = await elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: arn(name) }),
  );
  return TargetHealthDescriptions.map(({ Target, TargetHealth }) => [
    Target?.Id,
    Target?.Port,
    TargetHealth?.State,
  ]);
};

describe('target groups', () => {
  it('are described by ARN, a Lambda group without port', async () => {
    const { elb } = rehearsed(state);
    const { TargetGroups } = await elb.send(
      new DescribeTargetGroupsCommand({ TargetGroupArns: [arn('ip'), arn('fn')] }),
    );
    expect(TargetGroups).toMatchObject([
      { TargetGroupName: 'ip', TargetType: 'ip', Port: 80 },
      { TargetGroupName: 'fn', TargetType: 'lambda' },
    ]);
    expect(TargetGroups?.[1]).not.toHaveProperty('Port');
  });

  it('come in pages, as many as there are', async () => {
    const targetGroups = Array.from({ length: 401 }, (_, n) => ({
      arn: arn(`g${n}`),
      name: `g${n}`,
    }));
    const { elb } = rehearsed({ targetGroups });
    const sizes: number[] = [];
    for await (const page of paginateDescribeTargetGroups({ client: elb }, {})) {
      sizes.push(page.TargetGroups?.length ?? 0);
    }
    expect(sizes).toEqual([400, 1]);
  });

  it('drain a target on the port that is named, or else on their own', async () => {
    const all = rehearsed(state);
    const deregister = (Id: string, Port?: number) =>
      all.elb.send(
        new DeregisterTargetsCommand({
          TargetGroupArn: arn('web'),
          Targets: [{ Id, ...(Port && { Port }) }],
        }),
      );
    await deregister(instanceId);
    expect(await health(all, 'web')).toEqual([
      [instanceId, 80, 'draining'],
      [instanceId, 8080, 'healthy'],
      [decoyId, 80, 'healthy'],
    ]);
    await deregister(instanceId, 8080);
    expect((await health(all, 'web'))[1]).toEqual([instanceId, 8080, 'draining']);
  });

  it('change nothing, and say nothing, for a wrong port or a target that is not theirs', async () => {
    const all = rehearsed(state);
    const Targets = [{ Id: decoyId, Port: 9999 }, { Id: 'i-0ccccccccccccccc1' }];
    const command = new DeregisterTargetsCommand({ TargetGroupArn: arn('web'), Targets });
    expect(await errorOf(all.elb.send(command))).toBe('no error');
    expect((await health(all, 'web')).map(([, , each]) => each)).toEqual([
      'healthy',
      'healthy',
      'healthy',
    ]);
  });

  it('that no load balancer uses lose a target at once', async () => {
    const all = rehearsed(state);
    const Targets = [{ Id: instanceId }];
    await all.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: arn('idle'), Targets }));
    expect(await health(all, 'idle')).toEqual([]);
  });

  it('say of a target that is not theirs that it is unused', async () => {
    const { elb } = rehearsed(state);
    const { TargetHealthDescriptions } = await elb.send(
      new DescribeTargetHealthCommand({
        TargetGroupArn: arn('ip'),
        Targets: [{ Id: '10.0.1.5' }, { Id: '10.0.1.6' }],
      }),
    );
    expect(TargetHealthDescriptions).toMatchObject([
      { Target: { Id: '10.0.1.5' }, TargetHealth: { State: 'healthy' } },
      { TargetHealth: { State: 'unused', Reason: 'Target.NotRegistered' } },
    ]);
  });

  it('take a target back, if it runs', async () => {
    const all = rehearsed(state);
    const Targets = [{ Id: instanceId }];
    await all.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: arn('web'), Targets }));
    await all.elb.send(new RegisterTargetsCommand({ TargetGroupArn: arn('web'), Targets }));
    expect((await health(all, 'web'))[0]).toEqual([instanceId, 80, 'initial']);
    const gone = new RegisterTargetsCommand({
      TargetGroupArn: arn('web'),
      Targets: [{ Id: 'i-0ccccccccccccccc1' }],
    });
    expect(await errorOf(all.elb.send(gone))).toBe('InvalidTargetException');
  });

  it('are refused by an ARN that is not there', async () => {
    const { elb } = rehearsed(state);
    const asked = elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn('nobody') }));
    expect(await errorOf(asked)).toBe('TargetGroupNotFoundException');
  });
});

describe('classic load balancers', () => {
  it('are described with their instances', async () => {
    const { classic } = rehearsed(state);
    const { LoadBalancerDescriptions } = await classic.send(new DescribeLoadBalancersCommand({}));
    expect(LoadBalancerDescriptions).toMatchObject([
      { LoadBalancerName: 'old', Instances: [{ InstanceId: instanceId }, { InstanceId: decoyId }] },
      { LoadBalancerName: 'older', Instances: [] },
    ]);
  });

  it('come in pages as large as asked', async () => {
    const { classic } = rehearsed(state);
    const sizes: number[] = [];
    for await (const page of paginateDescribeLoadBalancers({ client: classic }, { PageSize: 1 })) {
      sizes.push(page.LoadBalancerDescriptions?.length ?? 0);
    }
    expect(sizes).toEqual([1, 1]);
  });

  it('lose an instance and take it back', async () => {
    const { classic, account } = rehearsed(state);
    const input = { LoadBalancerName: 'old', Instances: [{ InstanceId: instanceId }] };
    const left = await classic.send(new DeregisterInstancesFromLoadBalancerCommand(input));
    expect(left.Instances).toEqual([{ InstanceId: decoyId }]);
    await classic.send(new RegisterInstancesWithLoadBalancerCommand(input));
    expect(account.state.classicLoadBalancers[0]?.instances).toEqual([decoyId, instanceId]);
  });

  it.each([
    ['AccessPointNotFoundException', { LoadBalancerName: 'nobody', Instances: [] }],
    [
      'InvalidEndPointException',
      { LoadBalancerName: 'old', Instances: [{ InstanceId: 'i-0ccccccccccccccc1' }] },
    ],
  ])('refuse with %s', async (name, input) => {
    const { classic } = rehearsed(state);
    const command = new DeregisterInstancesFromLoadBalancerCommand(input);
    expect(await errorOf(classic.send(command))).toBe(name);
  });
});
