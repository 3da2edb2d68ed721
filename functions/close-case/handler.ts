import * as z from 'zod';
import { whoSaid } from '../shared/approval.ts';
import { toLambda } from '../shared/lambda.ts';
import { manifestOf } from '../shared/manifest-of-case.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { attackSequence } from './attack-sequence.ts';
import { compromisedAccessKey, compromisedRole } from './compromised-credentials.ts';
import { compromisedInstance } from './compromised-instance.ts';
import { rotateAccessKey } from './rotate-access-key.ts';
import { isAssumed, type Judge, judge, type Titles, textOf, type Verdict } from './verdict.ts';

const judges = {
  'compromised-instance': compromisedInstance,
  'compromised-access-key': compromisedAccessKey,
  'compromised-role': compromisedRole,
  'rotate-access-key': rotateAccessKey,
  'attack-sequence': attackSequence,
} satisfies Readonly<Record<string, Judge>>;

const Playbook = z.literal(Object.keys(judges) as (keyof typeof judges)[]);
const StepOutcome = z.looseObject({ outcome: z.string().min(1) });

const input = z.strictObject({
  playbook: Playbook,
  /** What people call the target: an instance's id, a key's, a user's name. */
  target: z.string().min(1).max(300),
  /** By action; a list where the workflow did it for several. */
  outcomes: z.record(z.string(), z.union([StepOutcome, z.array(StepOutcome)])),
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
  /** Key of the evidence manifest in the evidence store; null where there is none. */
  manifest: z.string().nullable(),
});

/**
 * Closes the case: judges what each step came to, frees the target, tells the responders.
 *
 * It changes nothing in the target account. A containment step that did not come out well makes the
 * case `needs-human`, never `contained`; missing evidence is said and does not, but for a
 * trace that failed, without which nobody knows what is left. Findings that joined
 * since addresses were denied are not closed over: `more-findings` sends the workflow back. Where
 * stand-ins answered, the outcome says `would-be-…` as the outcomes it was given do.
 *
 * Once the case is closed it writes the manifest of its evidence; without one the case stays what it
 * came to, and says so.
 */
export const closeCase = defineStep({
  name: 'close-case',
  input,
  output,
  reads: {},
  writes: {},
  uses: ['notify', 'evidence', 'sign'],
  connect: () => ({}),

  async run(asked, _aws, context) {
    const { playbook, target, outcomes } = asked;
    const judgeOf: Judge = judges[playbook];
    const verdict = judge(outcomes, judgeOf, target);

    const findings = await close(asked, verdict, context);
    if (!findings)
      return { outcome: 'more-findings' as const, missing: [], notCut: [], manifest: null };

    const { status } = verdict;
    const made = await manifestOf(context, { playbook, status, missing: [...verdict.missing] });
    const missing = [...verdict.missing, ...made.missing];

    const { caseId, mode } = context.case;
    const approval = mode === 'live' ? await context.home.cases.approvals.of(caseId) : undefined;
    const agreed = whoSaid(approval?.decisions ?? []);
    const evidence = made.there;
    await context.home.notify({
      title: `${(judgeOf.titles ?? titles)[mode][status]}${made.key ? '' : ', no evidence manifest'}: ${target}`,
      text: textOf({ ...verdict, missing }, findings, { mode, caseId, target, evidence, agreed }),
      keywords: ['cordon', status, mode],
    });
    await context.home.cases.noteTold(context.case);
    return {
      outcome: isAssumed(outcomes) ? (`would-be-${status}` as const) : status,
      missing,
      notCut: [...verdict.notCut],
      manifest: made.key,
    };
  },
});

const titles: Titles = {
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

/** How many additions of findings `deny-remote-addresses` saw; undefined where nothing is planned anew. */
function seenBy({ outcomes }: Input): number | undefined {
  const addresses = [outcomes.addresses ?? []].flat()[0];
  if (!addresses || ['off', 'failed'].includes(addresses.outcome)) return undefined;
  return z.int().parse(addresses.counted);
}

/** The findings the case was closed over, or undefined when more have come that must be acted on. */
async function close(asked: Input, verdict: Verdict, { home, case: ref }: StepContext) {
  const seen = seenBy(asked);
  const { status: _, ...summary } = verdict;
  // Findings that change no plan may come at any time; they are counted in and the case closed.
  for (let look = 0; look < 5; look++) {
    const { counted, findings } = await home.cases.findings(ref);
    if (seen !== undefined && counted > seen) return undefined;
    const closed = await home.cases.close(ref, { status: verdict.status, counted, summary });
    if (closed === 'closed') return findings;
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}

export const handler = toLambda(closeCase);
