import { parseRequest } from '../../functions/shared/parse-finding.ts';
import { parseRelease } from '../../functions/shared/release-request.ts';
import { UnusableInputError } from '../../functions/shared/unusable-input.ts';

/** What a person asked for on the command line, by the options' names. */
export interface Asked {
  readonly live?: true;
  readonly reason?: string;
  readonly account?: string;
  readonly targetRegion?: string;
  readonly instance?: string;
  readonly priority?: string;
  readonly memory?: boolean;
  readonly accessKey?: string;
  readonly user?: string;
  readonly role?: string;
  readonly session?: string;
  readonly case?: string;
  readonly steps?: readonly string[];
  readonly rejoin?: readonly string[];
  readonly reactivateKeys?: readonly string[];
}

/** The member of a workflow's input that each option becomes. */
const members = {
  instance: 'instanceId',
  accessKey: 'accessKeyId',
  user: 'userName',
  role: 'roleName',
  session: 'sessionName',
  priority: 'priority',
  reason: 'reason',
  account: 'account',
  targetRegion: 'region',
  case: 'caseId',
  steps: 'steps',
  rejoin: 'rejoin',
  reactivateKeys: 'reactivateKeys',
} as const satisfies Partial<Record<keyof Asked, string>>;

/**
 * The input that a playbook is started with, checked as the playbook itself will check it: a wrong
 * id is said here, before AWS is asked anything. Throws `UnusableInputError`, in the options' names.
 */
export function inputFor(playbook: string, asked: Asked): object {
  const input = {
    ...Object.fromEntries(
      Object.entries(members).flatMap(([option, member]) => {
        const said = asked[option as keyof typeof members];
        return said === undefined ? [] : [[member, said]];
      }),
    ),
    ...(asked.memory === false && { memory: 'skip' }),
    ...(asked.live && { mode: 'live' }),
  };
  if (playbook === 'compromised-access-key' && !asked.accessKey && !asked.user) {
    throw new UnusableInputError('expected --access-key, --user, or both');
  }
  try {
    if (playbook === 'release') parseRelease(input);
    else parseRequest(input, { ...anywhere, execution: 'start', now: new Date(0) });
  } catch (error) {
    if (error instanceof UnusableInputError) throw new UnusableInputError(inOptions(error.message));
    throw error;
  }
  return input;
}

/** Where Cordon stands is not known yet, and decides nothing about whether an input is one. */
const anywhere = { account: '000000000000', region: 'us-east-1' };

/** `$.rejoin[0]:`, which an option says as one of several, is named by its option too. */
const inOptions = (complaint: string): string =>
  Object.entries(members).reduce(
    (said, [option, member]) =>
      said.replaceAll(
        new RegExp(`\\$\\.${member}(?:\\[\\d+\\]|\\.\\d+)?:`, 'g'),
        `--${kebab(option)}:`,
      ),
    complaint,
  );

const kebab = (option: string): string =>
  option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
