import * as z from 'zod';
import { Region } from '../../functions/shared/ids.ts';

const name = z.string().min(1);

/** The section of the account's state that is AWS Config's. */
export const Config = z.strictObject({
  recorders: z
    .array(
      z.strictObject({
        name: name.default('default'),
        /** Left out, the account's. */
        region: Region.optional(),
        recording: z.boolean().default(true),
      }),
    )
    .default([]),
  /** Configuration items: what a resource was like from a time on. */
  items: z
    .array(
      z.strictObject({
        /** As Config writes it: AWS::IAM::User. */
        resourceType: z.string().regex(/^AWS::\w+::\w+$/, 'expected a type such as AWS::IAM::Role'),
        /** Of IAM's users and roles the unique id: AIDA…, AROA…. */
        resourceId: name,
        resourceName: name.optional(),
        arn: name.optional(),
        region: Region.optional(),
        captureTime: z.iso.datetime(),
        status: z
          .enum([
            'OK',
            'ResourceDiscovered',
            'ResourceNotRecorded',
            'ResourceDeleted',
            'ResourceDeletedNotRecorded',
          ])
          .default('OK'),
        relatedEvents: z.array(name).default([]),
        configuration: z.record(z.string(), z.unknown()).default({}),
        tags: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
});
