import type { Approval } from './approval.ts';
import { casePk, executionKey, latestKey, lockKey, lockOf, short } from './case-keys.ts';
import type { CaseRef, CaseStatus, Gate } from './case-record.ts';
import type { CaseTable, Change, Item } from './case-table.ts';
import { CaseId } from './ids.ts';
import type { Mode } from './journal.ts';
import { recordedBy } from './live-case.ts';
import { sideBySide } from './side-by-side.ts';

/** A change that a step of the case made, by what it recorded beforehand. */
export interface RecordedChange {
  readonly step: string;
  readonly resource: string;
  readonly state: object;
  /** ISO 8601. */
  readonly at: string;
}

/** What came of taking one change back. */
export interface Undone {
  readonly step: string;
  readonly resource: string;
  readonly outcome: string;
  /** The account was read back after. */
  readonly proven: boolean;
  /** ISO 8601. */
  readonly at: string;
}

/** Why people are asked before a release takes anything back, and why somebody wants it to. */
export interface Asking {
  readonly gate: Gate;
  /** That person's own words, where there are any. */
  readonly reason: string | null;
}

/** What came of one release. */
export interface Release {
  readonly mode: Mode;
  /** People who were asked first have `denied` it, or it went `unanswered`: nothing was taken back. */
  readonly outcome: 'released' | 'partly-released' | 'needs-human' | 'denied' | 'unanswered';
  readonly done: readonly string[];
  /** What is left of the case's changes, with why. */
  readonly left: readonly string[];
  /** What people said who were asked first; left out where nobody was. */
  readonly decisions?: Approval['decisions'];
  readonly execution: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A case as a release finds it. */
export interface Releasable {
  readonly caseId: CaseId;
  readonly status: CaseStatus;
  /** As the case's own steps were given it. */
  readonly ref: CaseRef;
  /** The case that was last opened on the same target: this one, or a later one. */
  readonly latest: {
    readonly caseId: CaseId;
    readonly status: CaseStatus | undefined;
    /** When an execution last took it up, ISO 8601. */
    readonly openedAt: string;
  };
}

/** What {@link Releases.open} came to. */
export type ReleaseOpened =
  | { readonly outcome: 'opened'; readonly ref: CaseRef; readonly counted: number }
  /** The target's lock is held by this case or another. */
  | {
      readonly outcome: 'held';
      readonly caseId: string;
      readonly holder: string;
      readonly expired: boolean;
    };

/** What a release says of itself as it is closed. */
export type Ending = Pick<Release, 'outcome' | 'done' | 'left' | 'decisions'>;

const releaseKey = ({ caseId, execution }: CaseRef) => ({
  pk: casePk(caseId),
  sk: `release#${short(execution)}`,
});
// Only `close` puts items at these places.
const releaseIn = ({ pk: _, sk: __, ...release }: Item) => release as unknown as Release;

const toldOfRelease = (caseId: CaseId, execution: string) => ({
  pk: casePk(caseId),
  sk: `told#${short(execution)}`,
});

/**
 * The record of what is taken back of closed cases.
 *
 * A release works under its case's id and on its records, and holds the target's lock as any case
 * does, so that no case is opened on a target while it is released.
 */
export class Releases {
  readonly #table: CaseTable;
  readonly #now: () => Date;

  constructor(table: CaseTable, now: () => Date) {
    this.#table = table;
    this.#now = now;
  }

  /** The case, or undefined when there is none of this id. */
  async find(caseId: CaseId): Promise<Releasable | undefined> {
    const item = await this.#table.get({ pk: casePk(caseId), sk: 'case' });
    if (!item) return undefined;
    const known = await this.#table.get(executionKey(String(item.execution)));
    if (!known) throw new Error(`nothing says where the target of ${caseId} is`);
    // Whoever opens a case puts both items.
    const ref = known.ref as CaseRef;
    const last = await this.#table.get(latestKey(ref.mode, ref.target));
    const latest = last ? CaseId.parse(last.caseId) : caseId;
    const other =
      latest === caseId ? item : await this.#table.get({ pk: casePk(latest), sk: 'case' });
    return {
      caseId,
      status: item.status as CaseStatus,
      ref,
      latest: {
        caseId: latest,
        status: other?.status as CaseStatus | undefined,
        openedAt: String(last?.openedAt ?? ''),
      },
    };
  }

