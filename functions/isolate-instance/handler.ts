import { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { InstanceId, VpcId } from '../shared/ids.ts';
import { describeInstance, stillThere } from '../shared/instance.ts';
import { toLambda } from '../shared/lambda.ts';
import type { Pace } from '../shared/line.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { impossibleId } from '../shared/stand-in.ts';
import { defineStep } from '../shared/step.ts';
import { awaitTurn, goesAtOnce, lineUp, Turn } from '../shared/turn.ts';
import { Before } from './before.ts';
import { cut } from './cut.ts';
import { interfacesOf } from './interfaces.ts';
import { Isolation, inLine, isolationFrom } from './isolation.ts';
import { Kind, survey } from './isolation-groups.ts';
import { proveIsolated } from './prove-isolated.ts';
import { restore } from './restore-groups.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  group: Kind,
  /** Where the instance may be: its groups are then read beside its interfaces. May be wrong or []. */
  vpcIds: z.array(VpcId),
  turn: Turn,
});

const interfaces = [
  'arn:aws:ec2:*:*:network-interface/*',
  'arn:aws:ec2:*:*:instance/*',
  'arn:aws:ec2:*:*:security-group/*',
];
const groups = ['arn:aws:ec2:*:*:security-group/*', 'arn:aws:ec2:*:*:security-group-rule/*'];

/**
 * Cuts the instance off: every network interface leaves its security groups for one that has no rule
 * at all, one such group for each VPC.
 *
 * Interfaces are changed one by one, since the instance's own attribute fails once it has two. With
 * `ssm-only` they go into a group that admits Systems Manager's endpoints alone, if that was
 * prepared; else, and whenever in doubt, into the one without rules, and `reason` says why. The step
 * never widens a cut and never puts original groups back when it fails.
 *
 * It does not end connections that are already tracked, and security groups filter neither DNS to
 * the Route 53 Resolver nor the metadata service.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export const isolateInstance = defineStep({
  name: 'isolate-instance',
  input,
  output: Isolation,
  reads: {
    'ec2:DescribeNetworkInterfaces': { on: '*' },
    'ec2:DescribeInstances': { on: '*' },
    'ec2:DescribeSecurityGroups': { on: '*' },
    'ec2:DescribeVpcEndpoints': { on: '*' },
    'ec2:DescribeSecurityGroupRules': {
      on: '*',
      // EC2 gives every new group one egress rule to everywhere.
      standIn: (asked) => ({
        SecurityGroupRules: [{ SecurityGroupRuleId: impossibleId('sgr', asked), IsEgress: true }],
      }),
    },
  },
  writes: {
    'ec2:CreateSecurityGroup': {
      on: ['arn:aws:ec2:*:*:security-group/*', 'arn:aws:ec2:*:*:vpc/*'],
      standIn: (asked) => ({ GroupId: impossibleId('sg', asked) }),
    },
    'ec2:RevokeSecurityGroupIngress': { on: groups, standIn: () => ({ Return: true }) },
    'ec2:RevokeSecurityGroupEgress': { on: groups, standIn: () => ({ Return: true }) },
    'ec2:ModifyNetworkInterfaceAttribute': { on: interfaces, standIn: () => ({}) },
  },
  needs: [
    {
      action: 'ec2:CreateTags',
      on: 'arn:aws:ec2:*:*:security-group/*',
      when: { StringEquals: { 'ec2:CreateAction': 'CreateSecurityGroup' } },
      because: 'CreateSecurityGroup tags the group it makes with the case.',
    },
  ],
  connect: (to) => ({ ec2: new EC2Client(patient(to)) }),

  async run({ instanceId, group: asked, vpcIds, turn }, { ec2 }, context): Promise<Isolation> {
    const notYet = turn !== null && (await awaitTurn(turn, cuts, context));
    if (notYet) return inLine(asked, notYet);

    const [attached, seen, goes] = await sideBySide([
      interfacesOf(ec2, instanceId),
      survey(ec2, vpcIds, asked, context),
      turn !== null || goesAtOnce(cuts, context),
    ]);
    if (!goes) return inLine(asked, await lineUp(cuts, context));
    if (attached.length === 0) return withoutInterfaces(ec2, instanceId, asked);

    const managed = attached.filter(({ RequesterManaged }) => RequesterManaged);
    const own = attached.filter(({ RequesterManaged }) => !RequesterManaged);
    return isolationFrom(await cut(ec2, own, { asked, seen, hints: vpcIds }, context), managed);
  },

  async prove({ instanceId }, result, { ec2 }, context) {
    if (result.outcome === 'instance-gone' || result.outcome === 'in-line') return result;
    const proven = await proveIsolated(ec2, instanceId, result, context);
    return proven ?? withoutInterfaces(ec2, instanceId, result.group);
  },

  throttled: async ({ group }, context) => inLine(group, await lineUp(cuts, context)),

  undo: {
    before: Before,
    reads: {
      'ec2:DescribeNetworkInterfaces': { on: '*' },
      'ec2:DescribeSecurityGroups': { on: '*' },
    },
    writes: { 'ec2:ModifyNetworkInterfaceAttribute': { on: interfaces, standIn: () => ({}) } },
    run: (before, { ec2 }, context) => restore(ec2, before, context),
  },
});

/**
 * EC2 gives ModifyNetworkInterfaceAttribute 100 calls at once and five a second. Fifty cuts go at once,
 * since each reads groups twice, of which it gives 100 calls at once and 20 a second.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
const cuts: Pace = { name: 'cut', perSecond: 5, burst: 50 };

/** An instance that is still there has interfaces: without them nothing was cut, so this throws. */
async function withoutInterfaces(
  ec2: EC2Client,
  instanceId: InstanceId,
  group: Kind,
): Promise<Isolation> {
  const instance = stillThere(await describeInstance(ec2, instanceId));
  if (!instance) {
    return { outcome: 'instance-gone', group, reason: null, interfaces: [], skipped: [] };
  }
  throw new Error(
    `${instanceId} is ${instance.State?.Name}, but EC2 lists no network interface attached to it`,
  );
}

export const handler = toLambda(isolateInstance);
