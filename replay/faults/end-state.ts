import * as z from 'zod';
import type { AccountState } from '../account/state.ts';
import type { Came } from './scenario.ts';

/** A case as it was closed, or not. */
export interface CaseEnd {
  readonly target: string;
  readonly mode: string;
  readonly status: string;
  /** What it says is missing or left to a person. */
  readonly missing: readonly string[];
  /** Whether it has the manifest of its evidence. */
  readonly manifest: 'kept' | 'none';
}

/** What came of one release of a case. */
export type ReleaseEnd = z.infer<typeof ReleaseItem>;

/** What a run has come to, in a form in which two runs can be held against each other. */
export interface End {
  /** The accounts acted on, as canonical JSON, without snapshots. */
  readonly accounts: string;
  /** The same, as far as it is about access and not about evidence. */
  readonly containment: string;
  /** Of which volume each snapshot is, for what, and which case took it. */
  readonly snapshots: readonly SnapshotEnd[];
  /** How each execution ended, by playbook. */
  readonly executions: readonly string[];
  readonly cases: readonly CaseEnd[];
  /** What was recorded before it was changed, by mode, target, step and resource, in every case. */
  readonly befores: ReadonlyMap<string, readonly string[]>;
  /** What each release says of itself, with its lines of what is left. */
  readonly releases: readonly ReleaseEnd[];
  /** Locks and holds that nobody has given back. */
  readonly heldStill: readonly string[];
  /** Cases in which nothing was done and which yet count in an hourly limit. */
  readonly countedStill: readonly string[];
  /** Titles of what people were told, each once. */
  readonly told: readonly string[];
  /** States whose step was tried, by playbook. */
  readonly tried: ReadonlySet<string>;
  /** Ids that steps named as duplicates. */
  readonly duplicates: ReadonlySet<string>;
  /** Ids of the artefacts that cases list, each with its case before it. */
  readonly listed: ReadonlySet<string>;
}

/** A snapshot; with its id, since a second one must be listed. */
export interface SnapshotEnd {
  readonly id: string;
  readonly of: string;
  /** The device that its tag says it was. */
  readonly device: string;
  /** The id of the case, by the snapshot's tag; empty where it has none. */
  readonly by: string;
}

const CaseItem = z.looseObject({
  pk: z.string(),
  target: z.string(),
  mode: z.string(),
  status: z.string(),
  summary: z.looseObject({ missing: z.array(z.string()).default([]) }).optional(),
});

const ReleaseItem = z.object({
  outcome: z.string(),
  /** A line for each change: its step, its resource and what came of it. */
  done: z.array(z.string()),
  left: z.array(z.string()),
});

/**
 * Reads off what a run has come to.
 *
 * Ids that AWS made are told apart by their kind alone: they depend on the case's id, which depends
 * on the execution that opened it.
 */
export function endOf(came: Came, initial: readonly AccountState[]): End {
  const known = new Set(JSON.stringify(initial).match(madeUp));
  const alike = (text: string): string =>
    text.replaceAll(madeUp, (id) => (known.has(id) ? id : `${kindOf(id)}-made`));
  const canonical = (value: unknown): string => alike(sorted(value));
  const states = came.worlds.map(({ account }) => account.state);
  const items = came.worlds.flatMap(({ table }) => table.items());
  const runs = came.executions.flatMap(({ family }) =>
    family.ran.entered.flatMap(({ invocations }) =>
      invocations.map((invocation) => ({ playbook: family.playbook, ...invocation })),
    ),
  );
  const targets = new Map(
    items.flatMap(({ pk, sk, target, mode }) =>
      sk === 'case' && target ? [[pk, `${mode} ${target}`]] : [],
    ),
  );
  const kept = new Set(items.flatMap(({ pk, sk, key }) => (sk === 'manifest' && key ? pk : [])));
  const idle = new Set(
    items.filter(({ sk, summary }) => sk === 'case' && isIdle(summary)).map(({ pk }) => pk),
  );
  return {
    accounts: canonical(states.map(({ snapshots: _, ...rest }) => rest)),
    containment: canonical(states.map(containmentOf)),
    snapshots: states.flatMap(({ snapshots }) =>
      snapshots.map(({ snapshotId: id, volumeId, tags }) => ({
        id,
        of: alike(`${volumeId} ${tags['cordon:role'] ?? 'volume'}`),
        device: tags['cordon:device'] ?? 'no device',
        by: tags['cordon:case'] ?? '',
      })),
    ),
    executions: came.executions.map(({ family, status }) => `${family.playbook} ${status}`).sort(),
    cases: items
      .filter(({ pk, sk }) => sk === 'case' && pk.startsWith('case#'))
      .map((item) => {
        const { pk, target, mode, status, summary } = CaseItem.parse(item);
        const missing = summary?.missing.map(alike) ?? [];
        const manifest = kept.has(pk) ? ('kept' as const) : ('none' as const);
        return { target, mode, status, missing, manifest };
      })
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
    befores: grouped(
      items
        // A plan's own are a rehearsal's, under an id made of the execution that rehearsed it.
        .filter(({ pk, sk }) => sk.startsWith('before#') && !pk.includes('-plan-'))
        .map(({ pk, step, resource, state }) => [
          alike(`${targets.get(pk)} ${step} ${resource}`),
          canonical(withoutMade(state, known)),
        ]),
    ),
    releases: items
      .filter(({ sk }) => sk.startsWith('release#'))
      .map((item) => ReleaseItem.parse(item)),
    // A hold is given back by time, within two minutes; a lock would be by hours.
    heldStill: items.filter(({ pk }) => pk.startsWith('lock#')).map(({ pk }) => pk),
    countedStill: items
      .filter(({ pk, caseId }) => pk.startsWith('limit#') && idle.has(`case#${caseId}`))
      .map(({ pk, sk }) => `${pk} ${sk}`),
    told: [...new Set(came.told.map(({ title }) => alike(title)))].sort(),
    tried: new Set(runs.map(({ playbook, state }) => `${playbook}: ${state}`)),
    duplicates: new Set(
      runs.flatMap(({ result }) =>
        result && 'duplicates' in result ? z.array(z.string()).parse(result.duplicates) : [],
      ),
    ),
    listed: new Set(
      items.flatMap(({ pk, sk, id }) =>
        sk.startsWith('artefact#') ? `${pk.replace('case#', '')} ${id}` : [],
      ),
    ),
  };
}

