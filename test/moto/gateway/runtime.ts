import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** What an execution environment is made for: a module of the asset, and what it exports. */
export interface RuntimeData {
  readonly module: string;
  readonly handler: string;
}

export interface Invoke {
  readonly event: unknown;
  readonly context: { readonly [member: string]: unknown };
}

/** What came of one invocation, as Lambda's Node runtime reports it. */
export type Answered =
  | { readonly payload: unknown }
  | { readonly failure: { errorType: string; errorMessage: string; trace: readonly string[] } };

/**
 * The runtime of one execution environment: a thread with the environment variables of its Lambda
 * and nothing of the test's, that imports the built handler once and answers one event at a time.
 */
async function serve(): Promise<void> {
  if (!parentPort) throw new Error('runtime.ts runs as a worker thread');
  const port = parentPort;
  // Whoever made the thread gave it this.
  const { module, handler: name } = workerData as RuntimeData;
  const { [name]: handler } = await import(pathToFileURL(module).href);
  port.on('message', async ({ event, context }: Invoke) => {
    port.postMessage(await answer(() => handler(event, context)));
  });
}

async function answer(run: () => unknown): Promise<Answered> {
  try {
    return { payload: JSON.parse(JSON.stringify((await run()) ?? null)) };
  } catch (thrown) {
    return { failure: asReported(thrown) };
  }
}

function asReported(thrown: unknown) {
  if (!(thrown instanceof Error)) {
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  }
  const { name, message, stack } = thrown;
  return { errorType: name, errorMessage: message, trace: stack?.split('\n') ?? [] };
}

await serve();
