import { createHash } from 'node:crypto';
import type {
  HandlerExecutionContext,
  InitializeHandlerArguments,
  InitializeMiddleware,
} from '@smithy/types';
import * as z from 'zod';
import { namesStandIn } from './stand-in.ts';
import type { AwsCall, Reads, WriteGrant, Writes } from './step.ts';

/** Whether a run may change the target account. Absent means `dry-run`; no other word is valid. */
export const Mode = z.enum(['dry-run', 'live'], 'expected "dry-run" or "live"');
export type Mode = z.infer<typeof Mode>;

/** One AWS call a step made, or in a dry run would have made. */
export interface JournalEntry {
  readonly call: AwsCall;
  /** What was sent, but for secrets: see {@link redact}. */
  readonly input: object;
  /**
   * `sent` reached AWS; `withheld` is a write that a dry run kept back; `assumed` is a read of
   * something that only a withheld write would have made, answered by its own stand-in.
   */
  readonly disposition: 'sent' | 'withheld' | 'assumed';
  /** The error's name, when AWS refused the call. */
  error?: string;
  /** AWS's own name for the request, by which CloudTrail has it too; a rehearsal gives none. */
  requestId?: string;
}

/** An AWS SDK v3 client, as far as its middleware goes. */
export interface AwsClient {
  // biome-ignore lint/suspicious/noExplicitAny: each client types its middleware by its own inputs
  middlewareStack: { add: any };
  config: { maxAttempts: () => Promise<number>; region: () => Promise<string> };
}

/** Clients of one kind, such as one for each Region, each made when it is first asked for. */
export interface ClientsOnDemand {
  /** Has `change` done to every client before its first call. */
  whenMade(change: (client: AwsClient) => void): void;
}

/** AWS SDK v3 clients, by the names a step gives them. */
export type AwsClients = Readonly<Record<string, AwsClient | ClientsOnDemand>>;

/** Does `change` to every client before its first call: now, or when it is made. */
export function eachClient(clients: AwsClients, change: (client: AwsClient) => void): void {
  for (const client of Object.values(clients)) {
    if ('whenMade' in client) client.whenMade(change);
    else change(client);
  }
}

/** What a step has declared it may call. */
export interface Declared {
  readonly name: string;
  readonly reads: Reads;
  readonly writes: Writes;
}

export class UndeclaredCallError extends Error {
  override readonly name = 'UndeclaredCallError';
}

type Output = { output: object; response: unknown };
type Proceed = () => Promise<Output>;

/**
 * Answers a write that a dry run withholds.
 *
 * On AWS the grant's stand-in answers and nothing leaves the process. A replay lets the call go on
 * to a copy of its rehearsal account; `proceed` exists for that alone.
 */
export type Withhold = (grant: WriteGrant, input: object, proceed: Proceed) => Promise<Output>;

export const answerWithStandIn: Withhold = async (grant, input) => answer(grant.standIn(input));

/** Set on a call's context when a withheld write goes on to a copy of the rehearsal account. */
export const withheldMark = 'cordonWithheld';

/**
 * Adds every AWS call made through `clients` to `journal`, and in a dry run withholds the writes.
 *
 * It runs first in the SDK's own middleware stack, ahead of serialising, credentials and signing,
 * so steps need no dry-run branches and a withheld call touches nothing. It also refuses a call
 * that the step did not declare, and a `once` write from a client that would retry it.
 */
