import * as z from 'zod';
import { Mode } from './journal.ts';

/** Evidence first is the documented order; containment first isolates before anything else. */
export const Priority = z.enum(
  ['evidence-first', 'containment-first'],
  'expected "evidence-first" or "containment-first"',
);
export type Priority = z.infer<typeof Priority>;

/** Whether memory is to be captured, where a tool and an agent are there to do it. */
export const Memory = z.enum(['capture', 'skip'], 'expected "capture" or "skip"');
export type Memory = z.infer<typeof Memory>;

/** What can be said beside any finding or target: how to go about it. */
export const Words = {
  mode: Mode.default('dry-run'),
  priority: Priority.default('evidence-first'),
  memory: Memory.default('capture'),
  /** `required`: a live run waits until a person has agreed to what it would do. */
  approval: z.enum(['required', 'none'], 'expected "required" or "none"').default('none'),
  reason: z.string().trim().min(1).max(1000).optional(),
};
