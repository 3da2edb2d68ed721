import {
  CloudWatchLogsClient,
  DescribeQueriesCommand,
  ResourceNotFoundException,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import { once, patient } from '../shared/connection.ts';
import { AccessKeyId, RoleName, SessionName, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { impossibleId } from '../shared/stand-in.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { TracedRole } from '../shared/trace.ts';
import { type HistoryQuery, historyQuery, mostRows } from './history-query.ts';

const input = z.strictObject({
  accessKeyIds: z.array(AccessKeyId).max(200),
  userName: UserName.nullable(),
  roleName: RoleName.nullable(),
  sessionName: SessionName.nullable(),
  /** As `trace-credentials` lists them. */
  roles: z.array(TracedRole).max(50),
});

const output = z.object({
  outcome: z.enum(['started', 'skipped']),
  /** Why there is no query; null when it was started. */
  reason: z.enum(['no-log-group', 'log-group-not-found', 'no-principal']).nullable(),
  queryId: z.string().nullable(),
  /** How often it is looked whether the query has ended. */
  pollsLeft: z.int().min(0),
  /** The hours asked about; null when none are. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  /** Principals for which the query had no room. */
  leftOut: z.int().min(0),
});
type Started = z.infer<typeof output>;

/**
 * Asks CloudWatch Logs Insights for every call of the traced principals in the trail's log group,
 * which unlike CloudTrail's own history has data events where the trail records them.
 *
 * It changes nothing in the account, but a query costs by the gigabyte scanned: it is withheld in a
 * dry run, asked only about the configured hours, and a retry takes up the query that a lost attempt
 * started. Without a configured log group it is skipped, and says so.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
 */
export const startHistoryQuery = defineStep({
  name: 'start-history-query',
  // The trail's log group is Cordon's to read, wherever the target is.
  actsIn: 'own-account',
  input,
  output,
  // Supports no resource: service authorization reference of CloudWatch Logs.
  reads: { 'logs:DescribeQueries': { on: '*' } },
  writes: {
    'logs:StartQuery': {
      on: 'arn:aws:logs:*:*:log-group:*',
      once: true,
      standIn: (asked) => ({ queryId: impossibleId('query', asked) }),
    },
  },
  connect: (to) => ({
    logs: new CloudWatchLogsClient(patient(to)),
    logsOnce: new CloudWatchLogsClient(once(to)),
  }),

  async run(asked, { logs, logsOnce }, context): Promise<Started> {
    const { logGroup, hours, polls } = context.settings.history;
    if (!logGroup) return skipped('no-log-group');
    const query = historyQuery(context.case.caseId, context.case.account, asked);
    if (!query) return skipped('no-principal');

    const to = context.now();
    const from = new Date(to.getTime() - hours * 3_600_000);
    try {
      const queryId =
        (await lostQuery(query, { logs, logGroup }, context)) ??
        (await start(logsOnce, { logGroup, from, to, text: query.text }));
      const started = { outcome: 'started', reason: null, pollsLeft: polls } as const;
      const asking = { from: from.toISOString(), to: to.toISOString(), leftOut: query.leftOut };
      return { ...started, queryId, ...asking };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return skipped('log-group-not-found');
      throw error;
    }
  },
});

/** The query of an earlier attempt of this case, if its answer was lost. */
async function lostQuery(
  { mark }: HistoryQuery,
  { logs, logGroup }: { logs: CloudWatchLogsClient; logGroup: string },
  context: StepContext,
): Promise<string | undefined> {
  const intent = await context.home.cases.recordIntent(context.case, `query history: ${mark}`);
  if (intent === 'first') return undefined;
  let nextToken: string | undefined;
  do {
    const page = await logs.send(
      new DescribeQueriesCommand({ logGroupName: logGroup, ...(nextToken && { nextToken }) }),
    );
    const ours = page.queries?.find(({ queryString = '' }) => queryString.startsWith(`${mark}\n`));
    if (ours?.queryId) return ours.queryId;
    nextToken = page.nextToken;
  } while (nextToken);
  return undefined;
}

async function start(
  logs: CloudWatchLogsClient,
  { logGroup, from, to, text }: { logGroup: string; from: Date; to: Date; text: string },
): Promise<string> {
  const { queryId } = await logs.send(
    new StartQueryCommand({
      logGroupName: logGroup,
      startTime: Math.floor(from.getTime() / 1000),
      endTime: Math.floor(to.getTime() / 1000),
      queryString: text,
      limit: mostRows,
    }),
  );
  if (!queryId) throw new Error('CloudWatch Logs started a query without an id');
  return queryId;
}

const skipped = (reason: NonNullable<Started['reason']>): Started => ({
  outcome: 'skipped',
  reason,
  queryId: null,
  pollsLeft: 0,
  from: null,
  to: null,
  leftOut: 0,
});

export const handler = toLambda(startHistoryQuery);
