import { readFile } from 'node:fs/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  type Command,
  InvalidInstanceId,
  paginateListCommands,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { CaseId, VolumeId } from '../shared/ids.ts';
import type { StepContext } from '../shared/step.ts';
import type { Capturable } from './capturable.ts';
import type { Sizing } from './memory-volume.ts';
import { linkSeconds, linkTo } from './tool-link.ts';

/**
 * AWS's own documents, which every account has: a document of ours would have to be deployed, and
 * be the same, wherever an incident may happen. The script goes with the command instead.
 */
export const documents = { linux: 'AWS-RunShellScript', windows: 'AWS-RunPowerShellScript' };

/** An image smaller than this part of the instance's memory is none. */
const leastPart = 0.9;

/** What is to be captured, and where to. */
interface Capture {
  readonly target: Capturable;
  readonly sizing: Sizing;
  readonly volumeId: VolumeId;
}

/**
 * Has the instance's SSM agent run the capture script, unless a run whose answer was lost has done
 * so, and returns the command's id; undefined when the agent has gone since it was asked for.
 *
 * Should SSM not list that command yet, a second one is sent, and does no harm: its script finds
 * the volume no longer blank and refuses.
 */
export async function captureOnce(
  capture: Capture,
  { ec2, ssm, ssmOnce }: { ec2: EC2Client; ssm: SSMClient; ssmOnce: SSMClient },
  context: StepContext,
): Promise<string | undefined> {
  const { target, volumeId } = capture;
  const ref = context.case;
  const intent = await context.home.cases.recordIntent(ref, `capture memory to ${volumeId}`);
  const sent = intent === 'again' && (await findCommand(target, ssm, ref.caseId));
  if (sent) return sent;

  const link = await linkTo(target.tool, ec2, context.now());
  try {
    return await send(capture, link, ssmOnce, context);
  } catch (error) {
    if (error instanceof InvalidInstanceId) return undefined;
    throw error;
  }
}

/**
 * The link must outlive the delivery, and nothing of ours runs on a suspect host once containment
 * has stopped waiting for it: hence the two time-outs.
 */
async function send(capture: Capture, link: string, ssmOnce: SSMClient, context: StepContext) {
  const { instanceId, tool } = capture.target;
  const { caseId } = context.case;
  const { Command } = await ssmOnce.send(
    new SendCommandCommand({
      DocumentName: documents[tool.platform],
      InstanceIds: [instanceId],
      Comment: commentFor(caseId),
      TimeoutSeconds: linkSeconds / 2,
      Parameters: {
        commands: [await script(capture, link, caseId)],
        executionTimeout: [String(context.settings.memory.timeBoxSeconds)],
      },
    }),
  );
  return Command?.CommandId;
}

/** 100 characters at most. */
const commentFor = (caseId: CaseId): string => `cordon ${caseId} memory`;

/**
 * The command that an earlier run of this case sent, if one did.
 *
 * Of several, the oldest: it found the volume blank, and the others then refused to touch it.
 */
async function findCommand(
  { instanceId, tool }: Capturable,
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
          Comment === commentFor(caseId) && DocumentName === documents[tool.platform],
      ),
    );
  }
  return found.toSorted((a, b) => Number(a.RequestedDateTime) - Number(b.RequestedDateTime))[0]
    ?.CommandId;
}

/** The platform's script with its values in front, each a quoted literal; the script's head names them. */
async function script({ target, sizing, volumeId }: Capture, link: string, caseId: CaseId) {
  const { platform, sha256 } = target.tool;
  const values = {
    CASE_ID: caseId,
    VOLUME_ID: volumeId,
    VOLUME_BYTES: String(sizing.gibibytes * 1024 ** 3),
    DEVICE_NAME: target.deviceName,
    TOOL_URL: link,
    TOOL_SHA256: sha256,
    LEAST_BYTES: String(Math.floor(target.memoryMebibytes * 1024 ** 2 * leastPart)),
  };
  const file = platform === 'windows' ? 'capture-windows.ps1' : 'capture-linux.sh';
  const body = await readFile(new URL(file, import.meta.url), 'utf8');
  return platform === 'windows' ? `${inPowerShell(values)}${body}` : `${inShell(values)}${body}`;
}

type Values = Readonly<Record<string, string>>;

/** The agent runs the script by its first line; without one, by `sh`. */
const inShell = (values: Values): string =>
  `#!/bin/bash\n${lines(values, (name, value) => `${name}='${value.replaceAll("'", `'\\''`)}'`)}`;

const inPowerShell = (values: Values): string =>
  lines(values, (name, value) => `$${pascalCase(name)} = '${value.replaceAll("'", "''")}'`);

const lines = (values: Values, line: (name: string, value: string) => string): string =>
  Object.entries(values)
    .map(([name, value]) => `${line(name, value)}\n`)
    .join('');

const pascalCase = (name: string): string =>
  name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
