import * as z from 'zod';
import type { CaseRecord, CaseRef } from '../shared/case-record.ts';
import { instanceArn } from '../shared/finding.ts';
import { InstanceId } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep } from '../shared/step.ts';

const input = z.strictObject({ instanceId: InstanceId });
const output = z.object({ outcome: z.enum(['in-progress', 'not-captured', 'time-over']) });
type Came = z.infer<typeof output>;

const secondsBetween = 5;
/** The first at once, the last after a minute. */
const looks = 13;

/**
 * Waits, a minute at most, until the case on an instance has begun to capture its memory.
 *
 * For whoever is about to deny the instance's own session: it is its SSM agent's as well, and with
 * it the way to its memory is gone. It only looks in the case record, at the case of the same mode,
 * and changes nothing. `not-captured`: that case has cut the instance off or is closed, so nothing
 * is left to wait for. `time-over`: a stolen session is not let live longer for the sake of
 * evidence, and an instance that has no case is not waited for any longer either.
 */
export const awaitMemoryCapture = defineStep({
  name: 'await-memory-capture',
  input,
  output,
  reads: {},
  writes: {},
  connect: () => ({}),

  async run({ instanceId }, _aws, { home: { cases }, case: ref, sleep }): Promise<Came> {
    const targets = await targetsOf(cases, ref, instanceId);
    for (let look = 1; look <= looks; look++) {
      if (look > 1) await sleep(secondsBetween * 1000);
      const outcome = await lookAt(cases, ref, targets);
      if (outcome) return { outcome };
    }
    return { outcome: 'time-over' };
  },
});

/** The instance in every Region that a finding of the case names: a case on IAM is in none. */
async function targetsOf(cases: CaseRecord, ref: CaseRef, instanceId: InstanceId) {
  const { findings } = await cases.findings(ref);
  const places = findings.flatMap((finding) => [
    instanceArn(finding, instanceId),
    ...(finding.sequence?.resources ?? []).flatMap(({ account, region }) =>
      instanceArn({ account, region }, instanceId),
    ),
  ]);
  return [...new Set(places)];
}

/** What is known by now; undefined while it may still come. */
async function lookAt(
  cases: CaseRecord,
  ref: CaseRef,
  targets: readonly string[],
): Promise<Came['outcome'] | undefined> {
  for (const target of targets) {
    const latest = await cases.latestOn(ref.mode, target);
    if (!latest) continue;
    const isOver = latest.status !== 'open';
    // One that was closed before this case was opened is of an earlier incident.
    if (isOver && latest.openedAt < ((await cases.opened(ref.caseId))?.at ?? '')) continue;

    const ran = latest.steps.filter(({ outcome }) => outcome !== 'failed').map(({ step }) => step);
    if (ran.includes('start-memory-capture')) return 'in-progress';
    // A capture that was skipped before it made anything leaves no record; what follows it does.
    if (isOver || ran.includes('isolate-instance')) return 'not-captured';
  }
  return undefined;
}

export const handler = toLambda(awaitMemoryCapture);
