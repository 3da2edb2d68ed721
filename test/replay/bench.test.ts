import { expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { roads } from '../../replay/bench-cases.ts';
import { timeToCut } from '../../replay/time-to-cut.ts';
import { VirtualTime } from '../../replay/virtual-time.ts';
import { loadWorkflows } from '../../replay/workflow.ts';

const workflows = loadWorkflows(steps);
const any = Number.POSITIVE_INFINITY;

it.each(roads)('$name: the cut comes as soon as promised, without a wait', async (road) => {
  const cut = await timeToCut(road.case, road.goal, workflows);
  const { serialCalls = any, states = any } = road.most;

  expect(cut?.serialCalls).toBeLessThanOrEqual(serialCalls);
  expect(cut?.states).toBeLessThanOrEqual(states);
  expect(cut?.waits).toBe(0);
});

it('counts calls that follow each other, and not those beside them', async () => {
  const time = new VirtualTime();
  const chain = async (calls: number) => {
    for (let call = 0; call < calls; call++) {
      await time.pass(20);
      // Work between two calls takes no time, however many turns it takes.
      for (let turn = 0; turn < 100; turn++) await undefined;
    }
    return time.now;
  };

  expect(await Promise.all([chain(3), chain(5), chain(1)])).toEqual([60, 100, 20]);
});
