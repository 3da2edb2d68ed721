import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Tool } from './capturable.ts';

/** How long the link lives: longer than the command's delivery may take, and no more. */
export const linkSeconds = 300;

/**
 * A link by which whoever holds it may fetch the capture tool, and nothing else, for five minutes.
 *
 * The bucket must be in the instance's Region: S3's gateway endpoints lead nowhere else, and a
 * signature is good in one Region. The client here only signs. It sends nothing, so it is not one
 * of the step's own, whose calls are journalled.
 */
export async function linkTo(tool: Tool, ec2: EC2Client, now: Date): Promise<string> {
  const { region, credentials } = ec2.config;
  const { presigned } = await import('./presigned.ts');
  return presigned(tool, { region, credentials }, { expiresIn: linkSeconds, signingDate: now });
}
