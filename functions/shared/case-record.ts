import * as z from 'zod';
import { Approvals } from './approvals.ts';
import type { Artefact } from './artefact.ts';
import { casePk, executionKey, latestKey, lockKey, lockOf, short } from './case-keys.ts';
import type { CaseTable, Change, Item, Refused } from './case-table.ts';
import type { Finding } from './finding.ts';
import {
  freePlace,
  givingBack,
  type HourlyLimit,
  type Place,
  placeFor,
  taking,
} from './hourly-limit.ts';
import { AccountId, CaseId, Region } from './ids.ts';
import { type JournalEntry, Mode } from './journal.ts';
import { type BookedTurn, bookTurn, goesAtOnce, type Lane, type Line, turnNow } from './line.ts';
import { type Release, Releases } from './releases.ts';
import { sideBySide } from './side-by-side.ts';

/** The open case, as it goes with every state of a workflow to every step. */
export const CaseRef = z.strictObject({
  caseId: CaseId,
  /** The target's account and Region: where steps act. */
  account: AccountId,
  region: Region,
  mode: Mode,
  /** ARN of the target, locked for as long as the case is open. */
  target: z.string().min(1),
  /** ARN of the execution that holds the lock. */
  execution: z.string().min(1),
  /**
   * The live case whose plan this is: a dry run under that case's lock and on its findings, with
   * records of its own.
   */
  planOf: CaseId.optional(),
});
export type CaseRef = z.infer<typeof CaseRef>;

/** A case is `open` until an execution closes it; `needs-human` is closed with work left to do. */
export type CaseStatus =
  | 'open'
  | 'contained'
  | 'needs-human'
  | 'ended'
  | 'denied'
  | 'released'
  | 'partly-released';

/** Why a case waits for people instead of acting, and for how many of them. */
export const Gate = z.strictObject({
  because: z.array(z.string().min(1)).min(1),
  people: z.union([z.literal(1), z.literal(2)]),
});
export type Gate = z.infer<typeof Gate>;

/** A case, or what kept one from being opened. */
export type Opened =
  | {
      readonly outcome: 'opened' | 'reopened';
      readonly ref: CaseRef;
      /** Null where it acts at once. */
      readonly gate: Gate | null;
    }
  /** This very finding was answered before. */
  | { readonly outcome: 'repeat'; readonly caseId: CaseId }
  /** The target's lock is another execution's: join its case, or take it over if it runs no more. */
  | ({
      readonly outcome: 'held';
      readonly expired: boolean;
      /** It contains nothing: while it waits for people, what contains the target goes first. */
      readonly yields: boolean;
    } & Holder);

/** Who holds a target's lock, and how many times findings were added to its case. */
export interface Holder {
  readonly caseId: CaseId;
  readonly holder: string;
  readonly findings: number;
}

/** The state of one resource before a step changed it. */
interface Before {
  readonly step: string;
  readonly resource: string;
  readonly state: object;
}

/** What one run of a step leaves in the case. */
export interface StepRecord {
  readonly step: string;
  readonly outcome: string;
  readonly journal: readonly JournalEntry[];
  readonly at: string;
}

/** The last case on a target. */
interface Latest {
  readonly caseId: CaseId;
  /** ISO 8601. */
  readonly openedAt: string;
  readonly status: CaseStatus;
  readonly steps: readonly StepRecord[];
}

/** A case as it is read by people, once its execution has ended or while it runs. */
export interface WholeCase {
  readonly caseId: CaseId;
  readonly status: CaseStatus;
  readonly mode: Mode;
  readonly target: string;
  /** What `close-case` found; undefined while the case is open. */
  readonly summary?: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
  /** In the order in which they ran. */
  readonly steps: readonly StepRecord[];
  /** What came of taking its changes back, oldest first; left out where nobody has tried. */
  readonly releases?: readonly Release[];
}

/** How a case is to be let in. */
interface Admission {
  readonly gate: Gate | null;
  readonly limits: readonly HourlyLimit[];
  /** Made as well where the case acts. */
  readonly acting?: readonly Change[];
}

