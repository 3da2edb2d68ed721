import type { Notification } from '../../functions/shared/home.ts';
import type { Priority } from '../../functions/shared/parse-finding.ts';
import type { Result } from '../../functions/shared/step.ts';
import type { Family } from '../family.ts';
import { findingsIn, type Item } from '../findings-in.ts';
import type { Case } from '../read-case.ts';
import type { Workflow } from '../workflow.ts';
import { Worlds } from '../worlds.ts';
import type { Contained } from './contained.ts';
import { type Attempt, Interference, type Plan } from './interference.ts';
import type { Mutation } from './mutations.ts';
import { allOf, type InWorld, Stage, type Working } from './stage.ts';

/**
 * What a case is taken through: its findings are `answered`, or are while AWS has the steps that can
 * wait for it do so (`throttled`), or everything that they led to is `released`; or one step of these
 * fails for good, and what comes of that meets a further fault (`failing`).
 */
export const ways = ['answered', 'throttled', 'released', 'failing'] as const;
export type Way = (typeof ways)[number];

/** What is run, live, in one priority: every finding of a case, or the release of what they led to. */
export interface Scenario {
  readonly case: Case;
  readonly priority: Priority;
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** A safeguard of the case table that is taken away, to see that it is missed. */
  readonly without?: Mutation | undefined;
  /** Where the case is contained already, and what it changed is released. */
  readonly contained?: readonly Contained[] | undefined;
  /** AWS takes no call for now that could be made later. */
  readonly throttled?: true | undefined;
  /** What a step meets for good, whatever else it meets. */
  readonly given?: Plan | undefined;
}

export function wayOf({ contained, throttled, given }: Scenario): Way {
  if (given) return 'failing';
  if (contained) return 'released';
  return throttled ? 'throttled' : 'answered';
}

/** What executions meet each other in. */
export type World = Pick<
  ReturnType<Worlds['of']>,
  'account' | 'table' | 'evidence' | 'running' | 'taken' | 'turns' | 'waits' | 'nextName'
>;

/** One execution, how it ended, and what settled it where it did not end well. */
export interface Ended {
  readonly family: Family;
  readonly world: World;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  readonly settled?: Result;
}

/** What a run came to. */
export interface Came {
  readonly worlds: readonly World[];
  readonly executions: readonly Ended[];
  readonly told: readonly Notification[];
  readonly attempts: readonly Attempt[];
  readonly met: Interference['met'];
  /** The world that the fault was met in. */
  readonly where: World | undefined;
  /** Whether what is started anew finds nothing of its own: no open case, and no finding seen. */
  readonly opensAnew: boolean;
}

/** What a run came to whose stopped execution was started anew, and what it came to where it was not. */
interface Played extends Came {
  readonly asStopped: Came | null;
}

/** Who else is started, beside what the case's own findings start. */
interface More {
  /** How many copies of the first finding arrive at once. */
  readonly copies?: number;
  /** Further faults, each met once. */
  readonly further?: readonly Plan[];
  /** Each of them is a finding of its own, by its id. */
  readonly distinct?: boolean;
  /** At which attempt the finding after the first comes: the case's own next one, or one like it. */
  readonly next?: string;
}

/**
 * Runs a scenario with at most one fault, as a deployment would meet it: findings about one target
 * meet each other, an execution that was stopped is started anew, and the rule on executions that
 * failed or were stopped settles each of them once everything has ended.
 */
export async function play(scenario: Scenario, plan?: Plan, more: More = {}): Promise<Played> {
  const { throttled, without, given } = scenario;
  const { further } = more;
  const interference = new Interference(plan, { without, further, throttled, given });
  const stage = new Stage(scenario, interference.between);
  const { contained } = scenario;
  const families = contained
    ? await releaseAll(contained, { stage, interference, more, of: scenario.case })
    : await answerAll({ stage, interference, more, of: scenario.case });
  const { stopped } = interference;
  const gone = families.filter(({ family }) => stopped.has(family.execution));
  // As a world of its own: what is settled is not there any more to be taken over.
  const asStopped =
    gone.length > 0 ? await stage.settled(inCopies(families), families, interference) : null;
  for (const one of gone) families.push(...(await stage.startAnew(one)));
  const came = await stage.settled(families, families, interference);
  return { ...came, asStopped, opensAnew: asStopped?.executions.every(leavesNothing) ?? false };
}

