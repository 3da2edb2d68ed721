import {
  DescribeInstanceTypesCommand,
  DescribeVpcEndpointsCommand,
  type EC2Client,
  type Instance,
  type InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { InstanceId } from '../shared/ids.ts';
import { describeInstance, isWindows, stillThere } from '../shared/instance.ts';
import type { Settings } from '../shared/settings.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import type { Platform } from './capture-document.ts';
import { type Deployed, deployedDocument } from './deployed-document.ts';

export type Tool = Settings['memory']['tools'][number];

/** An instance whose memory can be captured, with all that the capture needs to know of it. */
export interface Capturable {
  readonly instanceId: InstanceId;
  readonly tool: Tool;
  readonly document: Deployed;
  readonly availabilityZone: string;
  readonly deviceName: string;
  readonly memoryMebibytes: number;
  /** EBS throughput that the instance type sustains, in MB/s, where EC2 says it. */
  readonly sustainedMegabytes: number | undefined;
}

/** Why an instance's memory cannot be captured, found by reads alone. */
type Obstacle =
  | 'instance-gone'
  | 'not-running'
  | 'no-tool'
  | 'no-tool-for-architecture'
  | 'agent-not-online'
  | 'no-path-to-bucket'
  | 'no-document'
  | 'document-altered'
  | 'attachment-limit'
  | 'no-device-name';

/**
 * What a capture needs to know of the instance, or the first obstacle to it. It only looks.
 *
 * `PingStatus` can be minutes stale: an agent said to be online may still never take the command,
 * which its delivery time-out then shows.
 */
export async function capturable(
  { instanceId, isolation }: { instanceId: InstanceId; isolation: 'none' | 'ssm-only' },
  { ec2, ssm }: { ec2: EC2Client; ssm: SSMClient },
  { settings, case: ref }: StepContext,
): Promise<Capturable | Obstacle> {
  const [described, managed] = await sideBySide([
    describeInstance(ec2, instanceId),
    ssm.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
      }),
    ),
  ] as const);
  const instance = stillThere(described);
  if (!instance) return 'instance-gone';
  if (instance.State?.Name !== 'running') return 'not-running';

  const tool = toolFor(instance, settings.memory.tools);
  if (typeof tool === 'string') return tool;
  if (managed.InstanceInformationList?.[0]?.PingStatus !== 'Online') return 'agent-not-online';

  const [type, document, reachable] = await sideBySide([
    instanceType(ec2, instance),
    deployedDocument(ssm, settings.stage, tool.platform),
    isolation === 'none' || hasBucketEndpoint(ec2, instance, ref.region),
  ] as const);
  if (!reachable) return 'no-path-to-bucket';
  if (typeof document === 'string') return document;
  return withRoom(instance, type, { instanceId, tool, document });
}

function toolFor(instance: Instance, tools: readonly Tool[]) {
  const platform: Platform = isWindows(instance) ? 'windows' : 'linux';
  const fitting = tools.filter((tool) => tool.platform === platform);
  return (
    fitting.find((tool) => tool.architecture === instance.Architecture) ??
    (instance.Architecture === 'x86_64' ? 'no-tool' : 'no-tool-for-architecture')
  );
}

async function instanceType(ec2: EC2Client, { InstanceType }: Instance) {
  const { InstanceTypes = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: InstanceType ? [InstanceType] : [] }),
  );
  return InstanceTypes[0];
}

/** Whether the VPC has a way to S3 that a group open to interface endpoints alone leaves open. */
async function hasBucketEndpoint(ec2: EC2Client, { VpcId = '' }: Instance, region: string) {
  const { VpcEndpoints = [] } = await ec2.send(
    new DescribeVpcEndpointsCommand({
      Filters: [
        { Name: 'vpc-id', Values: [VpcId] },
        { Name: 'service-name', Values: [`com.amazonaws.${region}.s3`] },
      ],
    }),
  );
  return VpcEndpoints.some(
    ({ VpcEndpointType, PrivateDnsEnabled, State }) =>
      VpcEndpointType === 'Interface' &&
      PrivateDnsEnabled === true &&
      // EC2 answers `available`; the SDK's type says `Available`.
      State?.toLowerCase() === 'available',
  );
}

function withRoom(
  instance: Instance,
  type: InstanceTypeInfo | undefined,
  found: Pick<Capturable, 'instanceId' | 'tool' | 'document'>,
): Capturable | Obstacle {
  const devices = instance.BlockDeviceMappings ?? [];
  const memoryMebibytes = type?.MemoryInfo?.SizeInMiB;
  const availabilityZone = instance.Placement?.AvailabilityZone;
  if (!memoryMebibytes || !availabilityZone) {
    throw new Error(`EC2 gave no memory size for ${instance.InstanceType}, or no zone`);
  }
  // Where interfaces and instance store share the limit there may be less room: EC2 then refuses.
  const most = type.EbsInfo?.MaximumEbsAttachments ?? Number.POSITIVE_INFINITY;
  if (devices.length >= most) return 'attachment-limit';

  const deviceName = freeDevice(
    devices.map(({ DeviceName = '' }) => DeviceName),
    isWindows(instance) ? 'xvd' : '/dev/sd',
  );
  if (!deviceName) return 'no-device-name';
  return {
    ...found,
    availabilityZone,
    deviceName,
    memoryMebibytes,
    sustainedMegabytes: type.EbsInfo?.EbsOptimizedInfo?.BaselineThroughputInMBps,
  };
}

/**
 * The first of the names that AWS recommends for volumes, `f` to `p`, whose letter is not taken
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html). By letter, since
 * `/dev/sdf`, `/dev/xvdf` and `xvdf` are one place.
 */
function freeDevice(taken: readonly string[], prefix: string): string | undefined {
  const letters = new Set(taken.map((name) => /(?:sd|xvd)([a-z])/.exec(name)?.[1]));
  const free = [...'fghijklmnop'].find((letter) => !letters.has(letter));
  return free && `${prefix}${free}`;
}
