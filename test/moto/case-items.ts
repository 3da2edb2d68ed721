import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Item } from '../../functions/shared/case-table.ts';
import { patient } from '../../functions/shared/connection.ts';
import { toMoto } from './moto.ts';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient(patient(toMoto)));

/** Every item of a table, read with nothing of Cordon's. */
export async function itemsOf(TableName: string): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const { Items = [] } of paginateScan({ client: documents }, { TableName })) {
    // The table's keys are strings.
    items.push(...(Items as Item[]));
  }
  return items;
}

/** The id of the case that an execution worked; undefined where it opened none. */
export function caseIdOf(items: readonly Item[], execution: string): string | undefined {
  const found = items.find((item) => item.sk === 'case' && item.execution === execution);
  return found?.pk.replace(/^case#/, '');
}

/** What a person finds in the case that an execution worked of what is left to do. */
export function missingIn(items: readonly Item[], execution: string): readonly string[] {
  const found = items.find((item) => item.sk === 'case' && item.execution === execution);
  return Summary.safeParse(found?.summary).data?.missing ?? [];
}
const Summary = z.looseObject({ missing: z.array(z.string()) });

/** What the table keeps of the case that an execution worked, ids and times apart. */
export function caseIn(items: readonly Item[], execution: string) {
  const found = items.find((item) => item.sk === 'case' && item.execution === execution);
  const its = items.filter(({ pk }) => found !== undefined && pk === found.pk);
  const told = (prefix: string, ...fields: readonly string[]) =>
    its
      .filter(({ sk }) => sk.startsWith(prefix))
      .map((item) => fields.map((field) => item[field]).join(' '))
      .sort();
  return {
    status: found?.status,
    mode: found?.mode,
    // What a broken Lambda would have written, its step has not.
    steps: [...new Set(told('step#', 'step', 'outcome'))].filter((step) => !/ failed$/.test(step)),
    // Of how many resources is for the account to say: moto leaves a group's targets registered.
    before: [...new Set(told('before#', 'step'))],
    evidence: told('evidence#', 'sk')
      // moto makes an instance's console output up.
      .filter((name) => !name.includes('console-output'))
      .map((name) => name.replace(uuid, 'uuid')),
  };
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
