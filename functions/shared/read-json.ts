import { createScanner, type JSONVisitor, visit } from 'jsonc-parser';
import { inside, type Place } from './place.ts';
import { isUnsafe, mostLevels } from './plain-json.ts';
import { UnusableInputError } from './unusable-input.ts';

/** Far above a page of `aws guardduty get-findings`, which holds 50 findings of about 10 KB. */
const mostCharacters = 8_000_000;

/**
 * Reads JSON that people hand over, more strictly than `JSON.parse` does.
 *
 * Two members of one name are refused, since readers disagree on which of them counts; so are
 * `__proto__` and `constructor`. A leading byte order mark, as Windows tools write it, is no error.
 * Throws an {@link UnusableInputError} with line and column, or with the member's path.
 */
export function readJson(text: string): unknown {
  if (text.length > mostCharacters) {
    const found = `${(text.length / 1e6).toFixed(1)} million`;
    throw new UnusableInputError(
      `expected at most ${mostCharacters / 1e6} million characters of JSON, found ${found}`,
    );
  }
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (json.trim() === '') throw new UnusableInputError('expected JSON, found nothing');

  refuseDeep(json);
  visit(json, strictly(), { disallowComments: true, allowTrailingComma: false });
  return parsed(json);
}

/** Counts brackets without recursion, before the recursive visitor may meet them. */
function refuseDeep(json: string): void {
  const scanner = createScanner(json, true);
  let level = 0;
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    const token = json[scanner.getTokenOffset()];
    if (token === '{' || token === '[') level++;
    else if (token === '}' || token === ']') level--;
    if (level > mostLevels) {
      throw new UnusableInputError(`$: expected at most ${mostLevels} levels of JSON`);
    }
  }
}

function strictly(): JSONVisitor {
  const open: Set<string>[] = [];
  const at = (line: number, column: number) => `line ${line + 1}, column ${column + 1}`;
  return {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty(member, _offset, _length, line, column, parents) {
      const members = open.at(-1);
      const place = (): Place => inside({ path: '$' }, ...parents(), member);
      if (isUnsafe(member)) {
        throw new UnusableInputError(
          `${place().path}: expected no member of this name (${at(line, column)})`,
        );
      }
      if (members?.has(member)) {
        throw new UnusableInputError(
          `${place().path}: expected once, found again at ${at(line, column)}`,
        );
      }
      members?.add(member);
    },
    onError(_error, _offset, _length, line, column) {
      throw new UnusableInputError(`expected JSON, found a mistake at ${at(line, column)}`);
    },
  };
}

/** `JSON.parse` has the last word on what is JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UnusableInputError(`expected JSON: ${error.message}`);
  }
}
