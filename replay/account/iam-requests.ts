import {
  IAMServiceException,
  LimitExceededException,
  MalformedPolicyDocumentException,
  NoSuchEntityException,
  UnmodifiableEntityException,
} from '@aws-sdk/client-iam';
import { pageOf } from './pages.ts';
import type { AccountState } from './state.ts';

/** What IAM holds: the account's own, or what a lagging read still shows of it. */
export type Held = Pick<AccountState['iam'], 'users' | 'roles' | 'groups' | 'policies'>;
export type User = Held['users'][number];
export type Role = Held['roles'][number];
export type Group = Held['groups'][number];

const $metadata = { httpStatusCode: 400 };

export const noSuchEntity = (message: string): NoSuchEntityException =>
  new NoSuchEntityException({ message, $metadata: { httpStatusCode: 404 } });

export const limitExceeded = (message: string): LimitExceededException =>
  new LimitExceededException({ message, $metadata: { httpStatusCode: 409 } });

/** What IAM refuses by a code that its model does not have. */
export const refusal = (name: string, message: string, httpStatusCode = 400): IAMServiceException =>
  new IAMServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } });

interface Paged {
  readonly MaxItems?: number | undefined;
  readonly Marker?: string | undefined;
}

/** One page of a list, as IAM marks it: 100 items unless told, and `IsTruncated` in every answer. */
export function page<T>(
  items: readonly T[],
  { MaxItems = 100, Marker }: Paged,
): { items: T[]; IsTruncated: boolean; Marker?: string } {
  if (MaxItems < 1 || MaxItems > 1000) {
    throw refusal(
      'ValidationError',
      `Value '${MaxItems}' at 'maxItems' must be between 1 and 1000`,
    );
  }
  const { items: cut, next } = pageOf(items, { size: MaxItems, token: Marker }, () =>
    refusal('ValidationError', 'Invalid Marker.'),
  );
  return { items: cut, IsTruncated: next !== undefined, ...(next && { Marker: next }) };
}

const nameShape = /^[\w+=,.@-]{1,128}$/;

/** Refuses a name that IAM's pattern does, such as an ARN or one with a wildcard. */
export function checkName(member: string, name: string): void {
  if (nameShape.test(name)) return;
  throw refusal(
    'ValidationError',
    `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}

/** The user of a name. Cordon is a role, so IAM cannot take a missing name for the caller's own. */
export function userNamed({ users }: Held, name: string | undefined): User {
  if (name === undefined) {
    throw refusal(
      'ValidationError',
      'Must specify userName when calling with non-User credentials',
    );
  }
  checkName('userName', name);
  const user = users.find(({ userName }) => userName === name);
  if (!user) throw noSuchEntity(`The user with name ${name} cannot be found.`);
  return user;
}

export function roleNamed({ roles }: Held, name = ''): Role {
  checkName('roleName', name);
  const role = roles.find(({ roleName }) => roleName === name);
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

/** The group of a name: a stated one, or one that has members and no policies. */
export function groupNamed({ groups, users }: Held, name = ''): Group {
  checkName('groupName', name);
  const stated = groups.find(({ groupName }) => groupName === name);
  if (stated) return stated;
  if (!users.some((user) => user.groups.includes(name))) {
    throw noSuchEntity(`The group with name ${name} cannot be found.`);
  }
  return { groupName: name, attachedPolicies: [], inlinePolicies: {} };
}

/** A role to be changed: AWS lets nobody else change those of its services and Identity Center. */
export function changeableRole(held: Held, name: string | undefined): Role {
  const role = roleNamed(held, name);
  if (/^\/(?:aws-service-role|aws-reserved)\//.test(role.path)) {
    throw new UnmodifiableEntityException({
      message: `Cannot perform the operation on the protected role '${role.roleName}' - this role is only modifiable by AWS`,
      $metadata,
    });
  }
  return role;
}

/**
 * A policy's text as IAM returns it, percent-encoded by RFC 3986.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html
 */
export const encoded = (document: Readonly<Record<string, unknown>>): string =>
  encodeURIComponent(JSON.stringify(document)).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** What is in the text of an identity policy, or IAM's refusal of it. */
export function documentIn(text: string): Record<string, unknown> {
  const malformed = (message: string) =>
    new MalformedPolicyDocumentException({ message, $metadata });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw malformed('Syntax errors in policy.');
  }
  if (!isRecord(parsed)) throw malformed('Syntax errors in policy.');
  const statements = [parsed.Statement].flat();
  if (parsed.Version !== undefined && !/^20(?:08-10|12-10)-17$/.test(String(parsed.Version))) {
    throw malformed('The policy must contain a valid version string.');
  }
  for (const statement of statements) {
    if (!isRecord(statement)) throw malformed('Syntax errors in policy.');
    if ('Principal' in statement || 'NotPrincipal' in statement) {
      throw malformed('Policy document should not specify a principal.');
    }
    if (!/^(?:Allow|Deny)$/.test(String(statement.Effect))) {
      throw malformed('Syntax errors in policy.');
    }
    if (!('Action' in statement || 'NotAction' in statement)) {
      throw malformed('Policy statement must contain actions.');
    }
    if (!('Resource' in statement || 'NotResource' in statement)) {
      throw malformed('Policy statement must contain resources.');
    }
  }
  return parsed;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Tags as IAM lists them. */
export const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
