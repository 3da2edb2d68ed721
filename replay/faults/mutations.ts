import { steps } from '../../functions/index.ts';
import type { CaseTable, Change, Condition } from '../../functions/shared/case-table.ts';
import type { Step } from '../../functions/shared/step.ts';
import { loadWorkflows, type State, statesOf, type Workflow, withStates } from '../workflow.ts';

/**
 * One safeguard taken away, so that it can be seen that the harness misses it: the `Catch` or the
 * `Retry` of a state, a step's read-back, a condition of the case table, or the rule that settles
 * executions which did not end well.
 */
export type Mutation =
  | 'none'
  | `${'catch' | 'retry'}:${string}`
  | `read-back:${string}`
  | `condition:${ConditionName}`
  | 'rule:settle';

const conditionNames = [
  'lock',
  'seen',
  'before',
  'intent',
  'held',
  'close',
  'release-lock',
  'release-close',
] as const;
type ConditionName = (typeof conditionNames)[number];

/** Safeguards of every kind and workflow, each with a small case in which it is missed. */
export const listedMutations: readonly (readonly [Mutation, string])[] = [
  ['catch:compromised-instance/Isolate instance', 'finding-on-isolated-instance'],
  ['retry:compromised-instance/Isolate instance', 'finding-on-isolated-instance'],
  ['catch:compromised-instance/Start memory capture', 'finding-on-isolated-instance'],
  ['catch:compromised-instance/Snapshot volumes', 'finding-on-isolated-instance'],
  ['catch:compromised-instance/Isolate instance in its turn', 'started-by-hand'],
  ['retry:compromised-instance/Isolate instance in its turn', 'started-by-hand'],
  ['catch:compromised-instance/Protect instance in its turn', 'started-by-hand'],
  ['retry:compromised-instance/Protect instance in its turn', 'started-by-hand'],
  ['catch:compromised-access-key/Deactivate access key', 'leaked-key-inactive-already'],
  ['catch:compromised-access-key/Quarantine user', 'leaked-key-inactive-already'],
  ['retry:compromised-access-key/Open case', 'leaked-key-inactive-already'],
  ['catch:compromised-access-key/Close case', 'leaked-key-inactive-already'],
  ['catch:compromised-role/Deny the stolen session', 'role-shared-by-three-instances'],
  ['retry:compromised-role/Close case', 'started-by-hand-for-role'],
  ['catch:attack-sequence/Start its playbook', 'attack-sequence-on-instance-key-and-bucket'],
  [
    'retry:attack-sequence/Wait for the memory capture',
    'attack-sequence-on-instance-and-its-session',
  ],
  ['catch:release/Plan release', 'started-by-hand-for-role'],
  ['retry:release/Plan release', 'started-by-hand-for-role'],
  ['catch:release/Take back change', 'started-by-hand-for-role'],
  ['retry:release/Take back change', 'started-by-hand-for-role'],
  ['catch:release/Ask for approval', 'started-by-hand-for-role-session'],
  ['retry:release/Ask for approval', 'started-by-hand-for-role-session'],
  ['catch:release/Settle release', 'started-by-hand-for-role-session'],
  ['retry:release/Settle release', 'started-by-hand-for-role-session'],
  ['catch:release/Close release', 'started-by-hand-for-role'],
  ['retry:release/Close release', 'started-by-hand-for-role'],
  ['catch:rotate-access-key/Create replacement key', 'leaked-key-replaced'],
  ['retry:rotate-access-key/Create replacement key', 'leaked-key-replaced'],
  ['catch:rotate-access-key/Delete replaced key', 'leaked-key-replaced'],
  ['retry:rotate-access-key/Delete replaced key', 'leaked-key-replaced'],
  ['catch:rotate-access-key/Ask for approval', 'leaked-key-replaced-once-approved'],
  ['retry:rotate-access-key/Ask for approval', 'leaked-key-replaced-once-approved'],
  ['catch:rotate-access-key/Settle the approval', 'leaked-key-replaced-once-approved'],
  ['retry:rotate-access-key/Settle the approval', 'leaked-key-replaced-once-approved'],
  [
    'catch:compromised-instance/Tell a human that no case was opened',
    'finding-on-isolated-instance',
  ],
  [
    'retry:compromised-instance/Tell a human that no case was opened',
    'finding-on-isolated-instance',
  ],
  [
    'catch:compromised-access-key/Tell a human that the case is still open',
    'leaked-key-inactive-already',
  ],
  [
    'retry:compromised-access-key/Tell a human that the case is still open',
    'leaked-key-inactive-already',
  ],
  ['retry:release/Tell a human that the release is not closed', 'started-by-hand-for-role'],
  ['read-back:isolate-instance', 'started-by-hand'],
  ['read-back:deactivate-access-key', 'started-by-hand-for-key'],
  ['read-back:revoke-role-sessions', 'started-by-hand-for-role'],
  ['read-back:snapshot-volumes', 'finding-on-isolated-instance'],
  ['read-back:release-change', 'started-by-hand-for-role'],
  ['read-back:create-replacement-key', 'leaked-key-replaced'],
  ['read-back:delete-replaced-key', 'leaked-key-replaced'],
  ['condition:lock', 'finding-on-isolated-instance'],
  ['condition:seen', 'role-shared-by-three-instances'],
  ['condition:before', 'started-by-hand'],
  ['condition:intent', 'finding-on-isolated-instance'],
  ['condition:held', 'finding-on-isolated-instance'],
  ['condition:close', 'two-findings-on-one-instance'],
  ['condition:release-lock', 'started-by-hand-for-role'],
  ['condition:release-close', 'started-by-hand-for-role'],
  ['rule:settle', 'finding-on-isolated-instance'],
];

