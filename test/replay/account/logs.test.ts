import {
  DescribeLogGroupsCommand,
  GetQueryResultsCommand,
  paginateDescribeLogGroups,
  StartQueryCommand,
  StopQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { AccountState } from '../../../replay/account/state.ts';
import { clientsOf, errorOf, rehearsed } from './rehearsed.ts';

const state = {
  logs: {
    groups: [
      { name: 'trail', retentionInDays: 365 },
      { name: 'trail-of-another-region', region: 'us-east-1' },
      { name: 'decoy' },
    ],
    queries: {
      trail: {
        polls: 2,
        results: [
          { eventName: 'CreateUser', n: '1' },
          { eventName: 'GetUser', n: '7' },
        ],
        bytesScanned: 4096,
      },
    },
  },
} satisfies z.input<typeof AccountState>;

type Clients = ReturnType<typeof rehearsed>;
const query = {
  logGroupName: 'trail',
  startTime: 1_772_000_000,
  endTime: 1_772_300_000,
  queryString: 'fields eventName | limit 100',
};
const start = ({ logs }: Pick<Clients, 'logs'>, differs = {}) =>
  logs.send(new StartQueryCommand({ ...query, ...differs }));
const look = ({ logs }: Clients, queryId: string | undefined) =>
  logs.send(new GetQueryResultsCommand({ queryId }));

describe('log groups', () => {
  it('are found by prefix, in their own Region alone', async () => {
    const { logs } = rehearsed(state);
    const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: 'trail' });
    expect((await logs.send(command)).logGroups).toMatchObject([
      {
        logGroupName: 'trail',
        arn: 'arn:aws:logs:eu-west-1:111122223333:log-group:trail:*',
        retentionInDays: 365,
      },
    ]);
  });

  it('come in pages of 50', async () => {
    const groups = Array.from({ length: 60 }, (_, n) => ({ name: `group-${n}` }));
    const { logs } = rehearsed({ logs: { groups } });
    const sizes = [];
    for await (const page of paginateDescribeLogGroups({ client: logs }, {})) {
      sizes.push(page.logGroups?.length);
    }
    expect(sizes).toEqual([50, 10]);
  });
});

describe('queries of logs', () => {
  it('run for as many looks as stated, and then have results', async () => {
    const all = rehearsed(state);
    const { queryId } = await start(all);
    const looks = [];
    for (let n = 0; n < 3; n++) looks.push(await look(all, queryId));
    expect(looks).toMatchObject([
      { status: 'Running', results: [] },
      { status: 'Running', results: [] },
      {
        status: 'Complete',
        results: [
          [
            { field: 'eventName', value: 'CreateUser' },
            { field: 'n', value: '1' },
          ],
          [
            { field: 'eventName', value: 'GetUser' },
            { field: 'n', value: '7' },
          ],
        ],
        statistics: { recordsMatched: 2, bytesScanned: 4096 },
      },
    ]);
  });

  it('return no more results than their limit', async () => {
    const all = rehearsed({
      logs: { ...state.logs, queries: { trail: { ...queries, polls: 0 } } },
    });
    const { queryId } = await start(all, { limit: 1 });
    expect((await look(all, queryId)).results).toHaveLength(1);
  });

  it('may fail', async () => {
    const all = rehearsed({
      logs: { ...state.logs, queries: { trail: { ...queries, polls: 0, status: 'Failed' } } },
    });
    const { queryId } = await start(all);
    expect(await look(all, queryId)).toMatchObject({ status: 'Failed', results: [] });
  });

  it('are stopped while they run', async () => {
    const all = rehearsed(state);
    const { queryId } = await start(all);
    const stop = new StopQueryCommand({ queryId });
    expect(await all.logs.send(stop)).toMatchObject({ success: true });
    expect(await look(all, queryId)).toMatchObject({ status: 'Cancelled', results: [] });
    expect(await errorOf(all.logs.send(stop))).toBe('InvalidParameterException');
  });

  it('started twice are two', async () => {
    const all = rehearsed(state);
    const [first, second] = [await start(all), await start(all)];
    expect(second.queryId).not.toBe(first.queryId);
    expect(all.account.state.logs.started).toHaveLength(2);
  });

  it('take a log group by its ARN', async () => {
    const all = rehearsed(state);
    const arn = 'arn:aws:logs:eu-west-1:111122223333:log-group:trail';
    await start(all, { logGroupName: undefined, logGroupIdentifiers: [arn] });
    expect(all.account.state.logs.started).toMatchObject([{ groups: ['trail'] }]);
  });

  it.each([
    ['a group that is not there', 'ResourceNotFoundException', { logGroupName: 'nowhere' }],
    [
      'a group of another Region',
      'ResourceNotFoundException',
      { logGroupName: 'trail-of-another-region' },
    ],
    ['no group', 'InvalidParameterException', { logGroupName: undefined }],
    ['groups in two ways', 'InvalidParameterException', { logGroupNames: ['decoy'] }],
    ['no query', 'MalformedQueryException', { queryString: ' ' }],
    ['times in milliseconds', 'InvalidParameterException', { endTime: 1_772_300_000_000 }],
    ['an end before the start', 'InvalidParameterException', { endTime: 1_771_000_000 }],
    ['a limit over 10,000', 'InvalidParameterException', { limit: 10_001 }],
  ])('are refused for %s', async (_what, name, differs) => {
    const all = rehearsed(state);
    expect(await errorOf(start(all, differs))).toBe(name);
    expect(all.account.state.logs.started).toEqual([]);
  });

  it('that nobody started are not there', async () => {
    const all = rehearsed(state);
    expect(await errorOf(look(all, '00000000-0000-4000-8000-000000000000'))).toBe(
      'ResourceNotFoundException',
    );
  });

  it('may be run in a dry run, on its copy, since they change nothing', async () => {
    const { account } = rehearsed(state);
    const copy = account.copy();
    await start(clientsOf(account, copy));
    expect(copy.state.logs.started).toHaveLength(1);
    expect(account.state.logs.started).toEqual([]);
  });
});

const queries = state.logs.queries.trail;
