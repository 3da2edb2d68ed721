import { type Answer, Approval, answered, type Came } from './approval.ts';
import { short } from './case-keys.ts';
import type { CaseTable, Change, Item } from './case-table.ts';
import type { CaseId } from './ids.ts';

/** Where an approval goes when the same case is asked about anew, by another execution or playbook. */
const earlierKey = ({ caseId, rehearsal }: Approval) => ({
  pk: `case#${caseId}`,
  sk: `approval#${short(rehearsal.split(' ')[0] ?? '')}`,
});
const keyOf = (caseId: CaseId) => ({ pk: `case#${caseId}`, sk: 'approval' });
const refusedKey = (caseId: CaseId) => ({ pk: `case#${caseId}`, sk: 'refused-answers' });

/** A stranger with a link that is none can knock as often as they like: the first ones are kept. */
const mostRefused = 50;

/** Nobody can answer it any more. */
type EarlierApproval = Omit<Approval, 'token' | 'key'>;

/** An answer that did nothing. */
interface RefusedAnswer {
  readonly came: string;
  /** Who was named, believed or not. */
  readonly by: string;
  readonly at: string;
}

/**
 * What people were asked and what they said, in the case. Every change is made on condition that
 * nothing changed meanwhile, so that two answers at once are two answers.
 */
export class Approvals {
  readonly #table: CaseTable;
  readonly #now: () => Date;

  constructor(table: CaseTable, now: () => Date) {
    this.#table = table;
    this.#now = now;
  }

  async of(caseId: CaseId): Promise<Approval | undefined> {
    const item = await this.#table.get(keyOf(caseId));
    if (!item) return undefined;
    const { pk: _, sk: __, ...approval } = item;
    return Approval.parse(approval);
  }

  /** What people were asked about a case before what they were asked last, without what is secret. */
  async earlier(caseId: CaseId): Promise<readonly EarlierApproval[]> {
    const items = await this.#table.query(`case#${caseId}`, 'approval#');
    // Only `put` puts them.
    return items.map(({ pk: _, sk: __, ...approval }) => approval as unknown as EarlierApproval);
  }

  /**
   * Puts an approval in place of the one that was read, or says that it is another by now. One that was
   * asked for another execution stays to be read.
   */
  async put(approval: Approval, before: Approval | undefined): Promise<'put' | 'changed'> {
    const put: Item = { ...keyOf(approval.caseId), ...approval };
    const onlyIf = before ? { equals: { version: before.version } } : ({ absent: true } as const);
    const changes: Change[] = [{ put, onlyIf }];
    if (before && earlierKey(before).sk !== earlierKey(approval).sk) {
      const { token: _, key: __, ...earlier } = before;
      changes.push({ put: { ...earlierKey(before), ...earlier } });
    }
    return (await this.#table.write(changes)) === 'written' ? 'put' : 'changed';
  }

  /** Moves to another status from the one that was read; undefined where it is another by now. */
  async settle(before: Approval, status: Approval['status']): Promise<Approval | undefined> {
    const after = { ...before, status, version: before.version + 1 };
    return (await this.put(after, before)) === 'put' ? after : undefined;
  }

  /** Takes an answer, or says why it does not count; either is kept in the case. */
  async answer(caseId: CaseId, answer: Answer): Promise<{ came: Came; approval?: Approval }> {
    // Somebody else may answer between looking and writing; this often it is no accident.
    for (let look = 0; look < 8; look++) {
      const approval = await this.of(caseId);
      if (!approval) return { came: 'no-such-approval' };
      const { came, next } = answered(approval, answer, this.#now());
      if (!next) {
        await this.refused(caseId, { came, by: answer.by });
        return { came, approval };
      }
      if ((await this.put(next, approval)) === 'put') return { came, approval: next };
    }
    throw new Error(`the approval of ${caseId} changed at every look`);
  }

  /** Keeps that an answer did nothing. */
  async refused(caseId: CaseId, { came, by }: Omit<RefusedAnswer, 'at'>): Promise<void> {
    const key = refusedKey(caseId);
    for (let look = 0; look < 8; look++) {
      const item = await this.#table.get(key);
      const answers = (item?.answers ?? []) as readonly RefusedAnswer[];
      if (answers.length >= mostRefused) return;
      const put = {
        ...key,
        count: answers.length + 1,
        answers: [...answers, this.#refusal(came, by)],
      };
      const onlyIf = item ? { equals: { count: answers.length } } : ({ absent: true } as const);
      if ((await this.#table.write([{ put, onlyIf }])) === 'written') return;
    }
  }

  async refusedOf(caseId: CaseId): Promise<readonly RefusedAnswer[]> {
    // Only `refused` puts them.
    return ((await this.#table.get(refusedKey(caseId)))?.answers ?? []) as readonly RefusedAnswer[];
  }

  #refusal(came: string, by: string): RefusedAnswer {
    return { came, by: by.slice(0, 300), at: this.#now().toISOString() };
  }
}
