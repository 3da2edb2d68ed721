import {
  EC2ServiceException,
  type Filter,
  type Tag,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import { pageOf } from './pages.ts';
import type { AccountState } from './state.ts';

/** EC2's refusal. It models no exceptions: the wire's code becomes the name of the base class. */
export const refusal = (code: string, message: string, httpStatusCode = 400): EC2ServiceException =>
  new EC2ServiceException({
    name: code,
    message,
    $fault: 'client',
    $metadata: { httpStatusCode },
  });

/**
 * How EC2 knows each section of the state: the field that is its items' id, the id's prefix, and
 * how an id of it is refused. The codes are EC2's own, uneven spelling included:
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
export const kinds = {
  instances: {
    id: 'instanceId',
    prefix: 'i',
    noun: 'instance ID',
    notFound: 'InvalidInstanceID.NotFound',
    malformed: 'InvalidInstanceID.Malformed',
  },
  networkInterfaces: {
    id: 'networkInterfaceId',
    prefix: 'eni',
    noun: 'networkInterface ID',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
    malformed: 'InvalidNetworkInterfaceId.Malformed',
  },
  securityGroups: {
    id: 'groupId',
    prefix: 'sg',
    noun: 'security group',
    notFound: 'InvalidGroup.NotFound',
    malformed: 'InvalidGroupId.Malformed',
  },
  vpcs: {
    id: 'vpcId',
    prefix: 'vpc',
    noun: 'vpc ID',
    notFound: 'InvalidVpcID.NotFound',
    malformed: 'InvalidVpcId.Malformed',
  },
  subnets: {
    id: 'subnetId',
    prefix: 'subnet',
    noun: 'subnet ID',
    notFound: 'InvalidSubnetID.NotFound',
    malformed: 'InvalidSubnetId.Malformed',
  },
  networkAcls: {
    id: 'networkAclId',
    prefix: 'acl',
    noun: 'networkAcl ID',
    notFound: 'InvalidNetworkAclID.NotFound',
    malformed: 'InvalidNetworkAclId.Malformed',
  },
  vpcEndpoints: {
    id: 'vpcEndpointId',
    prefix: 'vpce',
    noun: 'Vpc Endpoint Id',
    notFound: 'InvalidVpcEndpointId.NotFound',
    malformed: 'InvalidVpcEndpointId.Malformed',
  },
  addresses: {
    id: 'allocationId',
    prefix: 'eipalloc',
    noun: 'allocation ID',
    notFound: 'InvalidAllocationID.NotFound',
    malformed: 'InvalidAllocationID.Malformed',
  },
  volumes: {
    id: 'volumeId',
    prefix: 'vol',
    noun: 'volume',
    notFound: 'InvalidVolume.NotFound',
    malformed: 'InvalidVolumeID.Malformed',
  },
  snapshots: {
    id: 'snapshotId',
    prefix: 'snap',
    noun: 'snapshot',
    notFound: 'InvalidSnapshot.NotFound',
    malformed: 'InvalidSnapshotID.Malformed',
  },
} as const;

type Section = keyof typeof kinds;
type ItemOf<S extends Section> = AccountState[S][number];

/** The one item an id names, or EC2's refusal of the id. */
export function named<S extends Section>(state: AccountState, section: S, id: string): ItemOf<S> {
  const { prefix, noun, notFound, malformed } = kinds[section];
  if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) {
    throw refusal(malformed, `Invalid id: "${id}" (expecting "${prefix}-...")`);
  }
  // TypeScript does not follow that one key picks both the section and its items' id.
  const items = state[section] as readonly ItemOf<S>[];
  const found = items.find((item) => idOf(section, item) === id);
  if (!found) throw refusal(notFound, `The ${noun} '${id}' does not exist`);
  return found;
}

const idOf = <S extends Section>(section: S, item: ItemOf<S>): unknown =>
  // Each kind's id is a field of its items.
  item[kinds[section].id as keyof ItemOf<S>];

/** The items a Describe call asks for by id; all of them when it names none. */
export function asked<S extends Section>(
  state: AccountState,
  section: S,
  ids: readonly string[] = [],
): readonly ItemOf<S>[] {
  if (ids.length === 0) return state[section] as readonly ItemOf<S>[];
  const wanted = new Set(ids.map((id) => named(state, section, id)));
  return (state[section] as readonly ItemOf<S>[]).filter((item) => wanted.has(item));
}

