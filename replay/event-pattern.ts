import type { EventPattern } from '../statemachines/triggers.ts';

/** A pattern that EventBridge would refuse, or that uses what this matcher does not know. */
export class UnknownPatternError extends Error {
  override readonly name = 'UnknownPatternError';
}

/** A value of an event, and in which element of which list it stands. */
interface Field {
  readonly value: unknown;
  readonly elements: ReadonlyMap<unknown, number>;
}
type Fields = ReadonlyMap<string, readonly Field[]>;
type Test = (value: unknown) => boolean;

/** All of it must hold. A test of `'absent'` holds where the event has no such value. */
type Rule = readonly { readonly path: string; readonly tests: readonly (Test | 'absent')[] }[];

/**
 * Whether EventBridge would send `event` to a rule with this pattern.
 *
 * An event is its values, named by the members that lead to them; lists are looked through, so a
 * list of values matches by any of them, and a pattern with several members is never pieced
 * together from different elements of one list. Values match by their JSON type. Empty objects and
 * lists are no values. This is what AWS's own matcher does: https://github.com/aws/event-ruler
 *
 * It differs where plain numbers are written differently: `3.0e2` matches `300` here.
 */
export const matches = (pattern: EventPattern, event: object): boolean => matcherOf(pattern)(event);

/** The same, for many events: what is wrong with the pattern is thrown at once. */
export function matcherOf(pattern: EventPattern): (event: object) => boolean {
  const rules = rulesOf(pattern, '$');
  return (event) => {
    const fields = new Map<string, Field[]>();
    collect(event, [], new Map(), fields);
    return rules.some((rule) => holds(rule, 0, new Map(), fields));
  };
}

/** Throws an {@link UnknownPatternError} naming the path, unless the pattern is one we can match. */
export function checkPattern(pattern: unknown): asserts pattern is EventPattern {
  rulesOf(pattern, '$');
}

