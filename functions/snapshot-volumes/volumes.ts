import {
  type EC2Client,
  type Filter,
  paginateDescribeVolumes,
  type VolumeAttachment,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import type { CaseRef } from '../shared/case-record.ts';
import { type InstanceId, VolumeId } from '../shared/ids.ts';
import { describeInstance } from '../shared/instance.ts';

/** A volume of the instance, and where on the instance it is or was. */
export interface Volume {
  readonly volumeId: string;
  readonly device: string | null;
  readonly tags: readonly string[];
}

/**
 * The instance's volumes: those attached, which they still are while it shuts down, else those an
 * earlier look noted. `gone` says that EC2 can no longer tell which were its own.
 */
export async function volumesOf(
  ec2: EC2Client,
  instanceId: InstanceId,
  recall: () => Promise<object | undefined>,
): Promise<{ state: 'there' | 'ending' | 'gone'; volumes: Volume[] }> {
  const [instance, attached] = await Promise.all([
    describeInstance(ec2, instanceId),
    attachedVolumes(ec2, instanceId),
  ]);
  const state = instance?.State?.Name ?? 'terminated';
  if (state !== 'terminated' && state !== 'shutting-down') {
    return { state: 'there', volumes: attached };
  }
  if (attached.length > 0) return { state: 'ending', volumes: attached };
  return { state: 'gone', volumes: await rememberedVolumes(ec2, await recall()) };
}

const attachedVolumes = (ec2: EC2Client, instanceId: InstanceId): Promise<Volume[]> =>
  describeVolumes(
    ec2,
    [{ Name: 'attachment.instance-id', Values: [instanceId] }],
    (attachments) => attachments.find(({ InstanceId: id }) => id === instanceId)?.Device,
  );

/** What `inspect-instance` remembers of a target; whatever else it holds is of no matter here. */
const Facts = z.object({
  volumes: z.array(z.object({ volumeId: VolumeId, deviceName: z.string().optional() })),
});

/** Those volumes of a gone instance that an earlier look noted and that still exist. */
async function rememberedVolumes(ec2: EC2Client, facts: object | undefined): Promise<Volume[]> {
  const noted = Facts.safeParse(facts).data?.volumes ?? [];
  if (noted.length === 0) return [];
  // A filter, since asking by id fails for all when one is gone. It takes 200 values, and no
  // instance has so many volumes.
  const ids = { Name: 'volume-id', Values: noted.map(({ volumeId }) => volumeId) };
  const kept = { Name: 'status', Values: ['available', 'in-use'] };
  const left = await describeVolumes(ec2, [ids, kept], () => undefined);
  return left.map((volume) => {
    const was = noted.find(({ volumeId }) => volumeId === volume.volumeId);
    return { ...volume, device: was?.deviceName ?? null };
  });
}

async function describeVolumes(
  ec2: EC2Client,
  Filters: Filter[],
  deviceOf: (attachments: readonly VolumeAttachment[]) => string | undefined,
): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for await (const page of paginateDescribeVolumes({ client: ec2 }, { Filters })) {
    for (const { VolumeId: volumeId, Attachments = [], Tags = [] } of page.Volumes ?? []) {
      const tags = Tags.flatMap(({ Key }) => Key ?? []);
      if (volumeId) volumes.push({ volumeId, device: deviceOf(Attachments) ?? null, tags });
    }
  }
  return volumes;
}

/**
 * A command for a person: CloudTrail keeps 90 days of the calls that name an instance, and those
 * that launched it or attached to it name its volumes.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function queryForVolumes(instanceId: InstanceId, { region }: CaseRef): string {
  const telling = ['RunInstances', 'AttachVolume', 'DetachVolume', 'TerminateInstances']
    .map((name) => `EventName=='${name}'`)
    .join(' || ');
  return [
    `aws cloudtrail lookup-events --region ${region}`,
    `--lookup-attributes AttributeKey=ResourceName,AttributeValue=${instanceId}`,
    `--query "Events[?${telling}].CloudTrailEvent" --output text`,
  ].join(' ');
}
