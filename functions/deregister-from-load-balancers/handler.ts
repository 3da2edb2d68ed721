import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { InstanceId } from '../shared/ids.ts';
import { describeInstance } from '../shared/instance.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, NotProvenError, type StepContext } from '../shared/step.ts';
import { atOnce } from './at-once.ts';
import {
  beforeClassic,
  classicBefore,
  classicNamesOf,
  leaveClassic,
  restoreClassic,
} from './classic.ts';
import {
  allTargetGroups,
  beforeTargetGroup,
  leaveTargetGroup,
  registeredTargets,
  restoreTargets,
  stillServed,
  targetGroupBefore,
} from './target-groups.ts';

const input = z.strictObject({ instanceId: InstanceId });

const output = z.object({
  outcome: z.enum(['deregistered', 'not-registered', 'instance-gone']),
  /** One per registered port: the same instance on two ports is two targets. */
  targets: z.array(
    z.object({ targetGroupArn: z.string(), id: z.string(), port: z.int().nullable() }),
  ),
  /** Names of the classic load balancers it was taken from. */
  classic: z.array(z.string()),
});
type Deregistration = z.infer<typeof output>;
type Left = Omit<Deregistration, 'outcome'>;

// Describe calls support no resource: service authorization reference of EC2 and of both ELBs.
const readTargetHealth = { 'elasticloadbalancing:DescribeTargetHealth': { on: '*' } };
const readClassic = { 'elasticloadbalancing:DescribeLoadBalancers': { on: '*' } };
const targetGroups = 'arn:aws:elasticloadbalancing:*:*:targetgroup/*/*';
const classicLoadBalancers = 'arn:aws:elasticloadbalancing:*:*:loadbalancer/*';

/**
 * Takes the instance out of every target group and classic load balancer of its VPCs.
 *
 * There is no look-up from an instance to its target groups, so all of them are read; targets are
 * found by instance id and by every private address, and named with the port they are registered
 * with, since AWS answers well to a target that does not exist:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
 * It does not wait for draining, does not look into target groups of other VPCs (the same private
 * address there is another host), and cannot keep a controller from registering the target again.
 */
export const deregisterFromLoadBalancers = defineStep({
  name: 'deregister-from-load-balancers',
  input,
  output,
  reads: {
    'ec2:DescribeInstances': { on: '*' },
    'elasticloadbalancing:DescribeTargetGroups': { on: '*' },
    ...readTargetHealth,
    ...readClassic,
  },
  writes: {
    'elasticloadbalancing:DeregisterTargets': { on: targetGroups, standIn: () => ({}) },
    'elasticloadbalancing:DeregisterInstancesFromLoadBalancer': {
      on: classicLoadBalancers,
      standIn: () => ({ Instances: [] }),
    },
  },
  connect: (to) => ({
    ec2: new EC2Client(patient(to)),
    elb: new ElasticLoadBalancingV2Client(patient(to)),
    classic: new ElasticLoadBalancingClient(patient(to)),
  }),

  async run({ instanceId }, aws, context): Promise<Deregistration> {
    const [instance, groups, names] = await Promise.all([
      describeInstance(aws.ec2, instanceId),
      allTargetGroups(aws.elb),
      classicNamesOf(aws.classic, instanceId),
    ]);
    if (!instance || instance.State?.Name === 'terminated') {
      return { outcome: 'instance-gone', targets: [], classic: [] };
    }
    const served = await registeredTargets(aws.elb, groups, instance);
    const registrations = names.map((name) => ({ name, instanceId }));
    await recordBefore(context, [
      ...served.map(beforeTargetGroup),
      ...registrations.map((registration) => beforeClassic(registration, context.case)),
    ]);
    const left = await atOnce<Left>([
      ...served.map((group) => () => leaveTargetGroup(aws.elb, group)),
      ...registrations.map((registration) => () => leaveClassic(aws.classic, registration)),
    ]);
    const targets = left.flatMap((of) => of.targets);
    const classic = left.flatMap((of) => of.classic);
    const any = targets.length + classic.length > 0;
    return { outcome: any ? 'deregistered' : 'not-registered', targets, classic };
  },

  async prove({ instanceId }, result, { elb, classic }) {
    const [targets, names] = await Promise.all([
      stillServed(elb, result.targets),
      result.classic.length > 0 ? classicNamesOf(classic, instanceId) : [],
    ]);
    const left = [...targets, ...names.filter((name) => result.classic.includes(name))];
    if (left.length === 0) return result;
    throw new NotProvenError(`${instanceId} is still registered with ${left.join(', ')}`);
  },

  undo: {
    before: z.discriminatedUnion('kind', [targetGroupBefore, classicBefore]),
    reads: { ...readTargetHealth, ...readClassic },
    writes: {
      'elasticloadbalancing:RegisterTargets': { on: targetGroups, standIn: () => ({}) },
      'elasticloadbalancing:RegisterInstancesWithLoadBalancer': {
        on: classicLoadBalancers,
        standIn: () => ({ Instances: [] }),
      },
    },
    run: async (before, { elb, classic }) => ({
      outcome:
        before.kind === 'classic'
          ? await restoreClassic(classic, before)
          : await restoreTargets(elb, before),
    }),
  },
});

/** Records all registrations, as many at a time as one transaction takes beside the lock's check. */
async function recordBefore(
  { home, case: ref }: StepContext,
  befores: readonly { resource: string; state: object }[],
): Promise<void> {
  const step = 'deregister-from-load-balancers';
  for (let next = 0; next < befores.length; next += 99) {
    const some = befores.slice(next, next + 99).map((before) => ({ step, ...before }));
    await home.cases.recordBefore(ref, ...some);
  }
}

export const handler = toLambda(deregisterFromLoadBalancers);