type Value = string | number | boolean | undefined;
/** What a filter's values are compared with: any one of an item's values will do. */
export type FilterFields<T> = Readonly<Record<string, (item: T) => Value | readonly Value[]>>;

/**
 * The items that match every filter, as EC2 matches: any of a filter's values, `*` and `?` in them,
 * upper and lower case apart. `tag:KEY` and `tag-key` work wherever there are tags.
 */
export function matching<T extends object>(
  items: readonly T[],
  filters: readonly Filter[] = [],
  fields: FilterFields<T>,
): T[] {
  const tests = filters.map(({ Name = '', Values = [] }) => {
    const valuesOf = fields[Name] ?? tagValues(Name);
    if (!valuesOf) throw refusal('InvalidParameterValue', `The filter '${Name}' is invalid`);
    const patterns = Values.map(toPattern);
    const passes = (value: Value) =>
      value !== undefined && patterns.some((one) => one(String(value)));
    return (item: T) => [valuesOf(item)].flat().some(passes);
  });
  return items.filter((item) => tests.every((test) => test(item)));
}

function tagValues(name: string): ((item: object) => readonly string[]) | undefined {
  const tagsOf = (item: object): Record<string, string> =>
    // Every taggable item of the state holds its tags so.
    'tags' in item ? (item.tags as Record<string, string>) : {};
  if (name === 'tag-key') return (item) => Object.keys(tagsOf(item));
  if (!name.startsWith('tag:')) return undefined;
  const key = name.slice('tag:'.length);
  return (item) => {
    const tags = tagsOf(item);
    return Object.hasOwn(tags, key) ? [tags[key] ?? ''] : [];
  };
}

function toPattern(value: string): (text: string) => boolean {
  if (!/[*?]/.test(value)) return (text) => text === value;
  const pattern = new RegExp(
    `^${value
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );
  return (text) => pattern.test(text);
}

interface Paged {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * One page of a Describe call's items. `ids`, where given, are ones that EC2 does not let a caller
 * name beside MaxResults.
 */
export function page<T>(
  items: readonly T[],
  { MaxResults, NextToken }: Paged,
  { least = 5, most = 1000, ids = [] as readonly string[] } = {},
): { items: T[]; NextToken?: string } {
  if (MaxResults !== undefined && ids.length > 0) {
    throw refusal(
      'InvalidParameterCombination',
      'The parameter maxResults cannot be used with a list of ids',
    );
  }
  if (MaxResults !== undefined && (MaxResults < least || MaxResults > most)) {
    throw refusal(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between ${least} and ${most}.`,
    );
  }
  const { items: cut, next } = pageOf(items, { size: MaxResults ?? most, token: NextToken }, () =>
    refusal('InvalidNextToken', 'The token in the request is not valid'),
  );
  return { items: cut, ...(next && { NextToken: next }) };
}

/** Tags as EC2 lists them. */
export const tagList = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** The tags that a call puts on what it creates. */
export function tagsFor(
  resourceType: string,
  specifications: readonly TagSpecification[] = [],
): Record<string, string> {
  for (const { ResourceType } of specifications) {
    if (ResourceType !== resourceType) {
      throw refusal(
        'InvalidParameterValue',
        `'${ResourceType}' is not a valid taggable resource type for this operation.`,
      );
    }
  }
  return tagsAdded(
    {},
    specifications.flatMap(({ Tags = [] }) => Tags),
  );
}

/** Tags after some were put on, within EC2's limits: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
export function tagsAdded(
  before: Readonly<Record<string, string>>,
  added: readonly Tag[],
): Record<string, string> {
  for (const { Key = '', Value = '' } of added) {
    if (Key.startsWith('aws:')) {
      throw refusal(
        'InvalidParameterValue',
        "Tag keys starting with 'aws:' are reserved for internal use",
      );
    }
    if (Key.length === 0 || Key.length > 127 || Value.length > 255) {
      throw refusal(
        'InvalidParameterValue',
        `Tag '${Key}' exceeds the maximum length of a key or a value`,
      );
    }
  }
  const after = {
    ...before,
    ...Object.fromEntries(added.map(({ Key = '', Value = '' }) => [Key, Value])),
  };
  if (Object.keys(after).filter((key) => !key.startsWith('aws:')).length > 50) {
    throw refusal('TagLimitExceeded', 'More than 50 tags specified');
  }
  return after;
}
