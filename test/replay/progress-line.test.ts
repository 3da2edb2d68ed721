import { expect, it } from 'vitest';
import { nowAndThen } from '../../replay/progress-line.ts';

it('writes a line to a log at most every half a minute, and nothing of what takes less', () => {
  let now = 0;
  const written: string[] = [];
  const { show, end } = nowAndThen(
    (text) => written.push(text),
    () => now,
  );
  for (; now <= 75_000; now += 1_000) show(`${now} of 75000\u001b[2J`);
  end();
  expect(written).toEqual(['30000 of 75000\n', '60000 of 75000\n']);
});
