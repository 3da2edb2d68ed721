import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Answered, Invoke } from './runtime.ts';

/** A Lambda as it is deployed. */
export interface DeployedFunction {
  readonly arn: string;
  readonly name: string;
  /** The ARN of the role whose credentials are in its environment. */
  readonly role: string;
  /** The module in the unpacked asset, with its ending. */
  readonly module: string;
  readonly handler: string;
  readonly timeoutSeconds: number;
  /** All that its process finds in its environment, its role's credentials included. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Most that a Lambda may answer with: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const mostBytes = 6 * 1024 * 1024;

/**
 * The execution environments of one Lambda. As on AWS one is kept warm for the next event, and an
 * event that comes while all are at work gets a new one; one that timed out or ended is given up.
 */
export class ExecutionEnvironments {
  readonly #of: DeployedFunction;
  readonly #idle: Worker[] = [];

  constructor(of: DeployedFunction) {
    this.#of = of;
  }

  async invoke(event: unknown): Promise<Answered> {
    const worker = this.#idle.pop() ?? start(this.#of);
    const answered = await this.#ask(worker, event);
    if ('failure' in answered && isLost.has(answered.failure.errorType)) void worker.terminate();
    else this.#idle.push(worker);
    return answered;
  }

  async end(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }

  async #ask(worker: Worker, event: unknown): Promise<Answered> {
    const { arn, name, timeoutSeconds } = this.#of;
    const awsRequestId = randomUUID();
    const context = { awsRequestId, functionName: name, invokedFunctionArn: arn };
    const abort = new AbortController();
    const { signal } = abort;
    const timer = setTimeout(() => abort.abort(), timeoutSeconds * 1000);
    worker.ref();
    worker.postMessage({ event, context } satisfies Invoke);
    try {
      const answered = await Promise.race([
        once(worker, 'message', { signal }).then(([message]: Answered[]) => message),
        once(worker, 'exit', { signal }).then(() => undefined),
      ]);
      return answered ? withinLimit(answered) : lost(awsRequestId, 'Runtime.ExitError');
    } catch (thrown) {
      if (!signal.aborted) return lost(awsRequestId, 'Runtime.ImportModuleError', thrown);
      return lost(awsRequestId, 'Sandbox.Timedout', timeoutSeconds);
    } finally {
      clearTimeout(timer);
      abort.abort();
      worker.unref();
    }
  }
}

function start({ module, handler, environment }: DeployedFunction): Worker {
  const worker = new Worker(new URL('./runtime.ts', import.meta.url), {
    workerData: { module, handler },
    env: { ...environment },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // The steps' logs: read by nobody here, as long as they are not in the way.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  // `once` in #ask reports a thread that failed; one that fails while idle is reported by nobody.
  worker.on('error', () => {});
  return worker;
}

const isLost: ReadonlySet<string> = new Set([
  'Runtime.ExitError',
  'Runtime.ImportModuleError',
  'Sandbox.Timedout',
]);

function lost(id: string, errorType: string, about?: unknown): Answered {
  const why: Record<string, string> = {
    'Runtime.ExitError': 'Runtime exited without providing a reason',
    'Runtime.ImportModuleError': String(about),
    'Sandbox.Timedout': `Task timed out after ${Number(about).toFixed(2)} seconds`,
  };
  const errorMessage = `RequestId: ${id} Error: ${why[errorType]}`;
  return { failure: { errorType, errorMessage, trace: [] } };
}

function withinLimit(answered: Answered): Answered {
  if (!('payload' in answered)) return answered;
  const bytes = Buffer.byteLength(JSON.stringify(answered.payload));
  if (bytes <= mostBytes) return answered;
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${mostBytes} bytes).`;
  return { failure: { errorType, errorMessage, trace: [] } };
}
