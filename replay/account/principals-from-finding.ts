import type * as z from 'zod';
import type { Finding } from '../../functions/shared/finding.ts';
import { type Principal, principalOf } from '../../functions/shared/principal.ts';
import { UnusableInputError } from '../../functions/shared/unusable-input.ts';
import { iamId } from './iam-state.ts';
import type { AccountState } from './state.ts';

type Stated = z.input<typeof AccountState>;
type Iam = NonNullable<Stated['iam']>;
type User = NonNullable<Iam['users']>[number];
type Role = NonNullable<Iam['roles']>[number];
type TrailEvent = NonNullable<NonNullable<Stated['cloudTrail']>['events']>[number];

/** What IAM has, and what CloudTrail has seen. */
interface Principals {
  readonly iam: { readonly users: User[]; readonly roles: Role[] };
  readonly cloudTrail: { readonly events: TrailEvent[] };
}

/** The principal whose credentials a finding names, where it names one that IAM could stop. */
export function principalIn({ account, accessKey }: Finding): Principal | undefined {
  if (!accessKey) return undefined;
  try {
    const principal = principalOf(accessKey, account, { path: '$' });
    return typeof principal === 'string' ? undefined : principal;
  } catch (error) {
    // What a finding only mentions may be of no usable shape; `open-case` says what is wrong.
    if (error instanceof UnusableInputError) return undefined;
    throw error;
  }
}

/**
 * The user or role whose credentials were stolen, a role that these have assumed since, and a healthy
 * neighbour of each that a careless step would stop too. The user has a second key, in good hands.
 *
 * An instance's role is held by the profile `web`, under which the account's instances run.
 */
export function principalsFrom(finding: Finding, principal: Principal): Principals {
  const { roleName, userName } = principal;
  const name = roleName ?? userName ?? 'build';
  const scene = { finding, principal, name, stolen: keyOf(principal, name) };
  const next = `${name.slice(0, 50)}-reports`;
  const roles: Role[] = [
    ...(roleName ? [roleOf(principal, name)] : []),
    { roleName: next, trustPolicy: trustIn(finding.account) },
    { roleName: `${name.slice(0, 50)}-neighbour`, trustPolicy: trustIn(finding.account) },
  ];
  return {
    iam: { users: usersOf(scene), roles },
    cloudTrail: { events: eventsOf(scene, next) },
  };
}

/** Credentials in a stranger's hands, and where. */
interface Scene {
  readonly finding: Finding;
  readonly principal: Principal;
  readonly name: string;
  /** The finding's key, or one that is made up. */
  readonly stolen: string;
}

const keyOf = ({ accessKeyId, kind }: Principal, name: string): string =>
  accessKeyId ?? (kind === 'user' ? iamId('AKIA', `key of ${name}`) : temporary(`key of ${name}`));

const temporary = (reason: string): string => iamId('AKIA', reason).replace('AKIA', 'ASIA');

function usersOf({ finding, principal, name, stolen }: Scene): User[] {
  const neighbour = {
    userName: `${name.slice(0, 50)}-neighbour`,
    accessKeys: [{ accessKeyId: iamId('AKIA', `neighbour of ${name}`) }],
  };
  if (principal.roleName) return [neighbour];
  const said = finding.accessKey?.principalId;
  const first = stolen.startsWith('AKIA') ? stolen : longLivedOf(name);
  const second = { accessKeyId: iamId('AKIA', `second key of ${name}`) };
  return [
    {
      userName: name,
      ...(said && /^AIDA[A-Z0-9]+$/.test(said) && { userId: said }),
      accessKeys: [{ accessKeyId: first }, second],
      attachedPolicies: [{ arn: 'arn:aws:iam::aws:policy/PowerUserAccess' }],
    },
    neighbour,
  ];
}

/** The key from which a user's stolen session was had. */
const longLivedOf = (name: string): string => iamId('AKIA', `first key of ${name}`);

function roleOf({ roleId, instanceId }: Principal, roleName: string): Role {
  return {
    roleName,
    ...(roleId && { roleId }),
    ...(instanceId && { instanceProfiles: ['web'] }),
    ...(/^AWSServiceRoleFor/.test(roleName) && { path: '/aws-service-role/' }),
    ...(/^AWSReservedSSO_/.test(roleName) && { path: '/aws-reserved/sso.amazonaws.com/' }),
  };
}

const trustIn = (account: string) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'sts:AssumeRole',
    },
  ],
});

/** How the credentials came about, what was tried with them, and the role that they led to. */
function eventsOf(scene: Scene, next: string): TrailEvent[] {
  const { finding, name, stolen } = scene;
  const led = temporary(`session of ${next}`);
  const session = `${name.slice(0, 50)}-session`;
  const said = finding.remote.addresses[0] ?? '198.51.100.7';
  const by = (accessKeyId: string, identity: object) => ({
    sourceIPAddress: said,
    userIdentity: { ...identity, accessKeyId },
  });
  return [
    ...issued(scene),
    { eventName: 'GetCallerIdentity', eventTime: at(finding, 9), record: by(stolen, who(scene)) },
    {
      eventName: 'AssumeRole',
      eventTime: at(finding, 7),
      record: {
        ...by(stolen, who(scene)),
        responseElements: {
          credentials: { accessKeyId: led },
          assumedRoleUser: {
            assumedRoleId: `${iamId('AROA', next)}:${session}`,
            arn: `arn:aws:sts::${finding.account}:assumed-role/${next}/${session}`,
          },
        },
      },
    },
    {
      eventName: 'ListUsers',
      eventTime: at(finding, 5),
      record: by(led, { type: 'AssumedRole', principalId: `${iamId('AROA', next)}:${session}` }),
    },
  ];
}

/** The user's own call that made the session, where a user's session was stolen. */
function issued({ finding, principal, name, stolen }: Scene): TrailEvent[] {
  if (principal.kind !== 'user-session') return [];
  return [
    {
      eventName: principal.federated ? 'GetFederationToken' : 'GetSessionToken',
      eventTime: at(finding, 30),
      record: {
        userIdentity: { type: 'IAMUser', userName: name, accessKeyId: longLivedOf(name) },
        responseElements: { credentials: { accessKeyId: stolen } },
      },
    },
  ];
}

/** The caller, as CloudTrail's records name it. */
function who({ finding: { account }, principal, name }: Scene): object {
  const { roleName, roleId, sessionName, federated } = principal;
  if (!roleName) return { type: federated ? 'FederatedUser' : 'IAMUser', userName: name };
  const session = sessionName ?? name;
  return {
    type: 'AssumedRole',
    principalId: `${roleId ?? iamId('AROA', roleName)}:${session}`,
    arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${session}`,
    sessionContext: { sessionIssuer: { type: 'Role', userName: roleName } },
  };
}

/** So many minutes before the finding. */
const at = ({ updatedAt }: Finding, minutes: number): string =>
  new Date(Date.parse(updatedAt) - minutes * 60_000).toISOString();
