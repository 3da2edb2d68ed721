import * as z from 'zod';
import { Region } from '../../functions/shared/ids.ts';
import { madeUpUuid } from './made-up-ids.ts';

const name = z.string().min(1);

/** What a record says of who called, as far as it is needed to find the event. */
const Identity = z
  .looseObject({
    type: z.string().optional(),
    userName: z.string().optional(),
    principalId: z.string().optional(),
    accessKeyId: z.string().optional(),
  })
  .catch({});

const Event = z
  .strictObject({
    eventId: z.uuid().optional(),
    eventName: name,
    eventTime: z.iso.datetime().transform((time) => new Date(time).toISOString()),
    /** Left out, the record's `awsRegion`, else us-east-1, where IAM and global STS record. */
    region: Region.optional(),
    eventSource: name.optional(),
    /** Left out, the record's; some events carry none. */
    accessKeyId: name.optional(),
    username: name.optional(),
    resources: z.array(z.strictObject({ resourceType: name, resourceName: name })).default([]),
    /**
     * The record, as far as a case needs it; what the event says of itself is filled in. A string
     * is handed out as it is, whatever it holds.
     */
    record: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
    /** For how many looks that would find it CloudTrail does not show it yet. */
    unseen: z.int().min(0).default(0),
  })
  .transform((event) => {
    const record = typeof event.record === 'string' ? {} : event.record;
    const { type, userName, principalId, accessKeyId } = Identity.parse(record.userIdentity ?? {});
    // CloudTrail lists what a role did under its session's name.
    const caller = type === 'AssumedRole' ? principalId?.replace(/^.*?:/, '') : userName;
    const username = event.username ?? caller;
    const key = event.accessKeyId ?? accessKeyId;
    return {
      ...event,
      region: event.region ?? Region.catch(Region.parse('us-east-1')).parse(record.awsRegion),
      eventSource: event.eventSource ?? sourceOf(event.eventName, record.eventSource),
      ...(username !== undefined && username !== '' && { username }),
      ...(key !== undefined && key !== '' && { accessKeyId: key }),
    };
  });

function sourceOf(eventName: string, stated: unknown): string {
  if (typeof stated === 'string' && stated !== '') return stated;
  if (eventName === 'ConsoleLogin') return 'signin.amazonaws.com';
  return /^AssumeRole|^Get(?:Session|Federation)Token$|^GetCallerIdentity$/.test(eventName)
    ? 'sts.amazonaws.com'
    : 'iam.amazonaws.com';
}

/** The section of the account's state that is CloudTrail's event history, newest event first. */
export const CloudTrail = z.strictObject({
  events: z
    .array(Event)
    .default([])
    .transform((events) =>
      events
        .map((event, n) => ({
          ...event,
          // By its place too: the same call twice in a second is two events.
          eventId: event.eventId ?? madeUpUuid(JSON.stringify([n, event])),
        }))
        .sort((a, b) => (a.eventTime < b.eventTime ? 1 : a.eventTime > b.eventTime ? -1 : 0)),
    ),
  /** How often each look was taken that would have found an event not shown yet. */
  looks: z.record(z.string(), z.int()).default({}),
});
