import { AccessPointNotFoundException } from '@aws-sdk/client-elastic-load-balancing';
import {
  ElasticLoadBalancingV2ServiceException,
  TargetGroupNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { deregisterFromLoadBalancers } from '../../functions/deregister-from-load-balancers/handler.ts';
import { InstanceId } from '../../functions/shared/ids.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const other = 'i-0aaaaaaaaaaaaaaa2';
const vpc = 'vpc-0aaaaaaaaaaaaaaa1';
const elsewhere = 'vpc-0bbbbbbbbbbbbbbb1';
const input = { instanceId };

const arn = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/0123456789abcdef`;
const group = (name: string, differs: object = {}) => ({
  arn: arn(name),
  name,
  vpcId: vpc,
  ...differs,
});

/**
 * The instance has two interfaces and an IPv6 address. Around it: another instance in the same
 * groups, a VPC with the same addresses, groups of other types, and a target on its way out.
 */
const world = (state: 'running' | 'stopped' | 'terminated' = 'running') => ({
  vpcs: [{ vpcId: vpc }, { vpcId: elsewhere }],
  subnets: [
    { subnetId: 'subnet-0aaaaaaaaaaaaaaa1', vpcId: vpc },
    { subnetId: 'subnet-0bbbbbbbbbbbbbbb1', vpcId: elsewhere },
  ],
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      privateIpAddresses: ['10.0.1.5', '10.0.1.6'],
      attachment: { instanceId },
    },
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2',
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      privateIpAddresses: ['10.0.1.7'],
      ipv6Addresses: ['2001:db8::5'],
      attachment: { instanceId, deviceIndex: 1 },
    },
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa3',
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      privateIpAddresses: ['10.0.1.50'],
      attachment: { instanceId: other },
    },
  ],
  instances: [{ instanceId, state }, { instanceId: other }],
  targetGroups: [
    group('web', {
      targets: [{ id: other }, { id: instanceId, port: 8080 }, { id: instanceId, port: 8081 }],
    }),
    group('pods', {
      targetType: 'ip' as const,
      targets: [{ id: '10.0.1.50' }, { id: '10.0.1.7' }, { id: '2001:0db8:0:0::5', port: 443 }],
    }),
    group('second-address', { targetType: 'ip' as const, targets: [{ id: '10.0.1.6' }] }),
    group('stopped', { targets: [{ id: instanceId, state: 'unused' as const }] }),
    group('leaving', { targets: [{ id: instanceId, state: 'draining' as const }] }),
    group('same-address', {
      vpcId: elsewhere,
      targetType: 'ip' as const,
      targets: [{ id: '10.0.1.5' }],
    }),
    group('others', { targets: [{ id: other }] }),
    { arn: arn('function'), name: 'function', targetType: 'lambda' as const },
    group('balancer', { targetType: 'alb' as const }),
  ],
  classicLoadBalancers: [
    { name: 'old-shop', instances: [other, instanceId] },
    { name: 'old-blog', instances: [other] },
  ],
});

const looks = [
  'ec2:DescribeInstances sent',
  'elasticloadbalancing:DescribeTargetGroups sent',
  'elasticloadbalancing:DescribeLoadBalancers sent',
];
const times = (count: number, line: string) => Array<string>(count).fill(line);
const health = 'elasticloadbalancing:DescribeTargetHealth sent';
const taken = {
  web: [
    { id: instanceId, port: 8080 },
    { id: instanceId, port: 8081 },
  ],
  pods: [
    { id: '10.0.1.7', port: 80 },
    { id: '2001:0db8:0:0::5', port: 443 },
  ],
  'second-address': [{ id: '10.0.1.6', port: 80 }],
  stopped: [{ id: instanceId, port: 80 }],
};
const targets = Object.entries(taken).flatMap(([name, of]) =>
  of.map((target) => ({ targetGroupArn: arn(name), ...target })),
);
const writes = [
  ...Object.entries(taken).map(([name, of]) => ({
    call: 'elasticloadbalancing:DeregisterTargets',
    input: {
      TargetGroupArn: arn(name),
      Targets: of.map(({ id, port }) => ({ Id: id, Port: port })),
    },
  })),
  {
    call: 'elasticloadbalancing:DeregisterInstancesFromLoadBalancer',
    input: { LoadBalancerName: 'old-shop', Instances: [{ InstanceId: instanceId }] },
  },
];
const written = (disposition: string) => writes.map((write) => ({ ...write, disposition }));

const refusedBy = new ElasticLoadBalancingV2ServiceException({
  name: 'AccessDenied',
  message: 'no',
  $fault: 'client',
  $metadata: {},
});

describe('deregister-from-load-balancers', () => {
  it('takes the instance out of every target group of its VPC, by id and by each address', async () => {
    const rehearsal = await rehearsalOf(world());
    const { result, journal } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(result).toEqual({ outcome: 'deregistered', targets, classic: ['old-shop'] });
    expect(calls(journal.slice(0, 9))).toEqual([...looks, ...times(6, health)]);
    expect(journal.slice(9, 14)).toEqual(written('sent'));
    expect(calls(journal.slice(14)).toSorted()).toEqual([
      'elasticloadbalancing:DescribeLoadBalancers sent',
      ...times(4, health),
    ]);
    expect(journal.slice(3, 9).map((entry) => entry.input)).toEqual(
      ['web', 'pods', 'second-address', 'stopped', 'leaving', 'others'].map((name) => ({
        TargetGroupArn: arn(name),
      })),
    );
  });

  it('leaves other instances, other VPCs and load balancers without the instance as they are', async () => {
    const rehearsal = await rehearsalOf(world());
    await rehearsal.run(deregisterFromLoadBalancers, input);

    const { targetGroups, classicLoadBalancers } = rehearsal.account.state;
    const healthy = targetGroups.flatMap((one) =>
      one.targets.filter(({ state }) => state === 'healthy').map(({ id }) => `${one.name} ${id}`),
    );
    expect(healthy).toEqual([
      `web ${other}`,
      'pods 10.0.1.50',
      'same-address 10.0.1.5',
      `others ${other}`,
    ]);
    expect(classicLoadBalancers.map(({ instances }) => instances)).toEqual([[other], [other]]);
  });

  it.each([
    ['the mode is dry-run', {}],
    ['the mode is missing', { mode: undefined }],
  ])('withholds every change when %s', async (_when, payload) => {
    const rehearsal = await rehearsalOf(world());
    const before = structuredClone(rehearsal.account.state);
    const { result, journal } = await rehearsal.run(
      deregisterFromLoadBalancers,
      input,
      'dry-run',
      payload,
    );
    expect(result.outcome).toBe('deregistered');
    expect(journal.slice(9, 14)).toEqual(written('withheld'));
    expect(rehearsal.account.state).toEqual(before);
  });

  it('withholds the same calls when stand-ins alone answer', async () => {
    const rehearsal = await rehearsalOf(world(), { dryRun: 'stand-ins' });
    const { result, journal } = await rehearsal.run(deregisterFromLoadBalancers, input, 'dry-run');

    expect(result).toEqual({ outcome: 'would-be-deregistered', targets, classic: ['old-shop'] });
    expect(journal.slice(9)).toEqual(written('withheld'));
  });

  it('finds the instance beyond the first page of target groups', async () => {
    const state = world();
    const many = Array.from({ length: 401 }, (_, n) =>
      group(`lambda-${n}`, { vpcId: undefined, targetType: 'lambda' as const }),
    );
    const rehearsal = await rehearsalOf({
      ...state,
      targetGroups: [...many, ...state.targetGroups],
    });
    const { result, journal } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(result.targets).toEqual(targets);
    const pages = journal.filter(({ call }) => call.endsWith('DescribeTargetGroups'));
    expect(pages).toHaveLength(2);
  });

  it('asks every target group, also when they are more than it asks at once', async () => {
    const many = Array.from({ length: 25 }, (_, n) =>
      group(`more-${n}`, { targets: n % 12 === 0 ? [{ id: instanceId }] : [] }),
    );
    const rehearsal = await rehearsalOf({ ...world(), targetGroups: many });
    const { result } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(result.targets).toEqual(
      [0, 12, 24].map((n) => ({ targetGroupArn: arn(`more-${n}`), id: instanceId, port: 80 })),
    );
  });

  it('does nothing for an instance that is registered nowhere', async () => {
    const rehearsal = await rehearsalOf({ ...world(), targetGroups: [], classicLoadBalancers: [] });
    const { result, journal } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(result).toEqual({ outcome: 'not-registered', targets: [], classic: [] });
    expect(calls(journal)).toEqual(looks);
  });

  it('does nothing the second time', async () => {
    const rehearsal = await rehearsalOf(world());
    await rehearsal.run(deregisterFromLoadBalancers, input);
    const { result, journal } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(result).toEqual({ outcome: 'not-registered', targets: [], classic: [] });
    expect(calls(journal)).toEqual([...looks, ...times(6, health)]);
  });

  it.each([
    ['is terminated', world('terminated')],
    ['is unknown to EC2', {}],
  ])('has nothing to do when the instance %s', async (_what, state) => {
    const rehearsal = await rehearsalOf(
      'targetGroups' in state ? { ...state, classicLoadBalancers: [] } : state,
    );
    const { result } = await rehearsal.run(deregisterFromLoadBalancers, input);
    expect(result).toEqual({ outcome: 'instance-gone', targets: [], classic: [] });
  });

  it('takes a target group or load balancer that is deleted meanwhile for left', async () => {
    const gone = {
      [`DescribeTargetHealth ${arn('others')}`]: true,
      [`DeregisterTargets ${arn('web')}`]: true,
      'DeregisterInstancesFromLoadBalancer old-shop': true,
    };
    const rehearsal = await rehearsalOf(world(), {
      fault: (call, asked) => {
        const which = Object.values(asked)[0];
        const named = `${call.split(':')[1]} ${which}`;
        if (!(named in gone)) return undefined;
        const error = named.includes('LoadBalancer ')
          ? new AccessPointNotFoundException({ message: 'gone', $metadata: {} })
          : new TargetGroupNotFoundException({ message: 'gone', $metadata: {} });
        return { when: 'before', error };
      },
    });
    const { result } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(result).toEqual({
      outcome: 'deregistered',
      targets: targets.filter(({ targetGroupArn }) => targetGroupArn !== arn('web')),
      classic: [],
    });
  });

  it('leaves the others when one target group cannot be left, and then lets the failure out', async () => {
    const rehearsal = await rehearsalOf(world(), {
      fault: (call, asked) =>
        call.endsWith('DeregisterTargets') && JSON.stringify(asked).includes('/web/')
          ? { when: 'before', error: refusedBy }
          : undefined,
    });
    const { error, journal } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(error?.name).toBe('AccessDenied');
    expect(journal.slice(9).map(({ call, error: name }) => [call.split(':')[1], name])).toEqual([
      ['DeregisterTargets', 'AccessDenied'],
      ['DeregisterTargets', undefined],
      ['DeregisterTargets', undefined],
      ['DeregisterTargets', undefined],
      ['DeregisterInstancesFromLoadBalancer', undefined],
    ]);
  });

  it('lets a failing look out before anything is changed', async () => {
    const rehearsal = await rehearsalOf(world(), {
      fault: (call) =>
        call.endsWith('DescribeTargetHealth') ? { when: 'before', error: refusedBy } : undefined,
    });
    const { error, journal } = await rehearsal.run(deregisterFromLoadBalancers, input);
    expect(error?.name).toBe('AccessDenied');
    expect(journal.some(({ call }) => call.includes('Deregister'))).toBe(false);
  });

  it.each([
    ['a target group', 'DescribeTargetHealth', `${arn('web')} (${instanceId} port 8080)`],
    ['a classic load balancer', 'DescribeLoadBalancers', 'old-shop'],
  ])('does not call it deregistered when %s has it back', async (_what, look, named) => {
    let left = 0;
    const rehearsal = await rehearsalOf(world(), {
      fault: (call) => {
        if (call.includes('Deregister')) left++;
        if (left === 5 && call.endsWith(look)) registerAgain();
        return undefined;
      },
    });
    // Stands for a controller that works beside the step, such as EKS's.
    const registerAgain = () => {
      const { targetGroups, classicLoadBalancers } = rehearsal.account.state;
      for (const target of targetGroups[0]?.targets ?? []) {
        if (look === 'DescribeTargetHealth' && target.port === 8080) target.state = 'initial';
      }
      if (look === 'DescribeLoadBalancers') {
        classicLoadBalancers[0]?.instances.push(InstanceId.parse(instanceId));
      }
    };
    const { error } = await rehearsal.run(deregisterFromLoadBalancers, input);

    expect(error?.name).toBe('NotProvenError');
    expect(error?.message).toBe(`${instanceId} is still registered with ${named}`);
  });

  it('registers again, on the ports they had, what it took out', async () => {
    const rehearsal = await rehearsalOf(world());
    await rehearsal.run(deregisterFromLoadBalancers, input);
    const { outcomes, journal } = await rehearsal.undo(deregisterFromLoadBalancers);

    expect(new Set(Object.values(outcomes))).toEqual(new Set(['restored']));
    expect(Object.keys(outcomes)).toHaveLength(5);
    expect(
      journal
        .filter(({ call }) => call.endsWith(':RegisterTargets'))
        .map((entry) => entry.input)
        .find((asked) => JSON.stringify(asked).includes('/web/')),
    ).toEqual({
      TargetGroupArn: arn('web'),
      Targets: [
        { Id: instanceId, Port: 8080 },
        { Id: instanceId, Port: 8081 },
      ],
    });
    const { targetGroups, classicLoadBalancers } = rehearsal.account.state;
    const registered = (all: typeof targetGroups) =>
      all.map(({ name, targets: of }) => [
        name,
        of.filter((one) => one.state !== 'draining').length,
      ]);
    expect(registered(targetGroups)).toEqual([
      ['web', 3],
      ['pods', 3],
      ['second-address', 1],
      ['stopped', 1],
      ['leaving', 0],
      ['same-address', 1],
      ['others', 1],
      ['function', 0],
      ['balancer', 0],
    ]);
    expect(classicLoadBalancers[0]?.instances).toContain(instanceId);
  });

  it('restores nothing twice, and says when there is nothing to restore to', async () => {
    const gone = new Set<string>();
    const rehearsal = await rehearsalOf(world(), {
      fault: (call, asked) => {
        if (!gone.has(String(Object.values(asked)[0]))) return undefined;
        const error = call.endsWith('DescribeLoadBalancers')
          ? new AccessPointNotFoundException({ message: 'gone', $metadata: {} })
          : new TargetGroupNotFoundException({ message: 'gone', $metadata: {} });
        return { when: 'before', error };
      },
    });
    await rehearsal.run(deregisterFromLoadBalancers, input);
    await rehearsal.undo(deregisterFromLoadBalancers);
    gone.add(arn('web')).add('old-shop');
    const { outcomes, journal } = await rehearsal.undo(deregisterFromLoadBalancers);

    expect(outcomes).toEqual({
      'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/old-shop': 'gone',
      [arn('pods')]: 'already-restored',
      [arn('second-address')]: 'already-restored',
      [arn('stopped')]: 'already-restored',
      [arn('web')]: 'gone',
    });
    expect(journal.every(({ call }) => call.includes(':Describe'))).toBe(true);
  });

  it('withholds the restoring in a dry run', async () => {
    const rehearsal = await rehearsalOf(world());
    await rehearsal.run(deregisterFromLoadBalancers, input);
    const before = structuredClone(rehearsal.account.state);
    const { journal } = await rehearsal.undo(deregisterFromLoadBalancers, 'dry-run');

    expect(journal.filter(({ disposition }) => disposition === 'withheld')).toHaveLength(5);
    expect(rehearsal.account.state).toEqual(before);
  });

  it.each([
    ['an instance id with shell characters', { instanceId: `${instanceId};reboot` }],
    ['no instance', {}],
    ['a field it does not know', { ...input, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const rehearsal = await rehearsalOf(world());
    const { error, journal } = await rehearsal.run(deregisterFromLoadBalancers, bad);
    expect(error?.name).toBe('UnusableInputError');
    expect(journal).toEqual([]);
  });
});
