import * as z from 'zod';
import { toLambda } from '../shared/lambda.ts';
import { planningOf } from '../shared/live-case.ts';
import { policyOf } from '../shared/playbooks.ts';
import { parseRelease } from '../shared/release-request.ts';
import { defineStep } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { changesOf, refuseUnknownNames } from './changes.ts';
import { gateAt } from './gate.ts';
import { Plan } from './plan.ts';
import { left, refusalOf } from './refusal.ts';
import { lockFor } from './release-lock.ts';

const input = z.strictObject({ request: z.unknown(), execution: z.string().min(1) });

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
  output: Plan,
  reads: {},
  writes: {},
  uses: ['cases', 'isRunning', 'unitsOf'],
  connect: () => ({}),

  async run({ request, execution }, _aws, context): Promise<Plan> {
    const asked = parseRelease(request);
    const { caseId, rejoin, reactivateKeys } = asked;
    const policy = policyOf(context.settings, 'release', { finding: { source: 'manual' } });
    const forced = asked.mode === 'live' && policy === 'dry-run';
    const mode = forced ? 'dry-run' : asked.mode;
    const plan: Omit<Plan, 'outcome' | 'reason'> = {
      ...nothing,
      caseId,
      mode,
      forced: forced ? 'policy' : null,
      rejoin,
      reactivateKeys,
      approval: { ...unasked, seconds: context.settings.approval.minutes * 60 },
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
    const judged = mode === 'live' ? await gateAt({ found, recorded, policy }, context) : null;
    if (judged === 'unreadable') return { ...plan, ...left('guard-unreadable'), target };
    const gate = judged?.gate;
    const asking = gate ? { gate, reason: asked.reason ?? null } : null;
    const locked = await lockFor(found, { mode, execution, asking }, context);
    if (locked.outcome === 'held') {
      return { ...plan, ...left('target-held'), target };
    }
    const { ref, counted } = locked;
    const changes = await changesOf(recorded, { asked, found, ref }, context);
    const planned = { ...plan, outcome: 'planned', reason: 'release', target, counted } as const;
    if (!judged || !gate || changes.length === 0) return { ...planned, ref, changes };
    const { because } = gate;
    const { severity } = judged;
    const approval = { ...plan.approval, needed: 'yes', because, round: 1, severity } as const;
    return { ...planned, mode: 'dry-run', ref: planningOf(ref), changes, approval };
  },
});

const unasked: Omit<Plan['approval'], 'seconds'> = {
  needed: 'no',
  because: [],
  round: 0,
  severity: 0,
};

const nothing = {
  ref: null,
  target: '',
  changes: [],
  notRehearsed: [],
  counted: 0,
  instructions: null,
};

export const handler = toLambda(planRelease);
