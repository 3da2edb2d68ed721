import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { patient } from './connection.ts';
import type { Mode } from './journal.ts';
import type { Settings } from './settings.ts';
import type { Credentials } from './step.ts';
import { targetPolicyName, targetRoleName } from './target-role.ts';

/** Whose session it is, where, and how far it may go. */
interface Session {
  readonly partition: string;
  readonly account: string;
  readonly mode: Mode;
  /** Whose declaration narrows it: a step's name, or `undo-of-` and a step's name. */
  readonly declared: string;
  readonly caseId: string | undefined;
}

/** The shortest that AWS gives, and as long as a Lambda may run. */
const seconds = 900;

/**
 * Credentials of the target role in another account, asked for at the first call and once for all
 * clients of an invocation: a run that sends nothing assumes nothing.
 *
 * The session may do what the role and the passed policies both allow: the declaration's reads, and
 * in a live run its writes, so that a dry run could not write even if it tried. Its name carries the
 * case into the target's CloudTrail.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function targetCredentials(
  settings: Settings,
  { partition, account, mode, declared, caseId }: Session,
  region: string,
): () => Promise<Credentials> {
  const iam = `arn:${partition}:iam::${account}`;
  const accesses = mode === 'live' ? (['reads', 'writes'] as const) : (['reads'] as const);
  const command = new AssumeRoleCommand({
    RoleArn: `${iam}:role/${targetRoleName(settings)}`,
    RoleSessionName: `${caseId ?? 'cordon'}.${declared}`.slice(0, 64),
    PolicyArns: accesses.map((access) => ({
      arn: `${iam}:policy/${targetPolicyName(settings, declared, access)}`,
    })),
    DurationSeconds: seconds,
    ...(settings.targets.externalId && { ExternalId: settings.targets.externalId }),
  });
  let assuming: Promise<Credentials> | undefined;
  return () => {
    assuming ??= assume(new STSClient(patient({ region })), command);
    return assuming;
  };
}

async function assume(sts: STSClient, command: AssumeRoleCommand): Promise<Credentials> {
  const { Credentials: given } = await sts.send(command);
  if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken) {
    throw new Error('STS assumed the target role without handing out credentials');
  }
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
    ...(given.Expiration && { expiration: given.Expiration }),
  };
}
