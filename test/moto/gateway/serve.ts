import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type DeployedFunction, ExecutionEnvironments } from './execution-environments.ts';
import type { Answered } from './runtime.ts';

/**
 * Stands where moto's interpreter looks for AWS, `localhost:$MOTO_PORT`: answers what invokes a
 * Lambda with the built handlers, and hands all else on to moto.
 *
 * A program of its own, so that a handler sees nothing of the tests. It says its port on standard
 * output and ends with its standard input.
 *
 * Tests tell it by `PUT /gateway/…` where moto is, which Lambdas are deployed, and which are to
 * fail. A Lambda fails under a qualifier, so that one state of a workflow can fail alone.
 */
interface Known {
  moto: string;
  functions: ReadonlyMap<string, ExecutionEnvironments>;
  faults: ReadonlyMap<string, Failure>;
}
type Failure = Extract<Answered, { failure: unknown }>['failure'];

/** One invocation, as it was answered. */
export interface Invocation {
  /** The Lambda's name and, where one was asked for, its qualifier. */
  readonly target: string;
  readonly event: unknown;
  readonly answered: Answered;
}

const known: Known = { moto: '', functions: new Map(), faults: new Map() };
const invocations: Invocation[] = [];

const controls: Record<string, (body: never) => unknown> = {
  'PUT moto': (url: string) => {
    known.moto = url;
  },
  'PUT functions': async (functions: readonly DeployedFunction[]) => {
    for (const environments of known.functions.values()) await environments.end();
    known.functions = new Map(
      functions.map((each) => [each.name, new ExecutionEnvironments(each)]),
    );
  },
  'PUT faults': (faults: Readonly<Record<string, Failure>>) => {
    known.faults = new Map(Object.entries(faults));
  },
  'POST invocations': () => invocations.splice(0),
};

const server = createServer(async (incoming, response) => {
  const { method, url = '/' } = incoming;
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const control = controls[`${method} ${pathname.replace(/^\/gateway\//, '')}`];
  const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname)?.[1];
  try {
    if (pathname.startsWith('/gateway/') && control) {
      // Each control knows what its body is; only this project's tests send one.
      const said = await control((await json(incoming)) as never);
      reply(response, 200, said ?? null);
    } else if (method === 'POST' && invoked) {
      const { name, qualifier } = nameOf(decodeURIComponent(invoked));
      const asked = searchParams.get('Qualifier') ?? qualifier;
      await invoke(incoming, response, { name, ...(asked && { qualifier: asked }) });
    } else {
      handOn(incoming, response);
    }
  } catch (error) {
    reply(response, 500, { message: String(error) });
  }
});

/** From an ARN, a partial one, or the name alone. */
function nameOf(named: string): { name: string; qualifier?: string } {
  const parts = named.split(':');
  const at = parts.indexOf('function');
  const [name = '', qualifier] = parts.slice(at + 1);
  return { name, ...(qualifier && { qualifier }) };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
async function invoke(
  incoming: IncomingMessage,
  response: ServerResponse,
  { name, qualifier }: { name: string; qualifier?: string },
): Promise<void> {
  const target = qualifier ? `${name}:${qualifier}` : name;
  const event = await json(incoming);
  const failure = known.faults.get(target);
  const environments = known.functions.get(name);
  if (!environments || (qualifier && !failure)) {
    const message = `Function not found: ${target}`;
    response.setHeader('x-amzn-errortype', 'ResourceNotFoundException');
    return reply(response, 404, { Type: 'User', Message: message });
  }
  const answered = failure ? { failure } : await environments.invoke(event);
  invocations.push({ target, event, answered });
  response.setHeader('x-amz-executed-version', '$LATEST');
  if ('payload' in answered) return reply(response, 200, answered.payload);
  response.setHeader('x-amz-function-error', 'Unhandled');
  reply(response, 200, answered.failure);
}

function handOn(incoming: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url } = incoming;
  const onward = request(`${known.moto}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', (error) => reply(response, 502, { message: error.message }));
  incoming.pipe(onward);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

server.listen(0, '127.0.0.1', () => {
  // A TCP server's address is no string.
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
