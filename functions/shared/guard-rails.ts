import type { Gate } from './case-record.ts';
import type { Finding } from './finding.ts';
import type { HourlyLimit } from './hourly-limit.ts';
import type { RoleName, UserName } from './ids.ts';
import type { ApprovalRule, Settings } from './settings.ts';

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

/** The members of a finding that name what is on the list. */
interface About extends Pick<Finding, 'account'> {
  readonly instance?: Pick<NonNullable<Finding['instance']>, 'instanceId'> | undefined;
  readonly accessKey?: Finding['accessKey'] | undefined;
  readonly resourceType?: Finding['resourceType'];
}

/**
 * Whether a target may be acted on at all. Only `open-case` asks it of a finding's target; a step
 * that finds a further target asks it again.
 *
 * The list is the deployment's own. Tags on the resource are not looked at: an intruder who can tag
 * would tag himself out.
 */
export function forbids(settings: Settings, about: About): Forbidden | undefined {
  const { account, instance, accessKey, resourceType } = about;
  const { accounts, instances } = settings.neverTouch;
  if (accounts.includes(account)) return 'never-touch-account';
  if (instance && instances.includes(instance.instanceId)) return 'never-touch-instance';
  // Its own calls on an instance, such as a protection or a shared snapshot, are no intruder's.
  const { userName = '', userType = '' } = accessKey ?? {};
  const isOwn = userName.toLowerCase().startsWith(settings.ownRoles.toLowerCase());
  const isRole = userType === 'AssumedRole' || userType === 'Role';
  return resourceType !== 'AccessKey' && isRole && isOwn ? 'own-role' : undefined;
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

/** What is known of a case when it is judged whether people must be asked. */
export interface Judged {
  readonly playbook: string;
  readonly account: string;
  /** What the target is called, in every way that is known. */
  readonly names: readonly (string | null)[];
  /** The units that the account is in, the root among them; undefined where nobody looked. */
  readonly units?: readonly string[] | undefined;
  /** Each finding of the case, with whether its trigger asks and its policy does. */
  readonly findings: readonly {
    readonly severity: number;
    readonly asks: boolean;
    readonly policyAsks: boolean;
  }[];
}

/**
 * Whether people must be asked before a case acts; null where it acts at once.
 *
 * A finding that would act by itself is not held up by another that would not. What the rules say of
 * a place or a target holds whatever was found there.
 */
export function gateOf({ approval }: Settings, judged: Judged): Gate | null {
  const { findings } = judged;
  const rules = approval.rules.filter((rule) => holdsFor(rule, judged));
  const acting = findings.filter(({ asks, policyAsks }) => !asks && !policyAsks);
  const because = [
    ...rules.map(({ name }) => `rule: ${name}`),
    ...(acting.length === 0 && findings.some(({ policyAsks }) => policyAsks) ? ['policy'] : []),
    ...(acting.length === 0 && findings.some(({ asks }) => asks) ? ['finding'] : []),
  ];
  const people = rules.some((rule) => rule.people === 2) ? 2 : 1;
  return because.length > 0 ? { because, people } : null;
}

/** Whether anything asks for the units that a target's account is in. */
export const asksForUnits = ({ approval }: Settings): boolean =>
  approval.rules.some(({ organizationalUnits }) => organizationalUnits);

function holdsFor(
  rule: ApprovalRule,
  { playbook, account, names, units, findings }: Judged,
): boolean {
  const { playbooks, severityBelow, accounts, organizationalUnits, targets } = rule;
  const gravest = Math.max(...findings.map(({ severity }) => severity));
  return (
    (!playbooks || playbooks.some((one) => one === playbook)) &&
    (severityBelow === undefined || gravest < severityBelow) &&
    (!accounts || accounts.some((one) => one === account)) &&
    (!organizationalUnits || organizationalUnits.some((one) => units?.includes(one))) &&
    (!targets || targets.some((one) => names.some((name) => isNamed(name, one))))
  );
}

/** IAM tells no two names apart by their case; no two ids differ by it alone. */
const isNamed = (name: string | null, listed: string): boolean =>
  name?.toLowerCase() === listed.toLowerCase();
