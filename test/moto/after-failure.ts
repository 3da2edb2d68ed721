import type { PlaybookName } from '../../functions/shared/playbooks.ts';

/**
 * What a state's failure must lead to, be it caught as it may. Written down here and taken from no
 * workflow: where a Catch itself is wrong, all that runs the workflow agrees on the wrong end.
 */
interface AfterFailure {
  /** How the execution ends: well, or with which error. */
  readonly ends:
    | 'succeeded'
    | 'NeedsHuman'
    | 'NoCaseOpened'
    | 'ApprovalNotAsked'
    | 'CaseNotClosed'
    | 'NobodyTold';
  /** What the case says; `undefined` where there is none. */
  readonly status: 'contained' | 'needs-human' | 'open' | undefined;
  /** How the title of a message to people begins; `undefined` where none can say it. */
  readonly told: string | undefined;
  /** How a line of what is left to do begins, in the case and in the message. */
  readonly missing?: string;
  /** The states that are entered all the same. */
  readonly goesOn: readonly string[];
}

/** A containment that failed is a human's; the rest of the containment is tried all the same. */
const needsHuman = (what: string, goesOn: readonly string[]): AfterFailure => ({
  ends: 'NeedsHuman',
  status: 'needs-human',
  told: 'Containment needs a human: ',
  missing: `${what}: failed`,
  goesOn,
});

/** Evidence that is missing is said, and keeps nothing from being contained. */
const contained = (missing: string | undefined, goesOn: readonly string[]): AfterFailure => ({
  ends: 'succeeded',
  status: 'contained',
  told: 'Contained: ',
  ...(missing !== undefined && { missing }),
  goesOn,
});

/** Nothing was begun, or no more than a plan was made; people read why. */
const stopped = (
  ends: AfterFailure['ends'],
  status: AfterFailure['status'],
  told: string | undefined,
  goesOn: readonly string[] = [],
): AfterFailure => ({ ends, status, told, goesOn });

const nobodyTold = (status: AfterFailure['status'], goesOn: readonly string[] = []) =>
  stopped('NobodyTold', status, undefined, goesOn);

const noCase = stopped('NoCaseOpened', undefined, 'No case could be opened: nothing was contained');
const notAsked = stopped(
  'ApprovalNotAsked',
  'open',
  'Nobody could be asked for approval: nothing was contained',
);
const stillOpen = (goesOn: readonly string[]) =>
  stopped('CaseNotClosed', 'open', 'A case could not be closed: check what was contained', goesOn);

const onInstance = [
  'Inspect instance',
  'Start memory capture',
  'Protect instance',
  'Detach from Auto Scaling',
  'Isolate instance',
  'Deny remote addresses',
  'Deregister from load balancers',
  'Snapshot volumes',
  'Close case',
];
const atOnce = [
  'Isolate instance at once',
  'Protect instance at once',
  'Detach from Auto Scaling at once',
  ...onInstance,
];
/** Whoever is cut off for good at once is not cut again. */
const cutAtOnce = atOnce.map((state) =>
  state === 'Isolate instance' ? 'Keep the first cut' : state,
);
const trace = [
  'Tell a human how the first containment went',
  'Trace what the credentials did',
  'Query the API history',
  'List what changed',
  'Close case',
];
const onKey = [
  'Deactivate access key',
  'Record the principal',
  'Quarantine user',
  'Revoke user sessions',
  'Revoke role sessions',
  ...trace,
];
const onRole = ['Deny the stolen session', 'Record the role', 'Revoke role sessions', ...trace];

/** What every playbook that acts on leaked credentials does after its first containment. */
const traced = (goesOn: readonly string[]): Readonly<Record<string, AfterFailure>> => ({
  'Tell a human how the first containment went': contained(undefined, goesOn),
  // Nobody knows what is left to contain.
  'Trace what the credentials did': needsHuman(
    'Trace what the credentials did',
    goesOn.filter((state) => state !== 'Revoke role sessions'),
  ),
  'Revoke role sessions': needsHuman('Revoke the sessions of roles', goesOn),
  'Query the API history': contained('Query the API history: failed', goesOn),
  'Keep the API history': contained('Query the API history: failed', goesOn),
  'List what changed': contained('List what changed: failed', goesOn),
});

const everywhere = (goesOn: readonly string[]): Readonly<Record<string, AfterFailure>> => ({
  'Open case': noCase,
  'Ask for approval': notAsked,
  'Settle the approval': notAsked,
  'Close case': stillOpen(goesOn),
  'Tell a human why nothing was done': nobodyTold(undefined),
  'Tell a human that nobody could be asked': nobodyTold('open'),
  'Tell a human that no case was opened': nobodyTold(undefined),
  'Tell a human that the case is still open': nobodyTold('open', goesOn),
});

/** What must come of it, by playbook and by the state that fails. */
export const afterFailure: Readonly<
  Partial<Record<PlaybookName, Readonly<Record<string, AfterFailure>>>>
> = {
  'compromised-instance': {
    ...everywhere(onInstance),
    // What failed at once is done again in its place, and then well.
    'Isolate instance at once': contained(undefined, atOnce),
    'Protect instance at once': contained(undefined, cutAtOnce),
    'Detach from Auto Scaling at once': contained(undefined, cutAtOnce),
    'Inspect instance': contained('Inspect instance: failed', onInstance),
    'Start memory capture': contained('Capture memory: failed', onInstance),
    'Check memory capture': contained('Capture memory: ', [...onInstance, 'Keep memory image']),
    'Keep memory image': contained('Capture memory: failed', onInstance),
    'Protect instance': needsHuman('Protect instance', onInstance),
    'Detach from Auto Scaling': needsHuman('Detach from Auto Scaling', onInstance),
    'Isolate instance': needsHuman('Isolate instance', onInstance),
    'Deny remote addresses': needsHuman('Deny remote addresses', onInstance),
    'Deregister from load balancers': needsHuman('Deregister from load balancers', onInstance),
    'Snapshot volumes': contained('Snapshot volumes: failed', onInstance),
  },
  'compromised-access-key': {
    ...everywhere(onKey),
    ...traced(onKey),
    'Deactivate access key': needsHuman('Deactivate access key', onKey),
    'Record the principal': contained('Record the principal: failed', onKey),
    'Quarantine user': needsHuman('Quarantine user', onKey),
    'Revoke user sessions': needsHuman('Revoke user sessions', onKey),
  },
  'compromised-role': {
    ...everywhere(onRole),
    ...traced(onRole),
    'Contain the instance as well': needsHuman('Contain the instance as well', onRole),
    'Wait for the memory capture to begin': contained(undefined, onRole),
    'Deny the stolen session': needsHuman('Deny the stolen session', onRole),
    'Revoke the whole role': needsHuman('Revoke the whole role', [
      'Record the role',
      'Revoke role sessions',
      ...trace,
    ]),
    'Record the role': contained('Record the principal: failed', onRole),
  },
};