  /**
   * Takes the lock on the case's target for a release. The same execution re-enters it; `takeOver`
   * names a holder that is known not to run any more, of the same case, and says whether it may have
   * taken something back which no release has said yet. In a dry run neither a live
   * case is held off, nor is one that holds the target overlooked.
   */
  async open(
    { caseId, ref: { mode: _, ...of } }: Pick<Releasable, 'caseId' | 'ref'>,
    {
      mode,
      execution,
      lockSeconds,
      asking = null,
    }: {
      mode: Mode;
      execution: string;
      lockSeconds: number;
      /** Where people are asked before anything is taken back. */
      asking?: Asking | null;
    },
    takeOver?: { readonly holder: string; readonly unclosed: boolean },
  ): Promise<ReleaseOpened> {
    const ref: CaseRef = { ...of, caseId, mode, execution };
    const { counted } = await this.#findings(caseId);
    const lock: Item = {
      ...lockKey(mode, ref.target),
      caseId,
      holder: execution,
      expires: this.#seconds() + lockSeconds,
      findings: counted,
      // Beside what joins from now on.
      planned: counted,
    };
    const changes: Change[] = [
      {
        put: lock,
        onlyIf: takeOver ? { equals: { holder: takeOver.holder, caseId } } : { absent: true },
      },
      {
        put: {
          ...{ ...executionKey(execution), ref, releasing: true },
          ...(asking && { asking }),
          ...(takeOver?.unclosed && { unclosed: true }),
        },
      },
      ...(mode === 'dry-run'
        ? [{ check: lockKey('live', ref.target), onlyIf: { absent: true } } as const]
        : []),
    ];
    const refused = await this.#table.write(changes);
    if (refused === 'written') return { outcome: 'opened', ref, counted };
    const held = refused.found[0] ?? refused.found[2];
    if (held?.holder === execution) {
      return { outcome: 'opened', ref, counted: Number(held.planned) };
    }
    return {
      outcome: 'held',
      caseId: String(held?.caseId),
      holder: String(held?.holder),
      expired: Number(held?.expires) <= this.#seconds(),
    };
  }

  /** The changes that the case put on record, in no order that means anything. */
  async changes(caseId: CaseId): Promise<readonly RecordedChange[]> {
    const items = await this.#table.query(casePk(caseId), 'before#');
    // Only `recordBefore` puts them.
    return items.map(({ step, resource, state, at }) => ({
      step: String(step),
      resource: String(resource),
      state: state as object,
      at: String(at),
    }));
  }

  /** Notes what came of taking one change back, in place of what an earlier release noted. */
  async note({ caseId, mode, execution }: CaseRef, undone: Omit<Undone, 'at'>): Promise<void> {
    const sk = `undone#${mode}#${short(`${undone.step} ${undone.resource}`)}`;
    const at = this.#now().toISOString();
    await this.#table.write([{ put: { pk: casePk(caseId), sk, ...undone, execution, at } }]);
  }

  /** What came of the case's changes: in a dry run, of this very one, beside what is live. */
  async undone(ref: CaseRef): Promise<readonly Undone[]> {
    const { caseId, mode, execution } = ref;
    const read = async (id: CaseId, of: Mode) => this.#table.query(casePk(id), `undone#${of}#`);
    const [live, dry] = await sideBySide([
      read(recordedBy(ref), 'live'),
      mode === 'live' ? [] : read(caseId, 'dry-run'),
    ]);
    return [...live, ...dry.filter((item) => item.execution === execution)].map(
      ({ step, resource, outcome, proven, at }) => ({
        step: String(step),
        resource: String(resource),
        outcome: String(outcome),
        proven: proven === true,
        at: String(at),
      }),
    );
  }

