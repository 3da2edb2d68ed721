import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CaseRecord,
  type CaseRef,
  LockLostError,
  ResourceHeldError,
} from '../../../functions/shared/case-record.ts';
import type { CaseTable } from '../../../functions/shared/case-table.ts';
import { evidenceOf, keepEvidence } from '../../../functions/shared/evidence.ts';
import { instanceArn } from '../../../functions/shared/finding.ts';
import { CaseId, InstanceId } from '../../../functions/shared/ids.ts';
import type { Mode } from '../../../functions/shared/journal.ts';
import { EvidenceInMemory } from '../../../replay/evidence-in-memory.ts';
import { finding } from '../../rehearsal.ts';

const found = finding();
const another = finding({ id: 'f2d2d2d2', severity: 9 });
const target = instanceArn(found, InstanceId.parse('i-0aaaaaaaaaaaaaaa1'));
const executionOf = (name: string) =>
  `arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:${name}`;

const asked = (
  name: string,
  differs: { finding?: typeof found; mode?: Mode; target?: string; yields?: boolean } = {},
) => ({
  finding: found,
  mode: 'live' as Mode,
  target,
  execution: executionOf(name),
  lockSeconds: 3600,
  ...differs,
});

/** What a record of cases does, whatever table it is kept in. `open` gives an empty one. */
export function describeCaseRecord(kind: string, open: () => Promise<CaseTable>): void {
  describe(`the record of cases ${kind}`, () => {
    let table: CaseTable;
    let now: Date;
    let cases: CaseRecord;
    beforeEach(async () => {
      table = await open();
      now = new Date('2026-03-01T04:05:06.000Z');
      cases = new CaseRecord(table, () => now);
    });
    const later = (seconds: number) => {
      now = new Date(now.getTime() + seconds * 1000);
    };

    /** The open case of an execution, which must be able to have one. */
    async function opened(
      name = 'first',
      differs: Parameters<typeof asked>[1] = {},
    ): Promise<CaseRef> {
      const opening = await cases.open(asked(name, differs));
      if (opening.outcome !== 'opened') throw new Error(`not opened: ${opening.outcome}`);
      return opening.ref;
    }

    /** A case whose execution is gone, and the one that took it over. */
    async function takenOver(): Promise<{ lost: CaseRef; ref: CaseRef }> {
      const lost = await opened('first');
      const held = await cases.open(asked('second', { finding: another }));
      if (held.outcome !== 'held') throw new Error(`not held: ${held.outcome}`);
      const taken = await cases.open(asked('second', { finding: another }), held);
      if (taken.outcome !== 'reopened') throw new Error(`not taken over: ${taken.outcome}`);
      return { lost, ref: taken.ref };
    }

    const closing = (counted = 1) => ({ status: 'contained' as const, counted, summary: {} });

    it('lets a lock be deleted a month after it has expired, and nothing else', async () => {
      const ref = await opened();
      const lock = await table.get({ pk: `lock#live#${target}`, sk: 'lock' });
      const month = 30 * 86_400;

      expect(lock?.ttl).toBe(Number(lock?.expires) + month);
      const others = await table.query(`case#${ref.caseId}`);
      expect(others.filter((item) => 'ttl' in item)).toEqual([]);
    });

    describe('the last case on a target', () => {
      it('is found while it is open and once it is closed, with the steps that left a record', async () => {
        expect(await cases.latestOn('live', target)).toBeUndefined();
        const ref = await opened();
        const step = { step: 'isolate-instance', outcome: 'ran', journal: [] };
        await cases.recordStep(ref, { ...step, at: now.toISOString() });
        const latest = { caseId: ref.caseId, openedAt: now.toISOString() };

        expect(await cases.latestOn('live', target)).toMatchObject({
          ...latest,
          status: 'open',
          steps: [step],
        });
        expect(await cases.latestOn('dry-run', target)).toBeUndefined();
        later(60);
        await cases.close(ref, closing());
        expect(await cases.latestOn('live', target)).toMatchObject({
          ...latest,
          status: 'contained',
        });
      });

      it('is the newer one once there are two', async () => {
        await cases.close(await opened('first'), closing());
        later(60);
        const { caseId } = await opened('second', { finding: another });

        expect(await cases.latestOn('live', target)).toMatchObject({
          caseId,
          openedAt: now.toISOString(),
          status: 'open',
        });
      });
    });

    describe('the case of an execution', () => {
      it('is held until it is closed', async () => {
        const ref = await opened();
        expect(await cases.heldBy(ref.execution)).toEqual({ outcome: 'held', ref });
        await cases.close(ref, closing());
        const { caseId } = ref;
        const closed = { outcome: 'already-closed', caseId, worked: ref };
        expect(await cases.heldBy(ref.execution)).toEqual({ ...closed, told: false });
        await cases.noteTold(ref);
        expect(await cases.heldBy(ref.execution)).toEqual({ ...closed, told: true });
      });

      it('is the new execution’s once that has taken it over, and again closed by it', async () => {
        const { lost, ref } = await takenOver();
        const { caseId } = lost;
        expect(await cases.heldBy(lost.execution)).toEqual({ outcome: 'taken-over', caseId });
        expect(await cases.heldBy(ref.execution)).toEqual({ outcome: 'held', ref });
        await cases.close(ref, closing(2));
        expect(await cases.heldBy(lost.execution)).toMatchObject({
          outcome: 'already-closed',
          caseId,
        });
      });

      it('is not the next case on the same target', async () => {
        const first = await opened('first');
        await cases.close(first, closing());
        await opened('second', { finding: another });
        const { caseId } = first;
        expect(await cases.heldBy(first.execution)).toMatchObject({
          outcome: 'already-closed',
          caseId,
        });
      });

      it('is none for an execution that joined or never asked', async () => {
        await opened('first');
        await cases.open(asked('second', { finding: another }));
        expect(await cases.heldBy(executionOf('second'))).toBeUndefined();
        expect(await cases.heldBy(executionOf('third'))).toBeUndefined();
      });
    });

    it('keeps which case started another, and when, beyond a take-over and the close', async () => {
      const parent = CaseId.parse('case-0123456789');
      const openedAt = now.toISOString();
      const opening = await cases.open({ ...asked('first'), parent });
      if (opening.outcome !== 'opened') throw new Error(`not opened: ${opening.outcome}`);
      const { caseId } = opening.ref;
      later(60);
      const held = await cases.open(asked('second', { finding: another }));
      if (held.outcome !== 'held') throw new Error(`not held: ${held.outcome}`);
      const taken = await cases.open(asked('second', { finding: another }), held);
      if (!('ref' in taken)) throw new Error(`not taken over: ${taken.outcome}`);
      await cases.close(taken.ref, closing(2));

      expect(await cases.opened(caseId)).toEqual({ at: openedAt, parent });
      expect(await cases.opened(CaseId.parse('case-of-nobody'))).toBeUndefined();
    });

    describe('a limit on containments', () => {
      const limits = (most: number) => [
        { scope: 'account#111122223333', most },
        { scope: 'all', most: most + 10 },
      ];
      const ofTarget = (n: number) => ({
        ...asked(`flood-${n}`, {
          finding: finding({ id: `flood-${n}` }),
          target: `${target}${n}`,
        }),
      });
      const gates = async (from: number, to: number, most: number) => {
        const all = Array.from({ length: to - from }, (_, n) =>
          cases.open({ ...ofTarget(from + n), limits: limits(most) }),
        );
        const opened = await Promise.all(all);
        return opened.map((one) => ('gate' in one ? one.gate : one.outcome));
      };
      const places = async () => (await table.query('limit#account#111122223333')).length;

      it('lets as many act as it says, of many at once, and has the others wait', async () => {
        const came = await gates(0, 12, 5);

        expect(came.filter((gate) => gate === null)).toHaveLength(5);
        expect(came.filter((gate) => gate !== null)).toEqual(
          Array(7).fill({ because: ['limit: account 111122223333'], people: 1 }),
        );
        expect(await places()).toBe(5);
      });

      it('lets others act when the first have been an hour ago, and no sooner', async () => {
        await gates(0, 3, 3);
        later(3_599);
        expect(await gates(3, 4, 3)).not.toEqual([null]);
        later(1);
        expect(await gates(4, 8, 3)).toEqual(
          expect.arrayContaining([null, null, null, { because: expect.anything(), people: 1 }]),
        );
      });

      it('counts a case once, however often its execution asks or another takes it over', async () => {
        const first = { ...asked('first'), limits: limits(1) };
        await cases.open(first);
        expect(await cases.open(first)).toMatchObject({ outcome: 'reopened', gate: null });
        const second = { ...asked('second', { finding: another }), limits: limits(1) };
        const held = await cases.open(second);
        if (held.outcome !== 'held') throw new Error(`not held: ${held.outcome}`);
        expect(await cases.open(second, held)).toMatchObject({ outcome: 'reopened', gate: null });
        expect(await places()).toBe(1);
      });

      it('has a case wait on, whoever takes it over and however often it is asked', async () => {
        const gate = { because: ['policy'], people: 2 as const };
        const first = { ...asked('first'), gate, limits: limits(9) };
        expect(await cases.open(first)).toMatchObject({ outcome: 'opened', gate });
        expect(await cases.open(first)).toMatchObject({ outcome: 'reopened', gate });
        const second = { ...asked('second', { finding: another }), limits: limits(9) };
        const held = await cases.open(second);
        if (held.outcome !== 'held') throw new Error(`not held: ${held.outcome}`);
        expect(await cases.open(second, held)).toMatchObject({ outcome: 'reopened', gate });
        expect(await places()).toBe(0);
      });

      it('counts nothing for a finding that joins, repeats or is dry', async () => {
        const opened = await cases.open({ ...asked('first'), limits: limits(5) });
        await cases.open({ ...asked('second'), limits: limits(5) });
        await cases.open(asked('third', { mode: 'dry-run' }));
        expect(opened.outcome).toBe('opened');
        expect(await places()).toBe(1);
      });

      it('gives back what a case that did nothing took', async () => {
        const opened = await cases.open({ ...asked('first'), limits: limits(1) });
        if (opened.outcome !== 'opened') throw new Error(`not opened: ${opened.outcome}`);
        await cases.uncount(opened.ref);
        expect(await gates(0, 1, 1)).toEqual([null]);
      });

      it('counts a case that no longer waits, once, and not past a limit', async () => {
        const gate = { because: ['policy'], people: 1 as const };
        const waiting = await cases.open({ ...asked('first'), gate });
        if (waiting.outcome !== 'opened') throw new Error(`not opened: ${waiting.outcome}`);
        expect(await cases.setGate(waiting.ref, null, limits(1))).toBeNull();
        expect(await cases.setGate(waiting.ref, null, limits(1))).toBeNull();
        expect(await cases.gate(waiting.ref.caseId)).toBeNull();

        const next = await cases.open({ ...ofTarget(1), gate });
        if (next.outcome !== 'opened') throw new Error(`not opened: ${next.outcome}`);
        const reached = await cases.setGate(next.ref, null, limits(1));
        expect(reached).toEqual({ because: ['limit: account 111122223333'], people: 1 });
        expect(await cases.gate(next.ref.caseId)).toEqual(reached);
      });

      it('has a plan of a case keep records of its own, while the case holds its lock', async () => {
        const ref = await opened();
        const plan: CaseRef = {
          ...ref,
          mode: 'dry-run',
          planOf: ref.caseId,
          caseId: CaseId.parse(`${ref.caseId}-plan-1`),
        };
        await cases.recordBefore(plan, { step: 's', resource: 'r', state: {} });
        expect(await cases.before(ref.caseId)).toEqual([]);
        expect((await cases.findings(plan)).findings).toEqual([found]);
        await cases.close(ref, closing());
        await expect(
          cases.recordBefore(plan, { step: 's', resource: 'q', state: {} }),
        ).rejects.toThrow(LockLostError);
      });
    });

    describe('keeping evidence', () => {
      let store: EvidenceInMemory;
      beforeEach(() => {
        store = new EvidenceInMemory();
      });
      const home = () => ({ cases, evidence: store });
      const kept = (ref: CaseRef, name: string) => evidenceOf(home(), ref.caseId, name);
      const keep = (ref: CaseRef, name: string, body: string) =>
        keepEvidence(
          { home: home(), case: ref, now: () => now, actor: 'trace-credentials' },
          { kind: 'cloudtrail-trace', name, body, type: 'json', source: 'cloudtrail' },
        );

      it('gives back a long body as it was, and lists it by hash and size, without its words', async () => {
        const ref = await opened();
        const body = `${'x'.repeat(94_999)}${'\u{1f512}é'.repeat(60_000)}`;

        await keep(ref, 'trace-0', body);

        expect(await kept(ref, 'trace-0')).toBe(body);
        expect(await cases.artefacts(ref.caseId)).toEqual([
          {
            kind: 'cloudtrail-trace',
            id: 'trace-0',
            body: {
              key: expect.stringMatching(`^${ref.caseId}/trace-0-[0-9a-f]{12}.json$`),
              contentType: 'application/json',
              sha256: createHash('sha256').update(body).digest('hex'),
              size: Buffer.byteLength(body),
            },
            time: now.toISOString(),
            actor: 'trace-credentials',
            source: 'cloudtrail',
            details: {},
          },
        ]);
      });

      it('keeps an empty body, and tells one name from the start of another', async () => {
        const ref = await opened();
        await keep(ref, 'trace', '');
        await keep(ref, 'trace-1', 'second');

        expect(await kept(ref, 'trace')).toBe('');
        expect(await kept(ref, 'trace-1')).toBe('second');
        expect(await kept(ref, 'trac')).toBeUndefined();
      });

      it('goes by the later of two bodies of one name, and lists both, oldest first', async () => {
        const ref = await opened();
        await keep(ref, 'trace', 'x'.repeat(200_000));
        later(1);
        await keep(ref, 'trace', 'short');

        expect(await kept(ref, 'trace')).toBe('short');
        const sizes = (await cases.artefacts(ref.caseId)).map(({ body }) => body?.size);
        expect(sizes).toEqual([200_000, 5]);
      });

      it('lists a body once that a retry keeps again', async () => {
        const ref = await opened();
        await keep(ref, 'trace', 'same');
        later(1);
        await keep(ref, 'trace', 'same');

        expect(await cases.artefacts(ref.caseId)).toHaveLength(1);
      });

      it('has no body that the store lost, or that it gives back otherwise', async () => {
        const ref = await opened();
        await keep(ref, 'trace', 'whole');

        store = new EvidenceInMemory();
        expect(await kept(ref, 'trace')).toBeUndefined();
        const [artefact] = await cases.artefacts(ref.caseId);
        await store.put(artefact?.body?.key ?? '', 'other', 'text/plain');
        expect(await kept(ref, 'trace')).toBeUndefined();
      });

      it('keeps nothing for a case that has lost its lock', async () => {
        const { lost } = await takenOver();

        await expect(keep(lost, 'trace', 'late')).rejects.toThrow(LockLostError);
        expect(await kept(lost, 'trace')).toBeUndefined();
        expect(await cases.artefacts(lost.caseId)).toEqual([]);
      });

      it('lists what AWS keeps once, however often it is told, and though the lock is lost', async () => {
        const { lost } = await takenOver();
        const snapshots = Array.from({ length: 101 }, (_, n) => ({
          kind: 'snapshot' as const,
          id: `snap-${n}`,
          body: null,
          time: now.toISOString(),
          actor: 'snapshot-volumes',
          source: 'ec2:CreateSnapshots',
          details: {},
        }));
        await cases.recordArtefacts(lost, ...snapshots);
        await cases.recordArtefacts(lost, ...snapshots.slice(0, 2));

        const ids = (await cases.artefacts(lost.caseId)).map(({ id }) => id).sort();
        expect(ids).toEqual(snapshots.map(({ id }) => id).sort());
      });
    });

    describe('opening', () => {
      it('opens a case on a free target', async () => {
        const opening = await cases.open(asked('first'));
        expect(opening).toMatchObject({
          outcome: 'opened',
          ref: {
            account: '111122223333',
            region: 'eu-west-1',
            mode: 'live',
            target,
            execution: executionOf('first'),
          },
        });
        const ref = 'ref' in opening ? opening.ref : undefined;
        expect(await cases.status(CaseId.parse(ref?.caseId))).toBe('open');
      });

      it('opens one case when ten executions ask at once', async () => {
        const openings = await Promise.all(
          Array.from({ length: 10 }, (_, n) =>
            cases.open(asked(`e${n}`, { finding: finding({ id: `finding-${n}` }) })),
          ),
        );
        const won = openings.findIndex(({ outcome }) => outcome === 'opened');
        expect(openings.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1);
        expect(openings.filter(({ outcome }) => outcome === 'held')).toHaveLength(9);
        expect(
          new Set(openings.flatMap((held) => ('holder' in held ? [held.holder] : []))),
        ).toEqual(new Set([executionOf(`e${won}`)]));
      });

      it('opens one case when ten copies of one finding arrive at once', async () => {
        const openings = await Promise.all(
          Array.from({ length: 10 }, (_, n) => cases.open(asked(`e${n}`))),
        );
        expect(openings.map(({ outcome }) => outcome).sort()).toEqual([
          ...Array(9).fill('held'),
          'opened',
        ]);
      });

      it('lets the execution that holds the case in again, so a retry never joins itself', async () => {
        const ref = await opened('first');
        expect(await cases.open(asked('first'))).toEqual({ outcome: 'reopened', ref, gate: null });
        expect(await cases.findings(ref)).toMatchObject({ counted: 1 });
      });

      it('says who holds a target, and that the hold has not run out', async () => {
        const { caseId } = await opened('first');
        expect(await cases.open(asked('second', { finding: another }))).toEqual({
          outcome: 'held',
          caseId,
          holder: executionOf('first'),
          findings: 1,
          expired: false,
          yields: false,
        });
      });

      it('says that who holds a target gives way to what contains it', async () => {
        await cases.open(asked('first', { yields: true }));
        expect(await cases.open(asked('second', { finding: another }))).toMatchObject({
          outcome: 'held',
          yields: true,
        });
      });

      it('says that a hold has run out from the second it does', async () => {
        await opened('first');
        later(3599);
        expect(await cases.open(asked('second'))).toMatchObject({ expired: false });
        later(1);
        expect(await cases.open(asked('second'))).toMatchObject({ outcome: 'held', expired: true });
      });

      it('answers a finding once: its repeat is told of the case that did', async () => {
        const ref = await opened('first');
        expect(await cases.close(ref, closing())).toBe('closed');
        expect(await cases.open(asked('second'))).toEqual({
          outcome: 'repeat',
          caseId: ref.caseId,
        });
      });

      it('opens a new case for another finding once the first is closed', async () => {
        const ref = await opened('first');
        await cases.close(ref, closing());
        const next = await opened('second', { finding: another });
        expect(next.caseId).not.toBe(ref.caseId);
      });

      it('tells findings of one id in two Regions apart', async () => {
        const ref = await opened('first');
        await cases.close(ref, closing());
        const elsewhere = finding({ region: 'eu-central-1' as typeof found.region });
        const opening = await cases.open(asked('second', { finding: elsewhere }));
        expect(opening.outcome).toBe('opened');
      });

      it('never lets a dry run hold off a live run, or answer its finding', async () => {
        const dry = await opened('dry', { mode: 'dry-run' });
        const live = await opened('live');
        expect(live.caseId).not.toBe(dry.caseId);
        await cases.close(dry, closing());
        expect(await cases.open(asked('live'))).toMatchObject({ outcome: 'reopened' });
      });

      it('locks each target by itself', async () => {
        await opened('first');
        const opening = await cases.open(asked('second', { target: `${target}f` }));
        expect(opening.outcome).toBe('opened');
      });
    });

    describe('taking over', () => {
      it('goes on with the case of an execution that is gone, with what it recorded', async () => {
        const { lost, ref } = await takenOver();
        expect(ref).toEqual({ ...lost, execution: executionOf('second') });
        expect(await cases.findings(ref)).toEqual({ counted: 2, findings: [found, another] });
      });

      it('gives the case to one of two who would take it over', async () => {
        await opened('first');
        const held = await cases.open(asked('second'));
        if (held.outcome !== 'held') throw new Error(held.outcome);
        const takers = await Promise.all([
          cases.open(asked('second'), held),
          cases.open(asked('third'), held),
        ]);
        expect(takers.map(({ outcome }) => outcome).sort()).toEqual(['held', 'reopened']);
      });

      it('leaves a case alone that was closed meanwhile', async () => {
        const ref = await opened('first');
        const held = await cases.open(asked('second', { finding: another }));
        if (held.outcome !== 'held') throw new Error(held.outcome);
        await cases.close(ref, closing());
        const taken = await cases.open(asked('second', { finding: another }), held);
        expect(taken.outcome).toBe('held');
        expect(await cases.status(ref.caseId)).toBe('contained');
      });

      it.each<[string, (ref: CaseRef) => Promise<unknown>]>([
        [
          'record a state',
          (ref) => cases.recordBefore(ref, { step: 's', resource: 'r', state: {} }),
        ],
        ['record an intent', (ref) => cases.recordIntent(ref, 'snapshots')],
        ['close', (ref) => cases.close(ref, closing(2))],
      ])('lets the execution that lost the case no longer %s', async (_, act) => {
        const { lost, ref } = await takenOver();
        await expect(act(lost)).rejects.toThrow(LockLostError);
        await expect(act(ref)).resolves.toBeDefined();
      });

      it('still keeps what the execution that lost the case has done', async () => {
        const { lost, ref } = await takenOver();
        const record = {
          step: 'isolate-instance',
          outcome: 'failed',
          journal: [],
          at: now.toISOString(),
        };
        await cases.recordStep(lost, record);
        expect(await cases.steps(ref.caseId)).toMatchObject([record]);
      });
    });

    describe('joining', () => {
      it('adds a finding to the open case, once', async () => {
        const ref = await opened();
        expect(await cases.join('live', target, another)).toBe('joined');
        expect(await cases.findings(ref)).toEqual({ counted: 2, findings: [found, another] });
        await cases.close(ref, closing(2));
        expect(await cases.open(asked('second', { finding: another }))).toEqual({
          outcome: 'repeat',
          caseId: ref.caseId,
        });
      });

      it('counts the repeat of a finding, and keeps it as it now is', async () => {
        const ref = await opened();
        const grown = finding({ severity: 9.5, count: 7 });
        expect(await cases.join('live', target, grown)).toBe('joined');
        expect(await cases.findings(ref)).toEqual({ counted: 2, findings: [grown] });
      });

      it('loses none of ten that join at once', async () => {
        const ref = await opened();
        const more = Array.from({ length: 10 }, (_, n) => finding({ id: `joins-${n}` }));
        const joined = await Promise.all(more.map((each) => cases.join('live', target, each)));
        expect(joined).toEqual(Array(10).fill('joined'));
        const { counted, findings } = await cases.findings(ref);
        expect(counted).toBe(11);
        expect(findings).toHaveLength(11);
      });

      it('says that there is no case to join', async () => {
        expect(await cases.join('live', target, found)).toBe('closed');
        await opened('dry', { mode: 'dry-run' });
        expect(await cases.join('live', target, found)).toBe('closed');
      });
    });

    describe('recording', () => {
      it('keeps the state before a change, and never the state after it', async () => {
        const ref = await opened();
        const before = { step: 'isolate-instance', resource: 'eni-1', state: { groups: ['sg-1'] } };
        expect(await cases.recordBefore(ref, before)).toBe('recorded');
        const after = { ...before, state: { groups: ['sg-empty'] } };
        expect(await cases.recordBefore(ref, after)).toBe('already-recorded');
        expect(await cases.before(ref.caseId)).toEqual([before]);
      });

      it('adds what is missing when some of the states were kept before', async () => {
        const ref = await opened();
        const of = (resource: string, group: string) => ({
          step: 'isolate-instance',
          resource,
          state: { groups: [group] },
        });
        await cases.recordBefore(ref, of('eni-1', 'sg-1'));
        const added = await cases.recordBefore(ref, of('eni-1', 'sg-empty'), of('eni-2', 'sg-2'));
        expect(added).toBe('recorded');
        expect(await cases.before(ref.caseId)).toEqual([of('eni-1', 'sg-1'), of('eni-2', 'sg-2')]);
      });

      it('keeps the first of ten states that are recorded at once', async () => {
        const ref = await opened();
        const kept = await Promise.all(
          Array.from({ length: 10 }, (_, n) =>
            cases.recordBefore(ref, { step: 's', resource: 'r', state: { n } }),
          ),
        );
        expect(kept.filter((word) => word === 'recorded')).toHaveLength(1);
        const [before] = await cases.before(ref.caseId);
        expect(before?.state).toEqual({ n: kept.indexOf('recorded') });
      });

      it('gives back what one step recorded, and not a step whose name begins alike', async () => {
        const ref = await opened();
        const of = (step: string) => ({ step, resource: 'vol-1', state: { step } });
        await cases.recordBefore(ref, of('protect-instance'), of('protect-instance-again'));
        expect(await cases.before(ref.caseId, 'protect-instance')).toEqual([
          of('protect-instance'),
        ]);
      });

      it('says the first time from every other that something is about to be done', async () => {
        const ref = await opened();
        expect(await cases.recordIntent(ref, 'snapshots')).toBe('first');
        expect(await cases.recordIntent(ref, 'snapshots')).toBe('again');
        expect(await cases.recordIntent(ref, 'command')).toBe('first');
      });

      it('keeps every run of a step, in order', async () => {
        const ref = await opened();
        const journal = [
          {
            call: 'ec2:DescribeInstances' as const,
            input: { InstanceIds: ['i-1'] },
            disposition: 'sent' as const,
          },
        ];
        const failed = {
          step: 'isolate-instance',
          outcome: 'failed',
          journal,
          at: now.toISOString(),
        };
        later(2);
        const ran = { step: 'isolate-instance', outcome: 'ran', journal, at: now.toISOString() };
        await cases.recordStep(ref, ran);
        await cases.recordStep(ref, failed);
        expect(await cases.steps(ref.caseId)).toMatchObject([failed, ran]);
      });

      it('remembers a target beyond its case', async () => {
        expect(await cases.recallTarget(target)).toBeUndefined();
        await cases.rememberTarget(target, { volumes: [{ volumeId: 'vol-1' }] });
        expect(await cases.recallTarget(target)).toEqual({ volumes: [{ volumeId: 'vol-1' }] });
      });
    });

    describe('holding a resource that several cases may change', () => {
      const acl = 'acl-1';
      const second = () => opened('second', { target: `${target}f`, finding: another });

      it('keeps every other case away for as long as it is changed', async () => {
        const [mine, other] = [await opened(), await second()];
        const done = await cases.holding(mine, acl, async () => {
          await expect(cases.holding(other, acl, async () => 'no')).rejects.toThrow(
            ResourceHeldError,
          );
          return 'mine';
        });
        expect(done).toBe('mine');
        expect(await cases.holding(other, acl, async () => 'other')).toBe('other');
      });

      it('frees it when the work fails', async () => {
        const [mine, other] = [await opened(), await second()];
        const failing = cases.holding(mine, acl, async () => {
          throw new Error('throttled');
        });
        await expect(failing).rejects.toThrow('throttled');
        expect(await cases.holding(other, acl, async () => 'other')).toBe('other');
      });

      it('takes a hold over after two minutes, and does not free it for the one who was late', async () => {
        const [mine, other] = [await opened(), await second()];
        await cases.holding(mine, acl, async () => {
          later(119);
          await expect(cases.holding(other, acl, async () => 'no')).rejects.toThrow(
            ResourceHeldError,
          );
          later(1);
          await cases.holding(other, acl, async () => {
            expect(await table.get({ pk: `hold#${acl}`, sk: 'hold' })).toMatchObject({
              holder: other.caseId,
            });
          });
        });
        expect(await table.get({ pk: `hold#${acl}`, sk: 'hold' })).toBeUndefined();
      });

      it('is the case’s own in whichever of its plans', async () => {
        const ref = await opened();
        const plan = (end: string): CaseRef => ({
          ...ref,
          mode: 'dry-run',
          planOf: ref.caseId,
          caseId: CaseId.parse(`${ref.caseId}-plan-${end}`),
        });
        await cases.holding(plan('aaaaaa'), acl, async () => {
          expect(await cases.holding(plan('bbbbbb'), acl, async () => 'again')).toBe('again');
        });
      });

      it('is the case’s own, whichever execution holds that by now', async () => {
        const { lost, ref } = await takenOver();
        await cases.holding(lost, acl, async () => {
          expect(await cases.holding(ref, acl, async () => 'mine as well')).toBe('mine as well');
        });
      });

      it('lets one of ten in that come at once', async () => {
        const refs = await Promise.all(
          Array.from({ length: 10 }, (_, n) =>
            opened(`e${n}`, { target: `${target}${n}`, finding: finding({ id: `f-${n}` }) }),
          ),
        );
        let inside = 0;
        let most = 0;
        const came = await Promise.allSettled(
          refs.map((ref) =>
            cases.holding(ref, acl, async () => {
              inside += 1;
              most = Math.max(most, inside);
              await new Promise((resolve) => setTimeout(resolve, 20));
              inside -= 1;
            }),
          ),
        );
        expect(most).toBe(1);
        expect(came.some(({ status }) => status === 'fulfilled')).toBe(true);
      });

      it('counts the cases that need one entry, until the last has done with it', async () => {
        const [mine, other] = [await opened(), await second()];
        const use = (ref: CaseRef) => ({
          caseId: ref.caseId,
          expires: 1_800_000_000,
          detail: { ruleNumber: 1 },
        });
        await cases.shareUse(acl, '198.51.100.7/32', use(mine));
        await cases.shareUse(acl, '198.51.100.7/32', use(mine));
        await cases.shareUse(acl, '198.51.100.7/32', use(other));
        expect(await cases.uses(acl)).toHaveLength(2);
        await cases.endUse(acl, '198.51.100.7/32', mine.caseId);
        expect(await cases.uses(acl)).toMatchObject([{ entry: '198.51.100.7/32', ...use(other) }]);
      });
    });

    describe('closing', () => {
      it('frees the target', async () => {
        const ref = await opened();
        expect(await cases.close(ref, closing())).toBe('closed');
        expect(await cases.status(ref.caseId)).toBe('contained');
        expect(await cases.join('live', target, another)).toBe('closed');
      });

      it('does not close over a finding it has not seen', async () => {
        const ref = await opened();
        const { counted } = await cases.findings(ref);
        await cases.join('live', target, another);
        expect(await cases.close(ref, closing(counted))).toBe('more-findings');
        expect(await cases.status(ref.caseId)).toBe('open');
        const again = await cases.findings(ref);
        expect(await cases.close(ref, closing(again.counted))).toBe('closed');
      });

      it('never closes over one that joins in the same moment', async () => {
        const ref = await opened();
        const [closed, joined] = await Promise.all([
          cases.close(ref, closing(1)),
          cases.join('live', target, another),
        ]);
        expect([
          ['closed', 'closed'],
          ['more-findings', 'joined'],
        ]).toContainEqual([closed, joined]);
      });

      it('finds its own work done when the answer was lost', async () => {
        const ref = await opened();
        await cases.close(ref, closing());
        expect(await cases.close(ref, closing())).toBe('closed');
      });

      it('does not let a retry of another ending pass for its own', async () => {
        const ref = await opened();
        await cases.close(ref, closing());
        const otherwise = { ...closing(), status: 'needs-human' as const };
        await expect(cases.close(ref, otherwise)).rejects.toThrow(LockLostError);
        expect(await cases.status(ref.caseId)).toBe('contained');
      });
    });
  });
}
