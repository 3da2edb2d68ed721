import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../../functions/shared/read-json.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';

function refusal(text: string): string {
  try {
    readJson(text);
  } catch (error) {
    if (error instanceof UnusableInputError) return error.message;
    throw error;
  }
  return 'not refused';
}

test('reads any JSON as JSON.parse does', () => {
  const members = fc.string().filter((key) => key !== '__proto__' && key !== 'constructor');
  const value = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 0 }),
      fc.array(tie('json')),
      fc.dictionary(members, tie('json')),
    ),
  })).json;
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2), (json, indent) => {
      const text = JSON.stringify(json, null, indent);
      expect(readJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('takes a byte order mark and surrounding blanks', () => {
  expect(readJson('\uFEFF\r\n {"a": [1, "ü"]}\n')).toEqual({ a: [1, 'ü'] });
});

test('takes a member again in another object', () => {
  expect(readJson('{"a":{"id":1},"b":[{"id":2},{"id":3}],"id":4}')).toBeTypeOf('object');
});

describe('refuses', () => {
  test.each([
    ['an empty file', '', 'expected JSON, found nothing'],
    ['blanks', ' \n\t', 'expected JSON, found nothing'],
    ['text', 'hello', 'expected JSON, found a mistake at line 1, column 1'],
    ['a mistake', '{\n  "a": 1,\n  b: 2\n}', 'expected JSON, found a mistake at line 3, column 3'],
    ['an end too early', '{"a": [1', 'expected JSON, found a mistake at line 1, column 9'],
    ['a comment', '{} // no', 'expected JSON, found a mistake at line 1, column 4'],
    ['a comma too many', '{"a": 1,}', 'expected JSON, found a mistake at line 1, column 9'],
    ['two documents', '{}\n{}', 'expected JSON, found a mistake at line 2, column 1'],
    ['single quotes', "{'a': 1}", 'expected JSON, found a mistake at line 1, column 2'],
    ['no number', '{"a": NaN}', 'expected JSON, found a mistake at line 1, column 7'],
    [
      'a member twice',
      '{"detail": [{"severity": 2,\n  "severity": 8}]}',
      '$.detail[0].severity: expected once, found again at line 2, column 3',
    ],
    [
      'a member twice in two spellings',
      '{"mode": "dry-run", "m\\u006fde": "live"}',
      '$.mode: expected once, found again at line 1, column 21',
    ],
    [
      '__proto__',
      '{"a": {"__proto__": {"polluted": 1}}}',
      '$.a.__proto__: expected no member of this name (line 1, column 8)',
    ],
    [
      'constructor',
      '{"constructor": 1}',
      '$.constructor: expected no member of this name (line 1, column 2)',
    ],
    ['depth', `${'['.repeat(100_000)}`, '$: expected at most 64 levels of JSON'],
    [
      'ten megabytes',
      `"${'x'.repeat(1e7)}"`,
      'expected at most 8 million characters of JSON, found 10.0 million',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text)).toBe(message);
  });

  test('any text that JSON.parse refuses, with no other error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          let isJson = true;
          try {
            JSON.parse(text);
          } catch {
            isJson = false;
          }
          if (!isJson) expect(refusal(text)).toMatch(/^(?:\$.*: )?expected /);
        },
      ),
    );
  });
});
