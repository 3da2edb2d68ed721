import { inject } from 'vitest';

const endpoint = inject('moto');

/** How a client reaches moto. Any key is one of `start-moto.ts`'s account until moto is told to check. */
export const toMoto = {
  region: 'eu-west-1',
  endpoint,
  credentials: { accessKeyId: 'AKIAMOTOMOTOMOTOMOTO', secretAccessKey: 'moto' },
} as const;

/** Empties every account and Region of moto. */
export async function emptyMoto(): Promise<void> {
  const { ok, status } = await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
  if (!ok) throw new Error(`moto did not reset: ${status}`);
}
