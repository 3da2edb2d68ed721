import { describe, expect, it } from 'vitest';
import { CaseRecord } from '../../../functions/shared/case-record.ts';
import { bookTurn, type Lane, type Line, laneOf } from '../../../functions/shared/line.ts';
import type { StepContext } from '../../../functions/shared/step.ts';
import { awaitTurn, goesAtOnce, lineUp } from '../../../functions/shared/turn.ts';
import { CaseTableInMemory } from '../../../replay/case-table-in-memory.ts';
import { at, finding } from '../../rehearsal.ts';

const cuts: Line = {
  name: 'cut',
  account: '111122223333',
  region: 'eu-west-1',
  perSecond: 5,
  burst: 100,
};
const start = Date.parse(at);

/** A line, with the time, and a case of some severity that may join it. */
async function lineFor(severity: number, table = new CaseTableInMemory()) {
  let now = start;
  const cases = new CaseRecord(table, () => new Date(now));
  const opened = await cases.open({
    finding: finding({ severity }),
    mode: 'live',
    target: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1',
    execution: 'arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:one',
    lockSeconds: 3_600,
  });
  if (!('ref' in opened)) throw new Error('the case did not open');
  // The rest of a step's context has no part in this.
  const context = {
    case: opened.ref,
    takeTime: () => {},
    home: { cases },
    now: () => new Date(now),
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  } as unknown as StepContext;
  return {
    context,
    /** Milliseconds from the start to a turn that is booked now. */
    book: async (lane: Lane) => (await bookTurn(table, cuts, lane, now)).at - start,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    passed: () => (now - start) / 1000,
  };
}

describe('a line', () => {
  it('gives turns one after the other, as many in a second as it has', async () => {
    const { book } = await lineFor(8);
    const turns = [];
    for (let n = 0; n < 6; n++) turns.push(await book('high'));
    expect(turns).toEqual([0, 200, 400, 600, 800, 1000]);
  });

  it('gives who is more severe the turns before those already given', async () => {
    const { book } = await lineFor(8);
    for (let n = 0; n < 50; n++) await book('medium');
    expect(await book('high')).toBe(0);
    expect(await book('critical')).toBe(0);
  });

  it('gives who is less severe a turn behind all who are more', async () => {
    const { book } = await lineFor(8);
    for (let n = 0; n < 50; n++) await book('high');
    expect(await book('medium')).toBe(10_000);
    expect(await book('dry-run')).toBe(10_200);
  });

  it('gives nobody a turn that those moved back will have', async () => {
    const { book } = await lineFor(8);
    for (let n = 0; n < 10; n++) await book('medium');
    for (let n = 0; n < 50; n++) await book('high');
    expect(await book('medium')).toBe(12_000);
  });

  it('forgets who has gone', async () => {
    const { book, pass } = await lineFor(8);
    for (let n = 0; n < 50; n++) await book('high');
    pass(60);
    expect(await book('high')).toBe(60_000);
  });

  it.each([
    ['live', 9.5, 'critical'],
    ['live', 8.9, 'high'],
    ['live', 7, 'high'],
    ['live', 4, 'medium'],
    ['live', 1, 'low'],
    ['dry-run', 9.5, 'dry-run'],
  ] as const)('has %s findings of severity %d in the lane %s', (mode, severity, lane) => {
    expect(laneOf(mode, severity)).toBe(lane);
  });
});

describe('a case that comes to a line', () => {
  it('goes at once while the burst lasts', async () => {
    const { context } = await lineFor(8);
    const went = [];
    for (let n = 0; n < 103; n++) went.push(await goesAtOnce(cuts, context));
    expect(went.indexOf(false)).toBe(100);
    expect(went.lastIndexOf(true)).toBe(99);
  });

  it('finds as much of the burst as came back since', async () => {
    const { context, pass } = await lineFor(8);
    for (let n = 0; n < 100; n++) await goesAtOnce(cuts, context);
    pass(0.4);
    const went = [];
    for (let n = 0; n < 3; n++) went.push(await goesAtOnce(cuts, context));
    expect(went).toEqual([true, true, false]);
  });

  it('gets ahead of nobody who waits', async () => {
    const { context, book, pass } = await lineFor(8);
    await book('low');
    expect(await goesAtOnce(cuts, context)).toBe(false);
    pass(0.2);
    expect(await goesAtOnce(cuts, context)).toBe(true);
  });
});

describe('a case in a line', () => {
  it('is told its turn and how long the workflow waits for it', async () => {
    const { context, book } = await lineFor(8);
    for (let n = 0; n < 52; n++) await book('high');
    const turn = { at: start + 10_400, ahead: 0 };
    expect(await lineUp(cuts, context)).toEqual({ turn, waitSeconds: 10 });
  });

  it('sleeps what is left, and goes', async () => {
    const { context, pass, passed } = await lineFor(8);
    pass(10);
    expect(await awaitTurn({ at: start + 10_400, ahead: 0 }, cuts, context)).toBeUndefined();
    expect(passed()).toBeCloseTo(10.4);
  });

  it('goes at once when its turn has passed: what AWS did not give out is still there', async () => {
    const { context, pass, passed } = await lineFor(8);
    pass(90);
    expect(await awaitTurn({ at: start + 10_400, ahead: 0 }, cuts, context)).toBeUndefined();
    expect(passed()).toBe(90);
  });

  it('is moved back by as many more severe ones as came after it, and once by each', async () => {
    const { context, book, pass } = await lineFor(5);
    for (let n = 0; n < 5; n++) await book('medium');
    for (let n = 0; n < 7; n++) await book('high');
    const { turn } = await lineUp(cuts, context);
    for (let n = 0; n < 100; n++) await book(n % 2 === 0 ? 'high' : 'critical');
    pass(2.4);
    const moved = await awaitTurn(turn, cuts, context);
    expect(moved).toEqual({ turn: { at: start + 22_400, ahead: 107 }, waitSeconds: 20 });
    pass(20);
    expect(await awaitTurn(moved?.turn ?? turn, cuts, context)).toBeUndefined();
  });

  it('keeps its turn when others come that are no more severe', async () => {
    const { context, book } = await lineFor(8);
    const { turn } = await lineUp(cuts, context);
    for (let n = 0; n < 100; n++) await book(n % 2 === 0 ? 'low' : 'high');
    expect(await awaitTurn(turn, cuts, context)).toBeUndefined();
  });

  it('goes when the line cannot be read', async () => {
    class Unreadable extends CaseTableInMemory {
      down = false;
      override async get(key: Parameters<CaseTableInMemory['get']>[0]) {
        if (this.down) throw new Error('the table is down');
        return super.get(key);
      }
      override async advance(...given: Parameters<CaseTableInMemory['advance']>) {
        if (this.down) throw new Error('the table is down');
        return super.advance(...given);
      }
    }
    const table = new Unreadable();
    const { context } = await lineFor(5, table);
    table.down = true;
    expect(await goesAtOnce(cuts, context)).toBe(true);
    expect(await awaitTurn({ at: start, ahead: 0 }, cuts, context)).toBeUndefined();
  });
});
