import type { Trigger } from '../triggers.ts';

/** No finding starts the playbook: whether a target is safe again is for a person to say. */
export const triggers: readonly Trigger[] = [];