/** Such a case says why nothing was done in it. */
const Idle = z.object({ reason: z.string(), worked: z.literal(false).optional() });
const isIdle = (summary: unknown): boolean => Idle.safeParse(summary).success;

function grouped(pairs: readonly (readonly [string, string])[]) {
  const lists = new Map<string, string[]>();
  for (const [key, value] of pairs) lists.set(key, [...(lists.get(key) ?? []), value]);
  return lists;
}

/** What an account is like for whoever is to be kept out, without evidence and its traces. */
function containmentOf(state: AccountState): object {
  const { securityGroups, networkInterfaces, networkAcls, autoScalingGroups } = state;
  const { targetGroups, classicLoadBalancers, iam } = state;
  const instances = state.instances.map(({ blockDevices: _, ...rest }) => rest);
  const { users, roles, groups } = iam;
  return {
    securityGroups,
    networkInterfaces,
    networkAcls,
    autoScalingGroups,
    targetGroups,
    classicLoadBalancers,
    instances,
    users,
    roles,
    groups,
  };
}

/** Ids that Cordon's own work may bring about. */
const madeUp =
  /\bAKIA[0-9A-Z]{16}\b|\bcase-[0-9a-f]{10}\b|\b(?:vol|snap|sg|sgr|eni|eipalloc)-[0-9a-f]{17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/** A UUID may begin with letters too, of which none are these. */
const kindOf = (id: string): string =>
  /^(?:case|vol|snap|sgr?|eni|eipalloc|AKIA)/.exec(id)?.[0] ?? 'uuid';

/** What a step found before its change may hold another step's new volume, if that was the faster. */
const withoutMade = (state: unknown, known: ReadonlySet<string>): unknown =>
  JSON.parse(JSON.stringify(state), (_, value: unknown) =>
    Array.isArray(value)
      ? value.filter((one) =>
          (JSON.stringify(one).match(/vol-[0-9a-f]{17}/g) ?? []).every((id) => known.has(id)),
        )
      : value,
  );

/**
 * How often something was looked at, and what only a repeated request tells apart: a token is the
 * hash of a case's id among others, and a case that is opened anew has another.
 */
const passing: ReadonlySet<string> = new Set([
  'looks',
  'clientRequest',
  'clientToken',
  'versionId',
  'stale',
  'unseen',
]);

/**
 * Canonical JSON with the objects of a list once each: what a second case adds beside the first one's,
 * such as a denial of its own, is then the same as the first one's.
 */
export const asSets = (canonical: string): string =>
  sorted(
    JSON.parse(canonical, (name, value) => (name === 'entries' ? inAnyTurn(value) : value)),
    'once',
  );

interface Entry {
  readonly egress: boolean;
  readonly ruleAction: string;
  readonly ruleNumber: number;
}

/** Of denials ahead of every allowance it is all one which is the first; they are made in turn. */
const inAnyTurn = (entries: readonly Entry[]): readonly object[] =>
  entries.map((entry) => {
    const isAhead = entries.every(
      ({ egress, ruleAction, ruleNumber }) =>
        ruleAction === 'deny' || egress !== entry.egress || ruleNumber > entry.ruleNumber,
    );
    return isAhead ? { ...entry, ruleNumber: 'ahead' } : entry;
  });

/** JSON in which order says nothing: members by name, and the objects of a list by their own JSON. */
function sorted(value: unknown, each: 'all' | 'once' = 'all'): string {
  if (Array.isArray(value)) {
    const list = value.map((one) => sorted(one, each));
    if (!value.some((one) => typeof one === 'object')) return `[${list.join(',')}]`;
    return `[${(each === 'once' ? [...new Set(list)] : list).sort().join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([name, member]) => member !== undefined && !passing.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = members.map(([name, member]) => `${JSON.stringify(name)}:${sorted(member, each)}`);
  return `{${texts.join(',')}}`;
}