/** What became of the case that an execution opened. */
type HeldBy =
  /** `releasing`: the case was closed, and the execution was taking its changes back. */
  | { readonly outcome: 'held'; readonly ref: CaseRef; readonly releasing?: true }
  | {
      readonly outcome: 'already-closed';
      readonly caseId: CaseId;
      readonly told: boolean;
      /** The case as the execution held it; null where it was taking the case's changes back. */
      readonly worked: CaseRef | null;
    }
  | { readonly outcome: 'taken-over'; readonly caseId: CaseId };

/** What a case says of its evidence manifest: its key and how many artefacts it lists, or why not. */
const ManifestRecord = z.union([
  z.object({ key: z.string(), entries: z.int() }),
  z.object({ missing: z.string() }),
]);
type ManifestRecord = z.infer<typeof ManifestRecord>;

/** The case's lock is gone: another execution has taken the target over. The step must stop. */
export class LockLostError extends Error {
  override readonly name = 'LockLostError';
}

const seenKey = (mode: Mode, target: string, { account, region, id }: Finding) => ({
  pk: `finding#${mode}#${account}#${region}#${id}`,
  sk: target,
});
const gateKey = (caseId: string) => ({ pk: casePk(caseId), sk: 'gate' });
const countedKey = (caseId: string) => ({ pk: casePk(caseId), sk: 'counted' });
const holderOf = ({ caseId, planOf, execution: holder }: CaseRef) => ({
  caseId: planOf ?? caseId,
  holder,
});
const toldKey = (caseId: string) => ({ pk: casePk(caseId), sk: 'told' });
const openedKey = (caseId: string) => ({ pk: casePk(caseId), sk: 'opened' });
const artefactItem = (pk: string, artefact: Artefact): Item => {
  const { kind, id, body } = artefact;
  return { pk, sk: `artefact#${kind}#${short(`${id} ${body?.key}`)}`, ...artefact };
};
// Only the two methods below put items at these places, and they put Artefacts.
const artefactIn = ({ pk: _, sk: __, ...artefact }: Item) => artefact as unknown as Artefact;

const limitReached = ({ scope }: HourlyLimit): Gate => ({
  because: [`limit: ${scope.replace('#', ' ')}`],
  people: 1,
});

/**
 * How long a lock that was never freed stays after it has expired, for whoever takes its case over;
 * then DynamoDB deletes it by its `ttl`. Nothing but locks carries one: a case is never deleted.
 */
const keptSeconds = 30 * 86_400;

/** How long a hold lasts that its Lambda had no time to give back. */
export const holdSeconds = 120;

/**
 * The record of cases: who holds a target, what was found, what was as it was before, what was done.
 *
 * It is Cordon's own, not the account acted on: it is written in both modes and never journalled.
 * Every change that matters is made on condition that the case still holds its lock.
 */
export class CaseRecord {
  readonly #table: CaseTable;
  readonly #now: () => Date;
  /** What people were asked about cases, and what they said. */
  readonly approvals: Approvals;
  /** What is taken back of cases that are closed. */
  readonly releases: Releases;

  constructor(table: CaseTable, now: () => Date) {
    this.#table = table;
    this.#now = now;
    this.approvals = new Approvals(table, now);
    this.releases = new Releases(table, now);
  }

