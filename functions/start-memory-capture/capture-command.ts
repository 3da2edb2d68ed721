import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  type Command,
  InvalidDocument,
  InvalidDocumentVersion,
  InvalidInstanceId,
  paginateListCommands,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { type CaseId, type InstanceId, VolumeId } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import type { Capturable } from './capturable.ts';
import type { CaptureValues } from './capture-document.ts';
import type { Sizing } from './memory-volume.ts';
import { linkSeconds, linkTo } from './tool-link.ts';

/** An image smaller than this part of the instance's memory is none. */
const leastPart = 0.9;

/** What is to be captured, and where to. */
interface Capture {
  readonly target: Capturable;
  readonly sizing: Sizing;
  readonly volumeId: VolumeId;
}

/** A command that was sent, or what has gone since it was looked for. */
type Sent =
  | { readonly commandId: string }
  | { readonly reason: 'agent-not-online' | 'no-document' };

/**
 * Has the instance's SSM agent run the capture document, unless a run whose answer was lost has done
 * so.
 *
 * Should SSM not list that command yet, a second one is sent, and does no harm: its script finds
 * the volume no longer blank and refuses.
 */
export async function captureOnce(
  capture: Capture,
  { ec2, ssm, ssmOnce }: { ec2: EC2Client; ssm: SSMClient; ssmOnce: SSMClient },
  context: StepContext,
): Promise<Sent> {
  const { target, volumeId } = capture;
  const ref = context.case;
  const intent = await context.home.cases.recordIntent(ref, `capture memory to ${volumeId}`);
  const sent = intent === 'again' && (await findCommand(target, ssm, ref.caseId));
  if (sent) return { commandId: sent };

  const link = await linkTo(target.tool, ec2, context.now());
  try {
    return { commandId: await send(capture, link, ssmOnce, context) };
  } catch (error) {
    if (error instanceof InvalidInstanceId) return { reason: 'agent-not-online' };
    if (error instanceof InvalidDocument || error instanceof InvalidDocumentVersion) {
      return { reason: 'no-document' };
    }
    throw error;
  }
}

/**
 * The link must outlive the delivery, and nothing of ours runs on a suspect host once containment
 * has stopped waiting for it: hence the two time-outs.
 */
async function send(capture: Capture, link: string, ssmOnce: SSMClient, context: StepContext) {
  const { instanceId, document } = capture.target;
  const { caseId } = context.case;
  const { Command } = await ssmOnce.send(
    new SendCommandCommand({
      DocumentName: document.name,
      DocumentVersion: document.version,
      InstanceIds: [instanceId],
      Comment: commentFor(caseId),
      TimeoutSeconds: linkSeconds / 2,
      Parameters: {
        ...asLists(valuesOf(capture, link, caseId)),
        executionTimeout: [String(context.settings.memory.timeBoxSeconds)],
      },
    }),
  );
  if (!Command?.CommandId) throw new Error('SSM answered without the id of the command');
  return Command.CommandId;
}

const valuesOf = ({ target, sizing, volumeId }: Capture, link: string, caseId: CaseId) =>
  ({
    CaseId: caseId,
    VolumeId: volumeId,
    VolumeBytes: String(sizing.gibibytes * 1024 ** 3),
    DeviceName: target.deviceName,
    ToolUrl: link,
    ToolSha256: target.tool.sha256,
    LeastBytes: String(Math.floor(target.memoryMebibytes * 1024 ** 2 * leastPart)),
  }) satisfies CaptureValues;

const asLists = (values: CaptureValues): Record<string, string[]> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));

/** What the journal keeps of a command that was sent. */
const SentBefore = z.object({
  DocumentName: z.string(),
  Parameters: z.object({ VolumeId: z.tuple([VolumeId]) }),
});

/**
 * The capture that an execution of this case had begun before it was stopped, where this one has
 * taken the case over and finds the instance cut off: its image is still to be kept. Undefined where
 * none was; a command that cannot arrive any more is not sent.
 */
export async function begunBefore(
  instanceId: InstanceId,
  { ssm }: { ssm: SSMClient },
  { home, case: ref }: StepContext,
): Promise<{ commandId: string; volumeId: VolumeId } | undefined> {
  const steps = await home.cases.steps(ref.caseId);
  const sent = steps
    .flatMap(({ journal }) => journal)
    .find(({ call, disposition }) => call === 'ssm:SendCommand' && disposition === 'sent');
  const { data } = SentBefore.safeParse(sent?.input);
  if (!data) return undefined;
  const document = { name: data.DocumentName };
  const commandId = await findCommand({ instanceId, document }, ssm, ref.caseId);
  return commandId === undefined ? undefined : { commandId, volumeId: data.Parameters.VolumeId[0] };
}

/** 100 characters at most. */
const commentFor = (caseId: CaseId): string => `cordon ${caseId} memory`;

/**
 * The command that an earlier run of this case sent, if one did.
 *
 * Of several, the oldest: it found the volume blank, and the others then refused to touch it.
 */
async function findCommand(
  { instanceId, document }: Pick<Capturable, 'instanceId'> & { document: { name: string } },
  ssm: SSMClient,
  caseId: CaseId,
): Promise<string | undefined> {
  const found: Command[] = [];
  for await (const { Commands = [] } of paginateListCommands(
    { client: ssm },
    { InstanceId: instanceId },
  )) {
    found.push(
      ...Commands.filter(
        ({ Comment, DocumentName }) =>
          Comment === commentFor(caseId) && DocumentName === document.name,
      ),
    );
  }
  return found.toSorted((a, b) => Number(a.RequestedDateTime) - Number(b.RequestedDateTime))[0]
    ?.CommandId;
}
