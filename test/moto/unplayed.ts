import { operations } from '../../replay/account/operations.ts';
import { implemented } from './additions.ts';
import { played } from './differences.ts';

/** The operations of some services that the rehearsal account and moto both have, and no scene played. */
export async function unplayed(...services: readonly string[]): Promise<readonly string[]> {
  const both = await implemented(Object.keys(operations));
  return both.filter((call) => services.includes(call.split(':')[0] ?? '') && !played.has(call));
}
