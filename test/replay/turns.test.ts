import { expect, it } from 'vitest';
import { Turns } from '../../replay/turns.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An execution that sleeps beside others, and whether it still does. */
function sleeper(turns: Turns, own: string, running: readonly string[]) {
  const state = { asleep: true };
  void turns.sleep(own, new Set(running)).then(() => {
    state.asleep = false;
  });
  return async () => {
    await settled();
    return state.asleep;
  };
}

it('sleeps until a step of every other execution has ended, however many of one end', async () => {
  const turns = new Turns();
  const isAsleep = sleeper(turns, 'role', ['role', 'instance', 'key']);

  expect(await isAsleep()).toBe(true);
  turns.stepEnded('key');
  turns.stepEnded('key');
  turns.stepEnded('role');
  expect(await isAsleep()).toBe(true);
  turns.stepEnded('instance');
  expect(await isAsleep()).toBe(false);
});

it('does not sleep where nobody else runs', async () => {
  await new Turns().sleep('role', new Set(['role']));
});

it('wakes those who would only wait for each other', async () => {
  const turns = new Turns();
  const running = new Set(['one', 'two']);
  await Promise.all([turns.sleep('one', running), turns.sleep('two', running)]);
});

it('sleeps on where one that it waits for sleeps and another still works', async () => {
  const turns = new Turns();
  const running = ['one', 'two', 'three'];
  const isOneAsleep = sleeper(turns, 'one', running);
  const isTwoAsleep = sleeper(turns, 'two', running);

  expect([await isOneAsleep(), await isTwoAsleep()]).toEqual([true, true]);
  turns.stepEnded('three');
  expect([await isOneAsleep(), await isTwoAsleep()]).toEqual([false, false]);
});
