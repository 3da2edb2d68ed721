import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { once, patient } from '../shared/connection.ts';
import { InstanceId } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { impossibleId } from '../shared/stand-in.ts';
import { defineStep } from '../shared/step.ts';
import { capturable } from './capturable.ts';
import { begunBefore, captureOnce } from './capture-command.ts';
import { documentName } from './capture-document.ts';
import { attachMemoryVolume, sizingFor } from './memory-volume.ts';
import { needs } from './needs.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  memory: z.enum(['capture', 'skip']),
  /** The group that the instance's interfaces are in by now; `failed` when the first cut was tried in vain. */
  isolation: z.enum(['none', 'ssm-only', 'no-rules', 'failed']),
});

const output = z.object({
  outcome: z.enum(['started', 'skipped']),
  /** Why nothing was captured; null when the capture was started. */
  reason: z
    .enum([
      'told-to-skip',
      'no-endpoint',
      'cut-failed',
      'instance-gone',
      'not-running',
      'no-tool',
      'no-tool-for-architecture',
      'agent-not-online',
      'no-path-to-bucket',
      'no-document',
      'document-altered',
      'attachment-limit',
      'no-device-name',
      'key-refused',
    ])
    .nullable(),
  commandId: z.string().nullable(),
  volumeId: z.string().nullable(),
  /** How often containment looks whether the capture has ended before it goes on. */
  pollsLeft: z.int().min(0),
  estimatedSeconds: z.int().min(0),
});
type Started = z.infer<typeof output>;

/** Cordon's own, of whatever stage. */
const documents = (['linux', 'windows'] as const).map(
  (platform) => `arn:aws:ssm:*:*:document/${documentName('*', platform)}`,
);

/**
 * Starts writing an image of the instance's memory to a fresh encrypted volume, attached for it.
 *
 * So no image and no tool gets onto the suspect's own disks, the SSM agent's own log of the command
 * aside; nothing is installed, and the host is given no AWS credentials, only a link to one object.
 * What stands in the way is found by reads, before anything is made, and named: containment goes on
 * at once. It does not wait for the capture, and it deletes nothing: a volume that could not be used
 * stays, tagged with its case.
 */
export const startMemoryCapture = defineStep({
  name: 'start-memory-capture',
  input,
  output,
  reads: {
    // None of these supports a resource: service authorization reference of EC2 and SSM.
    'ec2:DescribeInstances': { on: '*' },
    'ec2:DescribeInstanceTypes': { on: '*' },
    'ec2:DescribeVpcEndpoints': { on: '*' },
    'ec2:DescribeVolumes': {
      on: '*',
      standIn: (described) => ({
        Volumes: [{ VolumeId: firstIdIn(described), State: 'available', Attachments: [] }],
      }),
    },
    'ssm:DescribeInstanceInformation': { on: '*' },
    'ssm:ListCommands': { on: '*' },
    'ssm:GetDocument': { on: documents },
  },
  writes: {
    'ec2:CreateVolume': {
      on: 'arn:aws:ec2:*:*:volume/*',
      when: {
        Bool: { 'ec2:Encrypted': 'true' },
        StringEquals: { 'aws:RequestTag/cordon:role': 'memory' },
      },
      standIn: (asked) => ({ VolumeId: impossibleId('vol', asked), State: 'creating' }),
    },
    'ec2:AttachVolume': {
      on: 'arn:aws:ec2:*:*:volume/*',
      when: { StringEquals: { 'aws:ResourceTag/cordon:role': 'memory' } },
      standIn: (asked) => ({ ...asked, State: 'attaching' }),
    },
    'ssm:SendCommand': {
      on: [...documents, 'arn:aws:ec2:*:*:instance/*'],
      once: true,
      standIn: (asked) => ({ Command: { CommandId: impossibleId('command', asked) } }),
    },
  },
  needs,
  connect: (to) => ({
    ec2: new EC2Client(patient(to)),
    ssm: new SSMClient(patient(to)),
    ssmOnce: new SSMClient(once(to)),
  }),

  async run({ instanceId, memory, isolation }, aws, context): Promise<Started> {
    if (memory === 'skip') return skipped('told-to-skip');
    const { timeBoxSeconds, pollSeconds } = context.settings.memory;
    const pollsLeft = Math.ceil(timeBoxSeconds / pollSeconds);
    if (isolation === 'no-rules') {
      const begun = await begunBefore(instanceId, aws, context);
      if (!begun) return skipped('no-endpoint');
      return { outcome: 'started', reason: null, ...begun, pollsLeft, estimatedSeconds: 0 };
    }
    // The cut was to come first: it is tried again at once, not after a capture.
    if (isolation === 'failed') return skipped('cut-failed');
    if (context.settings.memory.tools.length === 0) return skipped('no-tool');

    const target = await capturable({ instanceId, isolation }, aws, context);
    if (typeof target === 'string') return skipped(target);
    const sizing = sizingFor(target, timeBoxSeconds);
    const attached = await attachMemoryVolume(target, sizing, aws.ec2, context);
    if ('reason' in attached) return skipped(attached.reason);
    const { volumeId, deviceName } = attached;

    const sent = await captureOnce(
      { target: { ...target, deviceName }, sizing, volumeId },
      aws,
      context,
    );
    if ('reason' in sent) return skipped(sent.reason);
    return {
      outcome: 'started',
      reason: null,
      commandId: sent.commandId,
      volumeId,
      pollsLeft,
      estimatedSeconds: sizing.seconds,
    };
  },
});

const skipped = (reason: NonNullable<Started['reason']>): Started => ({
  outcome: 'skipped',
  reason,
  commandId: null,
  volumeId: null,
  pollsLeft: 0,
  estimatedSeconds: 0,
});

// Stand-ins are given the input of the one call they answer for, which names one volume.
const firstIdIn = (described: object) => (described as { VolumeIds?: string[] }).VolumeIds?.[0];

export const handler = toLambda(startMemoryCapture);
