import { type EC2Client, EC2ServiceException, GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import type { InstanceId } from '../shared/ids.ts';
import { UndeclaredCallError } from '../shared/journal.ts';
import { ThrottledError } from '../shared/throttled.ts';

/** What the instance last wrote to its console, as bytes; or why nobody knows. */
export type ConsoleOutput =
  | { readonly outcome: 'read'; readonly bytes: Uint8Array }
  | { readonly outcome: 'none' }
  | { readonly outcome: 'failed'; readonly reason: string };

/**
 * Reads up to 64 KB of the instance's console: what it writes now where the hypervisor lets it be
 * read, else what it wrote as it started or stopped. Whatever goes wrong is told and not thrown: no
 * console is worth the rest of an inspection.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
 */
export async function consoleOutput(
  ec2: EC2Client,
  InstanceId: InstanceId,
): Promise<ConsoleOutput> {
  const read = async (Latest: boolean): Promise<ConsoleOutput> => {
    const { Output } = await ec2.send(new GetConsoleOutputCommand({ InstanceId, Latest }));
    return Output ? { outcome: 'read', bytes: Buffer.from(Output, 'base64') } : { outcome: 'none' };
  };
  try {
    try {
      return await read(true);
    } catch (error) {
      if (isRefusal(error, 'UnsupportedOperation')) return await read(false);
      throw error;
    }
  } catch (error) {
    if (error instanceof UndeclaredCallError || error instanceof ThrottledError) throw error;
    if (isRefusal(error, 'InvalidInstanceID.NotFound')) return { outcome: 'none' };
    return { outcome: 'failed', reason: error instanceof Error ? error.name : 'unknown' };
  }
}

const isRefusal = (error: unknown, name: string): boolean =>
  error instanceof EC2ServiceException && error.name === name;
