import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { CaseTable, Change, Condition, Item, Key, Refused } from './case-table.ts';

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * The table of cases in DynamoDB: partition key `pk`, sort key `sk`, both strings.
 *
 * Reads are consistent. A set of changes is one TransactWriteItems, which DynamoDB cancels whole
 * when a condition fails and then says which, with the item it found. Two transactions on one item
 * at once cancel each other (`TransactionConflict`); the SDK retries that by itself only sometimes,
 * so it is let out and the workflow's own retry answers it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export class CaseTableInDynamoDb implements CaseTable {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async get(key: Key): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetCommand({
        TableName: this.#table,
        Key: { pk: key.pk, sk: key.sk },
        ConsistentRead: true,
      }),
    );
    // Only `write` puts items, and it puts nothing but Items.
    return item as Item | undefined;
  }

  async query(pk: string, prefix = ''): Promise<readonly Item[]> {
    const items: Item[] = [];
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: prefix ? 'pk = :pk AND begins_with(sk, :prefix)' : 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk, ...(prefix && { ':prefix': prefix }) },
      },
    );
    for await (const { Items = [] } of pages) items.push(...(Items as Item[]));
    return items;
  }

  async write(changes: readonly Change[]): Promise<'written' | Refused> {
    const TransactItems = changes.map((change) => this.#itemOf(change));
    try {
      await this.#client.send(new TransactWriteCommand({ TransactItems }));
      return 'written';
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = error.CancellationReasons ?? [];
      const failed = reasons.flatMap(({ Code }, i) =>
        Code === 'ConditionalCheckFailed' ? [i] : [],
      );
      // Cancelled for another cause, such as a conflict: nothing is known of the conditions.
      if (reasons.some(({ Code }) => Code !== 'None' && Code !== 'ConditionalCheckFailed'))
        throw error;
      const found = failed.map((i) => {
        const item = reasons[i]?.Item;
        return [i, item && Object.keys(item).length > 0 ? unmarshall(item) : null] as const;
      });
      return { found: Object.fromEntries(found) as Refused['found'] };
    }
  }

  #itemOf(change: Change): TransactItem {
    const common = { TableName: this.#table, ...expressionOf(change.onlyIf) };
    if ('put' in change) return { Put: { ...common, Item: change.put } };
    const { pk, sk } = 'remove' in change ? change.remove : change.check;
    if ('remove' in change) return { Delete: { ...common, Key: { pk, sk } } };
    return { ConditionCheck: { ConditionExpression: '', ...common, Key: { pk, sk } } };
  }
}

function expressionOf(condition: Condition | undefined) {
  if (!condition) return {};
  const found = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  if ('absent' in condition) {
    return { ...found, ConditionExpression: 'attribute_not_exists(pk)' };
  }
  const fields = Object.entries(condition.equals);
  return {
    ...found,
    ConditionExpression: fields.map((_, i) => `#f${i} = :v${i}`).join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(fields.map(([field], i) => [`#f${i}`, field])),
    ExpressionAttributeValues: Object.fromEntries(fields.map(([, value], i) => [`:v${i}`, value])),
  };
}
