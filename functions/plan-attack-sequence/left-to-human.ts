import * as z from 'zod';

/** Why no playbook is started for something that an attack sequence names. */
const whys = [
  /** No playbook answers resources of this type. */
  'no-playbook',
  /** Its id is of no known shape. */
  'unreadable',
  /** A role without a session: to deny the whole role may cut off healthy machines. */
  'session-unknown',
  /** A user without a key: to stop all its keys may stop more than the intruder. */
  'key-unknown',
  /** More playbooks than one sequence may start. */
  'too-many',
  // Whom no policy of this account stops.
  'root',
  'aws-service',
  'other-account',
  'identity-center-role',
  'unknown-principal',
] as const;

/** Something that an attack sequence names and a human must see to. */
export const LeftToHuman = z.object({
  /** GuardDuty's word, or `ACTOR` for whoever acted. */
  resourceType: z.string(),
  uid: z.string(),
  account: z.string(),
  region: z.string(),
  why: z.enum(whys),
});
export type LeftToHuman = z.infer<typeof LeftToHuman>;
