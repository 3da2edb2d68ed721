import { steps } from '../functions/index.ts';
import type { Need, Reads, Step, Writes } from '../functions/shared/step.ts';

/** A statement of a policy as it stands in a template. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a policy lets do: calls by their declaration, and what AWS demands beside them. */
export interface Access {
  readonly reads?: Reads;
  readonly writes?: Writes;
  readonly needs?: readonly Need[];
}

/**
 * Everything a step may do to the account it acts in; its undo's calls are not among it, but those
 * of the steps that it undoes are.
 */
export const accessOf = ({ reads, writes, needs = [], undoes = [] }: Step): Access => ({
  reads: Object.assign({}, reads, ...undosOf(undoes).map((undo) => undo.reads)),
  writes: Object.assign({}, writes, ...undosOf(undoes).map((undo) => undo.writes)),
  needs,
});

const undosOf = (names: readonly string[]) =>
  steps.flatMap(({ name, undo }: Step) => (undo && names.includes(name) ? [undo] : []));

/**
 * The statements for what is declared: one for all the actions that go on the same resources under
 * the same conditions, in an order that does not depend on that of the declarations.
 */
export function statementsFor(...all: readonly Access[]): readonly Statement[] {
  const merged = new Map<string, { statement: Statement; actions: Set<string> }>();
  for (const [action, { on, when }] of all.flatMap(grantsOf)) {
    const resources = (typeof on === 'string' ? [on] : [...on]).sort();
    const key = JSON.stringify([resources, when ?? null]);
    const known = merged.get(key);
    if (known) {
      known.actions.add(action);
      continue;
    }
    merged.set(key, {
      actions: new Set([action]),
      statement: {
        Effect: 'Allow',
        Action: [],
        Resource: resources,
        ...(when && { Condition: when }),
      },
    });
  }
  return [...merged]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { statement, actions }]) => ({ ...statement, Action: [...actions].sort() }));
}

type Granted = readonly [action: string, grant: Pick<Need, 'on' | 'when'>];

const grantsOf = ({ reads = {}, writes = {}, needs = [] }: Access): readonly Granted[] => [
  ...Object.entries(reads),
  ...Object.entries(writes),
  ...needs.map((need): Granted => [need.action, need]),
];

/** Whether a step calls the account that its case is about at all. */
export const callsTarget = ({
  reads,
  writes,
  undoes = [],
}: Pick<Step, 'reads' | 'writes' | 'undoes'>): boolean =>
  Object.keys(reads).length + Object.keys(writes).length + undoes.length > 0;

/** A policy document of these statements. */
export const documentOf = (statements: readonly object[]) => ({
  Version: '2012-10-17',
  Statement: statements,
});

/** As IAM counts a policy's characters: without white space. */
export const charactersOf = (statements: readonly Statement[]): number =>
  JSON.stringify(documentOf(statements)).replaceAll(/\s/g, '').length;
