import * as z from 'zod';
import { Region } from '../../functions/shared/ids.ts';

const name = z.string().min(1);

/** The section of the account's state that is CloudWatch Logs'. */
export const Logs = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[\w./#-]{1,512}$/, 'expected a name CloudWatch Logs would take'),
        /** Left out, the account's. */
        region: Region.optional(),
        storedBytes: z.int().min(0).default(0),
        retentionInDays: z.int().min(1).optional(),
        createDate: z.iso.datetime().default('2026-01-01T00:00:00.000Z'),
      }),
    )
    .default([]),
  /** How a query of a group goes on, by the group's name: running for `polls` looks, then `status`. */
  queries: z
    .record(
      name,
      z.strictObject({
        polls: z.int().min(0).default(1),
        status: z.enum(['Complete', 'Failed', 'Timeout']).default('Complete'),
        results: z.array(z.record(z.string(), z.string())).max(10_000).default([]),
        bytesScanned: z.int().min(0).default(0),
      }),
    )
    .default({}),
  /** The queries started so far, each with how often its outcome was looked at. */
  started: z
    .array(
      z.strictObject({
        queryId: z.uuid(),
        groups: z.array(name),
        queryString: z.string(),
        startTime: z.int(),
        endTime: z.int(),
        limit: z.int(),
        looks: z.int().min(0).default(0),
        stopped: z.boolean().default(false),
      }),
    )
    .default([]),
});
