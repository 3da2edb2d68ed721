import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { CaseRecord } from './case-record.ts';
import { CaseTableInDynamoDb } from './case-table-dynamodb.ts';
import { patient } from './connection.ts';
import { type EvidenceAt, evidenceOnAws } from './evidence-on-aws.ts';
import type { Home } from './home.ts';
import type { Wiring } from './lambda.ts';
import { onFirstUse } from './on-first-use.ts';
import { Settings } from './settings.ts';
import { reaches } from './target-role.ts';
import { parseInput, UnusableInputError } from './unusable-input.ts';

const Environment = z.object({
  AWS_REGION: z.string().min(1, 'expected the Region the Lambda runs in'),
  CORDON_CASE_TABLE: z.string().min(3, 'expected the name of the case table'),
  CORDON_TOPIC_ARN: z.string().startsWith('arn:', 'expected the ARN of the notification topic'),
  /** Where Lambda unpacked the code, and the deployment's settings beside it. */
  LAMBDA_TASK_ROOT: z.string().optional(),
  CORDON_SETTINGS: z.string().optional(),
  CORDON_PLAYBOOKS: z.string().default('{}'),
  CORDON_EVIDENCE_BUCKET: z.string().optional(),
  CORDON_SIGNING_KEY: z
    .string()
    .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'expected the ARN of a KMS key')
    .optional(),
  CORDON_APPROVAL_PAGE: z.url('expected the URL of the approval page').optional(),
  CORDON_APPROVERS_TOPIC_ARN: z.string().startsWith('arn:').optional(),
});

type Parsed = z.infer<typeof Environment>;

/** Each playbook's state machine. Only `start-playbook` needs them. */
const Playbooks = z.record(
  z.string(),
  z.string().regex(/^arn:[\w-]+:states:[^:]+:\d{12}:stateMachine:[^:]+$/, {
    error: 'expected the ARN of a state machine',
  }),
);

/**
 * A step's wiring on AWS, from the Lambda's environment: `CORDON_CASE_TABLE`, `CORDON_TOPIC_ARN` and
 * `CORDON_PLAYBOOKS` (JSON), for a step that keeps or signs evidence `CORDON_EVIDENCE_BUCKET` and
 * `CORDON_SIGNING_KEY`, and from `settings.json` beside the code, which may be larger than an
 * environment; `CORDON_SETTINGS` (JSON) goes before it.
 *
 * In Cordon's own account a step acts by its Lambda's role. In any other that the deployment reaches
 * it assumes the target role, narrowed to its own declaration; elsewhere it is refused: to answer
 * for an account with the wrong account's resources would be worse than not to answer. What IAM
 * holds is in no Region: it is reached from Cordon's own.
 */
export function wiringFrom(
  { invokedFunctionArn }: Pick<Context, 'invokedFunctionArn'>,
  environment: NodeJS.ProcessEnv = process.env,
): Wiring {
  const parsed = parseInput(Environment, environment, 'environment');
  const { AWS_REGION, CORDON_CASE_TABLE: table, CORDON_TOPIC_ARN: topic } = parsed;
  const { CORDON_EVIDENCE_BUCKET: bucket, CORDON_SIGNING_KEY: signingKey } = parsed;
  const playbooks = fromJson(Playbooks, parsed.CORDON_PLAYBOOKS, 'CORDON_PLAYBOOKS');
  const settings = settingsFrom(parsed);
  const [, partition = '', , , account = ''] = invokedFunctionArn.split(':');
  const own = { account, region: AWS_REGION };
  const now = () => new Date();
  return {
    home: homeIn(
      AWS_REGION,
      {
        table,
        topic,
        playbooks,
        bucket,
        signingKey,
        page: parsed.CORDON_APPROVAL_PAGE,
        approvers: parsed.CORDON_APPROVERS_TOPIC_ARN,
      },
      now,
    ),
    settings,
    own,
    now,
    sleep: (milliseconds) => setTimeout(milliseconds),
    connection: async (target, mode, declared) => {
      const to = { region: target.region === 'global' ? AWS_REGION : target.region };
      if (target.account === account) return to;
      if (!reaches(settings, own, target.account)) {
        throw new UnusableInputError(
          `$.case.account: expected ${account}, Cordon's own, or one of its targets, not ${target.account}`,
        );
      }
      const { targetCredentials } = await import('./target-credentials.ts');
      const { caseId } = target;
      const session = { partition, account: target.account, mode, declared, caseId };
      return { ...to, credentials: targetCredentials(settings, session, AWS_REGION) };
    },
  };
}

function settingsFrom({ CORDON_SETTINGS: said, LAMBDA_TASK_ROOT: root }: Parsed): Settings {
  if (said !== undefined) return fromJson(Settings, said, 'CORDON_SETTINGS');
  if (root === undefined) {
    throw new UnusableInputError(
      'environment: expected CORDON_SETTINGS, or LAMBDA_TASK_ROOT with settings.json in it',
    );
  }
  return fromJson(
    Settings,
    readFileSync(new URL('settings.json', pathToFileURL(`${root}/`)), 'utf8'),
    'settings.json',
  );
}

function fromJson<Out>(schema: z.ZodType<Out>, json: string, variable: string): Out {
  try {
    return parseInput(schema, JSON.parse(json), variable);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UnusableInputError(`${variable}: expected JSON: ${error.message}`);
  }
}

interface HomeAt extends EvidenceAt {
  readonly table: string;
  readonly topic: string;
  readonly playbooks: z.infer<typeof Playbooks>;
  readonly page: string | undefined;
  readonly approvers: string | undefined;
}

/**
 * Only the table's client is loaded at once, for every step uses that; the others when a step first
 * asks for them, from modules of their own, since a bundle holds the whole of a package loaded so.
 */
function homeIn(region: string, at: HomeAt, now: () => Date): Home {
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(patient({ region })), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const notify = onFirstUse(async () => {
    const { notifierBySns } = await import('./notify-by-sns.ts');
    return notifierBySns(region, at);
  });
  const executions = onFirstUse(async () => {
    const { executionsOnAws } = await import('./executions-on-aws.ts');
    return executionsOnAws(region, at.playbooks);
  });
  return {
    cases: new CaseRecord(new CaseTableInDynamoDb(documents, at.table), now),
    notify: async (notification) => (await notify())(notification),
    isRunning: async (execution) => (await executions()).isRunning(execution),
    start: async (...asked) => (await executions()).start(...asked),
    answer: async (...answer) => (await executions()).answer(...answer),
    ...evidenceOnAws(region, at),
    unitsOf: async (account) => {
      const { unitsOf } = await import('./organizational-units.ts');
      return unitsOf(account);
    },
    newKey: () => randomBytes(32).toString('hex'),
    approvalPage: at.page,
  };
}