function collect(
  value: unknown,
  path: readonly string[],
  elements: ReadonlyMap<unknown, number>,
  into: Map<string, Field[]>,
): void {
  if (Array.isArray(value)) {
    value.forEach((element, index) => {
      const isValue = typeof element !== 'object' || element === null;
      collect(element, path, isValue ? elements : new Map(elements).set(value, index), into);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) {
      collect(inner, [...path, member], elements, into);
    }
  } else {
    const name = path.join('.');
    const same = into.get(name);
    if (same) same.push({ value, elements });
    else into.set(name, [{ value, elements }]);
  }
}

/** Tries every value for the rule's `index`th path that goes with the values taken so far. */
function holds(rule: Rule, index: number, taken: Field['elements'], fields: Fields): boolean {
  const next = rule[index];
  if (!next) return true;
  const here = (fields.get(next.path) ?? []).flatMap(({ value, elements }) => {
    const together = joined(taken, elements);
    return together ? [{ value, together }] : [];
  });
  if (here.length === 0) {
    return next.tests.includes('absent') && holds(rule, index + 1, taken, fields);
  }
  return here.some(
    ({ value, together }) =>
      next.tests.some((test) => test !== 'absent' && test(value)) &&
      holds(rule, index + 1, together, fields),
  );
}

/** Both memberships in one, or nothing where they are in different elements of one list. */
function joined(some: Field['elements'], more: Field['elements']): Field['elements'] | undefined {
  for (const [list, element] of more) {
    if ((some.get(list) ?? element) !== element) return undefined;
  }
  return new Map([...some, ...more]);
}

/** The pattern as alternatives, each a list of tests in order of path, as AWS's matcher goes. */
function rulesOf(pattern: unknown, at: string): Rule[] {
  if (!isObject(pattern)) throw unknown(at, 'an object');
  const rules = alternatives(pattern, [], at);
  return rules.map((rule) => rule.toSorted((one, two) => (one.path < two.path ? -1 : 1)));
}

function alternatives(pattern: object, path: readonly string[], at: string): Rule[] {
  const members = Object.entries(pattern);
  if (members.length === 0) throw unknown(at, 'at least one member');
  return members.reduce<Rule[]>(
    (so, [member, inner]) => {
      const more = alternativesOf(member, inner, path, `${at}.${member}`);
      return so.flatMap((rule) => more.map((other) => [...rule, ...other]));
    },
    [[]],
  );
}

function alternativesOf(
  member: string,
  inner: unknown,
  path: readonly string[],
  at: string,
): Rule[] {
  if (member === '$or') {
    if (!Array.isArray(inner) || inner.length < 2) throw unknown(at, 'two or more patterns');
    return inner.flatMap((one: unknown, index) => {
      if (!isObject(one)) throw unknown(`${at}[${index}]`, 'an object');
      return alternatives(one, path, `${at}[${index}]`);
    });
  }
  const further = [...path, member];
  if (isObject(inner)) return alternatives(inner, further, at);
  if (!Array.isArray(inner) || inner.length === 0) throw unknown(at, 'a list of values');
  const tests = inner.map((one: unknown, index) => testOf(one, `${at}[${index}]`));
  return [[{ path: further.join('.'), tests }]];
}

function testOf(condition: unknown, at: string): Test | 'absent' {
  if (!isObject(condition)) {
    if (!isPlain(condition)) throw unknown(at, 'a value or an operator');
    return (value) => value === condition;
  }
  const [[operator, operand] = ['', undefined], ...more] = Object.entries(condition);
  if (more.length > 0) throw unknown(at, 'one operator');
  return operators[operator]?.(operand, `${at}.${operator}`) ?? refuseOperator(operator, at);
}

const operators: Readonly<
  Record<string, ((operand: unknown, at: string) => Test | 'absent') | undefined>
> = Object.assign(Object.create(null), {
  prefix: (start: unknown, at: string) => {
    const text = textOf(start, at);
    return (value: unknown) => typeof value === 'string' && value.startsWith(text);
  },
  suffix: (end: unknown, at: string) => {
    const text = textOf(end, at);
    return (value: unknown) => typeof value === 'string' && value.endsWith(text);
  },
  'equals-ignore-case': (word: unknown, at: string) => {
    const text = textOf(word, at).toLowerCase();
    return (value: unknown) => typeof value === 'string' && value.toLowerCase() === text;
  },
  exists: (wanted: unknown, at: string) => {
    if (typeof wanted !== 'boolean') throw unknown(at, 'true or false');
    return wanted ? () => true : 'absent';
  },
  'anything-but': anythingBut,
  numeric,
});

function anythingBut(but: unknown, at: string): Test {
  if (isObject(but)) {
    const [[operator, start] = ['', undefined], ...more] = Object.entries(but);
    if (operator !== 'prefix' || more.length > 0) throw unknown(at, 'values or one prefix');
    const text = textOf(start, `${at}.prefix`);
    return (value) => typeof value !== 'string' || !value.startsWith(text);
  }
  const values: readonly unknown[] = Array.isArray(but) ? but : [but];
  const [kind] = values.map((value) => typeof value);
  const sameKind = values.every((value) => typeof value === kind);
  if (!sameKind || (kind !== 'string' && kind !== 'number')) {
    throw unknown(at, 'strings or numbers, not both');
  }
  return (value) => !values.includes(value);
}

const compare: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '=': (value, limit) => value === limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
};

function numeric(range: unknown, at: string): Test {
  const parts: readonly unknown[] = Array.isArray(range) ? range : [];
  const [first, low, second, high] = parts;
  const isOne = parts.length === 2 && typeof first === 'string' && Object.hasOwn(compare, first);
  const isTwo =
    parts.length === 4 &&
    (first === '>' || first === '>=') &&
    (second === '<' || second === '<=') &&
    Number(low) < Number(high);
  if (!isOne && !isTwo) throw unknown(at, 'a comparison, or a range from low to high');
  const limits = (isTwo ? [low, high] : [low]).map((limit) => {
    if (typeof limit === 'number' && Math.abs(limit) <= 5e9) return limit;
    throw unknown(at, 'numbers between -5.0e9 and 5.0e9');
  });
  const tests = limits.map((limit, index) => ({ limit, is: compare[String(parts[index * 2])] }));
  return (value) =>
    typeof value === 'number' && tests.every(({ limit, is }) => is?.(value, limit) ?? false);
}

function textOf(operand: unknown, at: string): string {
  if (typeof operand !== 'string' || operand === '') throw unknown(at, 'a string');
  return operand;
}

function refuseOperator(operator: string, at: string): never {
  const known = Object.keys(operators).join(', ');
  throw unknown(`${at}.${operator}`, `one of the operators ${known}`);
}

const unknown = (at: string, expected: string) =>
  new UnknownPatternError(`${at}: expected ${expected}`);

const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
