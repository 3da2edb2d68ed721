import * as z from 'zod';
import { AccessKeyId, AccountId, RoleId, RoleName, SessionName } from './ids.ts';

/** A session of a role that a traced credential led to. */
export const TracedRole = z.strictObject({
  account: AccountId,
  roleName: RoleName,
  roleId: RoleId.nullable(),
  sessionName: SessionName,
  /** Of the session; of the latest, where one name was used again. Null where CloudTrail kept none. */
  accessKeyId: AccessKeyId.nullable(),
});
export type TracedRole = z.infer<typeof TracedRole>;

/** What an intruder does to come back, by what of it stays behind. */
export const kinds = [
  'principal',
  'sign-in',
  'key',
  'policy',
  'trust',
  'function',
  'compute',
  'share',
  'defence',
] as const;

/** One call that may have left something behind. Its words are the caller's, made plain. */
export const Persistence = z.object({
  eventId: z.string(),
  eventName: z.string(),
  kind: z.enum(kinds),
  region: z.string(),
  who: z.string(),
  what: z.string(),
  when: z.string(),
  /** AWS's refusal, where the call was only tried. */
  error: z.string().nullable(),
});
export type Persistence = z.infer<typeof Persistence>;

const counted = z.object({ name: z.string(), events: z.int() });

/** A trace as its case keeps it, whole where a step's result is cut short. */
export const KeptTrace = z.object({
  look: z.int(),
  from: z.string(),
  to: z.string(),
  regions: z.array(z.string()),
  pages: z.int(),
  events: z.int(),
  unreadable: z.int(),
  limits: z.array(z.string()),
  firstUse: z.string().nullable(),
  lastUse: z.string().nullable(),
  keys: z.array(
    z.object({ accessKeyId: z.string(), depth: z.int(), mintedBy: z.string().nullable() }),
  ),
  roles: z.array(TracedRole),
  /** Sessions in other accounts, which their owners must see to. */
  elsewhere: z.array(TracedRole),
  otherAccounts: z.array(z.string()),
  persistence: z.array(Persistence),
  sources: z.array(counted),
  errors: z.array(counted),
  calls: z.array(counted),
  resources: z.array(
    z.object({ type: z.string(), name: z.string(), region: z.string(), events: z.int() }),
  ),
});
export type KeptTrace = z.infer<typeof KeptTrace>;

/** The looks a workflow takes at CloudTrail, which tells late. */
export const looks = [0, 1, 2] as const;

/** What a trace, and the list of its events, are kept under. */
export const traceName = (look: number) => `trace-${look}`;
