import { Readable } from 'node:stream';
import {
  type CancellationReason,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { describe, expect, it } from 'vitest';
import { CaseTableInDynamoDb } from '../../../functions/shared/case-table-dynamodb.ts';
import { once } from '../../../functions/shared/connection.ts';

const credentials = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test' };

/** A table on a wire that cancels the first transactions it is sent, each for the reasons given. */
function tableThatCancels(...cancellations: (CancellationReason[] | Error)[]) {
  const sent: { ClientRequestToken: string }[] = [];
  const requestHandler = {
    handle: async ({ body }: HttpRequest) => {
      sent.push(JSON.parse(new TextDecoder().decode(body)));
      const next = cancellations.shift();
      if (next instanceof Error) throw next;
      return { response: next ? answer(400, cancelled(next)) : answer(200, {}) };
    },
  };
  const client = new DynamoDBClient({
    ...once({ region: 'eu-west-1', credentials }),
    requestHandler,
  });
  return { sent, table: new CaseTableInDynamoDb(DynamoDBDocumentClient.from(client), 'cases') };
}

const answer = (statusCode: number, body: object) =>
  new HttpResponse({
    statusCode,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: Readable.from([Buffer.from(JSON.stringify(body))]),
  });

const cancelled = (CancellationReasons: CancellationReason[]) => ({
  __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
  Message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
  CancellationReasons,
});

const lock = { pk: 'lock', sk: 'lock' };
const changes = [
  { check: lock, onlyIf: { equals: { holder: 'mine' } } },
  { put: { pk: 'case', sk: 'before' }, onlyIf: { absent: true } },
] as const;

const none = { Code: 'None' };
const conflict = { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' };
const failed = { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' };

// What moto cannot show: it never runs two transactions at once.
describe('a transaction that DynamoDB cancels', () => {
  it('is sent again, as a new one, when another was on the same item', async () => {
    const { table, sent } = tableThatCancels([conflict, none], [conflict, none]);
    expect(await table.write(changes)).toBe('written');
    expect(new Set(sent.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(3);
  });

  it('is sent again when it was throttled', async () => {
    const { table, sent } = tableThatCancels([none, { Code: 'ThrottlingError' }]);
    expect(await table.write(changes)).toBe('written');
    expect(sent).toHaveLength(2);
  });

  it('is asked about afresh when a condition failed beside a conflict', async () => {
    const { table } = tableThatCancels([failed, conflict], [none, failed]);
    expect(await table.write(changes)).toEqual({ found: { 1: null } });
  });

  it('is refused with what was found when conditions alone failed', async () => {
    const Item = {
      pk: { S: 'lock' },
      sk: { S: 'lock' },
      holder: { S: 'other' },
      findings: { N: '2' },
    };
    const { table, sent } = tableThatCancels([{ ...failed, Item }, failed]);
    expect(await table.write(changes)).toEqual({
      found: { 0: { ...lock, holder: 'other', findings: 2 }, 1: null },
    });
    expect(sent).toHaveLength(1);
  });

  it('fails when the conflict lasts', async () => {
    const { table, sent } = tableThatCancels(...Array(20).fill([conflict, none]));
    await expect(table.write(changes)).rejects.toThrow(TransactionCanceledException);
    expect(sent).toHaveLength(9);
  });

  it('fails at once for a cause that no wait cures', async () => {
    const { table, sent } = tableThatCancels([none, { Code: 'ItemCollectionSizeLimitExceeded' }]);
    await expect(table.write(changes)).rejects.toThrow(TransactionCanceledException);
    expect(sent).toHaveLength(1);
  });

  it('lets every other failure out as it is', async () => {
    const { table } = tableThatCancels(new TypeError('no network'));
    await expect(table.write(changes)).rejects.toThrow('no network');
  });
});
