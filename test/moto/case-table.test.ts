import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { CaseTableInDynamoDb } from '../../functions/shared/case-table-dynamodb.ts';
import { patient } from '../../functions/shared/connection.ts';
import { describeCaseRecord } from '../functions/shared/case-record-contract.ts';
import { describeCaseTable } from '../functions/shared/case-table-contract.ts';
import { createCaseTable } from './case-table-in-moto.ts';
import { toMoto } from './moto.ts';

const dynamoDb = new DynamoDBClient(patient(toMoto));
const documents = DynamoDBDocumentClient.from(dynamoDb, {
  marshallOptions: { removeUndefinedValues: true },
});
let tables = 0;

async function newTable(): Promise<CaseTableInDynamoDb> {
  const name = `cases-${++tables}`;
  await createCaseTable(dynamoDb, name);
  return new CaseTableInDynamoDb(documents, name);
}

describeCaseTable('in DynamoDB', newTable);
describeCaseRecord('in DynamoDB', newTable);
