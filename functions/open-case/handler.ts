import * as z from 'zod';
import { CaseRef, type Opened } from '../shared/case-record.ts';
import { type Finding, instanceArn, placeholders } from '../shared/finding.ts';
import { forbidden, forbids } from '../shared/guard-rails.ts';
import { InstanceId, VpcId } from '../shared/ids.ts';
import { Mode } from '../shared/journal.ts';
import { toLambda } from '../shared/lambda.ts';
import { Memory, Priority, parseRequest } from '../shared/parse-finding.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';

const input = z.strictObject({ request: z.unknown(), execution: z.string().min(1) });

/** What the rest of the workflow reads. Every field is there in every outcome. */
const output = z.object({
  outcome: z.enum(['opened', 'joined', 'declined', 'needs-human']),
  reason: z.enum(['new-case', 'retry', 'taken-over', 'open-case', 'repeat', ...forbidden]),
  ref: CaseRef.nullable(),
  /** The open case a finding joined, or the closed one that had answered it. */
  other: z.string().nullable(),
  mode: Mode,
  /** Why a run that was asked to be live is a dry run. */
  forced: z.enum(['sample', 'archived', 'placeholder']).nullable(),
  priority: Priority,
  memory: Memory,
  instanceId: InstanceId,
  /** Where the finding saw the instance: a hint, so that groups can be read beside interfaces. */
  vpcIds: z.array(VpcId),
  polls: z.object({ autoScaling: z.int() }),
  waits: z.object({ memory: z.int(), autoScaling: z.int() }),
});
type Opening = z.infer<typeof output>;

/**
 * Opens the case: locks the target for this execution and settles mode, priority and limits.
 *
 * It changes nothing in the target account. One conditional transaction takes the lock, so two
 * copies of a finding milliseconds apart make one case; the second joins it. A lock whose holder
 * runs no more is taken over with what it recorded. Samples, archived findings and placeholders are
 * made dry runs here, whatever was asked for. It does not approve anything: rate limits and
 * approval are not its business yet.
 *
 * Throws `UnusableInputError` for a request that is not one; nothing has been recorded then.
 */
export const openCase = defineStep({
  name: 'open-case',
  withoutCase: true,
  input,
  output,
  reads: {},
  writes: {},
  connect: () => ({}),

  async run({ request, execution }, _aws, context): Promise<Opening> {
    const asked = parseRequest(request, { ...context.own, execution, now: context.now() });
    const { finding } = asked;
    if (!finding.instance || finding.resourceType !== 'Instance') {
      throw new UnusableInputError(
        `$.input.request: expected a finding about an instance, not ${finding.resourceType}`,
      );
    }
    const forced = forcedDryRun(finding);
    const mode = forced ? 'dry-run' : asked.mode;
    const { settings } = context;
    const plan = {
      mode,
      forced,
      priority: asked.priority,
      memory: asked.memory,
      instanceId: finding.instance.instanceId,
      vpcIds: [...new Set(finding.instance.networkInterfaces.flatMap(({ vpcId }) => vpcId ?? []))],
      polls: { autoScaling: settings.autoScaling.polls },
      waits: {
        memory: settings.memory.pollSeconds,
        autoScaling: settings.autoScaling.pollSeconds,
      },
    };
    const reason = forbids(settings, finding);
    if (reason) {
      return { ...plan, outcome: 'needs-human', reason, ref: null, other: null };
    }
    const target = instanceArn(finding, finding.instance.instanceId);
    return { ...plan, ...(await lock({ finding, mode, target, execution }, context)) };
  },
});

function forcedDryRun({ sample, archived, instance }: Finding): Opening['forced'] {
  if (instance && placeholders.has(instance.instanceId)) return 'placeholder';
  if (sample) return 'sample';
  return archived ? 'archived' : null;
}

type Wanted = { finding: Finding; mode: Mode; target: string; execution: string };
type Locked = Pick<Opening, 'outcome' | 'reason' | 'ref' | 'other'>;

/** Takes the lock, joins who holds it, or takes over from who no longer runs. */
async function lock(wanted: Wanted, { home, settings }: StepContext): Promise<Locked> {
  const opening = { ...wanted, lockSeconds: settings.lockSeconds };
  // A holder may close, or be taken over, between two looks; more than a few times is no race.
  for (let look = 0; look < 5; look++) {
    const opened = await home.cases.open(opening);
    if (opened.outcome !== 'held') return settled(opened);

    if (!opened.expired && (await home.isRunning(opened.holder))) {
      if ((await home.cases.join(wanted.mode, wanted.target, wanted.finding)) === 'joined') {
        return { outcome: 'joined', reason: 'open-case', ref: null, other: opened.caseId };
      }
    } else {
      const taken = await home.cases.open(opening, opened);
      if (taken.outcome === 'reopened') {
        return { outcome: 'opened', reason: 'taken-over', ref: taken.ref, other: null };
      }
    }
  }
  throw new Error(`the lock on ${wanted.target} changed hands at every look`);
}

function settled(opened: Exclude<Opened, { outcome: 'held' }>): Locked {
  switch (opened.outcome) {
    case 'opened':
      return { outcome: 'opened', reason: 'new-case', ref: opened.ref, other: null };
    case 'reopened':
      return { outcome: 'opened', reason: 'retry', ref: opened.ref, other: null };
    case 'repeat':
      return { outcome: 'declined', reason: 'repeat', ref: null, other: opened.caseId };
  }
}

export const handler = toLambda(openCase);
