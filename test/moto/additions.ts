import type { Event } from '@aws-sdk/client-cloudtrail';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import { toMoto } from './moto.ts';

/** Tells `additions.py`, which answers for what moto lacks. */
async function tell(what: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${toMoto.endpoint}/additions${what}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`additions${what}: ${answer.status}`);
  return answer.json();
}

/** The SSM agents there are. */
export const putAgents = (agents: readonly InstanceInformation[]) => tell('', { agents });

/** CloudTrail's event history, of every Region. */
export const putEventHistory = (events: readonly Event[]) =>
  tell('', {
    events: events.map((event) => ({ ...event, EventTime: Number(event.EventTime) / 1000 })),
  });

/** Empties some services of moto, in every account and Region, and leaves the others as they are. */
export const forget = (...services: readonly string[]) => tell('/forget', services);

/** Takes every item out of the tables of DynamoDB, of which moto copies all in each transaction. */
export const emptyTables = () => tell('/empty-tables', null);

/** Those of some types of CloudFormation's that moto has no word for. */
export const typesUnknown = async (types: readonly string[]) =>
  (await tell('/unknown-types', [...new Set(types)])) as readonly string[];

/** Those of some calls that moto answers of its own. */
export const implemented = async (calls: readonly string[]) =>
  (await tell('/implemented', calls)) as readonly string[];
