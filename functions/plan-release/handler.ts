import * as z from 'zod';
import { CaseRef } from '../shared/case-record.ts';
import { AccessKeyId, CaseId } from '../shared/ids.ts';
import { Mode } from '../shared/journal.ts';
import { toLambda } from '../shared/lambda.ts';
import { policyOf } from '../shared/playbooks.ts';
import { parseRelease } from '../shared/release-request.ts';
import { defineStep } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { changesOf, refuseUnknownNames } from './changes.ts';
import { left, reasons, refusalOf } from './refusal.ts';
import { lockFor } from './release-lock.ts';

const input = z.strictObject({ request: z.unknown(), execution: z.string().min(1) });

const output = z.object({
  outcome: z.enum(['planned', 'declined', 'needs-human']),
  reason: z.enum(reasons),
  caseId: CaseId,
  ref: CaseRef.nullable(),
  /** ARN of what the case is about. */
  target: z.string(),
  mode: Mode,
  /** Why a run that was asked to be live is a dry run. */
  forced: z.enum(['policy']).nullable(),
  /** Newest first. What an earlier release has taken back already is not among them. */
  changes: z.array(z.object({ step: z.string(), resource: z.string() })),
  rejoin: z.array(z.string()),
  reactivateKeys: z.array(AccessKeyId),
  /** How many findings the case had when it was planned. */
  counted: z.int(),
  instructions: z.string().nullable(),
});
type Plan = z.infer<typeof output>;

/**
 * Finds what a case changed and is to be taken back, newest first, and locks the target for it.
 *
 * It changes nothing in the target account. A case that is open, one whose target another case
 * holds, one on whose target a later case stands, and one whose target must not be touched are left
 * to a human; a case that is released already, or was a dry run, has nothing to release. What the
 * case changed is read from its records alone, never from what the account looks like.
 *
 * Throws `UnusableInputError` for a case that nobody knows, and for groups and keys that are named
 * though the case never touched them; nothing has been locked then.
 */
export const planRelease = defineStep({
  name: 'plan-release',
  withoutCase: true,
  input,
  output,
  reads: {},
  writes: {},
  uses: ['cases', 'isRunning'],
  connect: () => ({}),

  async run({ request, execution }, _aws, context): Promise<Plan> {
    const asked = parseRelease(request);
    const { caseId, rejoin, reactivateKeys } = asked;
    const policy = policyOf(context.settings, 'release', { finding: { source: 'manual' } });
    const forced = asked.mode === 'live' && policy !== 'live' && policy !== 'off';
    const mode = forced ? 'dry-run' : asked.mode;
    const plan: Omit<Plan, 'outcome' | 'reason'> = {
      ...nothing,
      caseId,
      mode,
      forced: forced ? 'policy' : null,
      rejoin,
      reactivateKeys,
    };
    if (policy === 'off') return { ...plan, outcome: 'declined', reason: 'playbook-off' };

    const { releases } = context.home.cases;
    const found = await releases.find(caseId);
    if (!found) {
      throw new UnusableInputError(`$.caseId: expected a case that is known, not ${caseId}`);
    }
    const target = found.ref.target;
    const refused = refusalOf(found, context);
    if (refused) return { ...plan, ...refused, target };

    const recorded = await releases.changes(caseId);
    refuseUnknownNames(recorded, asked);
    const locked = await lockFor(found, { mode, execution }, context);
    if (locked.outcome === 'held') {
      return { ...plan, ...left('target-held'), target };
    }
    const { ref, counted } = locked;
    const changes = await changesOf(recorded, { asked, found, ref }, context);
    return { ...plan, outcome: 'planned', reason: 'release', target, ref, counted, changes };
  },
});

const nothing = {
  ref: null,
  target: '',
  changes: [],
  counted: 0,
  instructions: null,
};

export const handler = toLambda(planRelease);
