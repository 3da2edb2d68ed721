import { CloudWatchLogsServiceException } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { startHistoryQuery } from '../../functions/start-history-query/handler.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

const logGroup = 'trails/all-regions';
const settings = { history: { logGroup, hours: 6, polls: 7 } };
const role = {
  account: '111122223333',
  roleName: 'Deploy',
  roleId: 'AROADEPLOYDEPLOY00001',
  sessionName: 'intruder@example.com',
  accessKeyId: 'ASIA0000000000000001',
};
const input = {
  accessKeyIds: ['AKIALEAKEDLEAKED0001'],
  userName: 'alice',
  roleName: null,
  sessionName: null,
  roles: [role],
};
const nobody = { ...input, accessKeyIds: [], userName: null, roles: [] };
/** The trail's group, beside another of which the step must not ask. */
const world = { logs: { groups: [{ name: logGroup }, { name: 'trails/another' }] } };

type Started = { queryString: string; groups: string[] };
const startedIn = (rehearsal: Awaited<ReturnType<typeof rehearsalOf>>): readonly Started[] =>
  rehearsal.account.state.logs.started;

describe('start-history-query', () => {
  it('asks the configured group for the calls of the key, the user and the sessions', async () => {
    const rehearsal = await rehearsalOf(world, { settings });
    const { result, journal } = await rehearsal.run(startHistoryQuery, input);

    const started = startedIn(rehearsal)[0] ?? { queryString: '', groups: [] };
    expect(result).toEqual({
      outcome: 'started',
      reason: null,
      queryId: expect.stringMatching(/^[\w-]{36}$/),
      pollsLeft: 7,
      from: '2026-02-28T22:05:06.000Z',
      to: '2026-03-01T04:05:06.000Z',
      leftOut: 0,
    });
    expect(journal).toEqual([
      {
        call: 'logs:StartQuery',
        disposition: 'sent',
        input: {
          logGroupName: logGroup,
          startTime: Date.parse('2026-02-28T22:05:06Z') / 1000,
          endTime: Date.parse('2026-03-01T04:05:06Z') / 1000,
          queryString: started.queryString,
          limit: 10_000,
        },
      },
    ]);
    const { caseId } = await rehearsal.open('live');
    const [mark, ...query] = started.queryString.split('\n');
    expect(mark).toMatch(new RegExp(`^# cordon ${caseId} [0-9a-f]{10}$`));
    expect(query).toEqual([
      'fields eventTime, awsRegion, eventSource, eventName, errorCode, sourceIPAddress, userIdentity.accessKeyId, userIdentity.arn, eventID',
      '| filter (userIdentity.accessKeyId = "AKIALEAKEDLEAKED0001") or (userIdentity.type = "IAMUser" and userIdentity.userName = "alice") or (userIdentity.arn = "arn:aws:sts::111122223333:assumed-role/Deploy/intruder@example.com")',
      '| sort eventTime asc',
      '| limit 10000',
    ]);
    expect(started.groups).toEqual([logGroup]);
  });

  it('asks for every session of a role where none is named', async () => {
    const rehearsal = await rehearsalOf(world, { settings });
    await rehearsal.run(startHistoryQuery, { ...nobody, roleName: 'Deploy' });
    expect(startedIn(rehearsal)[0]?.queryString).toContain(
      '| filter (strcontains(userIdentity.arn, "arn:aws:sts::111122223333:assumed-role/Deploy/"))\n',
    );
  });

  it('says how many principals the query has no room for', async () => {
    const roles = Array.from({ length: 50 }, (_, n) => ({
      ...role,
      roleName: `R${n}`.padEnd(64, 'x'),
      sessionName: `s${n}`.padEnd(64, 'y'),
    }));
    const accessKeyIds = Array.from(
      { length: 100 },
      (_, n) => `ASIA${String(n).padStart(16, '0')}`,
    );
    const rehearsal = await rehearsalOf(world, { settings });
    const { result } = await rehearsal.run(startHistoryQuery, { ...input, roles, accessKeyIds });

    const { queryString = '' } = startedIn(rehearsal)[0] ?? {};
    expect(queryString.length).toBeLessThanOrEqual(10_000);
    const asked = queryString.split(') or (').length;
    expect(result.leftOut).toBe(151 - asked);
    expect(result.leftOut).toBeGreaterThan(0);
  });

  it.each([
    ['no log group is configured', {}, input, 'no-log-group'],
    ['the log group is not there', { history: { logGroup: 'gone' } }, input, 'log-group-not-found'],
    ['there is nobody to ask about', settings, nobody, 'no-principal'],
  ])('is skipped when %s', async (_what, differs, asked, reason) => {
    const rehearsal = await rehearsalOf(world, { settings: differs });
    const { result, error } = await rehearsal.run(startHistoryQuery, asked);
    expect(error).toBeUndefined();
    expect(result).toEqual({
      outcome: 'skipped',
      reason,
      queryId: null,
      pollsLeft: 0,
      from: null,
      to: null,
      leftOut: 0,
    });
    expect(startedIn(rehearsal)).toEqual([]);
  });

  it('takes up the query whose answer was lost, and no other', async () => {
    const lost = new CloudWatchLogsServiceException({
      name: 'TimeoutError',
      $fault: 'server',
      $metadata: {},
    });
    let faults = 1;
    const rehearsal = await rehearsalOf(world, {
      settings,
      fault: (call) =>
        call === 'logs:StartQuery' && faults-- > 0 ? { when: 'after', error: lost } : undefined,
    });
    const first = await rehearsal.run(startHistoryQuery, input);
    Object.assign(rehearsal.account.state.logs, {
      started: [
        ...rehearsal.account.state.logs.started,
        {
          ...rehearsal.account.state.logs.started[0],
          queryId: '11111111-1111-4111-8111-111111111111',
          queryString: '# cordon case-0000000000 0123456789\nfields a',
        },
      ],
    });
    const second = await rehearsal.run(startHistoryQuery, input);
    const third = await rehearsal.run(startHistoryQuery, input);

    expect(first.error).toMatchObject({ name: 'TimeoutError' });
    expect(calls(first.journal)).toEqual(['logs:StartQuery sent']);
    expect(calls(second.journal)).toEqual(['logs:DescribeQueries sent']);
    expect(second.result.queryId).toBe(rehearsal.account.state.logs.started[0]?.queryId);
    expect(third.result).toEqual(second.result);
    expect(startedIn(rehearsal)).toHaveLength(2);
  });

  it('starts the query that an earlier attempt never got to start', async () => {
    const refused = new CloudWatchLogsServiceException({
      name: 'LimitExceededException',
      $fault: 'client',
      $metadata: {},
    });
    let faults = 1;
    const rehearsal = await rehearsalOf(world, {
      settings,
      fault: (call) =>
        call === 'logs:StartQuery' && faults-- > 0 ? { when: 'before', error: refused } : undefined,
    });
    const first = await rehearsal.run(startHistoryQuery, input);
    const second = await rehearsal.run(startHistoryQuery, input);

    expect(first.error).toMatchObject({ name: 'LimitExceededException' });
    expect(calls(second.journal)).toEqual(['logs:DescribeQueries sent', 'logs:StartQuery sent']);
    expect(second.result).toMatchObject({ outcome: 'started' });
  });

  it('asks again when the principals are others', async () => {
    const rehearsal = await rehearsalOf(world, { settings });
    await rehearsal.run(startHistoryQuery, input);
    const { journal } = await rehearsal.run(startHistoryQuery, { ...nobody, userName: 'bob' });
    expect(calls(journal)).toEqual(['logs:StartQuery sent']);
    expect(startedIn(rehearsal)).toHaveLength(2);
  });

  it.each([
    ['in a dry run', 'dry-run'],
    ['when the mode is missing', undefined],
  ] as const)('withholds the query, which costs, %s', async (_what, mode) => {
    const rehearsal = await rehearsalOf(world, { settings });
    const { result, journal } = await rehearsal.run(startHistoryQuery, input, mode);
    expect(result).toMatchObject({ outcome: 'started' });
    expect(calls(journal)).toEqual(['logs:StartQuery withheld']);
    expect(startedIn(rehearsal)).toEqual([]);
  });

  it('names a query that is none where stand-ins answer', async () => {
    const rehearsal = await rehearsalOf(world, { settings, dryRun: 'stand-ins' });
    const { result, journal } = await rehearsal.run(startHistoryQuery, input, 'dry-run');
    expect(result.outcome).toBe('would-be-started');
    expect(result.queryId).toMatch(/^query-0{12}[0-9a-f]{5}$/);
    expect(calls(journal)).toEqual(['logs:StartQuery withheld']);
  });

  it.each([
    ['a quote in a user name', { ...input, userName: 'a" or "1"="1' }],
    ['a pipe in a role', { ...input, roles: [{ ...role, roleName: 'a | limit 1' }] }],
    ['a session with a line break', { ...nobody, roleName: 'Deploy', sessionName: 'a\n| limit' }],
    ['a key that is none', { ...input, accessKeyIds: ['AROAIOSFODNN7EXAMPLE'] }],
    ['a field it does not know', { ...input, hours: 900 }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const rehearsal = await rehearsalOf(world, { settings });
    const { error, journal } = await rehearsal.run(startHistoryQuery, bad);
    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});