interface Staging {
  readonly of: Case;
  readonly stage: Stage;
  readonly interference: Interference;
  readonly more: More;
}

/** Every finding of a case, and who else is started. */
async function answerAll({ of, stage, interference, more }: Staging): Promise<InWorld[]> {
  const worlds = new Worlds(of.account, {});
  const working: Working[] = [];
  const start = (item: Item): Promise<void> | undefined => {
    const started = stage.answer(item, (finding) => worlds.of(item.target ?? '', finding));
    if (started) working.push(started);
    return started?.underWay;
  };
  const items = findingsIn(of);
  const [first, second = first && another(first, 1)] = items;
  const { next: place } = more;
  if (place && second) interference.meanwhile = { place, happens: async () => start(second) };
  for (const item of place ? items.slice(0, 1) : items) {
    const last = working.at(-1);
    if (last && last.target !== item.target) await ended(working);
    await last?.underWay;
    for (let copy = 0; copy < (more.copies ?? 1); copy++) {
      start(more.distinct ? another(item, copy) : item);
    }
  }
  return familiesOf(working);
}

/** Every release, one after the other, in worlds that no other run shares. */
async function releaseAll(
  contained: readonly Contained[],
  { of, stage, interference, more }: Staging,
): Promise<InWorld[]> {
  const working: Working[] = [];
  for (const { world: from, requests, at } of contained) {
    const world = copyOf(from);
    const [first] = findingsIn(of);
    const next = async () => {
      const started = first && stage.answer(another(first, 1), () => world, at);
      if (started) working.push(started);
      await started?.underWay;
    };
    if (more.next) interference.meanwhile = { place: more.next, happens: next };
    for (const request of requests) {
      for (let copy = 0; copy < (more.copies ?? 1); copy++) {
        working.push({ target: '', world, ...stage.run('release', request, { world, at }) });
      }
      await ended(working);
    }
  }
  return familiesOf(working);
}

const familiesOf = async (working: readonly Working[]): Promise<InWorld[]> =>
  (await ended(working)).flatMap(({ one: { world }, family }) =>
    allOf(family).map((each): InWorld => ({ family: each, world })),
  );

/**
 * Whether an execution, if it was stopped, left nothing that the next one goes on with: it had opened
 * no case, or had closed the one that a person started it for. A finding is answered once.
 */
function leavesNothing({ family: { request }, settled }: Ended): boolean {
  if (!settled || settled.outcome === 'no-case') return true;
  return settled.outcome !== 'settled' && !('event' in request);
}

/** The same executions in worlds of the same state, which they no longer share with the first. */
function inCopies(families: readonly InWorld[]): readonly InWorld[] {
  const copies = new Map<World, World>();
  return families.map(({ family, world }) => {
    const copy = copies.get(world) ?? copyOf(world);
    copies.set(world, copy);
    return { family, world: copy };
  });
}

/** A world of the same state, in which executions are named as they were in the first. */
function copyOf({ account, table, evidence, running, taken, turns, waits }: World): World {
  let executions = 0;
  return {
    ...{ account: account.copy(), table: table.copy(), evidence, turns, waits },
    running: new Set(running),
    taken: new Set(taken),
    nextName: () => `later-${++executions}`,
  };
}

/** The id that the n-th of several findings has which differ in it alone. */
export const idOf = (id: string, number: number): string => (number === 0 ? id : `${id}-${number}`);

/** The same finding by another id. */
function another(item: Item, number: number): Item {
  if (!('parsed' in item) || number === 0) return item;
  const { parsed } = item;
  const { finding, request, event } = parsed;
  const id = idOf(finding.id, number);
  const renamed = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(finding.id), JSON.stringify(id)));
  return {
    ...item,
    parsed: {
      ...parsed,
      finding: { ...finding, id },
      request: renamed(request),
      event: renamed(event),
    },
  };
}

/** Waits for all, those included that are started meanwhile. */
async function ended(
  working: readonly Working[],
): Promise<readonly { one: Working; family: Family }[]> {
  const count = working.length;
  const all = await Promise.all(working.map(async (one) => ({ one, family: await one.ended })));
  return working.length > count ? ended(working) : all;
}
