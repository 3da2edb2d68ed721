import type { GetCommandInvocationCommandOutput } from '@aws-sdk/client-ssm';
import { exitCodes } from './exit-codes.ts';

/** Why a capture is where it is, in SSM's words and the script's: see the step for the host's own. */
export function reasonFor(
  outcome: string,
  invocation: GetCommandInvocationCommandOutput | undefined,
): string | null {
  if (outcome === 'finished') return null;
  if (!invocation) return 'not listed yet';
  const { StatusDetails = 'status unknown', ResponseCode = -1, StandardErrorContent } = invocation;
  // SSM says -1 while a command runs, and for one that never did.
  if (outcome !== 'failed' || ResponseCode === -1) return StatusDetails;
  const meaning = exitCodes[ResponseCode];
  if (meaning) return `${StatusDetails}: ${meaning}`;
  return `${StatusDetails}: exit code ${ResponseCode}, the host says ${quoted(StandardErrorContent)}`;
}

/** At most 200 characters of a host's words, with nothing in them that a terminal would obey. */
const quoted = (words = ''): string =>
  JSON.stringify(words.slice(0, 200)).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
