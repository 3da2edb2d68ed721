import {
  AutoScalingClient,
  DescribeAutoScalingInstancesCommand,
} from '@aws-sdk/client-auto-scaling';
import { EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { type Evidence, tryToKeep } from '../shared/evidence.ts';
import { InstanceId } from '../shared/ids.ts';
import { describeInstance, isWindows } from '../shared/instance.ts';
import { toLambda } from '../shared/lambda.ts';
import type { Pace } from '../shared/line.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep } from '../shared/step.ts';
import { lineUp, Turn, takeTurn, type Waiting, WhenThrottled, waiting } from '../shared/turn.ts';
import { type ConsoleOutput, consoleOutput } from './console-output.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  whenThrottled: WhenThrottled,
  turn: Turn,
});
const text = z.string().nullable();

const output = z.object({
  /** `instance-gone`: terminated, or about to be; `instance-unknown`: EC2 has never heard of it or has forgotten it. */
  outcome: z.enum([
    'inspected',
    'instance-gone',
    'instance-unknown',
    /** AWS takes no more such calls for now; to be done after the cut. */
    'put-off',
    /** Others are before it. */
    'in-line',
  ]),
  ...waiting,
  state: text,
  /** `spot`, `scheduled`, `capacity-block`, or `on-demand`, for which EC2 says nothing. */
  lifecycle: text,
  platform: z.enum(['linux', 'windows']).nullable(),
  architecture: text,
  instanceType: text,
  imageId: text,
  launchTime: text,
  availabilityZone: text,
  iamInstanceProfileArn: text,
  tags: z.record(z.string(), z.string()),
  interfaces: z.array(
    z.object({
      networkInterfaceId: z.string(),
      vpcId: text,
      subnetId: text,
      groups: z.array(z.string()),
      privateIpAddresses: z.array(z.string()),
      ipv6Addresses: z.array(z.string()),
      publicIp: text,
    }),
  ),
  volumes: z.array(z.object({ volumeId: z.string(), deviceName: z.string() })),
  autoScalingGroup: text,
  /** The SSM agent's `PingStatus`, which can be minutes stale; null for an instance SSM does not manage. */
  agent: text,
  /** `none`: it wrote nothing that EC2 still has. Its words are evidence and go nowhere else. */
  consoleOutput: z.enum(['read', 'none', 'failed']),
  /** What could not be read or kept, for a human. */
  missing: z.array(z.string()),
});
type Inspection = z.infer<typeof output>;

/**
 * Reads what the instance is and what it wrote to its console, before anything about it changes,
 * keeps both as evidence and remembers the first beyond the case.
 *
 * It changes nothing in the target account. Should the instance be gone next time, this is the only
 * record of which volumes were its own. The later steps do not depend on it: each reads again what
 * it is about to change, so a failed inspection stops no containment; and neither a console that
 * cannot be read nor a store that takes nothing fails an inspection, but the result says so.
 */
export const inspectInstance = defineStep({
  name: 'inspect-instance',
  input,
  output,
  reads: {
    // Describe calls support no resource: service authorization reference of EC2, Auto Scaling, SSM.
    'ec2:DescribeInstances': { on: '*' },
    'ec2:GetConsoleOutput': { on: 'arn:aws:ec2:*:*:instance/*' },
    'autoscaling:DescribeAutoScalingInstances': { on: '*' },
    'ssm:DescribeInstanceInformation': { on: '*' },
  },
  writes: {},
  uses: ['evidence'],
  connect: (to) => ({
    ec2: new EC2Client(patient(to)),
    autoScaling: new AutoScalingClient(patient(to)),
    ssm: new SSMClient(patient(to)),
  }),

  async run(
    { instanceId, whenThrottled, turn },
    { ec2, autoScaling, ssm },
    context,
  ): Promise<Inspection> {
    const notYet = whenThrottled === 'wait' && (await takeTurn(turn, inspections, context));
    if (notYet) return inLine(notYet);

    const [instance, membership, managed, output] = await sideBySide([
      describeInstance(ec2, instanceId),
      autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] })),
      ssm.send(
        new DescribeInstanceInformationCommand({
          Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
        }),
      ),
      consoleOutput(ec2, instanceId),
    ]);
    const facts: Facts = {
      ...factsOf(instance),
      autoScalingGroup: membership.AutoScalingInstances?.[0]?.AutoScalingGroupName ?? null,
      agent: managed.InstanceInformationList?.[0]?.PingStatus ?? null,
    };
    const { home, case: ref } = context;
    const [lost] = await sideBySide([
      tryToKeep(context, ...evidenceIn(instanceId, facts, output)),
      // A terminated instance has no volumes any more; what an earlier case saw is worth more.
      facts.volumes.length > 0 && home.cases.rememberTarget(ref.target, facts),
    ] as const);
    return {
      ...facts,
      consoleOutput: output.outcome,
      missing: [
        ...(output.outcome === 'failed' ? [byHand(instanceId, output.reason)] : []),
        ...lost.map(({ name, error }) => `${name} was read and not kept (${error.name})`),
      ],
    };
  },

  throttled: async ({ whenThrottled }, context): Promise<Inspection> =>
    whenThrottled === 'put-off'
      ? { ...nothing(), outcome: 'put-off' }
      : inLine(await lineUp(inspections, context)),
});