export function keepJournal(
  clients: AwsClients,
  declared: Declared,
  { mode, journal, withhold }: { mode: Mode; journal: JournalEntry[]; withhold: Withhold },
): void {
  eachClient(clients, ({ middlewareStack, config }) => {
    const middleware: InitializeMiddleware<object, object> =
      (next, context) => async (args: InitializeHandlerArguments<object>) => {
        const call = callOf(context);
        const read = declared.reads[call];
        const write = declared.writes[call];
        if (!read && !write) {
          throw new UndeclaredCallError(
            `${declared.name} made ${call}, which is in neither its reads nor its writes`,
          );
        }
        if (write?.once && (await config.maxAttempts()) !== 1) {
          throw new UndeclaredCallError(
            `${declared.name} sent ${call}, which must not be repeated, with a client that retries`,
          );
        }
        const note = (disposition: JournalEntry['disposition']): JournalEntry => {
          const entry: JournalEntry = { call, input: redact(args.input), disposition };
          journal.push(entry);
          return entry;
        };

        if (mode === 'dry-run' && write) {
          return noting(note('withheld'), () =>
            withhold(write, args.input, () => {
              context[withheldMark] = true;
              return next(args);
            }),
          );
        }
        if (namesStandIn(args.input)) {
          if (mode === 'dry-run' && read?.standIn) {
            note('assumed');
            return answer(read.standIn(args.input));
          }
          throw new Error(`${call} names something that a dry run made up, and has no stand-in`);
        }
        return noting(note('sent'), () => next(args));
      };
    middlewareStack.add(middleware, { name: 'journal', step: 'initialize', priority: 'high' });
  });
}

async function noting<T>(entry: JournalEntry, send: () => Promise<T>): Promise<T> {
  try {
    const answered = await send();
    noteRequest(entry, answered);
    return answered;
  } catch (error) {
    entry.error = error instanceof Error ? error.name : 'unknown';
    noteRequest(entry, { output: error });
    throw error;
  }
}

/** What the SDK says of an answer, and of an error that AWS answered with. */
const Answered = z.object({ output: z.object({ $metadata: z.object({ requestId: z.string() }) }) });

function noteRequest(entry: JournalEntry, answered: unknown): void {
  const { data } = Answered.safeParse(answered);
  if (data) entry.requestId = data.output.$metadata.requestId;
}

const answer = (output: object): Output => ({
  output: { $metadata: {}, ...output },
  response: undefined,
});

/** IAM's service prefix where it is not the client's name in lower case. */
const prefixes: Readonly<Record<string, string>> = {
  sfn: 'states',
  cloudwatchlogs: 'logs',
  configservice: 'config',
  elasticloadbalancingv2: 'elasticloadbalancing',
};

/** The call in IAM's spelling, such as `ec2:DescribeInstances`. */
export function callOf({ clientName = '', commandName = '' }: HandlerExecutionContext): AwsCall {
  const service = clientName.replace(/Client$/, '').toLowerCase();
  return `${prefixes[service] ?? service}:${commandName.replace(/Command$/, '')}`;
}

const presigned = /(https?:\/\/[^\s"'?]+)\?[^\s"']*X-Amz-Signature=[^\s"']*/g;

/** Members of any service's input that hold what lets someone in; tokens of idempotence do not. */
const secret = /^(?:Secret(?:String|Binary|AccessKey)|SessionToken|\w*Password)$/i;

/**
 * A copy of a call's input that is safe to keep. What a member by its name holds as a secret is
 * replaced, at any depth; a policy document is named by its length and hash, by which it can be told
 * from another; and the query of a presigned URL, which lets anyone fetch what it names, is cut away.
 */
export function redact(input: object): object {
  const kept = JSON.stringify(input, (member, value: unknown) => {
    if (secret.test(member) && typeof value !== 'boolean') return '[redacted]';
    return isPolicy(member, value) ? policyInShort(value) : value;
  });
  return JSON.parse(kept.replaceAll(presigned, '$1?[redacted]')) as object;
}

const isPolicy = (member: string, value: unknown): value is string =>
  /Policy(?:Document)?$/.test(member) && typeof value === 'string' && /^\s*(?:\{|%7B)/i.test(value);

function policyInShort(document: string): string {
  const hash = createHash('sha256').update(document).digest('hex').slice(0, 12);
  return `[policy, ${document.length} characters, sha256 ${hash}…]`;
}
