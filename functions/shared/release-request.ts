import * as z from 'zod';
import { AccessKeyId, CaseId } from './ids.ts';
import { Mode } from './journal.ts';
import { parseAt, refuse } from './place.ts';
import { refuseUnsafe } from './plain-json.ts';
import { isUndone, undone } from './undo-order.ts';

/** A group or a load balancer, by its name, or a target group by its ARN. */
const Named = z.string().trim().min(1).max(300);

const Request = z.strictObject({
  caseId: CaseId,
  mode: Mode.default('dry-run'),
  /** Of which steps the changes are taken back; left out, of all. */
  steps: z
    .array(z.string())
    .min(1)
    .refine(
      (steps) => steps.every(isUndone),
      `expected steps that can be undone: ${undone.join(', ')}`,
    )
    .optional(),
  /** The Auto Scaling groups, target groups and load balancers that the instance joins again. */
  rejoin: z.array(Named).max(100).default([]),
  /** The access keys that are made active again. */
  reactivateKeys: z.array(AccessKeyId).max(100).default([]),
  reason: z.string().trim().min(1).max(1000).optional(),
});
export type ReleaseRequest = z.infer<typeof Request>;

/** Whether an input asks for a release: it names a case and no finding. */
export const asksForRelease = (json: unknown): json is { caseId: unknown } =>
  typeof json === 'object' && json !== null && 'caseId' in json && !('event' in json);

/**
 * What a person asks of `release`. Without a mode it is a dry run.
 *
 * Throws `UnusableInputError` with the path at fault.
 */
export function parseRelease(json: unknown): ReleaseRequest {
  const place = { path: '$' };
  refuseUnsafe(json, place);
  if (!asksForRelease(json)) refuse(place, 'a case to release, {"caseId": "case-…"}', json);
  return parseAt(Request, json, place);
}
