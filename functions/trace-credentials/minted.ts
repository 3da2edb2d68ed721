import { AccessKeyId, AccountId } from '../shared/ids.ts';
import { TracedRole } from '../shared/trace.ts';
import type { TrailEvent } from './trail-event.ts';

/** What a call that hands out temporary credentials handed out. */
interface Minted {
  readonly accessKeyId: AccessKeyId | null;
  /** The session, where it is a role's. */
  readonly role: TracedRole | null;
  /** The account whose root a session was had for. */
  readonly root: AccountId | null;
}

/** The calls that lead from one credential to the next; a sign-in token may come without. */
const minting: Readonly<Record<string, 'always' | 'perhaps'>> = {
  'sts:AssumeRole': 'always',
  'sts:AssumeRoleWithSAML': 'always',
  'sts:AssumeRoleWithWebIdentity': 'always',
  'sts:AssumeRoot': 'always',
  'sts:GetSessionToken': 'always',
  'sts:GetFederationToken': 'always',
  'signin:GetSigninToken': 'perhaps',
};

/**
 * The credentials that an event handed out; undefined when it handed out none, `unreadable` when it
 * must have and its record does not say which.
 *
 * Ids and names must have the shape IAM gives them: what follows from a trace is done to them.
 */
export function mintedBy(event: TrailEvent): Minted | 'unreadable' | undefined {
  const call = `${event.service}:${event.name}`;
  if (!Object.hasOwn(minting, call) || event.record?.errorCode) return undefined;
  const { responseElements: response, requestParameters: asked } = event.record ?? {};
  const key = AccessKeyId.safeParse(response?.credentials?.accessKeyId).data ?? null;
  const user = response?.assumedRoleUser;
  const role = key || user ? roleIn(user?.arn, user?.assumedRoleId, key) : null;
  const isRole = /^AssumeRole/.test(event.name);
  if (!key && !role) return minting[call] === 'always' ? 'unreadable' : undefined;
  if (isRole && !role) return 'unreadable';
  const root = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(asked?.targetPrincipal ?? '')?.[1];
  return { accessKeyId: key, role, root: AccountId.safeParse(root).data ?? null };
}

const assumedRole = /^arn:aws[\w-]*:sts::(\d{12}):assumed-role\/([^/]+)\/([^/]+)$/;

function roleIn(
  arn: string | undefined,
  id: string | undefined,
  accessKeyId: AccessKeyId | null,
): TracedRole | null {
  const [, account, roleName, sessionName] = assumedRole.exec(arn ?? '') ?? [];
  const said = { account, roleName, sessionName, accessKeyId };
  const roleId = id?.split(':')[0];
  const role = TracedRole.safeParse({ ...said, roleId });
  return role.data ?? TracedRole.safeParse({ ...said, roleId: null }).data ?? null;
}
