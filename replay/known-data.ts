import * as z from 'zod';
import type { Step } from '../functions/shared/step.ts';
import { isAnswered, type Json, type JsonObject, type State, type States } from './workflow.ts';

/** What is surely there of a value: these fields, and of each what is surely there of it. */
interface Known {
  readonly fields: ReadonlyMap<string, Known>;
  /** Of a list: what is surely there of each item. Left out where it may be no list. */
  readonly items?: Known;
}

/** Says what is wrong with the part of a state called `where`. */
type Report = (state: string, where: string, problem: string) => void;

const nothing: Known = { fields: new Map() };
const ofFields = (fields: Iterable<readonly [string, Known]>): Known => ({
  fields: new Map(fields),
});
const error = ofFields([
  ['Error', nothing],
  ['Cause', nothing],
]);

/**
 * Follows the data through a workflow and reports each path that does not point to something on
 * every route to its state, Catch routes included, and each state that no route reaches.
 *
 * It matters because a path that points to nothing is `States.Runtime`, which no Catch sees: the
 * execution stops there, contained or not. What a step hands on is taken from its output schema;
 * what a workflow is started with is taken to be unknown. Returns what is surely there at the end.
 */
export function followData(
  part: States,
  started: Known,
  tasks: ReadonlyMap<string, Step>,
  report: Report,
): Known | undefined {
  const silent: Report = () => {};
  const arriving = new Map([[part.StartAt, started]]);
  const due = [part.StartAt];
  for (let name = due.shift(); name !== undefined; name = due.shift()) {
    const state = part.States[name];
    const arrived = arriving.get(name);
    if (!state || !arrived) continue;
    for (const [next, known] of leave(name, state, arrived, tasks, silent).to) {
      const before = arriving.get(next);
      const now = before ? inBoth(before, known) : known;
      if (before && size(before) === size(now)) continue;
      arriving.set(next, now);
      due.push(next);
    }
  }
  const ends: Known[] = [];
  for (const [name, state] of Object.entries(part.States)) {
    const arrived = arriving.get(name);
    if (!arrived) report(name, 'Next', 'no state leads here');
    else ends.push(...leave(name, state, arrived, tasks, report).ends);
  }
  return ends.length > 0 ? ends.reduce(inBoth) : undefined;
}

interface Left {
  readonly to: readonly (readonly [next: string, known: Known])[];
  readonly ends: readonly Known[];
}

/** What a state hands on, to where. */
function leave(
  name: string,
  state: State,
  arrived: Known,
  tasks: ReadonlyMap<string, Step>,
  report: Report,
): Left {
  const tell = (where: string, problem: string) => report(name, where, problem);
  if (state.Type === 'Choice') return choose(state, arrived, tell);
  if (state.Type === 'Fail') return { to: [], ends: [] };
  if (state.SecondsPath) lookUp(state.SecondsPath, arrived, 'SecondsPath', tell);
  const { TimeoutSecondsPath } = state;
  if (TimeoutSecondsPath) lookUp(TimeoutSecondsPath, arrived, 'TimeoutSecondsPath', tell);

  const given = isAnswered(state)
    ? ofFields([...arrived.fields, [tokenPath, nothing]])
    : state.Type === 'Map'
      ? withItem(state, arrived, tell)
      : arrived;
  const sent =
    state.Parameters === undefined ? given : fill(state.Parameters, given, 'Parameters', tell);
  const result = resultOf(name, state, sent, tasks, report);
  const selected =
    state.ResultSelector === undefined
      ? result
      : fill(state.ResultSelector, result, 'ResultSelector', tell);
  if (state.Type === 'Parallel') {
    for (const [branch, { fields }] of selected.fields) {
      if (!fields.has('outcome')) tell('ResultSelector', `${branch} has no outcome on some route`);
    }
  }
  const handedOn = put(state.ResultPath, arrived, selected);
  const caught = (state.Catch ?? []).map(
    ({ Next, ResultPath }) => [Next, put(ResultPath, arrived, error)] as const,
  );
  return {
    to: state.Next === undefined ? caught : [[state.Next, handedOn], ...caught],
    ends: state.Next === undefined ? [handedOn] : [],
  };
}

