import * as z from 'zod';
import { toLambda } from '../shared/lambda.ts';
import { settledSince } from '../shared/recorded-change.ts';
import { defineStep, type StepContext } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { judgeRelease, type Verdict } from './judge-release.ts';
import { messageFor } from './message.ts';

const Came = z.looseObject({
  step: z.string(),
  resource: z.string(),
  outcome: z.string().min(1),
  reason: z.string().nullish(),
});

const input = z.strictObject({
  /** What came of each change that was to be taken back. */
  undone: z.array(Came),
  /** How many findings the case had when the release was planned. */
  counted: z.int(),
});

const output = z.object({
  outcome: z.enum([
    'released',
    'partly-released',
    'needs-human',
    'would-be-released',
    'would-be-partly-released',
    'would-be-needs-human',
  ]),
  done: z.int(),
  /** How many of the case's changes are left; the case and the notification say which. */
  left: z.int(),
});

/**
 * Ends a release: says in the case what was taken back and what is left, frees the target, tells the
 * responders.
 *
 * It changes nothing in the target account. `released` is a case of which nothing is left;
 * `partly-released` one of which something was left as it should be, to be released later or never;
 * `needs-human` one where taking back failed, or a new finding has come in meanwhile.
 */
export const closeRelease = defineStep({
  name: 'close-release',
  input,
  output,
  reads: {},
  writes: {},
  uses: ['notify'],
  connect: () => ({}),

  async run({ undone, counted }, _aws, context) {
    const { home, case: ref } = context;
    const verdict = await close(undone, counted, context);
    await home.notify(messageFor(verdict, ref));
    await home.cases.releases.noteTold(ref);
    const { outcome, done, left } = verdict;
    const isAssumed = undone.some((one) => one.outcome.startsWith('would-be-'));
    return {
      outcome: isAssumed ? (`would-be-${outcome}` as const) : outcome,
      done: done.length,
      left: left.length,
    };
  },
});

async function close(
  undone: readonly z.infer<typeof Came>[],
  counted: number,
  { home, case: ref }: StepContext,
): Promise<Verdict> {
  const { releases } = home.cases;
  const found = await releases.find(ref.caseId);
  if (!found) throw new UnusableInputError(`$.case.caseId: nobody knows ${ref.caseId}`);
  const recorded = await releases.changes(ref.caseId);
  const earlier = await releases.undone({ ...ref, mode: 'live' });
  const settled = settledSince(earlier, found.latest.openedAt);
  // Findings may join at any time; what they mean for the release is said before it is closed.
  for (let look = 0; look < 5; look++) {
    const now = await releases.counted(ref);
    const verdict = judgeRelease({ recorded, undone, settled, newFindings: now - counted });
    const closed = await releases.close(ref, verdict, now);
    if (closed === 'closed') return verdict;
    if (closed === 'lock-lost') throw new Error(`${ref.caseId} no longer holds ${ref.target}`);
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}

export const handler = toLambda(closeRelease);
