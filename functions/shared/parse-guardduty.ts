import * as z from 'zod';
import { type Finding, findingFrom, placeholders, resourceTypes } from './finding.ts';
import { AccountId, InstanceId, NetworkInterfaceId, Region, SubnetId, VpcId } from './ids.ts';
import { Count, Flag, lenient, listOf, Text, Time } from './lenient.ts';
import { parseSequence } from './parse-sequence.ts';
import { inside, inWords, type Place, parseAt, refuse } from './place.ts';
import { principalOf } from './principal.ts';

/** A Region that holds things; what IAM holds is in none. */
export const TargetRegion = Region.refine(
  (region) => region !== 'global',
  'expected a Region, such as eu-west-1',
);

/** A number, and no string: EventBridge compares numbers only, so no rule would have seen it. */
export const between = (least: number, most: number) => {
  const error = ({ input }: { input?: unknown }) =>
    `expected a number from ${least} to ${most}, found ${inWords(input)}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
};

/** What a finding must say to be acted on, shared by every form it comes in. */
export const essentials = {
  id: z.string().min(1).max(300),
  type: z.string().min(1).max(120),
  severity: between(0, 10),
};

const NetworkInterface = z
  .object({
    networkInterfaceId: lenient(NetworkInterfaceId),
    vpcId: lenient(VpcId),
    subnetId: lenient(SubnetId),
    privateIpAddress: lenient(z.ipv4()),
    privateIpAddresses: listOf(z.object({ privateIpAddress: z.ipv4() })),
    ipv6Addresses: listOf(z.ipv6()),
    publicIp: lenient(z.ipv4()),
  })
  .transform(({ privateIpAddress, privateIpAddresses, ...stated }) => ({
    ...stated,
    privateIpAddresses: distinct([
      ...(privateIpAddress ? [privateIpAddress] : []),
      ...privateIpAddresses.map((one) => one.privateIpAddress),
    ]),
  }));

const Instance = z.object({
  instanceId: InstanceId,
  networkInterfaces: listOf(NetworkInterface),
});

/** A principal with no name at all is none. */
const AccessKey = z
  .object({ accessKeyId: Text, principalId: Text, userName: Text, userType: Text })
  .refine(({ accessKeyId, principalId, userName }) => accessKeyId ?? principalId ?? userName);

const RemoteIp = lenient(
  z.object({ ipAddressV4: lenient(z.ipv4()), ipAddressV6: lenient(z.ipv6()) }),
);

const Action = lenient(
  z.object({
    connectionDirection: lenient(z.enum(['INBOUND', 'OUTBOUND', 'UNKNOWN'])),
    domain: Text,
    remoteIpDetails: RemoteIp,
    portProbeDetails: listOf(z.object({ remoteIpDetails: RemoteIp })),
  }),
);

const Service = z.object({
  archived: Flag,
  count: Count,
  resourceRole: lenient(z.enum(['TARGET', 'ACTOR'])),
  eventLastSeen: Time,
  additionalInfo: lenient(
    z.object({ sample: z.unknown().optional(), value: z.unknown().optional() }),
  ),
  action: lenient(z.record(z.string(), z.unknown())),
  detection: z.unknown().optional(),
});

const ResourceType = z.enum(resourceTypes, `expected one of ${resourceTypes.join(', ')}`);

const Detail = z.object({
  ...essentials,
  accountId: AccountId,
  region: TargetRegion,
  title: Text,
  createdAt: Time,
  updatedAt: Time,
  resource: z.object({
    resourceType: ResourceType,
    instanceDetails: z.unknown().optional(),
    accessKeyDetails: z.unknown().optional(),
  }),
  service: Service.nullish(),
});

/**
 * Reads a finding as GuardDuty writes it, in EventBridge's spelling.
 *
 * It insists on what says where to act and how gravely, and takes the rest as it comes: what it
 * cannot read of an interface or an action is left out, since steps read the resource again.
 */
export function parseGuardDuty(detail: unknown, place: Place, otherwise: Date): Finding {
  const said = parseAt(Detail, detail, place);
  const { resource, service, accountId, createdAt, updatedAt, ...rest } = said;
  const { instance, accessKey } = targets(resource, accountId, inside(place, 'resource'));
  const sequence =
    resource.resourceType === 'AttackSequence'
      ? parseSequence(service?.detection, { account: accountId, region: said.region })
      : undefined;
  return findingFrom({
    ...rest,
    account: accountId,
    source: 'guardduty',
    title: said.title?.slice(0, 1000),
    resourceType: resource.resourceType,
    resourceRole: service?.resourceRole,
    sample: saysSample(service?.additionalInfo) || isPlaceholder({ instance, accessKey, sequence }),
    archived: service?.archived ?? false,
    updatedAt: updatedAt ?? service?.eventLastSeen ?? createdAt ?? otherwise.toISOString(),
    count: service?.count ?? 1,
    instance,
    accessKey,
    sequence,
    ...remoteOf(service?.action),
  });
}

/** What the finding is about must be named well; what it merely mentions may be left out. */
function targets(
  { resourceType, instanceDetails, accessKeyDetails }: z.infer<typeof Detail>['resource'],
  account: string,
  place: Place,
): Targets {
  const accessKey = lenient(AccessKey).parse(accessKeyDetails);
  if (resourceType === 'AccessKey' && !accessKey) {
    const named = 'accessKeyId, principalId or userName';
    refuse(inside(place, 'accessKeyDetails'), named, accessKeyDetails);
  }
  // Asked here, where the place is known as the finding's writer spells it.
  if (resourceType === 'AccessKey' && accessKey) {
    principalOf(accessKey, account, inside(place, 'accessKeyDetails'));
  }
  const instance =
    resourceType === 'Instance'
      ? parseAt(Instance, instanceDetails, inside(place, 'instanceDetails'))
      : lenient(Instance).parse(instanceDetails);
  return { instance, accessKey };
}

type Targets = Pick<Finding, 'instance' | 'accessKey'>;

/** Whether the finding calls itself a sample: EventBridge's flag, or the API's JSON in a string. */
export function saysSample(info: { sample?: unknown; value?: unknown } | undefined): boolean {
  if (info?.sample === true || info?.sample === 'true') return true;
  return Embedded.safeParse(info?.value).success;
}

/** JSON in a string is only read at its top level: an intruder's words can stand further in. */
const Embedded = z
  .string()
  .transform((json, context) => {
    try {
      return JSON.parse(json) as unknown;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      context.addIssue('expected JSON');
      return z.NEVER;
    }
  })
  .pipe(z.object({ sample: z.literal(true) }));

/** Whether it is about what only samples are about. User names are not asked: anyone can pick one. */
export function isPlaceholder({
  instance,
  accessKey,
  sequence,
}: Partial<Targets & Pick<Finding, 'sequence'>>): boolean {
  const said = [
    instance?.instanceId,
    ...(instance?.networkInterfaces ?? []).map(({ networkInterfaceId }) => networkInterfaceId),
    accessKey?.accessKeyId,
    accessKey?.principalId,
    accessKey?.userType,
    ...(sequence?.resources ?? []).map(({ uid }) => uid.slice(uid.lastIndexOf('/') + 1)),
    ...(sequence?.actors ?? []).map(({ accessKeyId }) => accessKeyId),
  ];
  return said.some((word) => word !== undefined && placeholders.has(word));
}

function remoteOf(actions: Readonly<Record<string, unknown>> = {}) {
  const found = Object.values(actions).flatMap((action) => Action.parse(action) ?? []);
  const details = found.flatMap(({ remoteIpDetails, portProbeDetails }) => [
    remoteIpDetails,
    ...portProbeDetails.map((probe) => probe.remoteIpDetails),
  ]);
  return {
    domain: found.find(({ domain }) => domain)?.domain,
    remote: {
      direction: found.find((action) => action.connectionDirection)?.connectionDirection,
      addresses: distinct(
        details.flatMap((ip) => [ip?.ipAddressV4 ?? [], ip?.ipAddressV6 ?? []].flat()),
      ),
    },
  };
}

const distinct = (addresses: readonly string[]): string[] => [...new Set(addresses)];
