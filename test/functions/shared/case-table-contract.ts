import { beforeEach, describe, expect, it } from 'vitest';
import type { CaseTable, Change, Item } from '../../../functions/shared/case-table.ts';

const item = (sk: string, fields: object = {}): Item => ({ pk: 'case#1', sk, ...fields });
const put = (sk: string, fields: object = {}): Change => ({ put: item(sk, fields) });

/** What every table of cases does, whatever it is kept in. `open` gives an empty one. */
export function describeCaseTable(kind: string, open: () => Promise<CaseTable>): void {
  describe(`the table of cases ${kind}`, () => {
    let table: CaseTable;
    beforeEach(async () => {
      table = await open();
    });

    describe('reading', () => {
      it('gives an item back as it was put', async () => {
        const odd = item('odd', {
          text: 'naïve ☃ "quoted"\n',
          empty: '',
          whole: -3,
          fraction: 0.1,
          large: 1_767_225_600_000,
          yes: true,
          no: false,
          nothing: null,
          list: [1, ['two', { three: null }], {}, []],
          nested: { status: { name: 'x', size: 0 } },
        });
        await table.write([{ put: odd }]);
        expect(await table.get({ pk: 'case#1', sk: 'odd' })).toEqual(odd);
      });

      it('leaves out fields that are undefined', async () => {
        await table.write([put('a', { gone: undefined, deep: { gone: undefined, kept: 1 } })]);
        const found = await table.get({ pk: 'case#1', sk: 'a' });
        expect(found).toStrictEqual(item('a', { deep: { kept: 1 } }));
      });

      it('knows no item that was not put', async () => {
        await table.write([put('a')]);
        expect(await table.get({ pk: 'case#1', sk: 'b' })).toBeUndefined();
        expect(await table.get({ pk: 'case#2', sk: 'a' })).toBeUndefined();
      });

      it('takes a whole item for the key it holds', async () => {
        await table.write([put('a', { n: 1 })]);
        expect(await table.get(item('a', { n: 2 }))).toEqual(item('a', { n: 1 }));
      });

      it('is not changed by a change to what it gave back, or was given', async () => {
        const given = { list: ['a'] };
        await table.write([put('a', given)]);
        given.list.push('b');
        const found = await table.get({ pk: 'case#1', sk: 'a' });
        Object.assign(found ?? {}, { list: [] });
        expect(await table.get({ pk: 'case#1', sk: 'a' })).toEqual(item('a', { list: ['a'] }));
      });
    });

    describe('querying', () => {
      it('lists one partition in order of place, whatever order it was written in', async () => {
        const places = [
          'é',
          'step#b',
          'step#a!',
          'step#a',
          'step#a b',
          'step#a"',
          'Step',
          'step#10',
          'step#9',
        ];
        await table.write([
          ...places.map((sk) => put(sk)),
          { put: { pk: 'case#10', sk: 'step#a' } },
          { put: { pk: 'case', sk: 'step#a' } },
        ]);
        const found = await table.query('case#1');
        expect(found.map(({ sk }) => sk)).toEqual([
          'Step',
          'step#10',
          'step#9',
          'step#a',
          'step#a b',
          'step#a!',
          'step#a"',
          'step#b',
          'é',
        ]);
        expect(found.every(({ pk }) => pk === 'case#1')).toBe(true);
      });

      it('lists the places that start with a prefix, and no others', async () => {
        await table.write(
          ['finding', 'finding#1', 'finding#2', 'findings', 'before#1'].map((sk) => put(sk)),
        );
        const found = await table.query('case#1', 'finding#');
        expect(found.map(({ sk }) => sk)).toEqual(['finding#1', 'finding#2']);
      });

      it('finds nothing in a partition that is not there', async () => {
        expect(await table.query('case#404')).toEqual([]);
        expect(await table.query('case#404', 'finding#')).toEqual([]);
      });

      it('lists more than one page holds', async () => {
        const body = 'x'.repeat(300_000);
        for (const n of [1, 2, 3, 4, 5]) await table.write([put(`page#${n}`, { body })]);
        const found = await table.query('case#1', 'page#');
        expect(found.map(({ sk }) => sk)).toEqual([
          'page#1',
          'page#2',
          'page#3',
          'page#4',
          'page#5',
        ]);
        expect(found.every((page) => page.body === body)).toBe(true);
      });
    });

    describe('writing', () => {
      it('puts a whole item in place of another', async () => {
        await table.write([put('a', { old: 1, both: 1 })]);
        await table.write([put('a', { both: 2 })]);
        expect(await table.get({ pk: 'case#1', sk: 'a' })).toEqual(item('a', { both: 2 }));
      });

      it('puts where nothing must be, once', async () => {
        const first: Change = { put: item('lock', { holder: 'first' }), onlyIf: { absent: true } };
        const second: Change = {
          put: item('lock', { holder: 'second' }),
          onlyIf: { absent: true },
        };
        expect(await table.write([first])).toBe('written');
        expect(await table.write([second])).toEqual({
          found: { 0: item('lock', { holder: 'first' }) },
        });
        expect(await table.get({ pk: 'case#1', sk: 'lock' })).toMatchObject({ holder: 'first' });
      });

      it.each([
        ['every field is as asked', { status: 'open', size: 2 }, true],
        ['one field differs', { status: 'open', size: 3 }, false],
        ['a number is asked for as text', { size: '2' }, false],
        ['a field is missing', { absent: 'x' }, false],
      ])('changes on condition: %s', async (_, equals, holds) => {
        await table.write([put('a', { status: 'open', size: 2 })]);
        const wrote = await table.write([{ put: item('a', { now: 1 }), onlyIf: { equals } }]);
        expect(wrote).toEqual(
          holds ? 'written' : { found: { 0: item('a', { status: 'open', size: 2 }) } },
        );
      });

      it('holds no condition of equality to be met where there is no item', async () => {
        const onlyIf = { equals: { holder: 'x' } };
        expect(await table.write([{ put: item('a'), onlyIf }])).toEqual({ found: { 0: null } });
        const remove = { pk: 'case#1', sk: 'a' };
        expect(await table.write([{ remove, onlyIf }])).toEqual({ found: { 0: null } });
        expect(await table.write([{ check: remove, onlyIf }])).toEqual({ found: { 0: null } });
      });

      it.each([
        [undefined, true],
        [{ until: 7 }, true],
        [{ until: 6.5 }, true],
        [{ until: 8 }, false],
        [{ since: 1 }, false],
      ])('puts where nothing is, or what has run out by 7: %o', async (fields, holds) => {
        if (fields) await table.write([put('a', fields)]);
        const onlyIf = { absentOr: { field: 'until', atMost: 7 } };
        const wrote = await table.write([{ put: item('a', { until: 9 }), onlyIf }]);
        expect(wrote).toEqual(holds ? 'written' : { found: { 0: item('a', fields) } });
      });

      it('removes an item, and is content where there is none', async () => {
        await table.write([put('a'), put('b')]);
        expect(await table.write([{ remove: { pk: 'case#1', sk: 'a' } }])).toBe('written');
        expect(await table.write([{ remove: { pk: 'case#1', sk: 'a' } }])).toBe('written');
        expect(await table.query('case#1')).toEqual([item('b')]);
      });

      it('removes on condition', async () => {
        await table.write([put('lock', { holder: 'mine', findings: 2 })]);
        const remove = { pk: 'case#1', sk: 'lock' };
        const early = await table.write([
          { remove, onlyIf: { equals: { holder: 'mine', findings: 1 } } },
        ]);
        expect(early).toEqual({ found: { 0: item('lock', { holder: 'mine', findings: 2 }) } });
        const late = await table.write([
          { remove, onlyIf: { equals: { holder: 'mine', findings: 2 } } },
        ]);
        expect(late).toBe('written');
        expect(await table.query('case#1')).toEqual([]);
      });

      it('checks an item without touching it', async () => {
        await table.write([put('lock', { holder: 'mine' })]);
        const check = { pk: 'case#1', sk: 'lock' };
        const wrote = await table.write([
          { check, onlyIf: { equals: { holder: 'mine' } } },
          put('a'),
        ]);
        expect(wrote).toBe('written');
        expect(await table.query('case#1')).toEqual([item('a'), item('lock', { holder: 'mine' })]);
      });

      it('makes none of a set when one condition fails, and says every one that did', async () => {
        await table.write([put('lock', { holder: 'other' }), put('seen', { caseId: 'before' })]);
        const wrote = await table.write([
          { put: item('lock', { holder: 'mine' }), onlyIf: { absent: true } },
          put('case', { status: 'open' }),
          { remove: { pk: 'case#1', sk: 'seen' } },
          { put: item('other'), onlyIf: { equals: { caseId: 'x' } } },
          { check: { pk: 'case#1', sk: 'unseen' }, onlyIf: { absent: true } },
        ]);
        expect(wrote).toEqual({ found: { 0: item('lock', { holder: 'other' }), 3: null } });
        expect(await table.query('case#1')).toEqual([
          item('lock', { holder: 'other' }),
          item('seen', { caseId: 'before' }),
        ]);
      });

      it('refuses two changes of one item', async () => {
        const twice = [put('a', { n: 1 }), { remove: { pk: 'case#1', sk: 'a' } }];
        await expect(table.write(twice)).rejects.toThrow();
        expect(await table.query('case#1')).toEqual([]);
      });

      it('makes a hundred changes at once, and refuses a hundred and one', async () => {
        const many = Array.from({ length: 101 }, (_, n) => put(`n#${String(n).padStart(3, '0')}`));
        await expect(table.write(many)).rejects.toThrow();
        expect(await table.query('case#1')).toEqual([]);
        expect(await table.write(many.slice(1))).toBe('written');
        expect(await table.query('case#1')).toHaveLength(100);
      });

      it('lets one of ten through that want the same place at once', async () => {
        const wrote = await Promise.all(
          Array.from({ length: 10 }, (_, n) =>
            table.write([
              { put: item('lock', { holder: n }), onlyIf: { absent: true } },
              { put: { pk: `case#${n}`, sk: 'case' } },
            ]),
          ),
        );
        const lock = await table.get({ pk: 'case#1', sk: 'lock' });
        expect(wrote.filter((answer) => answer === 'written')).toHaveLength(1);
        expect(wrote[lock?.holder as number]).toBe('written');
        expect(wrote.filter((answer) => answer !== 'written')).toEqual(
          Array(9).fill({ found: { 0: lock } }),
        );
      });
    });

    describe('moving a number on', () => {
      const key = { pk: 'line', sk: 'line' };

      it('starts at the least that is said, and goes on from where it is', async () => {
        expect(await table.advance(key, ['high'], { by: 200, from: 1_000 })).toEqual({
          ...key,
          high: 1_200,
        });
        await table.advance(key, ['high'], { by: 200, from: 1_100 });
        expect((await table.get(key))?.high).toBe(1_400);
      });

      it('leaves out what lies before the least that is said', async () => {
        await table.advance(key, ['high'], { by: 200, from: 1_000 });
        const moved = await table.advance(key, ['high'], { by: 200, from: 9_000 });
        expect(moved.high).toBe(9_200);
      });

      it('keeps the numbers of an item apart', async () => {
        await table.advance(key, ['high'], { by: 200, from: 1_000 });
        const moved = await table.advance(key, ['low'], { by: 200, from: 5_000 });
        expect(moved).toEqual({ ...key, high: 1_200, low: 5_200 });
      });

      it('moves several on, each from where it is, and counts', async () => {
        await table.advance(key, ['low'], { by: 200, from: 5_000 });
        const step = { by: 200, from: 1_000 };
        await table.advance(key, ['high', 'medium', 'low'], step, 'count-high');
        expect(await table.advance(key, ['medium', 'low'], step, 'count-medium')).toEqual({
          ...key,
          high: 1_200,
          medium: 1_400,
          low: 5_600,
          'count-high': 1,
          'count-medium': 1,
        });
      });

      it('moves on once for each of many at once', async () => {
        const many = Array.from({ length: 12 }, () =>
          table.advance(key, ['high', 'low'], { by: 10, from: 100 }, 'count'),
        );
        const got = (await Promise.all(many)).map(({ high }) => Number(high));
        expect((await table.get(key))?.count).toBe(12);
        expect(got.sort((a, b) => a - b)).toEqual(many.map((_, n) => 110 + n * 10));
      });
    });
  });
}