  /** What came of each change in the last rehearsal of a plan; `failed` where nothing is known of it. */
  async rehearsed({ caseId }: CaseRef): Promise<readonly Omit<Undone, 'at' | 'proven'>[]> {
    const items = await this.#table.query(casePk(caseId), 'undone#dry-run#');
    return items.map(({ step, resource, outcome }) => ({
      step: String(step),
      resource: String(resource),
      outcome: String(outcome),
    }));
  }

  /** How many times findings were added to the case that is being released: new ones mean danger. */
  async counted(ref: CaseRef): Promise<number> {
    return Number((await this.#table.get(lockOf(ref)))?.findings ?? 0);
  }

  /** Whether findings have been added since the release was planned that holds the target. */
  async hasJoined(ref: CaseRef): Promise<boolean> {
    const lock = await this.#table.get(lockOf(ref));
    return Number(lock?.findings) > Number(lock?.planned);
  }

  /** What people are asked before an execution releases anything; undefined where they are not. */
  async asking({ execution }: CaseRef): Promise<Asking | undefined> {
    // Only `open` puts it.
    return (await this.#table.get(executionKey(execution)))?.asking as Asking | undefined;
  }

  /** Whether an earlier release, which this one took over from, may have taken something back unsaid. */
  async isAfterUnclosed({ execution }: CaseRef): Promise<boolean> {
    return (await this.#table.get(executionKey(execution)))?.unclosed === true;
  }

  /**
   * Writes down what came of the release, gives the case its new status in a live run, and frees the
   * target. What the case said of its containment stays, and its status where people did not agree.
   * `more-findings`: more have come than the `counted` ones that the outcome speaks of.
   */
  async close(
    ref: CaseRef,
    { outcome, done, left, decisions }: Ending,
    counted: number,
  ): Promise<'closed' | 'more-findings' | 'lock-lost'> {
    const { caseId, target, mode, execution } = ref;
    const own = releaseKey(ref);
    const place = { pk: casePk(caseId), sk: 'case' };
    const item = await this.#table.get(place);
    const at = this.#now().toISOString();
    const refused = await this.#table.write([
      {
        put: { ...own, mode, outcome, done, left, ...(decisions && { decisions }), execution, at },
      },
      {
        remove: lockKey(mode, target),
        onlyIf: { equals: { holder: execution, findings: counted } },
      },
      ...(mode === 'live' && outcome !== 'denied' && outcome !== 'unanswered'
        ? [{ put: { ...item, ...place, status: outcome } }]
        : []),
    ]);
    if (refused === 'written') return 'closed';
    if (refused.found[1]?.holder === execution) return 'more-findings';
    // A retry whose first answer was lost finds its own work done.
    return (await this.#table.get(own)) ? 'closed' : 'lock-lost';
  }

  /** What the release of an execution came to; undefined where it is not closed. */
  async closed(ref: CaseRef): Promise<Release | undefined> {
    const item = await this.#table.get(releaseKey(ref));
    return item && releaseIn(item);
  }

  /** Says that people have heard what came of a release: it is closed first, and told of after. */
  async noteTold({ caseId, execution }: CaseRef): Promise<void> {
    const at = this.#now().toISOString();
    await this.#table.write([{ put: { ...toldOfRelease(caseId, execution), at } }]);
  }

  /** Whether people have heard what came of the release that an execution made. */
  async isTold({ caseId, execution }: CaseRef): Promise<boolean> {
    return (await this.#table.get(toldOfRelease(caseId, execution))) !== undefined;
  }

  /** What came of the case's releases, oldest first. */
  async of(caseId: CaseId): Promise<readonly Release[]> {
    const items = await this.#table.query(casePk(caseId), 'release#');
    return items.map(releaseIn).toSorted((one, other) => one.at.localeCompare(other.at));
  }

  async #findings(caseId: CaseId): Promise<{ counted: number }> {
    return { counted: (await this.#table.query(casePk(caseId), 'finding#')).length };
  }

  #seconds(): number {
    return Math.floor(this.#now().getTime() / 1000);
  }
}
