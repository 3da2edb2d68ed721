import { createHash } from 'node:crypto';
import {
  CloudTrailServiceException,
  type Event,
  InvalidLookupAttributesException,
  InvalidMaxResultsException,
  InvalidNextTokenException,
  InvalidTimeRangeException,
  type LookupAttributeKey,
  type LookupEventsRequest,
  type LookupEventsResponse,
  ThrottlingException,
} from '@aws-sdk/client-cloudtrail';
import type { AwsCall } from '../../functions/shared/step.ts';
import { pageOf } from './pages.ts';
import { enabledRegions } from './regions.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type RecordedEvent = AccountState['cloudTrail']['events'][number];

const $metadata = { httpStatusCode: 400 };

/** What CloudTrail answers a third look within a second, per account and Region. */
export const rateExceeded = (): ThrottlingException =>
  new ThrottlingException({ message: 'Rate exceeded', $metadata });

const fields: Readonly<Record<LookupAttributeKey, (event: RecordedEvent) => readonly string[]>> = {
  EventId: ({ eventId }) => [eventId],
  EventName: ({ eventName }) => [eventName],
  ReadOnly: (event) => [String(isReadOnly(event))],
  Username: ({ username }) => (username === undefined ? [] : [username]),
  ResourceType: ({ resources }) => resources.map(({ resourceType }) => resourceType),
  ResourceName: ({ resources }) => resources.map(({ resourceName }) => resourceName),
  EventSource: ({ eventSource }) => [eventSource],
  AccessKeyId: ({ accessKeyId }) => (accessKeyId === undefined ? [] : [accessKeyId]),
};

/** STS records what it issues as read. */
const isReadOnly = ({ eventName, eventSource }: RecordedEvent): boolean =>
  eventSource === 'sts.amazonaws.com' || /^(?:Get|List|Describe|Lookup|Head)/.test(eventName);

/**
 * One Region's management events of the last 90 days by one attribute, newest first, 50 a page.
 *
 * It is not throttled by itself: a fault that throws `rateExceeded` does that.
 */
function lookupEvents(desk: Desk, input: LookupEventsRequest): LookupEventsResponse {
  if (!enabledRegions(desk.state).has(desk.region)) {
    throw new CloudTrailServiceException({
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
      $fault: 'client',
      $metadata,
    });
  }
  const { MaxResults = 50, NextToken } = input;
  if (MaxResults < 1 || MaxResults > 50) {
    throw new InvalidMaxResultsException({ message: 'MaxResults must be 1 to 50.', $metadata });
  }
  const question = questionOf(desk.region, input);
  const found = foundBy(desk, input);
  const shown = shownAtThisLook(desk.state, question, found, NextToken === undefined);
  const unusable = () =>
    new InvalidNextTokenException({ message: 'Invalid token or different filters.', $metadata });
  if (NextToken !== undefined && !NextToken.startsWith(`${question}.`)) throw unusable();
  const token = NextToken?.slice(question.length + 1);
  const { items, next } = pageOf(shown, { size: MaxResults, token }, unusable);
  return {
    Events: items.map((event) => described(desk.state, event)),
    ...(next && { NextToken: `${question}.${next}` }),
  };
}

/** What a look asks for. A token of one question is of no use with another. */
const questionOf = (
  region: string,
  { LookupAttributes, StartTime, EndTime, EventCategory }: LookupEventsRequest,
): string =>
  createHash('sha256')
    .update(JSON.stringify([region, LookupAttributes, StartTime, EndTime, EventCategory]))
    .digest('hex')
    .slice(0, 16);

function foundBy({ state, region, now }: Desk, input: LookupEventsRequest): RecordedEvent[] {
  const { LookupAttributes = [], StartTime, EndTime, EventCategory } = input;
  if (StartTime && EndTime && StartTime > EndTime) {
    throw new InvalidTimeRangeException({ message: 'StartTime is after EndTime.', $metadata });
  }
  const [attribute, ...others] = LookupAttributes;
  const valuesOf = attribute && fields[attribute.AttributeKey ?? 'EventId'];
  if (others.length > 0 || (attribute && !valuesOf)) {
    throw new InvalidLookupAttributesException({ message: 'Expected one attribute.', $metadata });
  }
  if (EventCategory === 'insight') return [];
  const oldest = new Date(now().getTime() - 90 * 24 * 3600 * 1000);
  const from = (StartTime && StartTime > oldest ? StartTime : oldest).toISOString();
  const to = EndTime?.toISOString();
  return state.cloudTrail.events.filter(
    (event) =>
      event.region === region &&
      event.eventTime >= from &&
      (to === undefined || event.eventTime <= to) &&
      (!valuesOf || valuesOf(event).includes(attribute?.AttributeValue ?? '')),
  );
}

/** What is delivered by now of what was found. A further page is no further look. */
function shownAtThisLook(
  { cloudTrail: { looks } }: AccountState,
  question: string,
  found: readonly RecordedEvent[],
  isNewLook: boolean,
): RecordedEvent[] {
  if (found.every(({ unseen }) => unseen === 0)) return [...found];
  if (isNewLook) looks[question] = (looks[question] ?? 0) + 1;
  return found.filter(({ unseen }) => (looks[question] ?? 1) > unseen);
}

function described(state: AccountState, event: RecordedEvent): Event {
  return {
    EventId: event.eventId,
    EventName: event.eventName,
    ReadOnly: String(isReadOnly(event)),
    EventTime: new Date(event.eventTime),
    EventSource: event.eventSource,
    ...(event.accessKeyId !== undefined && { AccessKeyId: event.accessKeyId }),
    ...(event.username !== undefined && { Username: event.username }),
    Resources: event.resources.map(({ resourceType, resourceName }) => ({
      ResourceType: resourceType,
      ResourceName: resourceName,
    })),
    CloudTrailEvent:
      typeof event.record === 'string' ? event.record : JSON.stringify(recordOf(state, event)),
  };
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
function recordOf({ accountId }: AccountState, event: RecordedEvent): object {
  const { record } = event;
  if (typeof record === 'string') return {};
  return {
    eventVersion: '1.11',
    // Records tell the time to the second.
    eventTime: event.eventTime.replace(/\.\d+Z$/, 'Z'),
    eventSource: event.eventSource,
    eventName: event.eventName,
    awsRegion: event.region,
    eventID: event.eventId,
    readOnly: isReadOnly(event),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: 'Management',
    ...record,
    userIdentity: identityIn(record, {
      accountId,
      ...(event.accessKeyId !== undefined && { accessKeyId: event.accessKeyId }),
    }),
  };
}

/** Who called, as the record says; what it says that is no identity is handed out as it is. */
function identityIn({ userIdentity = {} }: Record<string, unknown>, known: object): unknown {
  const usable = typeof userIdentity === 'object' && userIdentity !== null;
  return usable && !Array.isArray(userIdentity) ? { ...known, ...userIdentity } : userIdentity;
}

/** CloudTrail's event history. What steps do here is not recorded in it. */
export const cloudTrailOperations: Readonly<Record<AwsCall, Operation>> = {
  'cloudtrail:LookupEvents': lookupEvents,
};
