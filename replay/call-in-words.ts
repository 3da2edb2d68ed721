import type { AwsCall } from '../functions/shared/step.ts';
import { cut } from './printable.ts';

/** Whether a call changes anything in the account, by the verbs AWS gives its reads. */
export const changes = (call: AwsCall): boolean =>
  !/:(?:Describe|Get|List|Search|Select|Lookup|BatchGet|Head)|^logs:St(?:art|op)Query$/.test(call);

/** What a call's input says nothing new with: tokens, and tags that every call carries alike. */
const unsaid = new Set(['ClientToken', 'DryRun', 'TagSpecifications', 'Tags', 'Description']);

/**
 * A call's input on a line: every value with the name nearest to it, so that
 * `{"DisableApiTermination": {"Value": true}}` is `DisableApiTermination=true`, a filter is
 * `vpc-id=vpc-…`, and an ARN is shown from its resource on.
 */
export const inWords = (input: object): string => pairs(input).join(' ');

function pairs(value: unknown, name = ''): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return ofList(value, name);
  if (typeof value !== 'object') return [`${name}=${inShort(value)}`];
  if ('Values' in value && Array.isArray(value.Values)) {
    const filter = 'Name' in value ? value.Name : 'Key' in value ? value.Key : name;
    return ofList(value.Values, String(filter));
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    unsaid.has(key) ? [] : pairs(inner, key === 'Value' && name ? name : key),
  );
}

function ofList(values: readonly unknown[], name: string): readonly string[] {
  if (values.some((each) => typeof each === 'object')) {
    return values.flatMap((each) => pairs(each, name));
  }
  const shown = values.slice(0, 4).map(inShort);
  const more = values.length > shown.length ? ` and ${values.length - shown.length} more` : '';
  return values.length === 0 ? [] : [`${name}=${shown.join(',')}${more}`];
}

const arn = /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/s;

function inShort(value: unknown): string {
  const text = String(value);
  const lines = text.split('\n').length;
  return lines > 1 ? `(${lines} lines)` : cut(arn.exec(text)?.[1] ?? text, 64);
}
