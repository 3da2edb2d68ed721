import {
  type LookupAttributeKey,
  LookupEventsCommand,
  type LookupEventsCommandInput,
  paginateLookupEvents,
} from '@aws-sdk/client-cloudtrail';
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { rateExceeded } from '../../../replay/account/cloudtrail.ts';
import { RehearsalAccount } from '../../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../../replay/account/state.ts';
import { at, clientsOf, errorOf, rehearsed } from './rehearsed.ts';

const leaked = 'AKIALEAKEDLEAKEDLEAK';
const session = 'ASIASESSIONSESSIONSE';

const events = [
  {
    eventName: 'AssumeRole',
    eventTime: '2026-03-01T03:00:00Z',
    region: 'eu-west-1',
    accessKeyId: leaked,
    username: 'dana',
    resources: [
      { resourceType: 'AWS::IAM::Role', resourceName: 'arn:aws:iam::111122223333:role/app' },
    ],
    record: {
      sourceIPAddress: '198.51.100.7',
      responseElements: { credentials: { accessKeyId: session } },
    },
  },
  {
    eventName: 'ListUsers',
    eventTime: '2026-03-01T02:00:00Z',
    record: { userIdentity: { type: 'IAMUser', userName: 'dana', accessKeyId: leaked } },
  },
  {
    eventName: 'CreateUser',
    eventTime: '2026-03-01T03:30:00Z',
    record: {
      userIdentity: {
        type: 'AssumedRole',
        principalId: 'AROAAPPAPPAPPAPPAPPAP:laptop',
        accessKeyId: session,
      },
    },
  },
  { eventName: 'GetUser', eventTime: '2025-11-30T04:05:05Z', accessKeyId: leaked },
  { eventName: 'GetUser', eventTime: '2026-03-01T03:00:00Z', accessKeyId: 'AKIADECOYDECOYDECOYD' },
];
const state = { cloudTrail: { events } } satisfies z.input<typeof AccountState>;

const by = (AttributeKey: LookupAttributeKey, AttributeValue: string) => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});
const byKey = (key: string) => by('AccessKeyId', key);

async function look(
  account: RehearsalAccount,
  input: LookupEventsCommandInput,
  region = 'us-east-1',
) {
  const { cloudTrail } = clientsOf(account, undefined, region);
  return cloudTrail.send(new LookupEventsCommand(input));
}
const namesOf = async (...asked: Parameters<typeof look>) =>
  (await look(...asked)).Events?.map(({ EventName }) => EventName);