  /**
   * Takes the lock on a target and opens a case, in one conditional transaction.
   *
   * The same execution re-enters its own case, so that a retry whose first answer was lost goes on.
   * `takeOver` names a holder that is known not to run any more: its case is continued.
   */
  async open(
    {
      finding,
      mode,
      target,
      region = finding.region,
      execution,
      lockSeconds,
      parent,
      asks = false,
      gate = null,
      limits = [],
      yields = false,
    }: {
      finding: Finding;
      mode: Mode;
      target: string;
      /** The target's, where it is not the finding's: what IAM holds is in `global`. */
      region?: Region;
      execution: string;
      lockSeconds: number;
      /** The case whose playbook started this one's. */
      parent?: CaseId | undefined;
      /** Whether the finding by itself would wait for people: its trigger says so. */
      asks?: boolean | undefined;
      /** Why the case waits for people, where that is known already. */
      gate?: Gate | null | undefined;
      /** What a case that acts is counted in; past one of them it waits for people. */
      limits?: readonly HourlyLimit[] | undefined;
      /** Whether it gives way to a containment while it waits. */
      yields?: boolean | undefined;
    },
    takeOver?: Holder,
  ): Promise<Opened> {
    const caseId =
      takeOver?.caseId ?? CaseId.parse(`case-${short(`${mode} ${target} ${execution}`)}`);
    const ref = CaseRef.parse({
      caseId,
      account: finding.account,
      region,
      mode,
      target,
      execution,
    });
    const lock: Item = {
      ...lockKey(mode, target),
      caseId,
      holder: execution,
      expires: this.#inSeconds(lockSeconds),
      ttl: this.#inSeconds(lockSeconds + keptSeconds),
      findings: takeOver ? takeOver.findings + 1 : 1,
      ...(yields && { yields }),
    };
    const seen = seenKey(mode, target, finding);
    const openedAt = this.#now().toISOString();
    const opening: Change[] = [
      { put: lock, onlyIf: takeOver ? { equals: { holder: takeOver.holder } } : { absent: true } },
      {
        put: {
          pk: casePk(caseId),
          sk: 'case',
          status: 'open',
          target,
          mode,
          execution,
          openedAt,
        },
      },
      { put: { pk: casePk(caseId), sk: `finding#${finding.id}`, finding, asks } },
      takeOver
        ? { put: { ...seen, caseId } }
        : { put: { ...seen, caseId }, onlyIf: { absent: true } },
      { put: { ...latestKey(mode, target), caseId, openedAt } },
      { put: { ...executionKey(execution), ref } },
      // Apart from the case itself, which is written anew when it is closed.
      ...(takeOver ? [] : [{ put: { ...openedKey(caseId), openedAt, ...(parent && { parent }) } }]),
    ];
    const before = takeOver && (await this.#admission(caseId));
    const { refused, gate: now } = before
      ? { refused: await this.#table.write(opening), gate: before.gate }
      : await this.#countAndWrite(opening, caseId, { gate, limits });
    if (refused === 'written') return { outcome: takeOver ? 'reopened' : 'opened', ref, gate: now };

    const held = refused.found[0] as
      | (Item & Holder & { expires: number; yields?: true })
      | null
      | undefined;
    if (held?.holder === execution) {
      const admission = await this.#admission(held.caseId);
      return {
        outcome: 'reopened',
        ref: { ...ref, caseId: held.caseId },
        gate: admission?.gate ?? null,
      };
    }
    if (held) {
      return {
        outcome: 'held',
        caseId: held.caseId,
        holder: held.holder,
        findings: held.findings,
        expired: held.expires <= this.#inSeconds(0),
        yields: held.yields === true,
      };
    }
    // Its holder has closed the case meanwhile; who asked must look again.
    if (takeOver) return { ...takeOver, outcome: 'held', expired: true, yields: false };
    return { outcome: 'repeat', caseId: CaseId.parse(refused.found[3]?.caseId) };
  }

  /**
   * Makes changes and, in the same transaction, counts the case in every limit; or, where a limit is
   * reached or it waits for people anyway, writes down that it waits, and counts nothing.
   */
  async #countAndWrite(
    changes: readonly Change[],
    caseId: CaseId,
    { gate, limits, acting = [] }: Admission,
  ): Promise<{ refused: 'written' | Refused; gate: Gate | null }> {
    const waits = async (gate: Gate) => ({
      refused: await this.#table.write([...changes, { put: { ...gateKey(caseId), ...gate } }]),
      gate,
    });
    if (gate) return waits(gate);
    if (limits.length === 0) {
      return { refused: await this.#table.write([...changes, ...acting]), gate: null };
    }

    let places = limits.map((limit) => placeFor(limit, caseId));
    // Somebody else may take each place that was free a moment before; this often it is no accident.
    for (let look = 0; look < 8; look++) {
      const now = this.#inSeconds(0);
      const refused = await this.#table.write([
        ...changes,
        { put: { ...countedKey(caseId), places } },
        ...acting,
        ...places.map((place) => taking(place, caseId, now)),
      ]);
      if (refused === 'written') return { refused, gate: null };
      const full = Object.keys(refused.found).every((at) => Number(at) > changes.length);
      if (!full) return { refused, gate: null };
      const free = await Promise.all(
        limits.map(
          async (limit) => [limit, await freePlace(this.#table, limit, { caseId, now })] as const,
        ),
      );
      const reached = free.find(([, place]) => !place);
      if (reached) return waits(limitReached(reached[0]));
      places = free.flatMap(([, place]) => place ?? []);
    }
    return waits({ because: ['limit-not-evaluated'], people: 1 });
  }

  /** How a case was let in: counted, or waiting. Undefined where it was neither, as a dry run is. */
  async #admission(caseId: CaseId): Promise<{ gate: Gate | null } | undefined> {
    const gate = await this.gate(caseId);
    if (gate) return { gate };
    return (await this.#table.get(countedKey(caseId))) && { gate: null };
  }

  /** Why a case waits for people; null where it does not. */
  async gate(caseId: CaseId): Promise<Gate | null> {
    const item = await this.#table.get(gateKey(caseId));
    if (!item) return null;
    const { pk: _, sk: __, ...gate } = item;
    return Gate.parse(gate);
  }

  /**
   * Has an open case wait for people after all, or for more of them, or no longer. One that acts from
   * now on is counted, and still waits where a limit is reached. Throws {@link LockLostError}.
   */
  async setGate(
    ref: CaseRef,
    gate: Gate | null,
    limits: readonly HourlyLimit[] = [],
  ): Promise<Gate | null> {
    const held: Change = { check: lockOf(ref), onlyIf: { equals: holderOf(ref) } };
    const counted = await this.#table.get(countedKey(ref.caseId));
    const toCount = counted ? [] : limits;
    const acting: Change[] = [{ remove: gateKey(ref.caseId) }];
    // What people have agreed to takes no place in a limit, and is let in all the same.
    if (!counted && limits.length === 0) {
      acting.push({ put: { ...countedKey(ref.caseId), places: [] } });
    }
    const { refused, gate: now } = await this.#countAndWrite([held], ref.caseId, {
      gate,
      limits: toCount,
      acting,
    });
    if (refused === 'written') return now;
    throw new LockLostError(`${ref.caseId} no longer holds ${ref.target}`);
  }