function resultOf(
  name: string,
  state: State,
  sent: Known,
  tasks: ReadonlyMap<string, Step>,
  report: Report,
): Known {
  // Whoever answers says the outcome; the step's own result goes nowhere.
  if (isAnswered(state)) return ofFields([['outcome', nothing]]);
  const step = tasks.get(name);
  if (step) return ofSchema(z.toJSONSchema(step.output, { unrepresentable: 'any' }));
  if (state.Type === 'Parallel') {
    const ends = (state.Branches ?? []).map((branch) => followData(branch, sent, tasks, report));
    return ofFields(ends.map((end, index) => [`${index}`, end ?? nothing]));
  }
  if (state.Type === 'Map') {
    const end = state.Iterator && followData(state.Iterator, sent, tasks, report);
    if (!end?.fields.has('outcome')) {
      report(name, 'Iterator', 'an item has no outcome on some route');
    }
    return { ...nothing, items: end ?? nothing };
  }
  return state.Result === undefined ? sent : ofJson(state.Result);
}

const tokenPath = '$$.Task.Token';
const itemPath = '$$.Map.Item.Value';

/** What a Map's Parameters are filled in from: its input, and one item at a time. */
function withItem({ ItemsPath = '$' }: State, arrived: Known, tell: Tell): Known {
  const { items } = lookUp(ItemsPath, arrived, 'ItemsPath', tell);
  if (!items) tell('ItemsPath', `${ItemsPath} is no list on some route`);
  return ofFields([...arrived.fields, [itemPath, items ?? nothing]]);
}

type Tell = (where: string, problem: string) => void;

function choose({ Choices = [], Default }: State, arrived: Known, tell: Tell): Left {
  const to = Choices.map((choice) => {
    const present = testsOf(choice, arrived, tell);
    const known = present.reduce((now, path) => put(path, now, nothing), arrived);
    return [String(choice.Next), known] as const;
  });
  return { to: Default === undefined ? to : [...to, [Default, arrived]], ends: [] };
}

/** Looks up what a rule of a Choice compares; returns the paths that are there when it holds. */
function testsOf(rule: JsonObject, arrived: Known, tell: Tell): readonly string[] {
  const nested = (key: string) => {
    const rules = rule[key];
    // asl-validator has seen that And and Or hold rules, and Not one.
    return (Array.isArray(rules) ? rules : rules === undefined ? [] : [rules]) as JsonObject[];
  };
  const present = nested('And').flatMap((each) => testsOf(each, arrived, tell));
  for (const each of [...nested('Or'), ...nested('Not')]) testsOf(each, arrived, tell);

  if (typeof rule.Variable !== 'string') return present;
  if ('IsPresent' in rule) {
    segmentsOf(rule.Variable, 'Variable', tell);
    return rule.IsPresent === true ? [...present, rule.Variable] : present;
  }
  lookUp(rule.Variable, arrived, 'Variable', tell);
  for (const [operator, operand] of Object.entries(rule)) {
    if (operator.endsWith('Path')) lookUp(String(operand), arrived, operator, tell);
  }
  return present;
}