/** Every safeguard there is to take away. */
export function everyMutation(): readonly Mutation[] {
  const states = [...loadWorkflows(steps).values()].flatMap(({ playbook, machine }) =>
    [...statesOf(machine)].map(([name, state]) => ({ at: `${playbook}/${name}`, state })),
  );
  return [
    ...states.flatMap(({ at, state }): Mutation[] => [
      ...(state.Catch ? [`catch:${at}` as const] : []),
      ...(state.Retry ? [`retry:${at}` as const] : []),
    ]),
    ...steps.flatMap((step: Step): Mutation[] => (step.prove ? [`read-back:${step.name}`] : [])),
    ...conditionNames.map((name): Mutation => `condition:${name}`),
    'rule:settle',
  ];
}

/** The workflows, without a safeguard of theirs or of their steps. */
export function workflowsWithout(mutation: Mutation): ReadonlyMap<string, Workflow> {
  const [kind, name = ''] = split(mutation);
  const without = steps.map((step: Step): Step => {
    if (kind !== 'read-back' || step.name !== name) return step;
    const { prove: _, ...rest } = step;
    return rest;
  });
  const workflows = loadWorkflows(without);
  if (kind !== 'catch' && kind !== 'retry') return workflows;
  return new Map(
    [...workflows].map(([playbook, workflow]) => [
      playbook,
      {
        ...workflow,
        machine: withStates(workflow.machine, (state, at) =>
          `${playbook}/${at}` === name ? stripped(state, kind) : state,
        ),
      },
    ]),
  );
}

const split = (mutation: Mutation): [string, string?] => {
  const at = mutation.indexOf(':');
  return at < 0 ? [mutation] : [mutation.slice(0, at), mutation.slice(at + 1)];
};

function stripped({ Catch, Retry, ...rest }: State, kind: 'catch' | 'retry'): State {
  return { ...rest, ...(kind === 'catch' ? Retry && { Retry } : Catch && { Catch }) };
}

/** Which changes a condition of the case table guards, by themselves or in what they are made with. */
const guards: Readonly<Record<ConditionName, (change: Change, all: readonly Change[]) => boolean>> =
  {
    lock: (change, all) => isLock(change) && !all.some(isOfRelease),
    seen: (change) => 'put' in change && change.put.pk.startsWith('finding#'),
    before: (change) => 'put' in change && change.put.sk.startsWith('before#'),
    intent: (change) => 'put' in change && change.put.sk.startsWith('intent#'),
    held: (change) => 'check' in change,
    close: (change, all) => isUnlock(change) && !all.some(isOfRelease),
    'release-lock': (change, all) => isLock(change) && all.some(isOfRelease),
    'release-close': (change, all) => isUnlock(change) && all.some(isOfRelease),
  };

const isLock = (change: Change) => 'put' in change && change.put.sk === 'lock';
const isUnlock = (change: Change) => 'remove' in change && change.remove.sk === 'lock';
/** What a release says of itself, as it begins and as it ends. */
const isOfRelease = (change: Change) =>
  'put' in change && (change.put.releasing === true || change.put.sk.startsWith('release#'));

/** The case table, without a condition of its own. */
export function tableWithout(mutation: Mutation, table: CaseTable): CaseTable {
  const [kind, name] = split(mutation);
  const guarded = kind === 'condition' && name ? guards[name as ConditionName] : undefined;
  if (!guarded) return table;
  return {
    get: (key) => table.get(key),
    query: (pk, prefix) => table.query(pk, prefix),
    advance: (...args) => table.advance(...args),
    write: (changes) =>
      table.write(
        changes.flatMap((change) => (guarded(change, changes) ? withoutCondition(change) : change)),
      ),
  };
}

/** A mere check without its condition is nothing at all. */
function withoutCondition(change: Change): Change[] {
  if ('check' in change) return [];
  const { onlyIf: _, ...rest } = change as Change & { onlyIf?: Condition };
  return [rest as Change];
}