  /** Gives back what a case that did nothing has taken of the limits. */
  async uncount({ caseId }: Pick<CaseRef, 'caseId'>): Promise<void> {
    const counted = await this.#table.get(countedKey(caseId));
    // Only `#countAndWrite` puts it.
    for (const place of (counted?.places ?? []) as readonly Place[]) {
      await this.#table.write([givingBack(place, caseId)]);
    }
  }

  /**
   * The case that an execution opened or took over, and whether it still holds it; undefined when it
   * never had one. For whoever settles an execution that ended without closing its case.
   */
  async heldBy(execution: string): Promise<HeldBy | undefined> {
    const item = await this.#table.get(executionKey(execution));
    if (!item) return undefined;
    const ref = CaseRef.parse(item.ref);
    const { caseId, mode, target } = ref;
    const lock = await this.#table.get(lockKey(mode, target));
    if (lock?.caseId !== caseId) {
      const told =
        item.releasing === true
          ? await this.releases.isTold(ref)
          : (await this.#table.get(toldKey(caseId))) !== undefined;
      return {
        outcome: 'already-closed',
        caseId,
        told,
        worked: item.releasing === true ? null : ref,
      };
    }
    if (lock.holder !== execution) return { outcome: 'taken-over', caseId };
    return { outcome: 'held', ref, ...(item.releasing === true && { releasing: true }) };
  }

  /**
   * Adds a finding to the open case that holds `target`, or says that there is none any more.
   *
   * Each addition is counted in the lock, so that a case cannot close over one it has not seen.
   */
  async join(
    mode: Mode,
    target: string,
    finding: Finding,
    asks = false,
  ): Promise<'joined' | 'closed'> {
    const key = lockKey(mode, target);
    for (;;) {
      const lock = (await this.#table.get(key)) as (Item & Holder) | undefined;
      if (!lock) return 'closed';
      const { caseId, findings } = lock;
      const refused = await this.#table.write([
        { put: { ...lock, findings: findings + 1 }, onlyIf: { equals: { caseId, findings } } },
        { put: { pk: casePk(caseId), sk: `finding#${finding.id}`, finding, asks } },
        { put: { ...seenKey(mode, target, finding), caseId } },
      ]);
      if (refused === 'written') return 'joined';
    }
  }

