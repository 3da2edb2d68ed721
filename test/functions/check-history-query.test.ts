import { CloudWatchLogsServiceException } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { checkHistoryQuery } from '../../functions/check-history-query/handler.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = Parameters<typeof rehearsalOf>[0];
type Course = NonNullable<NonNullable<State['logs']>['queries']>[string];

const queryId = '11111111-1111-4111-8111-111111111111';
const input = { queryId, pollsLeft: 5 };
const started = (id: string, group: string) => ({
  ...{ queryId: id, groups: [group], queryString: '# cordon', startTime: 0, endTime: 1 },
  limit: 10_000,
});
const rows = [
  { eventTime: '2026-02-28T00:01:00Z', eventName: 'AssumeRole', '@ptr': 'CmEKJgoiMTExMTIy' },
  { eventTime: '2026-02-28T00:02:00Z', eventName: 'GetObject', 'userIdentity.arn': '<b>\u202e' },
];

/** The query, beside one of another group that ends otherwise. */
const world = (course: Course = {}): State => ({
  logs: {
    groups: [{ name: 'trails/all' }, { name: 'another' }],
    queries: {
      'trails/all': { polls: 0, results: rows, bytesScanned: 5_000, ...course },
      another: { polls: 0, status: 'Failed' },
    },
    started: [
      started('22222222-2222-4222-8222-222222222222', 'another'),
      started(queryId, 'trails/all'),
    ],
  },
});
const nothing = { queryId, pollsLeft: 4, evidence: null, rows: 0, bytesScanned: 0 };

describe('check-history-query', () => {
  it('keeps the rows in the case, as plain text and without pointers to the records', async () => {
    const rehearsal = await rehearsalOf(world());
    const { result, journal } = await rehearsal.run(checkHistoryQuery, input);

    expect(result).toEqual({
      outcome: 'kept',
      reason: null,
      queryId,
      pollsLeft: 4,
      evidence: `history-${queryId}`,
      rows: 2,
      bytesScanned: 5_000,
    });
    expect(journal).toEqual([
      { call: 'logs:GetQueryResults', disposition: 'sent', input: { queryId } },
    ]);
    const { caseId } = await rehearsal.open('live');
    const kept = await rehearsal.kept(caseId, `history-${queryId}`);
    expect(kept?.split('\n').map((line) => JSON.parse(line))).toEqual([
      { eventTime: '2026-02-28T00:01:00Z', eventName: 'AssumeRole' },
      {
        eventTime: '2026-02-28T00:02:00Z',
        eventName: 'GetObject',
        'userIdentity.arn': '\\u003cb\\u003e\\u202e',
      },
    ]);
  });

  it('counts down while the query runs, until the time box is over', async () => {
    const rehearsal = await rehearsalOf(world({ polls: 9 }));
    const outcomes: string[] = [];
    for (let pollsLeft = 3; pollsLeft > 0; ) {
      const { result } = await rehearsal.run(checkHistoryQuery, { queryId, pollsLeft });
      outcomes.push(`${result.outcome} ${result.reason} ${result.pollsLeft}`);
      pollsLeft = result.pollsLeft;
    }
    expect(outcomes).toEqual([
      'in-progress Running 2',
      'in-progress Running 1',
      'time-box-over Running 0',
    ]);
  });

  it('keeps what it finds on the very last look', async () => {
    const rehearsal = await rehearsalOf(world());
    const { result } = await rehearsal.run(checkHistoryQuery, { queryId, pollsLeft: 1 });
    expect(result).toMatchObject({ outcome: 'kept', pollsLeft: 0 });
  });

  it.each(['Failed', 'Timeout'] as const)('says that the query ended in %s', async (status) => {
    const rehearsal = await rehearsalOf(world({ status }));
    const { result } = await rehearsal.run(checkHistoryQuery, input);
    expect(result).toEqual({ ...nothing, outcome: 'failed', reason: status });
  });

  it('says that nobody knows the query', async () => {
    const rehearsal = await rehearsalOf({});
    const { result } = await rehearsal.run(checkHistoryQuery, input);
    expect(result).toEqual({ ...nothing, outcome: 'failed', reason: 'QueryNotFound' });
  });

  it('keeps 10,000 rows by reference and hands none of them on', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => ({
      eventName: `Event${n}`,
      'userIdentity.arn': 'x'.repeat(300),
    }));
    const rehearsal = await rehearsalOf(world({ results: many }));
    const { result } = await rehearsal.run(checkHistoryQuery, input);

    expect(result).toMatchObject({ outcome: 'kept', rows: 10_000 });
    expect(JSON.stringify(result).length).toBeLessThan(400);
    const sizes = rehearsal.table.items().map((item) => JSON.stringify(item).length);
    expect(Math.max(...sizes)).toBeLessThan(300_000);
  });

  it('run twice keeps the same once', async () => {
    const rehearsal = await rehearsalOf(world());
    const first = await rehearsal.run(checkHistoryQuery, input);
    const items = rehearsal.table.items();
    const second = await rehearsal.run(checkHistoryQuery, input);
    expect(second.result).toEqual(first.result);
    expect(rehearsal.table.items()).toEqual(items);
  });

  it('assumes an end of a query that a dry run never started', async () => {
    const rehearsal = await rehearsalOf(world(), { dryRun: 'stand-ins' });
    const asked = { queryId: 'query-000000000000abcde', pollsLeft: 5 };
    const { result, journal } = await rehearsal.run(checkHistoryQuery, asked, 'dry-run');
    expect(result).toMatchObject({ outcome: 'kept', rows: 0 });
    expect(calls(journal)).toEqual(['logs:GetQueryResults assumed']);
  });

  it('comes to the same when the mode is missing', async () => {
    const rehearsal = await rehearsalOf(world());
    const { result } = await rehearsal.run(checkHistoryQuery, input, undefined);
    expect(result).toMatchObject({ outcome: 'kept', rows: 2 });
  });

  it('lets a refusal of AWS out', async () => {
    const error = new CloudWatchLogsServiceException({
      name: 'AccessDeniedException',
      $fault: 'client',
      $metadata: {},
    });
    const rehearsal = await rehearsalOf(world(), { fault: () => ({ when: 'before', error }) });
    const ran = await rehearsal.run(checkHistoryQuery, input);
    expect(ran.error).toMatchObject({ name: 'AccessDeniedException' });
  });

  it.each([
    ['an id with a separator', { ...input, queryId: 'a#b' }],
    ['no polls', { queryId }],
    ['a field it does not know', { ...input, limit: 1 }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const rehearsal = await rehearsalOf(world());
    const { error, journal } = await rehearsal.run(checkHistoryQuery, bad);
    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});
