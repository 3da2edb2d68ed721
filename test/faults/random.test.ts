import fc from 'fast-check';
import { expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { endOf } from '../../replay/faults/end-state.ts';
import { always } from '../../replay/faults/invariants.ts';
import { runFaultFree } from '../../replay/faults/run-case.ts';
import { play } from '../../replay/faults/scenario.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { nearFinding, nearRecord, readFinding, readRecord } from './near-findings.ts';
import { randomCase, randomFaults } from './random-accounts.ts';

const workflows = loadWorkflows(steps);
/** `RANDOM_RUNS=2000 npm test -- test/faults/random.test.ts` tries more. */
const numRuns = Number(process.env.RANDOM_RUNS ?? 12);

const priority = fc.constantFrom('evidence-first' as const, 'containment-first' as const);

it('holds to the invariants in any account, whatever passing faults come one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(randomCase, priority, randomFaults, async (of, first, further) => {
      const scenario = { case: of, priority: first, workflows };
      const faultFree = await runFaultFree(scenario);
      const came = await play(scenario, undefined, { further });

      const end = endOf(came, faultFree.initial);
      expect(always(came, end, faultFree)).toEqual([]);
      const human = end.cases.some(({ status }) => status === 'needs-human');
      const failed = came.executions.some(({ status }) => status === 'FAILED');
      expect(failed && !human && came.told.length === 0).toBe(false);
      if (!human && !failed) expect(end.containment).toBe(faultFree.end.containment);
    }),
    { numRuns, seed: 7 },
  );
}, 3_600_000);

it('refuses what is almost a finding as unusable, or reads it, and does nothing else', () => {
  fc.assert(fc.property(nearFinding, readFinding), { numRuns: 150, seed: 3 });
});

it('reads whatever a CloudTrail record says without a failure', () => {
  fc.assert(fc.property(nearRecord, readRecord), { numRuns: 150, seed: 4 });
});