  /** The findings of a case, the one that opened it among them, and how many additions that counts. */
  async findings(ref: CaseRef): Promise<{ counted: number; findings: readonly Finding[] }> {
    // The count is read first: an addition in between is then seen but not counted, never the reverse.
    const lock = (await this.#table.get(lockOf(ref))) as (Item & Holder) | undefined;
    const items = await this.#table.query(casePk(ref.planOf ?? ref.caseId), 'finding#');
    return {
      counted: lock?.findings ?? 0,
      findings: items.map(({ finding }) => finding as Finding),
    };
  }

  /** Of a case's findings, whether each by itself would have people asked. */
  async asking({
    caseId,
  }: Pick<CaseRef, 'caseId'>): Promise<readonly { finding: Finding; asks: boolean }[]> {
    const items = await this.#table.query(casePk(caseId), 'finding#');
    return items.map(({ finding, asks }) => ({ finding: finding as Finding, asks: asks === true }));
  }

  /**
   * Holds the target for longer: people take their time. Throws {@link LockLostError}.
   */
  async holdFor(ref: CaseRef, seconds: number): Promise<void> {
    for (let look = 0; look < 8; look++) {
      const lock = await this.#table.get(lockOf(ref));
      const { caseId, holder } = holderOf(ref);
      if (lock?.caseId !== caseId || lock.holder !== holder) break;
      const { findings } = lock as Item & Holder;
      const put = { ...lock, expires: Math.max(Number(lock.expires), this.#inSeconds(seconds)) };
      const onlyIf = { equals: { caseId, holder, findings } };
      if ((await this.#table.write([{ put, onlyIf }])) === 'written') return;
    }
    throw new LockLostError(`${ref.caseId} no longer holds ${ref.target}`);
  }

  /**
   * Keeps the state of resources before they are changed: once each, so that a second run or a retry
   * never takes Cordon's own work for the state before. Several go in one transaction, since several
   * side by side would conflict over the lock they all check. Throws {@link LockLostError}.
   */
  async recordBefore(
    ref: CaseRef,
    ...befores: readonly Before[]
  ): Promise<'recorded' | 'already-recorded'> {
    const at = this.#now().toISOString();
    let puts: Change[] = befores.map(({ step, resource, state }) => ({
      put: { pk: casePk(ref.caseId), sk: `before#${step}#${resource}`, step, resource, state, at },
      onlyIf: { absent: true },
    }));
    while (puts.length > 0) {
      const present = await this.#whileHeld(ref, puts);
      if (present.size === 0) return 'recorded';
      puts = puts.filter((_, position) => !present.has(position));
    }
    return 'already-recorded';
  }

  /** What the case's steps recorded, oldest step first by name; of one step when it is named. */
  async before(caseId: CaseId, step?: string): Promise<readonly Before[]> {
    const items = await this.#table.query(casePk(caseId), step ? `before#${step}#` : 'before#');
    return items.map((item) => ({
      step: item.step as string,
      resource: item.resource as string,
      state: item.state as object,
    }));
  }

  /**
   * Says that something which AWS would do twice is about to be done. `again` means a lost attempt
   * may have done it: look for what it made before sending.
   */
  async recordIntent(ref: CaseRef, intent: string): Promise<'first' | 'again'> {
    const present = await this.#whileHeld(ref, [
      {
        put: { pk: casePk(ref.caseId), sk: `intent#${intent}`, at: this.#now().toISOString() },
        onlyIf: { absent: true },
      },
    ]);
    return present.size === 0 ? 'first' : 'again';
  }

  /** Clears what a rehearsal recorded, so that the next one begins as the first did. */
  async forgetPlan({ caseId, planOf }: CaseRef): Promise<void> {
    if (!planOf) throw new Error(`${caseId} is no plan`);
    const items = await this.#table.query(casePk(caseId));
    for (let from = 0; from < items.length; from += 100) {
      const some = items.slice(from, from + 100);
      await this.#table.write(some.map(({ pk, sk }) => ({ remove: { pk, sk } })));
    }
  }

  /** Keeps what a step did. Written even when the lock is lost: what was done was done. */
  async recordStep(ref: CaseRef, record: StepRecord): Promise<void> {
    const sk = `step#${record.step}#${record.at}#${short(JSON.stringify(record))}`;
    await this.#table.write([{ put: { pk: casePk(ref.caseId), sk, ...record } }]);
  }

  async steps(caseId: CaseId): Promise<readonly StepRecord[]> {
    return (await this.#table.query(casePk(caseId), 'step#')) as unknown as readonly StepRecord[];
  }

  /**
   * Lists evidence that was kept, each by the name it is found again by, where the last of a name
   * counts. Throws {@link LockLostError}.
   */
  async keepEvidence(
    ref: CaseRef,
    ...named: readonly (Artefact & { readonly name: string })[]
  ): Promise<void> {
    const pk = casePk(ref.caseId);
    await this.#whileHeld(
      ref,
      named.flatMap(({ name, ...artefact }) => [
        { put: { pk, sk: `evidence#${name}`, ...artefact } },
        { put: artefactItem(pk, artefact) },
      ]),
    );
  }

  /** The evidence last kept by this name. */
  async evidence(caseId: CaseId, name: string): Promise<Artefact | undefined> {
    const item = await this.#table.get({ pk: casePk(caseId), sk: `evidence#${name}` });
    return item && artefactIn(item);
  }

  /**
   * Lists artefacts that AWS keeps, such as snapshots, each once however often it is told of. Written
   * even when the lock is lost: what was made was made.
   */
  async recordArtefacts(ref: CaseRef, ...artefacts: readonly Artefact[]): Promise<void> {
    const puts = artefacts.map((each) => ({ put: artefactItem(casePk(ref.caseId), each) }));
    for (let at = 0; at < puts.length; at += 100) await this.#table.write(puts.slice(at, at + 100));
  }

  /** Every artefact of a case, oldest first. */
  async artefacts(caseId: CaseId): Promise<readonly Artefact[]> {
    const items = await this.#table.query(casePk(caseId), 'artefact#');
    return items.map(artefactIn).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** Keeps what is known of a target beyond the case, such as its volumes, for a later case. */
  async rememberTarget(target: string, facts: object): Promise<void> {
    await this.#table.write([{ put: { pk: `target#${target}`, sk: 'facts', facts } }]);
  }

  async recallTarget(target: string): Promise<object | undefined> {
    return (await this.#table.get({ pk: `target#${target}`, sk: 'facts' }))?.facts as
      | object
      | undefined;
  }

  /**
   * Holds something that several cases may change, such as a network ACL, while `work` changes it.
   * Throws `ResourceHeldError` when another case holds it, for the workflow to retry. An execution
   * that has taken the case over finds what the stopped one still held its own.
   */
  async holding<T>(ref: CaseRef, resource: string, work: () => Promise<T>): Promise<T> {
    const key = { pk: `hold#${resource}`, sk: 'hold' };
    // A plan's own id is another once its case is taken over.
    const { caseId: own } = holderOf(ref);
    const hold: Item = {
      ...key,
      holder: own,
      expires: this.#inSeconds(holdSeconds),
      ttl: this.#inSeconds(keptSeconds),
    };
    let refused = await this.#table.write([{ put: hold, onlyIf: { absent: true } }]);
    if (refused !== 'written') {
      const held = refused.found[0];
      const holder = String(held?.holder);
      if (held && (holder === own || (held.expires as number) <= this.#inSeconds(0))) {
        refused = await this.#table.write([{ put: hold, onlyIf: { equals: { holder } } }]);
      }
    }
    if (refused !== 'written')
      throw new ResourceHeldError(`${resource} is being changed by another case`);
    try {
      return await work();
    } finally {
      await this.#table.write([{ remove: key, onlyIf: { equals: { holder: own } } }]);
    }
  }

  /** Says that a case needs an entry that others may need as well, until `expires` (epoch seconds). */
  async shareUse(
    resource: string,
    entry: string,
    use: { caseId: CaseId; expires: number; detail: object },
  ): Promise<void> {
    await this.#table.write([
      { put: { pk: `shared#${resource}`, sk: `${entry}#${use.caseId}`, entry, ...use } },
    ]);
  }

  /** Whether one more may go without a turn; either way it is counted as one who came. */
  goesAtOnce(line: Line): Promise<boolean> {
    return goesAtOnce(this.#table, line, this.#now().getTime());
  }

  /** Gives the next turn in a line of all cases, behind whoever is in the lane or in one before it. */
  bookTurn(line: Line, lane: Lane): Promise<BookedTurn> {
    return bookTurn(this.#table, line, lane, this.#now().getTime());
  }

  /** A turn again, moved back by those more severe who lined up since. */
  turnNow(line: Line, lane: Lane, turn: BookedTurn): Promise<BookedTurn> {
    return turnNow(this.#table, line, lane, turn);
  }

  /** Every case's uses of what is shared on a resource. */
  async uses(
    resource: string,
  ): Promise<readonly { entry: string; caseId: CaseId; expires: number; detail: object }[]> {
    return (await this.#table.query(`shared#${resource}`)) as unknown as readonly {
      entry: string;
      caseId: CaseId;
      expires: number;
      detail: object;
    }[];
  }

  async endUse(resource: string, entry: string, caseId: CaseId): Promise<void> {
    await this.#table.write([{ remove: { pk: `shared#${resource}`, sk: `${entry}#${caseId}` } }]);
  }

  /**
   * Closes the case and frees its target.
   *
   * Refused with `more-findings` when findings joined beyond the `counted` ones: what they bring
   * must be acted on first. Throws {@link LockLostError}.
   */
  async close(
    ref: CaseRef,
    { status, counted, summary }: { status: CaseStatus; counted: number; summary: object },
  ): Promise<'closed' | 'more-findings'> {
    const { caseId, target, mode, execution } = ref;
    const closedAt = this.#now().toISOString();
    const place = { pk: casePk(caseId), sk: 'case' };
    const refused = await this.#table.write([
      { put: { ...place, status, target, mode, execution, closedAt, summary } },
      {
        remove: lockKey(mode, target),
        onlyIf: { equals: { holder: execution, findings: counted } },
      },
    ]);
    if (refused === 'written') return 'closed';
    if (refused.found[1]?.holder === execution) return 'more-findings';
    // A retry of a close whose answer was lost finds its own work done.
    const now = await this.#table.get(place);
    if (now?.status === status && now.execution === execution) return 'closed';
    throw new LockLostError(`${caseId} no longer holds ${target}`);
  }

  /** Says that people have heard what came of a case: it is closed first, and told of after. */
  async noteTold({ caseId }: Pick<CaseRef, 'caseId'>): Promise<void> {
    const at = this.#now().toISOString();
    await this.#table.write([{ put: { ...toldKey(caseId), at } }]);
  }

  /**
   * The case last opened on a target in a mode, be it closed by now, with when and with the steps
   * that have left a record in it. For another case that must wait for what it does.
   */
  async latestOn(mode: Mode, target: string): Promise<Latest | undefined> {
    const latest = await this.#table.get(latestKey(mode, target));
    if (!latest) return undefined;
    const caseId = CaseId.parse(latest.caseId);
    const [status, steps] = await sideBySide([this.status(caseId), this.steps(caseId)]);
    return { caseId, openedAt: String(latest.openedAt), status: status ?? 'open', steps };
  }

  /** When a case was opened, ISO 8601, and whose playbook started its own; undefined for no case. */
  async opened(caseId: CaseId): Promise<{ at: string; parent: CaseId | null } | undefined> {
    const item = await this.#table.get(openedKey(caseId));
    if (!item) return undefined;
    return { at: String(item.openedAt), parent: CaseId.nullable().parse(item.parent ?? null) };
  }

  /** All that is to be told of a case, other than the states before and the evidence. */
  async whole(caseId: CaseId): Promise<WholeCase | undefined> {
    const [item, steps, findings, releases] = await sideBySide([
      this.#table.get({ pk: casePk(caseId), sk: 'case' }),
      this.steps(caseId),
      this.#table.query(casePk(caseId), 'finding#'),
      this.releases.of(caseId),
    ] as const);
    if (!item) return undefined;
    // Only `open` and `close` put the item.
    const { status, mode, target, summary } = item as unknown as WholeCase;
    return {
      caseId,
      status,
      mode,
      target,
      ...(summary && { summary }),
      findings: findings.map(({ finding }) => finding as Finding),
      steps: steps.toSorted((a, b) => a.at.localeCompare(b.at)),
      ...(releases.length > 0 && { releases }),
    };
  }

  /** When a case was closed, ISO 8601. */
  async closedAt(caseId: CaseId): Promise<string | undefined> {
    const item = await this.#table.get({ pk: casePk(caseId), sk: 'case' });
    return item?.closedAt === undefined ? undefined : String(item.closedAt);
  }

  /** Says in a closed case where its evidence manifest is, or why it has none. */
  async recordManifest(caseId: CaseId, manifest: ManifestRecord): Promise<void> {
    await this.#table.write([{ put: { pk: casePk(caseId), sk: 'manifest', ...manifest } }]);
  }

  async manifest(caseId: CaseId): Promise<ManifestRecord | undefined> {
    const item = await this.#table.get({ pk: casePk(caseId), sk: 'manifest' });
    return item && ManifestRecord.parse(item);
  }

  async status(caseId: CaseId): Promise<CaseStatus | undefined> {
    return (await this.#table.get({ pk: casePk(caseId), sk: 'case' }))?.status as
      | CaseStatus
      | undefined;
  }

  /**
   * Makes changes, all or none, while the case holds its lock. Returns the positions of those whose
   * own condition failed: none when all were made.
   */
  async #whileHeld(ref: CaseRef, changes: readonly Change[]): Promise<ReadonlySet<number>> {
    const refused = await this.#table.write([
      {
        check: lockOf(ref),
        onlyIf: { equals: holderOf(ref) },
      },
      ...changes,
    ]);
    if (refused === 'written') return new Set();
    if (0 in refused.found) throw new LockLostError(`${ref.caseId} no longer holds ${ref.target}`);
    return new Set(Object.keys(refused.found).map((position) => Number(position) - 1));
  }

  #inSeconds(seconds: number): number {
    return Math.floor(this.#now().getTime() / 1000) + seconds;
  }
}

/** Another case is changing the same resource; it is free again within {@link holdSeconds}. */
export class ResourceHeldError extends Error {
  override readonly name = 'ResourceHeldError';
}
