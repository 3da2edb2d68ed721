import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { CaseRecord, CaseRef } from '../../functions/shared/case-record.ts';
import { CaseTableInDynamoDb } from '../../functions/shared/case-table-dynamodb.ts';
import { patient } from '../../functions/shared/connection.ts';
import type { Invocation } from './gateway/serve.ts';
import { answerTask } from './machines.ts';
import { toMoto } from './moto.ts';

const Asking = z.object({ case: CaseRef, input: z.object({ token: z.string() }) });
const documents = DynamoDBDocumentClient.from(new DynamoDBClient(patient(toMoto)));

/** Agrees, as a person at the command line, to what an invocation asks people for. */
export async function agreeTo({ event, answered }: Invocation, table: string): Promise<void> {
  const asking = Asking.safeParse(event).data;
  if (!asking || 'failure' in answered) return;
  const { approvals } = new CaseRecord(new CaseTableInDynamoDb(documents, table), () => new Date());
  const { planOf, caseId: own } = asking.case;
  const caseId = planOf ?? own;
  const { planHash = '' } = (await approvals.of(caseId)) ?? {};
  const by = 'rehearsed-approver';
  await approvals.answer(caseId, { by, how: 'command-line', said: 'approve', planHash });
  await answerTask(asking.input.token);
}