/**
 * Inspections in one account and Region that were put off. EC2 takes 20 DescribeInstances a second:
 * with them go the protections and detachments, and the later steps of every instance that is cut.
 */
const inspections: Pace = { name: 'inspection', perSecond: 3, burst: 30 };

const inLine = (turn: Waiting): Inspection => ({ ...nothing(), outcome: 'in-line', ...turn });
const nothing = (): Inspection => ({
  ...factsOf(undefined),
  autoScalingGroup: null,
  agent: null,
  consoleOutput: 'none',
  missing: [],
});

type Facts = Omit<Inspection, 'consoleOutput' | 'missing'>;

const byHand = (instanceId: InstanceId, reason: string): string =>
  `console-output was not read (${reason}). By hand: aws ec2 get-console-output --instance-id ${instanceId} --latest`;

function evidenceIn(id: InstanceId, facts: Facts, output: ConsoleOutput): Evidence[] {
  const metadata: Evidence = {
    kind: 'instance-metadata',
    name: 'instance-metadata',
    id,
    body: JSON.stringify(facts, null, 2),
    type: 'json',
    source: `ec2:DescribeInstances ${id}`,
  };
  const source = `ec2:GetConsoleOutput ${id}`;
  return [
    ...(facts.outcome === 'instance-unknown' ? [] : [metadata]),
    ...(output.outcome === 'read'
      ? [
          {
            ...({ kind: 'console-output', name: 'console-output', id, source } as const),
            ...({ body: output.bytes, type: 'text' } as const),
          },
        ]
      : []),
  ];
}

function factsOf(instance: Instance | undefined): Omit<Facts, 'autoScalingGroup' | 'agent'> {
  const state = instance?.State?.Name ?? null;
  const gone = state === 'terminated' || state === 'shutting-down';
  return {
    outcome: instance ? (gone ? 'instance-gone' : 'inspected') : 'instance-unknown',
    state,
    lifecycle: instance ? (instance.InstanceLifecycle ?? 'on-demand') : null,
    platform: instance ? (isWindows(instance) ? 'windows' : 'linux') : null,
    architecture: instance?.Architecture ?? null,
    instanceType: instance?.InstanceType ?? null,
    imageId: instance?.ImageId ?? null,
    launchTime: instance?.LaunchTime?.toISOString() ?? null,
    availabilityZone: instance?.Placement?.AvailabilityZone ?? null,
    iamInstanceProfileArn: instance?.IamInstanceProfile?.Arn ?? null,
    tags: Object.fromEntries((instance?.Tags ?? []).map(({ Key, Value }) => [Key, Value ?? ''])),
    interfaces: interfacesOf(instance),
    volumes: (instance?.BlockDeviceMappings ?? []).flatMap(({ DeviceName, Ebs }) =>
      DeviceName && Ebs?.VolumeId ? [{ volumeId: Ebs.VolumeId, deviceName: DeviceName }] : [],
    ),
  };
}

function interfacesOf(instance: Instance | undefined): Inspection['interfaces'] {
  return (instance?.NetworkInterfaces ?? []).map((eni) => ({
    networkInterfaceId: eni.NetworkInterfaceId ?? '',
    vpcId: eni.VpcId ?? null,
    subnetId: eni.SubnetId ?? null,
    groups: (eni.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    privateIpAddresses: (eni.PrivateIpAddresses ?? []).flatMap((a) => a.PrivateIpAddress ?? []),
    ipv6Addresses: (eni.Ipv6Addresses ?? []).flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
    publicIp: eni.Association?.PublicIp ?? null,
  }));
}

export const handler = toLambda(inspectInstance);
