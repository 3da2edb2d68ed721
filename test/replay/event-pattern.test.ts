import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPattern, matches, UnknownPatternError } from '../../replay/event-pattern.ts';

/** The pattern and event are read from JSON, as EventBridge gets them. */
const does = (pattern: string, event: string): boolean => {
  const parsed: unknown = JSON.parse(pattern);
  checkPattern(parsed);
  return matches(parsed, JSON.parse(event));
};

describe('a pattern matches an event', () => {
  test.each([
    // plain values
    ['{"a":["x"]}', '{"a":"x"}', true],
    ['{"a":["x"]}', '{"a":"y"}', false],
    ['{"a":["x"]}', '{"a":"X"}', false],
    ['{"a":["x"]}', '{"a":"x "}', false],
    ['{"a":["x","y"]}', '{"a":"y"}', true],
    ['{"a":["x"]}', '{}', false],
    ['{"a":["x"]}', '{"b":"x"}', false],
    ['{"a":[""]}', '{"a":""}', true],
    ['{"a":[1]}', '{"a":1}', true],
    ['{"a":[300]}', '{"a":3.0e2}', true],
    ['{"a":[1]}', '{"a":"1"}', false],
    ['{"a":["1"]}', '{"a":1}', false],
    ['{"a":[true]}', '{"a":true}', true],
    ['{"a":[true]}', '{"a":"true"}', false],
    ['{"a":[false]}', '{"a":true}', false],
    ['{"a":[null]}', '{"a":null}', true],
    ['{"a":[null]}', '{"a":"null"}', false],
    ['{"a":[null]}', '{}', false],
    ['{"a":[null]}', '{"a":0}', false],
    // several members, nesting
    ['{"a":["x"],"b":["y"]}', '{"a":"x","b":"y","c":"z"}', true],
    ['{"a":["x"],"b":["y"]}', '{"a":"x"}', false],
    ['{"a":{"b":["x"]}}', '{"a":{"b":"x"}}', true],
    ['{"a":{"b":["x"]}}', '{"b":"x"}', false],
    ['{"a":{"b":["x"]}}', '{"a":"x"}', false],
    ['{"a":["x"]}', '{"a":{"x":1}}', false],
    ['{"a-b":["x"]}', '{"a-b":"x"}', true],
    // lists in the event
    ['{"a":["x"]}', '{"a":["w","x"]}', true],
    ['{"a":["x"]}', '{"a":["w"]}', false],
    ['{"a":["x"]}', '{"a":[]}', false],
    ['{"a":["x"]}', '{"a":[["w"],["x"]]}', true],
    ['{"a":[2]}', '{"a":["x",2,null]}', true],
    ['{"a":{"b":["x"]}}', '{"a":[{"b":"w"},{"b":"x"}]}', true],
    ['{"a":{"b":["x"]}}', '{"a":[[{"b":"w"}],[{"b":"x"}]]}', true],
    ['{"a":{"b":["x"],"c":["y"]}}', '{"a":[{"b":"x","c":"y"}]}', true],
    ['{"a":{"b":["x"],"c":["y"]}}', '{"a":[{"b":"x"},{"c":"y"}]}', false],
    ['{"a":{"b":["x"],"c":["y"]}}', '{"a":[{"b":"x","c":"z"},{"b":"x","c":"y"}]}', true],
    ['{"a":{"b":["x"]},"d":["y"]}', '{"a":[{"b":"w"},{"b":"x"}],"d":["v","y"]}', true],
    ['{"a":{"b":{"c":["x"]},"d":["y"]}}', '{"a":[{"b":[{"c":"w"},{"c":"x"}],"d":"y"}]}', true],
    ['{"a":{"b":{"c":["x"]},"d":["y"]}}', '{"a":[{"b":[{"c":"x"}]},{"d":"y"}]}', false],
    // prefix, suffix, equals-ignore-case
    ['{"a":[{"prefix":"ab"}]}', '{"a":"abc"}', true],
    ['{"a":[{"prefix":"ab"}]}', '{"a":"ab"}', true],
    ['{"a":[{"prefix":"ab"}]}', '{"a":"Abc"}', false],
    ['{"a":[{"prefix":"ab"}]}', '{"a":"cab"}', false],
    ['{"a":[{"prefix":"1"}]}', '{"a":12}', false],
    ['{"a":[{"prefix":"ab"}]}', '{}', false],
    ['{"a":[{"prefix":"x"},{"prefix":"y"}]}', '{"a":"yz"}', true],
    ['{"a":[{"suffix":"bc"}]}', '{"a":"abc"}', true],
    ['{"a":[{"suffix":"bc"}]}', '{"a":"bcd"}', false],
    ['{"a":[{"suffix":"2"}]}', '{"a":12}', false],
    ['{"a":[{"equals-ignore-case":"aBc"}]}', '{"a":"AbC"}', true],
    ['{"a":[{"equals-ignore-case":"aBc"}]}', '{"a":"AbCd"}', false],
    ['{"a":[{"equals-ignore-case":"1"}]}', '{"a":1}', false],
    // numeric
    ['{"a":[{"numeric":["=",3.0e2]}]}', '{"a":300}', true],
    ['{"a":[{"numeric":[">=",7]}]}', '{"a":7}', true],
    ['{"a":[{"numeric":[">=",7]}]}', '{"a":6.9}', false],
    ['{"a":[{"numeric":[">",7]}]}', '{"a":7}', false],
    ['{"a":[{"numeric":["<=",7]}]}', '{"a":7.0}', true],
    ['{"a":[{"numeric":["<",7]}]}', '{"a":7}', false],
    ['{"a":[{"numeric":["<",7]}]}', '{"a":-1}', true],
    ['{"a":[{"numeric":[">=",4,"<",7]}]}', '{"a":4}', true],
    ['{"a":[{"numeric":[">=",4,"<",7]}]}', '{"a":6.99}', true],
    ['{"a":[{"numeric":[">=",4,"<",7]}]}', '{"a":7}', false],
    ['{"a":[{"numeric":[">",4,"<=",7]}]}', '{"a":4}', false],
    ['{"a":[{"numeric":[">=",7]}]}', '{"a":"8"}', false],
    ['{"a":[{"numeric":[">=",0]}]}', '{"a":null}', false],
    ['{"a":[{"numeric":[">=",0]}]}', '{"a":true}', false],
    ['{"a":[{"numeric":[">=",0]}]}', '{}', false],
    ['{"a":[{"numeric":[">=",7]}]}', '{"a":[1,8]}', true],
    ['{"a":[{"numeric":["<",2]},{"numeric":[">",8]}]}', '{"a":9}', true],
    // exists: leaves only
    ['{"a":[{"exists":true}]}', '{"a":"x"}', true],
    ['{"a":[{"exists":true}]}', '{"a":null}', true],
    ['{"a":[{"exists":true}]}', '{"a":""}', true],
    ['{"a":[{"exists":true}]}', '{}', false],
    ['{"a":[{"exists":true}]}', '{"a":{"b":1}}', false],
    ['{"a":[{"exists":true}]}', '{"a":[]}', false],
    ['{"a":[{"exists":true}]}', '{"a":[1]}', true],
    ['{"a":[{"exists":false}]}', '{}', true],
    ['{"a":[{"exists":false}]}', '{"a":1}', false],
    ['{"a":[{"exists":false}]}', '{"a":null}', false],
    ['{"a":[{"exists":false}]}', '{"a":{"b":1}}', true],
    ['{"a":[{"exists":false}]}', '{"a":[]}', true],
    ['{"a":{"b":[{"exists":false}]}}', '{"c":1}', true],
    ['{"a":{"b":[{"exists":false}]}}', '{"a":[{"b":1},{"c":2}]}', false],
    ['{"a":{"b":[{"exists":false}]}}', '{"a":[{"c":1},{"c":2}]}', true],
    ['{"a":{"b":["x"],"c":[{"exists":false}]}}', '{"a":[{"b":"x"},{"b":"w","c":2}]}', true],
    ['{"a":["x",{"exists":false}]}', '{}', true],
    ['{"a":["x",{"exists":false}]}', '{"a":"x"}', true],
    ['{"a":["x",{"exists":false}]}', '{"a":"y"}', false],
    ['{"a":[{"exists":false}],"b":["x"]}', '{"b":"y"}', false],
    // anything-but
    ['{"a":[{"anything-but":"x"}]}', '{"a":"y"}', true],
    ['{"a":[{"anything-but":"x"}]}', '{"a":"x"}', false],
    ['{"a":[{"anything-but":"x"}]}', '{}', false],
    ['{"a":[{"anything-but":"x"}]}', '{"a":null}', true],
    ['{"a":[{"anything-but":"x"}]}', '{"a":1}', true],
    ['{"a":[{"anything-but":"x"}]}', '{"a":{"b":"y"}}', false],
    ['{"a":[{"anything-but":["x","y"]}]}', '{"a":"y"}', false],
    ['{"a":[{"anything-but":["x","y"]}]}', '{"a":["x","y"]}', false],
    ['{"a":[{"anything-but":["x","y"]}]}', '{"a":["x","z"]}', true],
    ['{"a":[{"anything-but":1}]}', '{"a":1.0}', false],
    ['{"a":[{"anything-but":1}]}', '{"a":"1"}', true],
    ['{"a":[{"anything-but":[1,2]}]}', '{"a":3}', true],
    ['{"a":[{"anything-but":{"prefix":"ab"}}]}', '{"a":"abc"}', false],
    ['{"a":[{"anything-but":{"prefix":"ab"}}]}', '{"a":"bc"}', true],
    ['{"a":[{"anything-but":{"prefix":"ab"}}]}', '{"a":1}', true],
    ['{"a":[{"anything-but":{"prefix":"ab"}}]}', '{}', false],
    // $or
    ['{"$or":[{"a":["x"]},{"b":["y"]}]}', '{"b":"y"}', true],
    ['{"$or":[{"a":["x"]},{"b":["y"]}]}', '{"a":"w","b":"z"}', false],
    ['{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}', '{"a":"x"}', false],
    ['{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}', '{"a":"x","c":"z"}', true],
    ['{"d":{"$or":[{"a":["x"],"b":["y"]},{"c":["z"]}]}}', '{"d":{"a":"x"}}', false],
    ['{"d":{"$or":[{"a":["x"],"b":["y"]},{"c":["z"]}]}}', '{"d":{"a":"x","b":"y"}}', true],
    ['{"d":{"$or":[{"a":["x"]},{"c":["z"]}]}}', '{"c":"z"}', false],
    [
      '{"$or":[{"a":[1]},{"b":[2]}],"d":{"$or":[{"e":[3]},{"f":[4]}]}}',
      '{"b":2,"d":{"f":4}}',
      true,
    ],
    ['{"$or":[{"a":[1]},{"b":[2]}],"d":{"$or":[{"e":[3]},{"f":[4]}]}}', '{"b":2,"d":{}}', false],
    ['{"$or":[{"a":[1]},{"b":[2],"$or":[{"c":[3]},{"d":[4]}]}]}', '{"b":2,"d":4}', true],
    ['{"$or":[{"a":[1]},{"b":[2],"$or":[{"c":[3]},{"d":[4]}]}]}', '{"b":2}', false],
    // members that look like something else
    ['{"a":{"b":["x"]}}', '{"a.b":"x"}', true],
    ['{"numeric":["x"]}', '{"numeric":"x"}', true],
    ['{"toString":["x"]}', '{}', false],
  ])('%s on %s: %s', (pattern, event, is) => {
    expect(does(pattern, event)).toBe(is);
  });

  test('if and only if one of the values is in the list, whatever they are', () => {
    const plain = fc.oneof(
      fc.constantFrom('x', 'y', '1', ''),
      fc.integer({ max: 2, min: 0 }),
      fc.boolean(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1 }), fc.array(plain), (wanted, found) => {
        expect(matches({ a: wanted }, { a: found })).toBe(
          found.some((value) => wanted.some((want) => want === value)),
        );
      }),
    );
  });

  test('and its $or is what its parts are together', () => {
    const member = fc.constantFrom('a', 'b', 'c');
    const part = fc.dictionary(member, fc.tuple(fc.integer({ min: 0, max: 2 })), { minKeys: 1 });
    const event = fc.dictionary(member, fc.integer({ min: 0, max: 2 }));
    fc.assert(
      fc.property(part, part, part, event, (one, two, rest, of) => {
        const either = matches(one, of) || matches(two, of);
        expect(matches({ $or: [one, two] }, of)).toBe(either);
        expect(matches({ d: { $or: [one, two] }, ...rest }, { ...of, d: of })).toBe(
          either && matches(rest, of),
        );
      }),
    );
  });

  test('whatever the event, without failing', () => {
    const pattern = { a: { b: [{ exists: false }], c: [{ numeric: ['>', 1] }, 'x'] } };
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (event) => {
        expect(matches(pattern, event)).toBeTypeOf('boolean');
      }),
    );
  });
});

