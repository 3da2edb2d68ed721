import type { Finding, Sequence } from '../shared/finding.ts';
import { AccountId, InstanceId } from '../shared/ids.ts';
import { TargetRegion } from '../shared/parse-guardduty.ts';
import { plainText } from '../shared/plain-text.ts';
import { type Principal, principalOf } from '../shared/principal.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import type { LeftToHuman } from './left-to-human.ts';

/** A target that a playbook answers. */
export interface Answered {
  readonly playbook: 'compromised-instance' | 'compromised-access-key' | 'compromised-role';
  /** The same for the same target, however the sequence spells it. */
  readonly key: string;
  /** The members by which a start by hand names it. */
  readonly named: Readonly<Record<string, string>>;
  readonly account: AccountId;
  readonly region: Finding['region'];
  readonly waitFor: InstanceId | null;
  /** How it is listed where there are too many. */
  readonly tooMany: LeftToHuman;
}

/** What one resource or actor comes to. */
type Part = { readonly answered: Answered } | { readonly left: LeftToHuman };

/** Keys first, which stop at once; a role's session after its instance, whose memory it leads to. */
const order = ['compromised-access-key', 'compromised-instance', 'compromised-role'];

/**
 * Sorts what a sequence names into targets that a playbook answers, each once, and the rest.
 *
 * A resource and an actor may tell of the same credentials: whichever names them well enough
 * decides. A finding that names nothing at all is left to a human as a whole.
 */
export function takeApart(finding: Finding): {
  readonly answered: readonly Answered[];
  readonly left: readonly LeftToHuman[];
} {
  const { resources, actors } = finding.sequence ?? { resources: [], actors: [] };
  const parts = [
    ...resources.map((resource) => partOf(resource, finding)),
    ...actors.map((actor) => ofActor(actor, finding)),
  ];
  const found = parts.flatMap((part) => ('answered' in part ? part.answered : []));
  const known = new Set(
    found.flatMap(({ named, tooMany }) => [...Object.values(named), tooMany.uid]),
  );
  const rest = parts
    .flatMap((part) => ('left' in part ? part.left : []))
    .filter(({ uid, why }) => why === 'no-playbook' || !known.has(lastOf(uid)));
  const answered = firstBy(found, ({ key }) => key)
    .map((one) => ({ ...one, waitFor: instanceAmong(found, one) }))
    .sort((a, b) => order.indexOf(a.playbook) - order.indexOf(b.playbook));
  const left = firstBy(rest, ({ resourceType, uid, why }) =>
    JSON.stringify([resourceType, uid, why]),
  );
  return { answered, left: parts.length > 0 ? left : [leftOf(whole(finding), 'unreadable')] };
}

const firstBy = <T>(items: readonly T[], key: (item: T) => string): T[] =>
  [...new Map(items.toReversed().map((item) => [key(item), item])).values()].reverse();

const lastOf = (uid: string): string => uid.slice(uid.lastIndexOf('/') + 1);

/** The instance whose session it is, where the sequence starts that instance's playbook as well. */
function instanceAmong(found: readonly Answered[], { named }: Answered): InstanceId | null {
  const { data: instanceId } = InstanceId.safeParse(named.sessionName);
  const isStarted = found.some((one) => one.named.instanceId === instanceId);
  return instanceId && isStarted ? instanceId : null;
}

type Resource = Sequence['resources'][number];

function partOf(resource: Resource, finding: Finding): Part {
  switch (resource.resourceType) {
    case 'EC2_INSTANCE':
      return ofInstance(resource);
    case 'ACCESS_KEY': {
      const accessKeyId = lastOf(resource.uid);
      return ofCredentials({ ...resource.credentials, accessKeyId }, resource, finding);
    }
    default:
      return { left: leftOf(resource, 'no-playbook') };
  }
}

function ofInstance(resource: Resource): Part {
  // Of an ARN, its own words on where it is.
  const [, region = resource.region, account = resource.account] =
    /^arn:[\w-]+:ec2:([\w-]+):(\d{12}):instance\//.exec(resource.uid) ?? [];
  const instanceId = InstanceId.safeParse(lastOf(resource.uid));
  const at = { region: TargetRegion.safeParse(region), account: AccountId.safeParse(account) };
  if (!instanceId.success || !at.region.success || !at.account.success) {
    return { left: leftOf(resource, 'unreadable') };
  }
  const place = { account: at.account.data, region: at.region.data };
  return {
    answered: {
      playbook: 'compromised-instance',
      key: JSON.stringify([place.account, place.region, instanceId.data]),
      named: { instanceId: instanceId.data },
      ...place,
      waitFor: null,
      tooMany: leftOf(resource, 'too-many'),
    },
  };
}

type Actor = Sequence['actors'][number];

function ofActor({ account, ...said }: Actor, finding: Finding): Part {
  const uid = said.accessKeyId ?? said.principalId ?? said.userName ?? 'unnamed';
  const resource = { resourceType: 'ACTOR', uid, account, region: finding.region };
  return ofCredentials(said, resource, finding);
}

type Said = NonNullable<Resource['credentials']>;

function ofCredentials(said: Said, resource: Resource, finding: Finding): Part {
  try {
    const principal = principalOf(withSession(said), finding.account, { path: '$' });
    if (typeof principal === 'string') return { left: leftOf(resource, principal) };
    return ofPrincipal(principal, resource, finding);
  } catch (error) {
    if (!(error instanceof UnusableInputError)) throw error;
    return { left: leftOf(resource, 'unreadable') };
  }
}

/** A role's session may be named by its ARN, which says the role's and the session's names. */
function withSession(said: Said): Parameters<typeof principalOf>[0] {
  const [, role, sessionName] =
    /^arn:[\w-]+:sts::\d{12}:assumed-role\/([^/]+)\/([^/]+)$/.exec(said.principalId ?? '') ?? [];
  if (role === undefined || sessionName === undefined) return said;
  const { principalId: _, ...rest } = said;
  return { ...rest, userName: role, sessionName };
}

function ofPrincipal(principal: Principal, resource: Resource, { region }: Finding): Part {
  const { kind, accessKeyId, userName, roleName, sessionName } = principal;
  const { account } = resource;
  // IAM is in no Region; a start by hand names one all the same, the finding's.
  const rest = { account, region, waitFor: null, tooMany: leftOf(resource, 'too-many') };
  if (roleName) {
    if (!sessionName) return { left: leftOf(resource, 'session-unknown') };
    const key = JSON.stringify([account, 'role', roleName, sessionName]);
    const named = { roleName, sessionName, ...(accessKeyId && { accessKeyId }) };
    return { answered: { ...rest, playbook: 'compromised-role', key, named } };
  }
  if (!accessKeyId) return { left: leftOf(resource, 'key-unknown') };
  // Of sessions the user is the target; whose a long-lived key is, IAM says.
  const key = JSON.stringify([account, kind, kind === 'user-key' ? accessKeyId : userName]);
  const named = { accessKeyId, ...(userName && { userName }) };
  return { answered: { ...rest, playbook: 'compromised-access-key', key, named } };
}

const whole = ({ id: uid, account, region }: Finding): Resource => ({
  resourceType: 'AttackSequence',
  uid,
  account,
  region,
});

const leftOf = (
  { resourceType, uid, account, region }: Resource,
  why: LeftToHuman['why'],
): LeftToHuman => ({
  resourceType: plainText(resourceType, 64),
  uid: plainText(uid, 300),
  account,
  region,
  why,
});
