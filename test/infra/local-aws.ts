import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Item } from '../../functions/shared/case-table.ts';

/** An execution as Step Functions tells of it: its history grows with each look. */
export interface Execution {
  readonly history: readonly (readonly object[])[];
  readonly described: object;
}

/** What there is in the AWS that a {@link LocalAws} plays. */
export interface World {
  /** Names of state machines, by Region. */
  readonly machines: Readonly<Record<string, readonly string[]>>;
  readonly execution?: Execution;
  readonly table?: { readonly name: string; readonly items: readonly Item[] };
  /** What a call is refused with, by its name. */
  readonly refused?: Readonly<Record<string, { name: string; message: string }>>;
}

interface Asked {
  readonly call: string;
  readonly region: string;
  // biome-ignore lint/suspicious/noExplicitAny: each operation knows what it is sent
  readonly body: any;
}

const account = '111122223333';

/** Answers on 127.0.0.1 as Step Functions, DynamoDB, CloudFormation and STS do on the wire. */
export class LocalAws {
  readonly calls: string[] = [];
  readonly started: Record<string, string>[] = [];
  readonly #server: Server;
  #looks = 0;

  constructor(world: World) {
    this.#server = createServer(async (request, response) => {
      const asked = await read(request);
      this.calls.push(asked.call);
      const refusal = world.refused?.[asked.call];
      const query = asked.call === 'GetCallerIdentity' || asked.call === 'DescribeStackResources';
      const content = query ? 'text/xml' : 'application/x-amz-json-1.0';
      response.writeHead(refusal ? 400 : 200, { 'content-type': content });
      response.end(refusal ? refusalOf(refusal, query) : this.#answer(world, asked));
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // A server that listens on a port has an address of this kind.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer({ machines, execution, table }: World, { call, region, body }: Asked): string {
    switch (call) {
      case 'ListStateMachines': {
        const stateMachines = (machines[region] ?? []).map((name) => ({
          name,
          stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:${name}`,
          type: 'STANDARD',
          creationDate: 1,
        }));
        return JSON.stringify({ stateMachines });
      }
      case 'StartExecution': {
        this.started.push(body);
        const arn = body.stateMachineArn.replace(':stateMachine:', ':execution:');
        return JSON.stringify({ executionArn: `${arn}:${body.name}`, startDate: 1 });
      }
      case 'GetExecutionHistory': {
        const looks = execution?.history ?? [];
        const events = looks.slice(0, ++this.#looks).flat();
        return JSON.stringify({ events });
      }
      case 'DescribeExecution':
        return JSON.stringify(execution?.described);
      case 'GetCallerIdentity':
        return `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
      case 'DescribeStackResources':
        return `<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources><member><ResourceType>AWS::DynamoDB::Table</ResourceType><PhysicalResourceId>${table?.name}</PhysicalResourceId></member></StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>`;
      case 'GetItem':
        return JSON.stringify({
          Item: rows(table, body, ({ pk, sk }) => pk === body.Key.pk.S && sk === body.Key.sk.S)[0],
        });
      case 'Query': {
        const { ':pk': pk, ':prefix': prefix } = body.ExpressionAttributeValues;
        const Items = rows(
          table,
          body,
          (item) => item.pk === pk.S && String(item.sk).startsWith(prefix?.S ?? ''),
        );
        return JSON.stringify({ Items, Count: Items.length });
      }
      default:
        throw new Error(`nobody answers ${call}`);
    }
  }
}

const rows = (
  table: World['table'],
  { TableName }: { TableName: string },
  is: (item: Item) => boolean,
) =>
  (table?.name === TableName ? table.items : [])
    .filter(is)
    .map((item) =>
      marshall(item, { removeUndefinedValues: true, convertClassInstanceToMap: true }),
    );

const refusalOf = ({ name, message }: { name: string; message: string }, query: boolean): string =>
  query
    ? `<ErrorResponse><Error><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`
    : JSON.stringify({ __type: name, message });

async function read(request: IncomingMessage): Promise<Asked> {
  let text = '';
  for await (const chunk of request) text += chunk;
  const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  const [, , region = ''] =
    /Credential=([^,]+)/.exec(String(request.headers.authorization))?.[1]?.split('/') ?? [];
  if (target) return { call: target, region, body: JSON.parse(text) };
  return { call: new URLSearchParams(text).get('Action') ?? '', region, body: {} };
}