describe('a pattern is refused', () => {
  const operators =
    'one of the operators prefix, suffix, equals-ignore-case, exists, anything-but, numeric';
  test.each([
    ['{"a":[{"wildcard":"x*"}]}', `$.a[0].wildcard: expected ${operators}`],
    ['{"a":{"b":["x",{"cidr":"10.0.0.0/8"}]}}', `$.a.b[1].cidr: expected ${operators}`],
    ['{"a":[{"toString":"x"}]}', `$.a[0].toString: expected ${operators}`],
    ['{"a":[{"__proto__":"x"}]}', `$.a[0].__proto__: expected ${operators}`],
    ['{"a":[{}]}', `$.a[0].: expected ${operators}`],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', '$.a[0]: expected one operator'],
    ['{"a":[{"prefix":{"equals-ignore-case":"x"}}]}', '$.a[0].prefix: expected a string'],
    ['{"a":[{"suffix":""}]}', '$.a[0].suffix: expected a string'],
    ['{"a":[{"exists":"yes"}]}', '$.a[0].exists: expected true or false'],
    [
      '{"a":[{"anything-but":["x",1]}]}',
      '$.a[0].anything-but: expected strings or numbers, not both',
    ],
    ['{"a":[{"anything-but":[]}]}', '$.a[0].anything-but: expected strings or numbers, not both'],
    ['{"a":[{"anything-but":null}]}', '$.a[0].anything-but: expected strings or numbers, not both'],
    [
      '{"a":[{"anything-but":{"suffix":"x"}}]}',
      '$.a[0].anything-but: expected values or one prefix',
    ],
    [
      '{"a":[{"numeric":[]}]}',
      '$.a[0].numeric: expected a comparison, or a range from low to high',
    ],
    [
      '{"a":[{"numeric":["!=",1]}]}',
      '$.a[0].numeric: expected a comparison, or a range from low to high',
    ],
    [
      '{"a":[{"numeric":["<",5,">",1]}]}',
      '$.a[0].numeric: expected a comparison, or a range from low to high',
    ],
    [
      '{"a":[{"numeric":[">",5,"<",1]}]}',
      '$.a[0].numeric: expected a comparison, or a range from low to high',
    ],
    ['{"a":[{"numeric":[">","7"]}]}', '$.a[0].numeric: expected numbers between -5.0e9 and 5.0e9'],
    ['{"a":[{"numeric":[">",6e9]}]}', '$.a[0].numeric: expected numbers between -5.0e9 and 5.0e9'],
    ['{"a":"x"}', '$.a: expected a list of values'],
    ['{"a":[]}', '$.a: expected a list of values'],
    ['{"a":[["x"]]}', '$.a[0]: expected a value or an operator'],
    ['{"a":{}}', '$.a: expected at least one member'],
    ['{}', '$: expected at least one member'],
    ['[]', '$: expected an object'],
    ['null', '$: expected an object'],
    ['{"$or":[{"a":["x"]}]}', '$.$or: expected two or more patterns'],
    ['{"$or":{"a":["x"]}}', '$.$or: expected two or more patterns'],
    ['{"$or":[{"a":["x"]},"y"]}', '$.$or[1]: expected an object'],
    ['{"$or":[{"a":["x"]},{"b":[{"regex":"y"}]}]}', `$.$or[1].b[0].regex: expected ${operators}`],
  ])('%s', (pattern, message) => {
    expect(() => checkPattern(JSON.parse(pattern))).toThrow(new UnknownPatternError(message));
  });

  test('also when it is asked to match', () => {
    // The compiler would refuse this operator; JSON from a file has no compiler.
    const pattern = JSON.parse('{"a":[{"wildcard":"x*"}]}');
    expect(() => matches(pattern, { a: 'xy' })).toThrow(UnknownPatternError);
  });
});
