import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  type GetQueryResultsCommandOutput,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { keepEvidence } from '../shared/evidence.ts';
import { toLambda } from '../shared/lambda.ts';
import { plainText } from '../shared/plain-text.ts';
import { defineStep, type StepContext } from '../shared/step.ts';

const input = z.strictObject({
  queryId: z.string().regex(/^[\w-]{1,256}$/, 'expected the id of a query'),
  pollsLeft: z.int().min(0),
});

const output = z.object({
  outcome: z.enum(['in-progress', 'kept', 'failed', 'time-box-over']),
  /** CloudWatch Logs' own word for where the query is; null when its answer was kept. */
  reason: z.string().nullable(),
  queryId: z.string(),
  pollsLeft: z.int().min(0),
  /** The name under which the case keeps the rows, one line each. */
  evidence: z.string().nullable(),
  rows: z.int().min(0),
  /** What the query is charged by. */
  bytesScanned: z.number().min(0),
});
type Checked = z.infer<typeof output>;

/**
 * Looks whether the query of the API history has ended, and keeps its rows in the case.
 *
 * It changes nothing, and does not stop a query that takes longer than is waited for. The rows never
 * go through the workflow, only the name they are kept under; their words are partly an intruder's
 * own and are kept as plain text.
 */
export const checkHistoryQuery = defineStep({
  name: 'check-history-query',
  // The trail's log group is Cordon's to read, wherever the target is.
  actsIn: 'own-account',
  input,
  output,
  reads: {
    // Supports no resource: service authorization reference of CloudWatch Logs.
    'logs:GetQueryResults': {
      on: '*',
      standIn: () => ({ status: 'Complete', results: [], statistics: { bytesScanned: 0 } }),
    },
  },
  writes: {},
  uses: ['evidence'],
  connect: (to) => ({ logs: new CloudWatchLogsClient(patient(to)) }),

  async run({ queryId, pollsLeft }, { logs }, context): Promise<Checked> {
    const answer = await resultsOf(logs, queryId);
    const status = answer?.status ?? 'Unknown';
    const left = Math.max(0, pollsLeft - 1);
    const nothing = { queryId, pollsLeft: left, evidence: null, rows: 0, bytesScanned: 0 };
    if (!answer) return { ...nothing, outcome: 'failed', reason: 'QueryNotFound' };
    if (status === 'Complete') return { ...nothing, ...(await keep(answer, queryId, context)) };
    if (ended.has(status)) return { ...nothing, outcome: 'failed', reason: status };
    return { ...nothing, outcome: left === 0 ? 'time-box-over' : 'in-progress', reason: status };
  },
});

const ended: ReadonlySet<string> = new Set(['Failed', 'Cancelled', 'Timeout']);

/** The answer, all pages of it, or undefined when CloudWatch Logs knows no such query any more. */
async function resultsOf(logs: CloudWatchLogsClient, queryId: string) {
  try {
    const first = await logs.send(new GetQueryResultsCommand({ queryId }));
    const results = [...(first.results ?? [])];
    let { nextToken } = first;
    while (nextToken) {
      const page = await logs.send(new GetQueryResultsCommand({ queryId, nextToken }));
      results.push(...(page.results ?? []));
      nextToken = page.nextToken;
    }
    return { ...first, results };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function keep(
  { results = [], statistics }: GetQueryResultsCommandOutput,
  queryId: string,
  context: StepContext,
) {
  const lines = results.map((row) =>
    JSON.stringify(
      Object.fromEntries(
        row.flatMap(({ field = '', value = '' }) =>
          // A pointer to the whole record, which only its reader's permissions open.
          field === '@ptr' ? [] : [[plainText(field, 64), plainText(value, 256)]],
        ),
      ),
    ),
  );
  const evidence = `history-${queryId}`;
  await keepEvidence(context, {
    kind: 'api-history',
    name: evidence,
    body: lines.join('\n'),
    type: 'json-lines',
    source: `logs:GetQueryResults ${queryId}`,
  });
  const bytesScanned = statistics?.bytesScanned ?? 0;
  return { outcome: 'kept', reason: null, evidence, rows: lines.length, bytesScanned } as const;
}

export const handler = toLambda(checkHistoryQuery);
