import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Approvals } from '../shared/approvals.ts';
import { CaseTableInDynamoDb } from '../shared/case-table-dynamodb.ts';
import { patient } from '../shared/connection.ts';
import { answerTask } from '../shared/executions-on-aws.ts';
import { parseInput } from '../shared/unusable-input.ts';
import { type Door, type PageAnswer, showOrDecide } from './show-or-decide.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads */
const Event = z.looseObject({
  rawQueryString: z.string().default(''),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.looseObject({ http: z.looseObject({ method: z.string() }) }),
});

const Environment = z.object({
  AWS_REGION: z.string().min(1),
  CORDON_CASE_TABLE: z.string().min(3, 'expected the name of the case table'),
});

/** A form of one link and one word is far smaller. */
const mostBody = 8_192;

/** One request of a browser, as a function URL hands it on, answered. */
export async function answerRequest(event: unknown, door: Door): Promise<PageAnswer> {
  const { requestContext, rawQueryString, body = '', isBase64Encoded } = Event.parse(event);
  const { method } = requestContext.http;
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
  const form = new URLSearchParams(method === 'POST' ? text.slice(0, mostBody) : '');
  const query = new URLSearchParams(rawQueryString);
  const link = (method === 'POST' ? form.get('link') : query.get('link')) ?? '';
  return showOrDecide({ method, link, decision: form.get('decision') }, door);
}

/** The page behind its function URL. It needs no login: each link is one person's, and signed. */
export const handler = (event: unknown): Promise<PageAnswer> =>
  answerRequest(event, doorFrom(process.env));

function doorFrom(environment: NodeJS.ProcessEnv): Door {
  const { AWS_REGION: region, CORDON_CASE_TABLE: table } = parseInput(
    Environment,
    environment,
    'environment',
  );
  const to = patient({ region });
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(to), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const sfn = new SFNClient(to);
  const now = () => new Date();
  return {
    approvals: new Approvals(new CaseTableInDynamoDb(documents, table), now),
    answer: (token, output) => answerTask(sfn, token, output),
    now,
  };
}
