import * as z from 'zod';
import { Region } from '../../functions/shared/ids.ts';

const name = z.string().min(1);
const time = z.iso.datetime().default('2026-01-01T00:00:00.000Z');

/** The section of the account's state that is Secrets Manager's. It holds no secret's value. */
export const Secrets = z
  .array(
    z.strictObject({
      name: z.string().regex(/^[\w/+=.@-]{1,512}$/, 'expected a name Secrets Manager would take'),
      /** Left out, the account's. */
      region: Region.optional(),
      description: z.string().default(''),
      kmsKeyId: name.optional(),
      tags: z.record(z.string(), z.string()).default({}),
      createDate: time,
      changeDate: time,
      /** Set while it waits to be deleted. */
      deleteDate: z.iso.datetime().optional(),
      versions: z
        .array(
          z.strictObject({
            versionId: z.string().min(32).max(64),
            stages: z.array(name).default([]),
            /** SHA-256 of the value, by which a repeated request is told from another. */
            digest: z
              .string()
              .regex(/^[0-9a-f]{64}$/)
              .optional(),
          }),
        )
        .default([]),
    }),
  )
  .default([]);
