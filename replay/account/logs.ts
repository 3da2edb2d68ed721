import {
  type DescribeLogGroupsRequest,
  type DescribeLogGroupsResponse,
  type DescribeQueriesRequest,
  type DescribeQueriesResponse,
  type GetQueryResultsRequest,
  type GetQueryResultsResponse,
  InvalidParameterException,
  MalformedQueryException,
  type QueryStatus,
  ResourceNotFoundException,
  type StartQueryRequest,
  type StartQueryResponse,
  type StopQueryRequest,
  type StopQueryResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import type { AwsCall } from '../../functions/shared/step.ts';
import { madeUpUuid } from './made-up-ids.ts';
import { pageOf } from './pages.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type Group = AccountState['logs']['groups'][number];
type Started = AccountState['logs']['started'][number];

const $metadata = { httpStatusCode: 400 };
const invalid = (message: string) => new InvalidParameterException({ message, $metadata });

const groupsHere = ({ state, region }: Desk): Group[] =>
  state.logs.groups.filter((group) => (group.region ?? state.region) === region);

const arnOf = ({ state, region }: Desk, name: string) =>
  `arn:aws:logs:${region}:${state.accountId}:log-group:${name}`;

function describeLogGroups(desk: Desk, input: DescribeLogGroupsRequest): DescribeLogGroupsResponse {
  const { limit = 50, nextToken, logGroupNamePrefix = '', logGroupNamePattern = '' } = input;
  if (limit < 1 || limit > 50) throw invalid(`limit must be between 1 and 50, not ${limit}`);
  const matched = groupsHere(desk)
    .filter(({ name }) => name.startsWith(logGroupNamePrefix) && name.includes(logGroupNamePattern))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { items, next } = pageOf(matched, { size: limit, token: nextToken }, () =>
    invalid('The specified nextToken is invalid.'),
  );
  return {
    logGroups: items.map(({ name, storedBytes, retentionInDays, createDate }) => ({
      logGroupName: name,
      logGroupArn: arnOf(desk, name),
      arn: `${arnOf(desk, name)}:*`,
      creationTime: Date.parse(createDate),
      storedBytes,
      ...(retentionInDays && { retentionInDays }),
      logGroupClass: 'STANDARD',
    })),
    ...(next && { nextToken: next }),
  };
}

/** Starts a query, which then goes on as the state's `queries` say of its log groups. */
function startQuery(desk: Desk, input: StartQueryRequest): StartQueryResponse {
  const { queryString = '', startTime = 0, endTime = 0, limit = 10_000 } = input;
  if (queryString.trim() === '' || queryString.length > 10_000) {
    throw new MalformedQueryException({ message: 'unexpected end of query', $metadata });
  }
  // The model has both in seconds; times in milliseconds would ask for the year 50,000 and on.
  if (![startTime, endTime].every((time) => Number.isInteger(time) && time >= 0 && time < 1e11)) {
    throw invalid('startTime and endTime must be seconds since 1970');
  }
  if (startTime > endTime) throw invalid('startTime is after endTime');
  if (limit < 1 || limit > 10_000) throw invalid('limit must be between 1 and 10000');
  const groups = groupsNamed(desk, input);
  const { started } = desk.state.logs;
  const queryId = madeUpUuid(`${desk.newId('query')} ${started.length}`);
  started.push({
    queryId,
    groups,
    queryString,
    startTime,
    endTime,
    limit,
    looks: 0,
    stopped: false,
  });
  return { queryId };
}

function groupsNamed(desk: Desk, input: StartQueryRequest): string[] {
  const { logGroupName, logGroupNames, logGroupIdentifiers } = input;
  const ways = [logGroupName && [logGroupName], logGroupNames, logGroupIdentifiers].filter(
    (names) => names?.length,
  );
  const [names, ...others] = ways;
  if (!names || others.length > 0)
    throw invalid('Name log groups in exactly one of the three ways');
  if (names.length > 50) throw invalid('A query takes 50 log groups at most');
  return [...names].map((named) => {
    const group = groupsHere(desk).find(
      ({ name }) => name === named || (logGroupIdentifiers && arnOf(desk, name) === named),
    );
    if (group) return group.name;
    throw new ResourceNotFoundException({
      message: `Log group '${named}' does not exist for account ID '${desk.state.accountId}'`,
      $metadata,
    });
  });
}

function startedQuery({ logs }: AccountState, id: string | undefined): Started {
  const query = logs.started.find(({ queryId }) => queryId === id);
  if (query) return query;
  throw new ResourceNotFoundException({ message: 'The query does not exist.', $metadata });
}

/** The course of a query of several groups is that of its first. */
const courseOf = ({ logs }: AccountState, { groups: [first = ''] }: Started) =>
  Object.hasOwn(logs.queries, first) ? logs.queries[first] : undefined;

function statusOf(state: AccountState, query: Started): QueryStatus {
  const course = courseOf(state, query);
  if (query.stopped) return 'Cancelled';
  return query.looks <= (course?.polls ?? 1) ? 'Running' : (course?.status ?? 'Complete');
}

/** Looks at a query, and so brings it one look further: a rehearsal has no time to pass. */
function getQueryResults(
  { state }: Desk,
  { queryId }: GetQueryResultsRequest,
): GetQueryResultsResponse {
  const query = startedQuery(state, queryId);
  query.looks += 1;
  const status = statusOf(state, query);
  const course = courseOf(state, query);
  const rows = status === 'Complete' ? (course?.results ?? []) : [];
  return {
    queryLanguage: 'CWLI',
    status,
    results: rows
      .slice(0, query.limit)
      .map((row) => Object.entries(row).map(([field, value]) => ({ field, value }))),
    statistics: {
      recordsMatched: rows.length,
      recordsScanned: rows.length,
      bytesScanned: status === 'Complete' ? (course?.bytesScanned ?? 0) : 0,
    },
  };
}

/** The queries started so far of a group, the latest first. Telling of a query is no look at it. */
function describeQueries({ state }: Desk, input: DescribeQueriesRequest): DescribeQueriesResponse {
  const { logGroupName, status, maxResults = 1_000, nextToken } = input;
  const asked = state.logs.started
    .filter(({ groups }) => !logGroupName || groups.includes(logGroupName))
    .filter((query) => !status || statusOf(state, query) === status)
    .toReversed();
  const { items, next } = pageOf(asked, { size: maxResults, token: nextToken }, () =>
    invalid('The specified nextToken is invalid.'),
  );
  return {
    queries: items.map((query) => ({
      queryId: query.queryId,
      queryString: query.queryString,
      status: statusOf(state, query),
      logGroupName: query.groups[0],
    })),
    ...(next && { nextToken: next }),
  };
}

function stopQuery({ state }: Desk, { queryId }: StopQueryRequest): StopQueryResponse {
  const query = startedQuery(state, queryId);
  if (statusOf(state, query) !== 'Running') throw invalid('The query has already ended.');
  query.stopped = true;
  return { success: true };
}

/** CloudWatch Logs, as far as steps query it. It holds no log events and reads no query. */
export const logsOperations: Readonly<Record<AwsCall, Operation>> = {
  'logs:DescribeLogGroups': describeLogGroups,
  'logs:StartQuery': startQuery,
  'logs:GetQueryResults': getQueryResults,
  'logs:DescribeQueries': describeQueries,
  'logs:StopQuery': stopQuery,
};
