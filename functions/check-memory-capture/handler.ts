import {
  GetCommandInvocationCommand,
  type GetCommandInvocationCommandOutput,
  InvocationDoesNotExist,
  SSMClient,
} from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import type { Finding } from '../shared/finding.ts';
import { InstanceId, VolumeId } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep } from '../shared/step.ts';
import { reasonFor } from './reason.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  commandId: z.uuid(),
  volumeId: VolumeId,
  pollsLeft: z.int().min(0),
});

const output = z.object({
  /**
   * `time-box-over` and `cut-short` leave a capture that still runs: containment goes on without
   * its end, in the one case for time, in the other because a graver finding has joined the case.
   */
  outcome: z.enum(['in-progress', 'finished', 'failed', 'time-box-over', 'cut-short']),
  /** SSM's status in detail, for a failure with what the script meant by it; null when finished. */
  reason: z.string().nullable(),
  commandId: z.string(),
  volumeId: z.string(),
  pollsLeft: z.int().min(0),
});
type Checked = z.infer<typeof output>;

/**
 * Looks whether the capture of an instance's memory has ended, and whether to wait for it any more.
 *
 * It changes nothing; it does not cancel a capture that runs past its time. The agent answers from
 * a host that an intruder may own, so `finished` means that the host says so, and no more: whether
 * there is an image is judged later, from the volume's snapshot. For the same reason the host's own
 * words get into the reason only for an exit code that is none of the script's, short and escaped.
 */
export const checkMemoryCapture = defineStep({
  name: 'check-memory-capture',
  input,
  output,
  // Supports no resource: service authorization reference of SSM.
  reads: { 'ssm:GetCommandInvocation': { on: '*' } },
  writes: {},
  connect: (to) => ({ ssm: new SSMClient(patient(to)) }),

  async run({ instanceId, commandId, volumeId, pollsLeft }, { ssm }, context): Promise<Checked> {
    const [invocation, { findings }] = await sideBySide([
      invocationOf(ssm, commandId, instanceId),
      context.home.cases.findings(context.case),
    ] as const);
    const left = Math.max(0, pollsLeft - 1);
    const ended = endOf(invocation);
    const outcome =
      ended ?? (isGraver(findings) ? 'cut-short' : left === 0 ? 'time-box-over' : 'in-progress');
    return {
      outcome,
      reason: reasonFor(outcome, invocation),
      commandId,
      volumeId,
      pollsLeft: left,
    };
  },
});

/** The invocation, or undefined while SSM does not show it yet, as is normal after SendCommand. */
async function invocationOf(ssm: SSMClient, commandId: string, instanceId: InstanceId) {
  try {
    return await ssm.send(
      new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
    );
  } catch (error) {
    if (error instanceof InvocationDoesNotExist) return undefined;
    throw error;
  }
}

function endOf(
  invocation: GetCommandInvocationCommandOutput | undefined,
): 'finished' | 'failed' | undefined {
  switch (invocation?.Status) {
    case 'Success':
      return 'finished';
    case 'Failed':
    case 'TimedOut':
    case 'Cancelled':
      return 'failed';
    default:
      return undefined;
  }
}

/**
 * Whether a critical finding, graver than the one that opened the case, has joined it since. The
 * record keeps findings by id; the one updated first is the one that opened it.
 */
function isGraver(findings: readonly Finding[]): boolean {
  const [first, ...joined] = findings.toSorted((a, b) => a.updatedAt.localeCompare(b.updatedAt));
  return joined.some(({ severity }) => severity >= 9 && severity > (first?.severity ?? 0));
}

export const handler = toLambda(checkMemoryCapture);
