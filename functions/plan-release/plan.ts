import * as z from 'zod';
import { CaseRef } from '../shared/case-record.ts';
import { AccessKeyId, CaseId } from '../shared/ids.ts';
import { Mode } from '../shared/journal.ts';
import { reasons } from './refusal.ts';

/**
 * What people who are asked first can say of a release; `unfinished`: a finding came in between, or an
 * earlier release was never closed, and the case is a human's.
 */
const decided = ['approved', 'confirmed', 'denied', 'unanswered', 'unfinished'] as const;

/** What the rest of the workflow reads. Every field is there in every outcome. */
export const Plan = z.object({
  outcome: z.enum(['planned', 'declined', 'needs-human', 'denied', 'unanswered', 'unfinished']),
  reason: z.enum([...reasons, ...decided]),
  caseId: CaseId,
  ref: CaseRef.nullable(),
  /** ARN of what the case is about. */
  target: z.string(),
  mode: Mode,
  /** Why a run that was asked to be live is a dry run. */
  forced: z.enum(['policy']).nullable(),
  /** Newest first. What an earlier release has taken back already is not among them. */
  changes: z.array(z.object({ step: z.string(), resource: z.string() })),
  /** Changes that could not be rehearsed before people agreed: they are left. */
  notRehearsed: z.array(z.object({ step: z.string(), resource: z.string() })),
  rejoin: z.array(z.string()),
  reactivateKeys: z.array(AccessKeyId),
  /** How many findings the case had when it was planned. */
  counted: z.int(),
  /**
   * Whether people must agree before anything is taken back. Until they have, `mode` is a dry run and
   * `ref` the plan's: the release itself holds the target.
   */
  approval: z.object({
    needed: z.enum(['yes', 'no']),
    because: z.array(z.string()),
    /** How often it has been planned; 0 where nobody is asked. */
    round: z.int(),
    /** Of the case's gravest finding. */
    severity: z.number(),
    /** How long people have to answer. */
    seconds: z.int(),
  }),
  instructions: z.string().nullable(),
});
export type Plan = z.infer<typeof Plan>;
