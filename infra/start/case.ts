import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { CaseRecord, type WholeCase } from '../../functions/shared/case-record.ts';
import { CaseTableInDynamoDb } from '../../functions/shared/case-table-dynamodb.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import { findTable, type To } from './deployment.ts';
import { refusal } from './refusal.ts';

/** What is known of an execution's case: the record, or why it could not be read. */
export type CaseRead =
  | { readonly record: WholeCase }
  | { readonly caseId: CaseId | null; readonly unread: string };

/** What the first step of every playbook hands on. */
const Opening = z.looseObject({
  outcome: z.string(),
  reason: z.string().nullish(),
  /** Why a run that was to be live is a dry run. */
  forced: z.string().nullish(),
  ref: z.looseObject({ caseId: CaseId }).nullish(),
  other: CaseId.nullish(),
});
const Output = z.looseObject({ case: Opening.optional(), plan: Opening.optional() });

/** What the first step made of the input; undefined where an execution failed, and so has no output. */
export function openingIn(output: unknown): z.infer<typeof Opening> | undefined {
  const { data } = Output.safeParse(output);
  return data?.case ?? data?.plan;
}

/** The case that an execution opened or joined, by its output; null where it says none. */
function caseIn(output: unknown): CaseId | null {
  const opening = openingIn(output);
  return opening?.ref?.caseId ?? opening?.other ?? null;
}

/**
 * Reads an execution's case from the case table. A failed execution has no output, so the table is
 * asked which case it opened.
 *
 * Who may start a playbook may not be let read cases: that is said, and is no failure.
 */
export async function readCase(
  to: To,
  { stage, execution, output }: { stage: string; execution: string; output: unknown },
): Promise<CaseRead> {
  const said = caseIn(output);
  const unread = (why: string): CaseRead => ({ caseId: said, unread: why });
  try {
    const table = await findTable(to, stage);
    if (!table) return unread(`the stack cordon-${stage}-responder has no case table`);
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(to));
    const cases = new CaseRecord(new CaseTableInDynamoDb(client, table), () => new Date());
    const held = said ? undefined : await cases.heldBy(execution);
    const caseId = said ?? (held && ('ref' in held ? held.ref.caseId : held.caseId));
    if (!caseId) return unread('the execution opened no case');
    const record = await cases.whole(caseId);
    return record ? { record } : unread(`the case table has no ${caseId}`);
  } catch (error) {
    // The execution has ended whatever stands in the way here: what came of it is to be told.
    const why = refusal(error, to) ?? (error instanceof Error ? error.message : undefined);
    if (!why) throw error;
    return unread(why);
  }
}
