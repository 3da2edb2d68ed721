import type {
  AttachUserPolicyRequest,
  GetPolicyRequest,
  GetPolicyResponse,
  GetPolicyVersionRequest,
  GetPolicyVersionResponse,
  ListAttachedUserPoliciesRequest,
  ListAttachedUserPoliciesResponse,
  ListUserPoliciesRequest,
  ListUserPoliciesResponse,
} from '@aws-sdk/client-iam';
import {
  checkName,
  documentIn,
  encoded,
  type Group,
  type Held,
  limitExceeded,
  noSuchEntity,
  page,
  type Role,
  type User,
} from './iam-requests.ts';
import { iamId } from './iam-state.ts';

type ManagedPolicy = Held['policies'][number];
type Principal = Pick<User | Role | Group, 'inlinePolicies' | 'attachedPolicies'>;

/** A principal or a group, and how IAM speaks of it when it refuses. */
export interface Holder {
  readonly principal: Principal;
  readonly noun: 'user' | 'role' | 'group';
  readonly name: string;
}

const statements = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });

/** AWS's own policies that a rehearsal may attach. Only the first two say here what they say there. */
const ofAws: Readonly<Record<string, Record<string, unknown>>> = {
  AWSDenyAll: statements({ Sid: 'DenyAll', Effect: 'Deny', Action: ['*'], Resource: '*' }),
  AdministratorAccess: statements({ Effect: 'Allow', Action: '*', Resource: '*' }),
  AWSCompromisedKeyQuarantineV2: statements(),
  AWSCompromisedKeyQuarantineV3: statements(),
  ReadOnlyAccess: statements(),
  SecurityAudit: statements(),
};

/** A managed policy: a stated one, AWS's own, or one that somebody has attached, whose text nobody stated. */
function managed(held: Held, arn: string): ManagedPolicy | undefined {
  const stated = held.policies.find((policy) => policy.arn === arn);
  if (stated) return stated;
  const own = ofAws[arn.replace(/^arn:aws:iam::aws:policy\//, '')];
  const { users, roles } = held;
  const bounds = [...users, ...roles].some((one) => one.permissionsBoundary === arn);
  if (!own && !bounds && attachmentsOf(held, arn) === 0) return undefined;
  const createDate = '2026-01-01T00:00:00.000Z';
  // https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSDenyAll.html
  const versionId = arn === 'arn:aws:iam::aws:policy/AWSDenyAll' ? 'v2' : 'v1';
  return { arn, versionId, createDate, document: own ?? statements() };
}

const attachmentsOf = ({ users, roles, groups }: Held, arn: string): number =>
  [...users, ...roles, ...groups].filter(({ attachedPolicies }) =>
    attachedPolicies.some((policy) => policy.arn === arn),
  ).length;

function policyAt(held: Held, arn = ''): ManagedPolicy {
  const policy = managed(held, arn);
  if (!policy) throw noSuchEntity(`Policy ${arn} was not found.`);
  return policy;
}

const nameIn = (arn: string) => arn.replace(/^.*\//, '');

export function getPolicy(held: Held, input: GetPolicyRequest): GetPolicyResponse {
  const { arn, versionId, createDate } = policyAt(held, input.PolicyArn);
  return {
    Policy: {
      PolicyName: nameIn(arn),
      PolicyId: iamId('ANPA', arn),
      Arn: arn,
      Path: arn.replace(/^[^/]*|[^/]*$/g, ''),
      DefaultVersionId: versionId,
      AttachmentCount: attachmentsOf(held, arn),
      IsAttachable: true,
      CreateDate: new Date(createDate),
      UpdateDate: new Date(createDate),
    },
  };
}

export function getPolicyVersion(
  held: Held,
  input: GetPolicyVersionRequest,
): GetPolicyVersionResponse {
  const { arn, versionId, createDate, document } = policyAt(held, input.PolicyArn);
  if (input.VersionId !== versionId) {
    throw noSuchEntity(`Policy ${arn} version ${input.VersionId} does not exist`);
  }
  return {
    PolicyVersion: {
      Document: encoded(document),
      VersionId: versionId,
      IsDefaultVersion: true,
      CreateDate: new Date(createDate),
    },
  };
}

export function listAttached(
  { principal: { attachedPolicies } }: Holder,
  input: Omit<ListAttachedUserPoliciesRequest, 'UserName'>,
): ListAttachedUserPoliciesResponse {
  const listed = attachedPolicies
    .filter(({ arn }) => arn.replace(/^[^/]*/, '').startsWith(input.PathPrefix ?? '/'))
    .map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn }));
  const { items, ...rest } = page(listed, input);
  return { AttachedPolicies: items, ...rest };
}

/** Attaches a managed policy; one that is attached already stays, and takes no new place. */
export function attach(
  held: Held,
  { principal, noun }: Holder,
  { PolicyArn: arn = '' }: Pick<AttachUserPolicyRequest, 'PolicyArn'>,
): object {
  if (!managed(held, arn)) {
    throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }
  if (principal.attachedPolicies.some((policy) => policy.arn === arn)) return {};
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  if (principal.attachedPolicies.length >= 10) {
    throw limitExceeded(
      `Cannot exceed quota for PoliciesPer${noun === 'user' ? 'User' : 'Role'}: 10`,
    );
  }
  principal.attachedPolicies.push({ arn, name: nameIn(arn) });
  return {};
}

export function detach(
  { principal }: Holder,
  { PolicyArn: arn }: Pick<AttachUserPolicyRequest, 'PolicyArn'>,
): object {
  const place = principal.attachedPolicies.findIndex((policy) => policy.arn === arn);
  if (place < 0) throw noSuchEntity(`Policy ${arn} was not found.`);
  principal.attachedPolicies.splice(place, 1);
  return {};
}

export function listInline(
  { principal }: Holder,
  input: Omit<ListUserPoliciesRequest, 'UserName'>,
): ListUserPoliciesResponse {
  const { items, ...rest } = page(Object.keys(principal.inlinePolicies).toSorted(), input);
  return { PolicyNames: items, ...rest };
}

/** The text of an inline policy, percent-encoded as IAM returns it. */
export function getInline(
  { principal, noun, name }: Holder,
  policyName = '',
): { PolicyName: string; PolicyDocument: string } {
  checkName('policyName', policyName);
  const document = own(principal.inlinePolicies, policyName);
  if (!document) {
    throw noSuchEntity(`The ${noun} policy with name ${policyName} cannot be found for ${name}.`);
  }
  return { PolicyName: policyName, PolicyDocument: encoded(document) };
}

/** Most characters of all of a principal's inline policies together, white space apart. */
const mostInline = { user: 2048, role: 10_240, group: 5120 } as const;

/** Puts an inline policy, in place of one of the same name. */
export function putInline(
  { principal, noun, name }: Holder,
  { PolicyName = '', PolicyDocument = '' }: { PolicyName?: string; PolicyDocument?: string },
): object {
  checkName('policyName', PolicyName);
  const after = { ...principal.inlinePolicies, [PolicyName]: documentIn(PolicyDocument) };
  const size = Object.values(after).reduce((sum, one) => sum + JSON.stringify(one).length, 0);
  if (size > mostInline[noun]) {
    throw limitExceeded(
      `Maximum policy size of ${mostInline[noun]} bytes exceeded for ${noun} ${name}`,
    );
  }
  principal.inlinePolicies = after;
  return {};
}

export function deleteInline(holder: Holder, policyName = ''): object {
  getInline(holder, policyName);
  delete holder.principal.inlinePolicies[policyName];
  return {};
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
