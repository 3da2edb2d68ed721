import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { forbids, limitsOf } from '../shared/guard-rails.ts';
import { toLambda } from '../shared/lambda.ts';
import { letGo, letGoBefore, lock } from '../shared/lock.ts';
import { parseRequest } from '../shared/parse-finding.ts';
import { isContainment, policyOf } from '../shared/playbooks.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep } from '../shared/step.ts';
import { parseInput, UnusableInputError } from '../shared/unusable-input.ts';
import { startedFor } from './escalation.ts';
import { gateAt, gatedAgain, waiting } from './gate.ts';
import { instanceTarget } from './instance-target.ts';
import { judgeOwner } from './judge-owner.ts';
import { askOwner } from './key-owner.ts';
import { about, isForHuman, left, Opening, planOf, switchedOff } from './opening.ts';
import { keyTarget, roleTarget, userTarget } from './principal-target.ts';
import type { FindTarget } from './target.ts';

const Playbook = z.enum([
  'compromised-instance',
  'compromised-access-key',
  'compromised-role',
  'rotate-access-key',
]);

const targets: Readonly<Record<z.infer<typeof Playbook>, FindTarget>> = {
  'compromised-instance': instanceTarget,
  'compromised-access-key': userTarget,
  'compromised-role': roleTarget,
  'rotate-access-key': keyTarget,
};

const input = z.strictObject({
  request: z.unknown(),
  execution: z.string().min(1),
  playbook: Playbook,
});

/**
 * Opens the case: locks the target for this execution and settles mode, priority and limits.
 *
 * It changes nothing in the target account. One conditional transaction takes the lock, so two
 * copies of a finding milliseconds apart make one case; the second joins it. A lock whose holder
 * runs no more is taken over with what it recorded. Samples, archived findings and placeholders are
 * made dry runs here, whatever was asked for. Of a user's credentials, IAM is asked beside the lock
 * whose they are: a finding's word is not taken for it, and who may not be touched is let go again.
 * A live run that people must agree to first, or that is past an hourly limit, gets its case and its
 * lock as well, and is handed on as the dry run by which it is planned. A guard that cannot be read
 * leaves the target to a human.
 *
 * Throws `UnusableInputError` for a request that is not one, or that another playbook answers;
 * nothing has been recorded then.
 */
export const openCase = defineStep({
  name: 'open-case',
  withoutCase: true,
  // IAM is asked in the account whose credentials the finding is about.
  targetOf(said, own) {
    const { request, execution } = parseInput(input, said, '$.input');
    const { finding } = parseRequest(request, { ...own, execution, now: new Date(0) });
    return { account: finding.account, region: 'global' };
  },
  input,
  output: Opening,
  reads: {
    'iam:GetAccessKeyLastUsed': { on: 'arn:aws:iam::*:user/*' },
    'iam:ListAccessKeys': { on: 'arn:aws:iam::*:user/*' },
  },
  writes: {},
  uses: ['cases', 'isRunning', 'answer', 'unitsOf', 'notify', 'evidence', 'sign'],
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  async run({ request, execution, playbook }, { iam }, context): Promise<Opening> {
    const { own, settings } = context;
    const asked = parseRequest(request, { ...own, execution, now: context.now() });
    const { finding } = asked;
    if (asked.playbook && asked.playbook !== playbook) {
      throw new UnusableInputError(
        `$.input.request.playbook: expected ${playbook}, which this is, found ${asked.playbook}`,
      );
    }
    const found = targets[playbook](finding, context);
    const policy = policyOf(settings, playbook, asked);
    const planned = planOf(asked, settings, policy);
    const plan = { ...planned, ...about(found, { finding, mode: planned.mode }) };

    if (policy === 'off') return { ...plan, ...switchedOff };
    const listed = forbids(settings, finding);
    if (listed) return { ...plan, ...left(listed) };
    if ('reason' in found) return { ...plan, ...left(found.reason) };

    const { arn: target, region, principal } = found;
    const judged = { asked, playbook, policy, found };
    const gate = plan.mode === 'live' ? await gateAt(judged, context) : null;
    if (gate === 'unreadable') return { ...plan, ...left('guard-unreadable') };
    const contains = isContainment(playbook);
    const wanted = {
      ...{ finding, mode: plan.mode, target, region, execution, parent: asked.parent },
      // A rotation that joins a containment is no word for going ahead with that.
      asks: asked.approval === 'required' || !contains,
      gate,
      contains,
      ...(plan.mode === 'live' &&
        contains && { limits: limitsOf(settings, { ...finding, playbook }) }),
    };
    const locking = lock(wanted, context);
    if (!principal || principal.roleName) {
      const locked = await locking;
      return waiting(startedFor(plan, locked.ref), locked);
    }

    const [locked, said] = await sideBySide([locking, askOwner(iam, principal)]);
    if (locked.outcome === 'joined') return { ...plan, ...locked };
    if (locked.outcome === 'declined') {
      const reason = await letGoBefore(execution, context);
      if (isForHuman(reason)) return { ...plan, ...left(reason), other: locked.other };
    }
    const owned = judgeOwner(settings, { principal, said, isSample: finding.sample });
    if (!('reason' in owned)) {
      const owner = owned.principal.userName;
      const gated = await gatedAgain(locked, { ...judged, owner }, context);
      return { ...waiting(plan, gated), ...owned, ...(gated.ref && owned.told) };
    }

    // Told again when GuardDuty repeats the finding, as of any other target left to a human.
    if (locked.ref) await letGo(locked.ref, owned.reason, context);
    return { ...plan, ...left(owned.reason), other: locked.other };
  },
});

export const handler = toLambda(openCase);
