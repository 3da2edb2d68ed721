import { expect, it } from 'vitest';
import { Turns } from '../../replay/turns.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('sleeps until a step of another execution has ended', async () => {
  const turns = new Turns();
  let woke = false;
  const sleep = turns.sleep(2).then(() => {
    woke = true;
  });

  await settled();
  expect(woke).toBe(false);
  turns.stepEnded();
  await sleep;
});

it('does not sleep where nobody else runs', async () => {
  await new Turns().sleep(1);
});

it('wakes everybody when all that run have gone to sleep', async () => {
  const turns = new Turns();
  await Promise.all([turns.sleep(2), turns.sleep(2)]);
});
