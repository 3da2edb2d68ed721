/** What can go wrong at one call. */
export interface Fault {
  readonly name: FaultName;
  /** As people read it. */
  readonly words: string;
  /** `once`: at this attempt alone. `from-then-on`: at every later call of its kind by the step. */
  readonly lasts: 'once' | 'from-then-on';
  /** What the call has done by then, and what becomes of who made it. */
  readonly effect: 'refused' | 'lost-answer' | 'not-done' | 'lambda-gone' | 'execution-gone';
  /** Makes no difference at a call that changes nothing. */
  readonly writesOnly?: true;
  /** Met by Cordon's own requests (table, messages, evidence) as well as by calls to AWS. */
  readonly atHome?: true;
}

export const faultNames = [
  'throttled',
  'server-error',
  'timeout-before',
  'timeout-after',
  'not-done',
  'access-denied',
  'not-found',
  'lambda-killed',
  'lambda-timed-out',
  'execution-stopped',
  'taken-over',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Every fault, in the order in which the matrix has them. */
export const faults: readonly Fault[] = [
  { name: 'throttled', words: 'throttled once', lasts: 'once', effect: 'refused' },
  {
    name: 'server-error',
    words: '5xx once',
    lasts: 'once',
    effect: 'refused',
    atHome: true,
  },
  {
    name: 'timeout-before',
    words: 'timed out before it was done',
    lasts: 'once',
    effect: 'refused',
  },
  {
    name: 'timeout-after',
    words: 'timed out after it was done',
    lasts: 'once',
    effect: 'lost-answer',
    atHome: true,
  },
  {
    name: 'not-done',
    words: 'answered, and yet not done',
    lasts: 'once',
    effect: 'not-done',
    writesOnly: true,
  },
  {
    name: 'access-denied',
    words: 'access denied from then on',
    lasts: 'from-then-on',
    effect: 'refused',
    atHome: true,
  },
  { name: 'not-found', words: 'not found from then on', lasts: 'from-then-on', effect: 'refused' },
  {
    name: 'lambda-killed',
    words: 'Lambda killed before the call',
    lasts: 'once',
    effect: 'lambda-gone',
    atHome: true,
  },
  {
    name: 'lambda-timed-out',
    words: 'Lambda timed out after the call',
    lasts: 'once',
    effect: 'lambda-gone',
    atHome: true,
  },
  {
    name: 'execution-stopped',
    words: 'execution stopped at the call',
    lasts: 'once',
    effect: 'execution-gone',
    atHome: true,
  },
  {
    name: 'taken-over',
    words: 'stopped, and started anew',
    lasts: 'once',
    effect: 'execution-gone',
    atHome: true,
  },
];

/** The fault of a name. */
export function faultOf(name: FaultName): Fault {
  const fault = faults.find((one) => one.name === name);
  if (!fault) throw new Error(`there is no fault ${name}`);
  return fault;
}