describe("CloudTrail's event history", () => {
  it('is of one Region, which the client names', async () => {
    const { account } = rehearsed(state);
    expect(await namesOf(account, byKey(leaked), 'eu-west-1')).toEqual(['AssumeRole']);
    expect(await namesOf(account, byKey(leaked), 'us-east-1')).toEqual(['ListUsers']);
    expect(await namesOf(account, byKey(leaked), 'sa-east-1')).toEqual([]);
  });

  it('is not told in a Region that the account has not enabled', async () => {
    const { account } = rehearsed(state);
    expect(await errorOf(look(account, byKey(leaked), 'me-south-1'))).toBe(
      'UnrecognizedClientException',
    );
  });

  it('goes back 90 days', async () => {
    const { account } = rehearsed(state);
    const early = { ...byKey(leaked), StartTime: new Date('2025-01-01T00:00:00Z') };
    expect(await namesOf(account, early)).toEqual(['ListUsers']);
  });

  it.each<[LookupAttributeKey, string, string[], string?]>([
    ['AccessKeyId', session, ['CreateUser']],
    ['Username', 'laptop', ['CreateUser']],
    ['Username', 'dana', ['ListUsers']],
    ['EventName', 'CreateUser', ['CreateUser']],
    ['EventSource', 'sts.amazonaws.com', ['AssumeRole'], 'eu-west-1'],
    ['ReadOnly', 'false', ['CreateUser']],
    ['ResourceName', 'arn:aws:iam::111122223333:role/app', ['AssumeRole'], 'eu-west-1'],
    ['ResourceType', 'AWS::IAM::Role', ['AssumeRole'], 'eu-west-1'],
  ])('is found by %s', async (key, value, names, region) => {
    const { account } = rehearsed(state);
    expect(await namesOf(account, by(key, value), region)).toEqual(names);
  });

  it('is newest first, and within the times asked for', async () => {
    const { account } = rehearsed(state);
    expect(await namesOf(account, {})).toEqual(['CreateUser', 'GetUser', 'ListUsers']);
    expect(
      await namesOf(account, {
        StartTime: new Date('2026-03-01T02:00:00Z'),
        EndTime: new Date('2026-03-01T02:30:00Z'),
      }),
    ).toEqual(['ListUsers']);
  });

  it('holds records filled in with what the event says of itself', async () => {
    const { account } = rehearsed(state);
    const { Events = [] } = await look(account, byKey(leaked), 'eu-west-1');
    expect(Events[0]).toMatchObject({ EventSource: 'sts.amazonaws.com', ReadOnly: 'true' });
    expect(JSON.parse(Events[0]?.CloudTrailEvent ?? '')).toMatchObject({
      eventTime: '2026-03-01T03:00:00Z',
      eventName: 'AssumeRole',
      awsRegion: 'eu-west-1',
      eventID: Events[0]?.EventId,
      userIdentity: { accountId: '111122223333', accessKeyId: leaked },
      sourceIPAddress: '198.51.100.7',
      responseElements: { credentials: { accessKeyId: session } },
    });
  });

  it.each([['{"eventName": '], ['<script>alert(1)</script>'], ['']])(
    'hands out what is no record as it is: %s',
    async (record) => {
      const event = { eventName: 'GetUser', eventTime: at, accessKeyId: leaked, record };
      const { account } = rehearsed({ cloudTrail: { events: [event] } });
      const { Events = [] } = await look(account, byKey(leaked));
      expect(Events[0]?.CloudTrailEvent).toBe(record);
    },
  );

  it('comes in pages of 50, each event once', async () => {
    const many = Array.from({ length: 120 }, () => ({ ...events[1], eventName: 'ListUsers' })).map(
      (event) => ({ ...event, eventTime: at }),
    );
    const { account } = rehearsed({ cloudTrail: { events: many } });
    const { cloudTrail } = clientsOf(account, undefined, 'us-east-1');
    const sizes: (number | undefined)[] = [];
    const ids = new Set<string | undefined>();
    for await (const { Events } of paginateLookupEvents({ client: cloudTrail }, byKey(leaked))) {
      sizes.push(Events?.length);
      for (const { EventId } of Events ?? []) ids.add(EventId);
    }
    expect(sizes).toEqual([50, 50, 20]);
    expect(ids.size).toBe(120);
  });

  it('shows an event that was not delivered yet only at a later look', async () => {
    const late = [{ ...events[1], eventName: 'ListUsers', eventTime: at, unseen: 1 }];
    const { account } = rehearsed({ cloudTrail: { events: [...events, ...late] } });
    const sizes = [];
    for (let n = 0; n < 3; n++) sizes.push((await namesOf(account, byKey(leaked)))?.length);
    expect(sizes).toEqual([1, 2, 2]);
  });

  it('takes a further page for no further look', async () => {
    const late = [{ ...events[1], eventName: 'ListUsers', eventTime: at, unseen: 1 }];
    const { account } = rehearsed({ cloudTrail: { events: [...events, ...late] } });
    const first = await look(account, { MaxResults: 1 });
    expect(first.Events).toMatchObject([{ EventName: 'CreateUser' }]);
    const second = await namesOf(account, { MaxResults: 1, NextToken: first.NextToken });
    expect(second).toEqual(['GetUser']);
  });

  it.each<[string, string, LookupEventsCommandInput]>([
    [
      'two attributes at once',
      'InvalidLookupAttributesException',
      { LookupAttributes: ['a', 'b'].flatMap((name) => by('EventName', name).LookupAttributes) },
    ],
    ['more than 50 at once', 'InvalidMaxResultsException', { MaxResults: 51 }],
    [
      'an end before the start',
      'InvalidTimeRangeException',
      { StartTime: new Date(at), EndTime: new Date('2026-02-01T00:00:00Z') },
    ],
    ['a token of its own making', 'InvalidNextTokenException', { NextToken: 'from-50' }],
  ])('refuses %s', async (_what, name, input) => {
    const { account } = rehearsed(state);
    expect(await errorOf(look(account, input))).toBe(name);
  });

  it('refuses a token of another question', async () => {
    const { account } = rehearsed(state);
    const { NextToken } = await look(account, { MaxResults: 1 });
    const other = look(account, { ...byKey(leaked), MaxResults: 1, NextToken });
    expect(NextToken).toBeDefined();
    expect(await errorOf(other)).toBe('InvalidNextTokenException');
  });

  it('is throttled where a fault says so, in one Region and not in another', async () => {
    const account = new RehearsalAccount(AccountState.parse(state), {
      now: () => new Date(at),
      fault: (_call, _input, region) =>
        region === 'us-east-1' ? { when: 'before', error: rateExceeded() } : undefined,
    });
    expect(await errorOf(look(account, byKey(leaked)))).toBe('ThrottlingException');
    expect(await namesOf(account, byKey(leaked), 'eu-west-1')).toEqual(['AssumeRole']);
  });

  it('is stated again as it was read', () => {
    const once = AccountState.parse(state);
    expect(AccountState.parse(once)).toEqual(once);
  });
});

describe('Regions', () => {
  it('are the 17 that need no opting in, unless stated', async () => {
    const { ec2 } = rehearsed({});
    const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({}));
    expect(Regions).toHaveLength(17);
    expect(Regions).toContainEqual({
      RegionName: 'us-east-1',
      Endpoint: 'ec2.us-east-1.amazonaws.com',
      OptInStatus: 'opt-in-not-required',
    });
  });

  it("always have us-east-1 and the account's own among them", async () => {
    const { ec2 } = rehearsed({ region: 'eu-south-1', regions: ['eu-west-2'] });
    const { Regions } = await ec2.send(new DescribeRegionsCommand({}));
    expect(Regions?.map(({ RegionName }) => RegionName)).toEqual([
      'eu-south-1',
      'eu-west-2',
      'us-east-1',
    ]);
  });

  it('are listed with those not opted in when all are asked for', async () => {
    const { ec2 } = rehearsed({});
    const { Regions } = await ec2.send(
      new DescribeRegionsCommand({
        AllRegions: true,
        Filters: [{ Name: 'opt-in-status', Values: ['not-opted-in'] }],
      }),
    );
    expect(Regions).toContainEqual(expect.objectContaining({ RegionName: 'me-south-1' }));
    expect(Regions).not.toContainEqual(expect.objectContaining({ RegionName: 'us-east-1' }));
  });

  it('that are none are refused', async () => {
    const { ec2 } = rehearsed({});
    const command = new DescribeRegionsCommand({ RegionNames: ['mars-north-1'] });
    expect(await errorOf(ec2.send(command))).toBe('InvalidParameterValue');
  });
});
