import { inject } from 'vitest';

/** The worker's own moto, and the gateway that belongs to it. */
function ownMoto() {
  // From 1 to as many as there are; no two workers have one at the same time.
  const own = inject('motos')[Number(process.env.VITEST_POOL_ID) - 1];
  if (!own) throw new Error(`no moto was started for worker ${process.env.VITEST_POOL_ID}`);
  return own;
}

export const { moto: endpoint, gateway } = ownMoto();

/** How a client reaches moto, by a key that is asked for nothing: see `authorization.py`. */
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

/** Has moto check the signature and the policies of every call, by all other keys. */
export async function checkCallers(): Promise<void> {
  const { ok, status } = await fetch(`${endpoint}/moto-api/reset-auth`, {
    method: 'POST',
    body: '0',
  });
  if (!ok) throw new Error(`moto does not check callers: ${status}`);
}
