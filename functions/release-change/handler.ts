import * as z from 'zod';
import { forbidden } from '../shared/guard-rails.ts';
import { AccessKeyId } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { recordedBy } from '../shared/live-case.ts';
import type { RecordedChange } from '../shared/releases.ts';
import { defineStep, NotProvenError, type StepContext, undoOutcomes } from '../shared/step.ts';
import { undone } from '../shared/undo-order.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { judgeChange, notTakenBack } from './judge-change.ts';
import { undoable } from './undoable.ts';

const input = z.strictObject({
  step: z.enum(undone),
  resource: z.string().min(1),
  /** The groups and load balancers that the instance may join again. */
  rejoin: z.array(z.string()),
  /** The keys that may become active again. */
  reactivateKeys: z.array(AccessKeyId),
  /** How many findings the case had when the release was planned. */
  counted: z.int(),
});

const output = z.object({
  /** `left`: nothing was looked at, and `reason` says why. */
  outcome: z.enum([...undoOutcomes, 'left']),
  reason: z.enum([...notTakenBack, ...forbidden]).nullable(),
  step: z.enum(undone),
  resource: z.string(),
});
type Change = z.infer<typeof output>;

/**
 * Takes back one change of the case, by the undo of the step that made it and from what that step
 * recorded; or leaves it, and says why.
 *
 * It is left where somebody changed the resource since, where its target must not be touched, where
 * an instance would join a group that nobody named or while it is still cut off, where a key that
 * nobody named would become active, where a stolen session may still be valid, and once a new
 * finding has come in about the target. What it took back is asked for again: the undo must then
 * find nothing left to do. It deletes no evidence and ends no replacement instance.
 */
export const releaseChange = defineStep({
  name: 'release-change',
  input,
  output,
  reads: {},
  writes: {},
  undoes: undone,
  connect: () => ({}),

  async run(asked, _aws, context): Promise<Change> {
    const { step, resource } = asked;
    const isPlan = context.case.planOf !== undefined;
    // Until it is known otherwise: people who are asked must hear of what could not be rehearsed.
    if (isPlan) await note({ step, resource, outcome: 'failed', proven: false }, context);
    const change = await recorded(asked, context);
    const reason = await judgeChange(change, asked, context);
    if (reason) {
      if (isPlan) await note({ step, resource, outcome: 'left', proven: false }, context);
      return { outcome: 'left', reason, step, resource };
    }
    const { outcome } = await context.undo(await undoable[step](), change.state);
    await note({ step, resource, outcome, proven: outcome !== 'restored' }, context);
    return { outcome, reason: null, step, resource };
  },

  async prove(asked, result, _aws, context): Promise<Change> {
    const { step, resource, outcome } = result;
    if (outcome !== 'restored') return result;
    const { state } = await recorded(asked, context);
    const again = await context.undo(await undoable[step](), state);
    if (again.outcome !== 'already-restored') {
      throw new NotProvenError(`${resource}, taken back, is ${again.outcome} when asked again`);
    }
    await note({ step, resource, outcome, proven: true }, context);
    return result;
  },
});

async function recorded(
  { step, resource }: z.infer<typeof input>,
  { home, case: ref }: StepContext,
): Promise<RecordedChange> {
  const changes = await home.cases.releases.changes(recordedBy(ref));
  const found = changes.find((one) => one.step === step && one.resource === resource);
  if (found) return found;
  throw new UnusableInputError(
    `$.input.resource: expected what ${step} recorded in ${ref.caseId}, not ${resource}`,
  );
}

const note = (
  undone: Parameters<StepContext['home']['cases']['releases']['note']>[1],
  { home, case: ref }: StepContext,
): Promise<void> => home.cases.releases.note(ref, undone);

export const handler = toLambda(releaseChange);
