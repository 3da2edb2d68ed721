import type { Event } from '@aws-sdk/client-cloudtrail';
import * as z from 'zod';
import { lenient, listOf, Text, Time } from '../shared/lenient.ts';
import { plainText } from '../shared/plain-text.ts';

const Items = lenient(
  z.object({
    items: listOf(z.object({ userId: Text, group: Text, instanceId: Text })),
  }),
);
const Sharing = lenient(z.object({ add: Items }));

const Parameters = z.object({
  userName: Text,
  roleName: Text,
  groupName: Text,
  policyName: Text,
  policyArn: Text,
  permissionsBoundary: Text,
  serialNumber: Text,
  name: Text,
  trailName: Text,
  functionName: Text,
  keyName: Text,
  keyId: Text,
  granteePrincipal: Text,
  principal: Text,
  principalId: Text,
  targetId: Text,
  instanceId: Text,
  snapshotId: Text,
  imageId: Text,
  bucketName: Text,
  detectorId: Text,
  filterName: Text,
  serviceName: Text,
  targetPrincipal: Text,
  userData: z.unknown().optional(),
  createVolumePermission: Sharing,
  launchPermission: Sharing,
});

const Credentials = lenient(z.object({ accessKeyId: Text }));

const Response = z.object({
  credentials: Credentials,
  accessKey: Credentials,
  assumedRoleUser: lenient(z.object({ assumedRoleId: Text, arn: Text })),
  instancesSet: Items,
});

/**
 * A CloudTrail record, as far as a trace reads it: what has another shape counts as not said.
 *
 * Only what is named here is taken over, so that no policy, session token or other secret of a
 * record gets into a case.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
const TrailRecord = z.object({
  eventName: Text,
  eventSource: Text,
  eventTime: Time,
  sourceIPAddress: Text,
  errorCode: Text,
  readOnly: lenient(z.boolean()),
  userIdentity: lenient(
    z.object({
      type: Text,
      arn: Text,
      userName: Text,
      principalId: Text,
      accessKeyId: Text,
      sessionContext: lenient(
        z.object({ sessionIssuer: lenient(z.object({ userName: Text, type: Text })) }),
      ),
    }),
  ),
  requestParameters: lenient(Parameters),
  responseElements: lenient(Response),
  resources: listOf(z.object({ ARN: Text, type: Text })),
});
export type TrailRecord = z.infer<typeof TrailRecord>;

/** One event of CloudTrail's, be its record readable or not. */
export interface TrailEvent {
  readonly eventId: string;
  readonly region: string;
  /** Without the date that Lambda's have at their end. */
  readonly name: string;
  /** IAM's prefix of the service, such as `sts`. */
  readonly service: string;
  readonly readOnly: boolean;
  /** ISO 8601; empty where CloudTrail gave none. */
  readonly at: string;
  /** Undefined where the record is not JSON, or no object. */
  readonly record: TrailRecord | undefined;
  readonly resources: readonly { readonly type: string; readonly name: string }[];
}

/** Reads what LookupEvents tells of one event. Never throws: the record is a stranger's. */
export function trailEvent(event: Event, region: string): TrailEvent {
  const record = recordIn(event.CloudTrailEvent);
  const named = record?.eventName ?? event.EventName ?? '';
  const told = event.Resources?.length
    ? event.Resources.map(({ ResourceType, ResourceName }) => [ResourceType, ResourceName])
    : (record?.resources ?? []).map(({ type, ARN }) => [type, ARN]);
  return {
    eventId: plainText(event.EventId ?? '', 64),
    region,
    name: plainText(named.replace(/\d{8}(?:v\d+)?$/, ''), 64),
    service: plainText((record?.eventSource ?? event.EventSource ?? '').split('.')[0] ?? '', 32),
    readOnly: record?.readOnly ?? event.ReadOnly === 'true',
    at: record?.eventTime ?? event.EventTime?.toISOString() ?? '',
    record,
    resources: told.flatMap(([type, name]) =>
      type && name ? [{ type: plainText(type, 64), name: plainText(name, 256) }] : [],
    ),
  };
}

function recordIn(json: string | undefined): TrailRecord | undefined {
  try {
    return TrailRecord.safeParse(JSON.parse(json ?? '')).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Who made the call, as plainly as CloudTrail says it. */
export function caller({ record }: TrailEvent): string {
  const { arn, userName, principalId } = record?.userIdentity ?? {};
  return plainText(arn ?? userName ?? principalId ?? 'unknown', 160);
}
