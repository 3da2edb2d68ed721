import * as z from 'zod';
import { InstanceId } from '../shared/ids.ts';
import type { Mode } from '../shared/journal.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { judge, textOf, type Verdict } from './case-report.ts';

const StepOutcome = z.looseObject({ outcome: z.string().min(1) });

const input = z.strictObject({
  instanceId: InstanceId,
  evidence: z.strictObject({
    instance: StepOutcome,
    memory: StepOutcome,
    protection: StepOutcome,
    scaling: StepOutcome,
  }),
  isolation: StepOutcome,
  /** `counted`: how many additions of findings the step saw; those that came later are acted on first. */
  addresses: z.looseObject({ outcome: z.string().min(1), counted: z.int() }),
  loadBalancers: StepOutcome,
  snapshots: StepOutcome,
});
type Input = z.infer<typeof input>;

const output = z.object({
  outcome: z.enum([
    'contained',
    'needs-human',
    'ended',
    'more-findings',
    'would-be-contained',
    'would-be-needs-human',
    'would-be-ended',
  ]),
  missing: z.array(z.string()),
  notCut: z.array(z.string()),
});

/**
 * Closes the case: judges what each step came to, frees the target, tells the responders.
 *
 * It changes nothing in the target account. A containment step that did not come out well makes the
 * case `needs-human`, never `contained`; missing evidence is said and does not. Findings that joined
 * since addresses were denied are not closed over: `more-findings` sends the workflow back. Where
 * stand-ins answered, the outcome says `would-be-…` as the outcomes it was given do.
 */
export const closeCase = defineStep({
  name: 'close-case',
  input,
  output,
  reads: {},
  writes: {},
  connect: () => ({}),

  async run(asked, _aws, context) {
    const { evidence, isolation, addresses, loadBalancers, snapshots, instanceId } = asked;
    const outcomes = { ...evidence, isolation, addresses, loadBalancers, snapshots };
    const verdict = judge(outcomes, instanceId);

    const findings = await close(asked, verdict, context);
    if (!findings) return { outcome: 'more-findings' as const, missing: [], notCut: [] };

    const { caseId, mode } = context.case;
    await context.home.notify({
      title: `${titles[mode][verdict.status]}: ${instanceId}`,
      text: textOf(verdict, findings, { mode, caseId, instanceId }),
      keywords: ['cordon', verdict.status, mode],
    });
    const assumed = Object.values(outcomes).some(({ outcome }) => outcome.startsWith('would-be-'));
    return {
      outcome: assumed ? (`would-be-${verdict.status}` as const) : verdict.status,
      missing: [...verdict.missing],
      notCut: [...verdict.notCut],
    };
  },
});

const titles: Readonly<Record<Mode, Readonly<Record<Verdict['status'], string>>>> = {
  live: {
    contained: 'Contained',
    'needs-human': 'Containment needs a human',
    ended: 'Nothing left to contain',
  },
  'dry-run': {
    contained: 'Dry run, would be contained',
    'needs-human': 'Dry run, would need a human',
    ended: 'Dry run, nothing left to contain',
  },
};

/** The findings the case was closed over, or undefined when more have come that must be acted on. */
async function close({ addresses }: Input, verdict: Verdict, { home, case: ref }: StepContext) {
  const plannedAgain = !['off', 'failed'].includes(addresses.outcome);
  const summary = { done: verdict.done, missing: verdict.missing, notCut: verdict.notCut };
  // Findings that change no plan may come at any time; they are counted in and the case closed.
  for (let look = 0; look < 5; look++) {
    const { counted, findings } = await home.cases.findings(ref);
    if (plannedAgain && counted > addresses.counted) return undefined;
    const closed = await home.cases.close(ref, { status: verdict.status, counted, summary });
    if (closed === 'closed') return findings;
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}

export const handler = toLambda(closeCase);
