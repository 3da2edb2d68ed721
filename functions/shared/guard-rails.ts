import type { Finding } from './finding.ts';
import type { HourlyLimit } from './hourly-limit.ts';
import type { RoleName, UserName } from './ids.ts';
import type { Settings } from './settings.ts';

/** Why a target is left to a human, whoever names it. */
export const forbidden = [
  'never-touch-account',
  'never-touch-instance',
  'never-touch-user',
  'never-touch-role',
  'break-glass',
  'own-role',
  'service-linked-role',
  'identity-center-role',
] as const;
type Forbidden = (typeof forbidden)[number];

/**
 * Whether a target may be acted on at all. Only `open-case` asks it of a finding's target; a step
 * that finds a further target asks it again.
 *
 * The list is the deployment's own. Tags on the resource are not looked at: an intruder who can tag
 * would tag himself out.
 */
export function forbids(settings: Settings, { account, instance }: Finding): Forbidden | undefined {
  const { accounts, instances } = settings.neverTouch;
  if (accounts.includes(account)) return 'never-touch-account';
  if (instance && instances.includes(instance.instanceId)) return 'never-touch-instance';
  return undefined;
}

/** Whether an IAM user may be acted on, asked of every user a case comes to. */
export function forbidsUser({ neverTouch }: Settings, user: UserName): Forbidden | undefined {
  if (isListed(neverTouch.breakGlass, user)) return 'break-glass';
  return isListed(neverTouch.users, user) ? 'never-touch-user' : undefined;
}

/**
 * Whether a role's sessions may be denied, asked of every role a case comes to.
 *
 * AWS keeps the paths for itself, so a path is proof; a name is taken at its word where no path is
 * known. Whoever names a role like one of these gains little: a human is told of it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
 */
export function forbidsRole(
  { neverTouch, ownRoles }: Settings,
  role: RoleName,
  path?: string,
): Forbidden | undefined {
  if (isListed(neverTouch.breakGlass, role)) return 'break-glass';
  if (isListed(neverTouch.roles, role)) return 'never-touch-role';
  if (role.toLowerCase().startsWith(ownRoles.toLowerCase())) return 'own-role';
  if (path?.startsWith('/aws-service-role/')) return 'service-linked-role';
  if (path?.startsWith('/aws-reserved/')) return 'identity-center-role';
  if (path !== undefined) return undefined;
  if (role.startsWith('AWSServiceRoleFor')) return 'service-linked-role';
  return role.startsWith('AWSReservedSSO_') ? 'identity-center-role' : undefined;
}

/** IAM tells no two names apart by their case. */
const isListed = (names: readonly string[], name: string): boolean =>
  names.some((one) => one.toLowerCase() === name.toLowerCase());

/** What a containment is counted in; dry runs are not counted. */
export const limitsOf = (
  { limits }: Settings,
  { account, playbook }: { account: string; playbook: string },
): readonly HourlyLimit[] => [
  { scope: `account#${account}`, most: limits.perAccount },
  { scope: 'all', most: limits.inAll },
  { scope: `playbook#${playbook}`, most: limits.perPlaybook },
];
