import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { CaseTableInDynamoDb } from '../../functions/shared/case-table-dynamodb.ts';
import { patient } from '../../functions/shared/connection.ts';
import { describeCaseRecord } from '../functions/shared/case-record-contract.ts';
import { describeCaseTable } from '../functions/shared/case-table-contract.ts';
import { toMoto } from './moto.ts';

const dynamoDb = new DynamoDBClient(patient(toMoto));
const documents = DynamoDBDocumentClient.from(dynamoDb, {
  marshallOptions: { removeUndefinedValues: true },
});
let tables = 0;

async function newTable(): Promise<CaseTableInDynamoDb> {
  const TableName = `cases-${++tables}`;
  await dynamoDb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  return new CaseTableInDynamoDb(documents, TableName);
}

describeCaseTable('in DynamoDB', newTable);
describeCaseRecord('in DynamoDB', newTable);
