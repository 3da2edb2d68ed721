import { setTimeout } from 'node:timers/promises';
import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { CaseTable, Change, Condition, Item, Key, Refused } from './case-table.ts';

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Longest waits before each further attempt at a set that conflicted; about two seconds in all. */
const backOffMs = [25, 50, 100, 200, 400, 400, 400, 400];

/**
 * The table of cases in DynamoDB: partition key `pk`, sort key `sk`, both strings.
 *
 * Reads are consistent. A set of changes is one TransactWriteItems, which DynamoDB cancels whole
 * when a condition fails and then says which, with the item it found. It also cancels one that meets
 * another on the same item, a mere check included, and steps that run side by side all check their
 * case's lock. The SDK does not send those again, so this does; a conflict that lasts is let out.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
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
    for (let attempt = 0; ; attempt++) {
      try {
        // A new command each time, since the SDK gives each its own idempotency token.
        await this.#client.send(new TransactWriteCommand({ TransactItems }));
        return 'written';
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const reasons = error.CancellationReasons ?? [];
        if (reasons.every(({ Code = '' }) => conditional.has(Code))) return refusedFor(reasons);
        const longest = backOffMs[attempt];
        if (!longest || !reasons.every(({ Code = '' }) => passing.has(Code))) throw error;
        await setTimeout(Math.random() * longest);
      }
    }
  }

  /**
   * Sent as if all numbers were as far as `from`, which costs those who come at once no conflict. If
   * they are not, it is sent with their values from the item that DynamoDB found in place.
   */
  async advance(
    key: Key,
    fields: readonly string[],
    step: { by: number; from: number },
    count?: string,
  ): Promise<Item> {
    let found: Item | undefined;
    for (let attempt = 0; ; attempt++) {
      const update = attempt % 2 === 0 ? onwards(fields, step) : anew(fields, step, found);
      try {
        return await this.#update(key, update, count);
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException) || attempt === 9) throw error;
        // As in `refusedFor`.
        found = error.Item && (unmarshall(error.Item) as Item);
      }
    }
  }

  async #update({ pk, sk }: Key, { set, onlyIf, names, values }: Update, count?: string) {
    const { Attributes } = await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { pk, sk },
        UpdateExpression: count ? `${set} ADD #count :one` : set,
        ConditionExpression: onlyIf,
        ExpressionAttributeNames: { ...names, ...(count && { '#count': count }) },
        ExpressionAttributeValues: { ...values, ...(count && { ':one': 1 }) },
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    // As in `get`; an update that was made returns its item.
    return Attributes as Item;
  }

  #itemOf(change: Change): TransactItem {
    const common = { TableName: this.#table, ...expressionOf(change.onlyIf) };
    if ('put' in change) return { Put: { ...common, Item: change.put } };
    const { pk, sk } = 'remove' in change ? change.remove : change.check;
    if ('remove' in change) return { Delete: { ...common, Key: { pk, sk } } };
    return { ConditionCheck: { ConditionExpression: '', ...common, Key: { pk, sk } } };
  }
}

interface Update {
  readonly set: string;
  readonly onlyIf: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

const namesOf = (fields: readonly string[]) =>
  Object.fromEntries(fields.map((field, i) => [`#f${i}`, field]));

/** From where the numbers are, if the first, and so each, is not below `from`. */
const onwards = (
  fields: readonly string[],
  { by, from }: { by: number; from: number },
): Update => ({
  set: `SET ${fields.map((_, i) => `#f${i} = #f${i} + :by`).join(', ')}`,
  onlyIf: '#f0 >= :from',
  names: namesOf(fields),
  values: { ':by': by, ':from': from },
});

/** From `from` or where the numbers were found, if they are still there. */
function anew(
  fields: readonly string[],
  { by, from }: { by: number; from: number },
  found: Item | undefined,
): Update {
  const was = fields.map((field) => found?.[field]).map((n) => (n === undefined ? n : Number(n)));
  const still = was.map((n, i) =>
    n === undefined ? `attribute_not_exists(#f${i})` : `#f${i} = :was${i}`,
  );
  return {
    set: `SET ${fields.map((_, i) => `#f${i} = :to${i}`).join(', ')}`,
    onlyIf: still.join(' AND '),
    names: namesOf(fields),
    values: Object.fromEntries(
      was.flatMap((n, i) => [
        [`:to${i}`, Math.max(n ?? from, from) + by],
        ...(n === undefined ? [] : [[`:was${i}`, n]]),
      ]),
    ),
  };
}

const conditional = new Set(['None', 'ConditionalCheckFailed']);
/** Beside another cause, a condition may have failed or held only for the moment: all is asked again. */
const passing = new Set([...conditional, 'TransactionConflict', 'ThrottlingError']);

function refusedFor(reasons: readonly CancellationReason[]): Refused {
  const found: Record<number, Item | null> = {};
  for (const [position, { Code, Item: item }] of reasons.entries()) {
    if (Code !== 'ConditionalCheckFailed') continue;
    // As in `get`; where there was no item, DynamoDB gives none back.
    found[position] = item ? (unmarshall(item) as Item) : null;
  }
  return { found };
}

function expressionOf(condition: Condition | undefined) {
  if (!condition) return {};
  const found = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  if ('absent' in condition) {
    return { ...found, ConditionExpression: 'attribute_not_exists(pk)' };
  }
  if ('absentOr' in condition) {
    const { field, atMost } = condition.absentOr;
    return {
      ...found,
      ConditionExpression: 'attribute_not_exists(pk) OR #f0 <= :v0',
      ExpressionAttributeNames: { '#f0': field },
      ExpressionAttributeValues: { ':v0': atMost },
    };
  }
  const fields = Object.entries(condition.equals);
  return {
    ...found,
    ConditionExpression: fields.map((_, i) => `#f${i} = :v${i}`).join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(fields.map(([field], i) => [`#f${i}`, field])),
    ExpressionAttributeValues: Object.fromEntries(fields.map(([, value], i) => [`:v${i}`, value])),
  };
}
