import { NotDeployedError, type To } from './deployment.ts';

/** An AWS error with what tells one from another; not every one of them is of the SDK's classes. */
interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly hostname?: string;
}

/**
 * What is wrong and what to do about it, in words, for what AWS or the way to it refuses; undefined
 * for an error that is none of these.
 */
export function refusal(error: unknown, { profile, region }: To): string | undefined {
  if (error instanceof NotDeployedError) return error.message;
  if (!(error instanceof Error)) return undefined;
  const failure: Failure = error;
  const { name, message, code = '', hostname } = failure;
  const signIn = `aws sso login --profile ${profile ?? 'NAME'}`;

  if (/expired/i.test(name) || (name === 'CredentialsProviderError' && /expired/i.test(message))) {
    return `The AWS credentials have expired. Sign in again (${signIn}), or bring new ones.`;
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return profile
      ? `Profile ${profile} gives no AWS credentials: ${sentence(message)} Sign in: ${signIn}`
      : `There are no AWS credentials. Say --profile NAME, or set AWS_PROFILE; to sign in: ${signIn}`;
  }
  if (unknownCredentials.has(name)) {
    return `AWS does not take these credentials (${name}): is it the right profile, and this machine's clock right?`;
  }
  if (/^Region is missing/.test(message)) {
    return "No Region is set. Say the responder's: --region eu-west-1, or set AWS_REGION.";
  }
  if (/AccessDenied|NotAuthorized|Unauthorized/.test(name)) {
    return `AWS refuses: ${sentence(message)} Who starts playbooks needs what docs/deploy.md lists.`;
  }
  if (unreachable.has(code) || name === 'TimeoutError') {
    const where = hostname ?? region ?? 'this Region';
    return `AWS does not answer at ${where} (${code || name}): is it a Region, and is there a network?`;
  }
  return undefined;
}

/** AWS ends some of its messages with a full stop. */
const sentence = (message: string): string => (/[.!?]$/.test(message) ? message : `${message}.`);

const unknownCredentials: ReadonlySet<string> = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
]);

const unreachable: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
]);
