import type { Trigger } from '../triggers.ts';

/**
 * No finding starts the playbook: replacing a key comes last, once the case on it is closed, and by a
 * person who knows which application signs with it.
 */
export const triggers: readonly Trigger[] = [];