/** What is surely there of a payload template once it is filled in. */
function fill(template: Json, from: Known, where: string, tell: Tell): Known {
  if (typeof template !== 'object' || template === null) return nothing;
  return ofFields(
    Object.entries(template).map(([key, value]) => {
      const field = `${where}.${key}`;
      if (!key.endsWith('.$')) {
        if (typeof value === 'string' && /^\$[.$[]/.test(value)) {
          tell(field, `a path is only looked up where the field's name ends in .$`);
        }
        return [key, fill(value, from, field, tell)];
      }
      if (typeof value !== 'string') tell(field, 'expected a path');
      const path = String(value);
      const found = path.startsWith('$')
        ? lookUp(path, from, field, tell)
        : compute(path, from, field, tell);
      return [key.slice(0, -2), found];
    }),
  );
}

const contextPaths = new Set(['$$.Execution.Id', '$$.Execution.Name']);

function lookUp(path: string, from: Known, where: string, tell: Tell): Known {
  if (path.startsWith('$$')) {
    const item = from.fields.get(path);
    if (item) return item;
    if (!contextPaths.has(path)) tell(where, `${path}: interpreters differ on it`);
    return nothing;
  }
  let known = from;
  for (const segment of segmentsOf(path, where, tell)) {
    const next = known.fields.get(segment);
    if (!next) {
      tell(where, `${path} is not there on every route`);
      return nothing;
    }
    known = next;
  }
  return known;
}

/** The intrinsic functions on which interpreters agree, and which give the same twice. */
const intrinsics =
  /^States\.(?:Array|ArrayContains|ArrayGetItem|ArrayLength|ArrayPartition|ArrayRange|ArrayUnique|JsonMerge|MathAdd)\(/;

function compute(call: string, from: Known, where: string, tell: Tell): Known {
  const functions = call.match(/States\.\w+\(/g) ?? [];
  if (functions.length === 0 || !functions.every((each) => intrinsics.test(each))) {
    tell(where, `${call}: interpreters differ on it, or it differs from run to run`);
  }
  if (call.includes('\\')) tell(where, `${call}: interpreters differ on backslashes`);
  for (const path of call.replaceAll(/'[^']*'/g, '').match(/\$[^,()\s]*/g) ?? []) {
    lookUp(path, from, where, tell);
  }
  return nothing;
}

const oneSegment = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\\]+)'\]/g;

/** A reference path's segments; wildcards, filters, slices and descent are reported. */
function segmentsOf(path: string, where: string, tell: Tell): readonly string[] {
  const rest = path.slice(1);
  const segments = [...rest.matchAll(oneSegment)];
  if (!path.startsWith('$') || segments.map(([text]) => text).join('') !== rest) {
    tell(where, `${path}: expected fields and indexes only; interpreters differ on the rest`);
    return [];
  }
  return segments.map(([, field, index, quoted]) => field ?? index ?? quoted ?? '');
}

/** `into` with `value` put at a ResultPath: left out it replaces everything, null it is dropped. */
function put(path: string | null | undefined, into: Known, value: Known): Known {
  if (path === null) return into;
  const set = (known: Known, [segment, ...rest]: readonly string[]): Known =>
    segment === undefined
      ? value
      : ofFields([...known.fields, [segment, set(known.fields.get(segment) ?? nothing, rest)]]);
  return set(into, path === undefined ? [] : segmentsOf(path, 'ResultPath', () => {}));
}

function ofJson(value: Json): Known {
  if (typeof value !== 'object' || value === null) return nothing;
  const known = ofFields(Object.entries(value).map(([key, field]) => [key, ofJson(field)]));
  if (!Array.isArray(value)) return known;
  return { ...known, items: value.length > 0 ? value.map(ofJson).reduce(inBoth) : nothing };
}

type Schema = z.core.JSONSchema.BaseSchema;

function ofSchema(schema: Schema): Known {
  const either = (schema.anyOf ?? schema.oneOf ?? []).map(asKnown);
  const all = (schema.allOf ?? []).map(asKnown);
  const required = (schema.required ?? []).map(
    (key) => [key, asKnown(schema.properties?.[key] ?? {})] as const,
  );
  const parts = [...all, ...(either.length > 0 ? [either.reduce(inBoth)] : [])];
  const known = ofFields([...required, ...parts.flatMap(({ fields }) => [...fields])]);
  const items =
    schema.type === 'array'
      ? asKnown(
          typeof schema.items === 'object' && !Array.isArray(schema.items) ? schema.items : {},
        )
      : parts.find((part) => part.items)?.items;
  return items ? { ...known, items } : known;
}

const asKnown = (schema: Schema | boolean): Known =>
  typeof schema === 'boolean' ? nothing : ofSchema(schema);

function inBoth(one: Known, other: Known): Known {
  const known = ofFields(
    [...one.fields].flatMap(([key, field]) => {
      const also = other.fields.get(key);
      return also ? [[key, inBoth(field, also)] as const] : [];
    }),
  );
  return one.items && other.items ? { ...known, items: inBoth(one.items, other.items) } : known;
}

const size = ({ fields, items }: Known): number =>
  [...fields.values()].reduce((sum, field) => sum + 1 + size(field), items ? 1 + size(items) : 0);
