/**
 * The steps whose changes can be taken back, in the order in which playbooks make them. It decides
 * between changes that went on record at the same instant.
 */
export const undone = [
  'protect-instance',
  'detach-from-auto-scaling',
  'isolate-instance',
  'deregister-from-load-balancers',
  'deny-remote-addresses',
  'deactivate-access-key',
  'quarantine-user',
  'revoke-user-sessions',
  'revoke-role-sessions',
] as const;
export type Undone = (typeof undone)[number];

export const isUndone = (step: string): step is Undone => undone.some((one) => one === step);

interface Recorded {
  readonly step: string;
  readonly resource: string;
  readonly at: string;
}

/** The newest change first: what was done last may rest on what was done before it. */
export const newestFirst = (one: Recorded, other: Recorded): number =>
  compare(other.at, one.at) ||
  placeOf(other.step) - placeOf(one.step) ||
  compare(one.resource, other.resource);

const order: readonly string[] = undone;
const placeOf = (step: string): number => order.indexOf(step);
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
