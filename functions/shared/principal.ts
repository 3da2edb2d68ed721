import * as z from 'zod';
import { type Finding, placeholders, samplesKey } from './finding.ts';
import { AccessKeyId, InstanceId, RoleId, RoleName, SessionName, UserName } from './ids.ts';
import { inside, type Place, parseAt, refuse } from './place.ts';

/** Who acted, as far as IAM can be told to stop them. */
export const Principal = z.strictObject({
  /**
   * `user-key`: a user's long-lived key; `user-session`: temporary credentials made from a user;
   * `user`: a user of whom no key is named; `role-session`: one session of a role; `role`: all of them.
   */
  kind: z.enum(['user-key', 'user-session', 'user', 'role-session', 'role']),
  accessKeyId: AccessKeyId.nullable(),
  /** Null where only the key is known: AWS is asked whose it is. */
  userName: UserName.nullable(),
  roleName: RoleName.nullable(),
  roleId: RoleId.nullable(),
  sessionName: SessionName.nullable(),
  /** The instance whose role's session it is: EC2 calls such a session by the instance's id. */
  instanceId: InstanceId.nullable(),
  /** The session came from GetFederationToken. */
  federated: z.boolean(),
});
export type Principal = z.infer<typeof Principal>;

/** Whom no policy of this account stops, whatever their name. */
type OutOfReach =
  | 'root'
  | 'aws-service'
  | 'other-account'
  | 'identity-center-role'
  | 'unknown-principal';

type Said = NonNullable<Finding['accessKey']>;
type Kind = 'user' | 'federated' | 'role' | OutOfReach;

/** CloudTrail's words: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['IAMUser', 'user'],
  ['FederatedUser', 'federated'],
  ['AssumedRole', 'role'],
  ['Role', 'role'],
  ['Root', 'root'],
  ['AWSService', 'aws-service'],
  ['AWSAccount', 'other-account'],
  ['IdentityCenterUser', 'identity-center-role'],
]);

/**
 * Tells who a finding's credentials belong to, from the kind of principal and its unique id: a name
 * alone could be a user's or a role's. What contradicts itself is `unknown-principal`.
 *
 * It does not say whether they may be acted on: that is `guard-rails.ts`. GuardDuty's placeholders
 * become ids that AWS gives to nobody. Throws `UnusableInputError`, naming the member of `place` at
 * fault, for a key, a name or an id that is not of its shape.
 */
export function principalOf(said: Said, account: string, place: Place): Principal | OutOfReach {
  const kind = kindOf(said);
  switch (kind) {
    case 'user':
    case 'federated':
      return userOf(said, { account, place, federated: kind === 'federated' });
    case 'role':
      return roleOf(said, place);
    default:
      return kind;
  }
}

function kindOf({ userType, principalId = '', accessKeyId = '' }: Said): Kind {
  const byId = /^(?:AIDA|AROA)/.exec(principalId)?.[0];
  if (userType === undefined) {
    if (byId) return byId === 'AIDA' ? 'user' : 'role';
    return accessKeyId.startsWith('AKIA') ? 'user' : 'unknown-principal';
  }
  const kind = kinds.get(userType) ?? 'unknown-principal';
  const contradicts = (kind === 'user' && byId === 'AROA') || (kind === 'role' && byId === 'AIDA');
  return contradicts ? 'unknown-principal' : kind;
}

interface Around {
  readonly account: string;
  readonly place: Place;
  readonly federated: boolean;
}

function userOf(said: Said, { account, place, federated }: Around): Principal | OutOfReach {
  const accessKeyId = keyOf(said, federated ? 'temporary' : 'longLived', place);
  // Of a federated user it is the account and the name that GetFederationToken was given.
  const [, issuer, sessionName] = /^(\d{12}):(.+)$/.exec(said.principalId ?? '') ?? [];
  if (federated && issuer !== undefined && issuer !== account) return 'other-account';
  if (federated && accessKeyId?.startsWith('AKIA')) {
    refuse(inside(place, 'accessKeyId'), "a federated user's key, ASIA…", accessKeyId);
  }
  const userName = named(said.userName, UserName, inside(place, 'userName'));
  const longLived = accessKeyId?.startsWith('AKIA') === true;
  if (!userName && !longLived) return 'unknown-principal';
  const session = accessKeyId || federated ? 'user-session' : 'user';
  return {
    ...nobody,
    kind: longLived ? 'user-key' : session,
    accessKeyId,
    userName,
    sessionName: named(federated ? sessionName : undefined, SessionName, at(place)),
    federated,
  };
}

function roleOf(said: Said, place: Place): Principal | OutOfReach {
  const accessKeyId = keyOf(said, 'temporary', place);
  if (accessKeyId?.startsWith('AKIA')) {
    refuse(inside(place, 'accessKeyId'), "a role session's key, ASIA…", accessKeyId);
  }
  const roleName = named(said.userName, RoleName, inside(place, 'userName'));
  if (!roleName) return 'unknown-principal';
  const [id, session] = isPlaceholder(said.principalId) ? [] : split(said.principalId);
  const sessionName =
    named(session, SessionName, at(place)) ??
    named(said.sessionName, SessionName, inside(place, 'sessionName'));
  return {
    ...nobody,
    kind: sessionName ? 'role-session' : 'role',
    accessKeyId,
    roleName,
    roleId: named(id, RoleId, at(place)),
    sessionName,
    instanceId: InstanceId.safeParse(sessionName).data ?? null,
  };
}

const nobody = {
  accessKeyId: null,
  userName: null,
  roleName: null,
  roleId: null,
  sessionName: null,
  instanceId: null,
  federated: false,
};

const isPlaceholder = (word: string | undefined): boolean => placeholders.has(word ?? '');
const at = (place: Place): Place => inside(place, 'principalId');

/** The unique id and the session's name, which holds no colon. */
function split(principalId = ''): readonly string[] {
  return principalId === '' ? [] : principalId.split(/:(.*)/s, 2);
}

function keyOf({ accessKeyId }: Said, kind: keyof typeof samplesKey, place: Place) {
  if (isPlaceholder(accessKeyId)) return samplesKey[kind];
  return named(accessKeyId, AccessKeyId, inside(place, 'accessKeyId'));
}

function named<Schema extends z.ZodType>(
  said: string | undefined,
  schema: Schema,
  place: Place,
): z.output<Schema> | null {
  if (said === undefined) return null;
  return parseAt(schema, said, place);
}
