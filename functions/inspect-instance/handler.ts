import {
  AutoScalingClient,
  DescribeAutoScalingInstancesCommand,
} from '@aws-sdk/client-auto-scaling';
import { EC2Client, type Instance } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { InstanceId } from '../shared/ids.ts';
import { describeInstance, isWindows } from '../shared/instance.ts';
import { toLambda } from '../shared/lambda.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep } from '../shared/step.ts';

const input = z.strictObject({ instanceId: InstanceId });
const text = z.string().nullable();

const output = z.object({
  /** `instance-gone`: terminated, or about to be; `instance-unknown`: EC2 has never heard of it or has forgotten it. */
  outcome: z.enum(['inspected', 'instance-gone', 'instance-unknown']),
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
});
type Inspection = z.infer<typeof output>;

/**
 * Reads what the instance is, before anything about it changes, and remembers it beyond the case.
 *
 * It changes nothing in the target account. What it finds is evidence and, should the instance be
 * gone next time, the only record of which volumes were its own. The later steps do not depend on
 * it: each reads again what it is about to change, so a failed inspection stops no containment.
 */
export const inspectInstance = defineStep({
  name: 'inspect-instance',
  input,
  output,
  reads: {
    // Describe calls support no resource: service authorization reference of EC2, Auto Scaling, SSM.
    'ec2:DescribeInstances': { on: '*' },
    'autoscaling:DescribeAutoScalingInstances': { on: '*' },
    'ssm:DescribeInstanceInformation': { on: '*' },
  },
  writes: {},
  connect: (to) => ({
    ec2: new EC2Client(patient(to)),
    autoScaling: new AutoScalingClient(patient(to)),
    ssm: new SSMClient(patient(to)),
  }),

  async run({ instanceId }, { ec2, autoScaling, ssm }, { home, case: ref }): Promise<Inspection> {
    const [instance, membership, managed] = await sideBySide([
      describeInstance(ec2, instanceId),
      autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] })),
      ssm.send(
        new DescribeInstanceInformationCommand({
          Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
        }),
      ),
    ]);
    const inspection: Inspection = {
      ...factsOf(instance),
      autoScalingGroup: membership.AutoScalingInstances?.[0]?.AutoScalingGroupName ?? null,
      agent: managed.InstanceInformationList?.[0]?.PingStatus ?? null,
    };
    // A terminated instance has no volumes any more; what an earlier case saw is worth more.
    if (inspection.volumes.length > 0) await home.cases.rememberTarget(ref.target, inspection);
    return inspection;
  },
});

function factsOf(instance: Instance | undefined): Omit<Inspection, 'autoScalingGroup' | 'agent'> {
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
