import { describe, expect, it } from 'vitest';
import { openCase } from '../../functions/open-case/handler.ts';
import { settleFailedExecution } from '../../functions/settle-failed-execution/handler.ts';
import { Manifest } from '../../functions/shared/evidence-manifest.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import type { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { finding, rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const noCase = { case: undefined };

/** As EventBridge sends it, in short. */
const ended = (executionArn: string, status: string) => ({
  event: {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: { executionArn, status, name: 'x', input: '{}', output: null },
  },
});

const locks = (table: CaseTableInMemory) => table.items().filter(({ sk }) => sk === 'lock');

/** An open case whose first step has failed. */
async function stopped() {
  const rehearsal = await rehearsalOf(account);
  const { open, run, execution, cases } = rehearsal;
  const ref = await open('live');
  const at = '2026-03-01T04:05:06.000Z';
  await cases.recordStep(ref, { step: 'isolate-instance', outcome: 'failed', journal: [], at });
  const settle = (status: string, arn = execution('live')) =>
    run(settleFailedExecution, ended(arn, status), 'live', noCase);
  return { ...rehearsal, ref, settle };
}

it.each(['FAILED', 'TIMED_OUT', 'ABORTED'])(
  'gives the case of an execution that ended as %s to a human and frees its target',
  async (status) => {
    const { cases, ref, settle, table, notifications } = await stopped();

    const { result, journal } = await settle(status);

    expect(result).toEqual({ outcome: 'settled', caseId: ref.caseId });
    expect(journal).toEqual([]);
    expect(await cases.status(ref.caseId)).toBe('needs-human');
    expect(locks(table)).toEqual([]);
    expect(notifications).toEqual([
      {
        title: expect.stringContaining(ref.caseId),
        text: expect.stringContaining(ref.target),
        keywords: ['cordon', 'needs-human', 'live'],
      },
    ]);
    expect(notifications[0]?.text).toContain('isolate-instance: failed');
    expect(notifications[0]?.text).toContain(ref.execution);
  },
);

it('settles the case of a dry run', async () => {
  const { cases, open, run, execution, notifications } = await rehearsalOf(account);
  const ref = await open('dry-run');

  await run(settleFailedExecution, ended(execution('dry-run'), 'TIMED_OUT'), 'live', noCase);

  expect(await cases.status(ref.caseId)).toBe('needs-human');
  expect(notifications[0]?.text).toContain('Nothing was changed.');
});

it('is silent when the same event comes again', async () => {
  const { settle, ref, notifications, table } = await stopped();
  await settle('ABORTED');
  const before = table.items();

  const { result } = await settle('ABORTED');

  expect(result).toEqual({ outcome: 'already-closed', caseId: ref.caseId });
  expect(notifications).toHaveLength(1);
  expect(table.items()).toEqual(before);
});

it('leaves a case alone that its execution has closed itself', async () => {
  const { cases, ref, settle, notifications } = await stopped();
  await cases.close(ref, { status: 'contained', counted: 1, summary: {} });
  await cases.noteTold(ref);

  const { result } = await settle('FAILED');

  expect(result).toEqual({ outcome: 'already-closed', caseId: ref.caseId });
  expect(await cases.status(ref.caseId)).toBe('contained');
  expect(notifications).toEqual([]);
});

it('tells of a case that its execution has closed and told nobody of, once', async () => {
  const { cases, ref, settle, notifications } = await stopped();
  await cases.close(ref, { status: 'contained', counted: 1, summary: {} });

  const outcomes = [await settle('FAILED'), await settle('FAILED')];

  expect(outcomes.map(({ result }) => result.outcome)).toEqual(['told', 'already-closed']);
  expect(await cases.status(ref.caseId)).toBe('contained');
  expect(notifications).toMatchObject([{ title: expect.stringContaining(ref.caseId) }]);
});

it('leaves a case alone that another execution has taken over, lock and all', async () => {
  const { cases, ref, settle, notifications, table } = await stopped();
  const asked = {
    finding: finding({ id: 'f2d2d2d2' }),
    mode: 'live' as const,
    target: ref.target,
    execution: `${ref.execution}-again`,
    lockSeconds: 3600,
  };
  const held = await cases.open(asked);
  if (held.outcome !== 'held') throw new Error(`not held: ${held.outcome}`);
  await cases.open(asked, held);

  const { result } = await settle('TIMED_OUT');

  expect(result).toEqual({ outcome: 'taken-over', caseId: ref.caseId });
  expect(await cases.status(ref.caseId)).toBe('open');
  expect(locks(table)).toMatchObject([{ holder: asked.execution }]);
  expect(notifications).toEqual([]);
  expect((await settle('TIMED_OUT', asked.execution)).result).toMatchObject({
    outcome: 'settled',
  });
});

it('tells a human of an execution that holds no case', async () => {
  const { run, notifications, table } = await rehearsalOf(account);
  const arn = 'arn:aws:states:eu-west-1:111122223333:execution:compromised-role:nobody';

  const { result } = await run(settleFailedExecution, ended(arn, 'FAILED'), 'live', noCase);

  expect(result).toEqual({ outcome: 'no-case', caseId: null });
  expect(notifications).toMatchObject([{ text: expect.stringContaining(arn) }]);
  expect(table.items().filter(({ status }) => status === 'needs-human')).toEqual([]);
});

it.each([
  [
    { event: { detail: { executionArn: 'arn:x', status: 'SUCCEEDED' } } },
    '$.input.event.detail.status',
  ],
  [{ event: { detail: { status: 'FAILED' } } }, '$.input.event.detail.executionArn'],
  [{ event: 'FAILED' }, '$.input.event'],
  [{}, '$.input.event'],
])('refuses %j and changes nothing', async (input, path) => {
  const { settle: _, run, table, notifications } = await stopped();
  const before = table.items();

  const { error } = await run(settleFailedExecution, input, 'live', noCase);

  expect(error?.name).toBe('UnusableInputError');
  expect(error?.message).toContain(path);
  expect(table.items()).toEqual(before);
  expect(notifications).toEqual([]);
});

it('writes the manifest of the evidence of a case that it gives to a human', async () => {
  const { cases, ref, settle, evidence, notifications } = await stopped();

  await settle('TIMED_OUT');
  const kept = await cases.manifest(ref.caseId);

  if (!kept || !('key' in kept)) throw new Error('there is no manifest');
  const { case: facts, entries } = Manifest.parse(
    JSON.parse(Buffer.from((await evidence.get(kept.key)) ?? '').toString()),
  );
  expect(facts).toMatchObject({
    playbook: 'compromised-instance',
    status: 'needs-human',
    missing: ['The execution ended as TIMED_OUT before the case was closed.'],
  });
  expect(entries.map(({ kind }) => kind)).toEqual(['finding', 'api-journal']);
  expect(notifications).toHaveLength(1);
});

it('settles the case without a manifest that cannot be written, and tells a human of that too', async () => {
  const { cases, ref, settle, evidence, notifications } = await stopped();
  evidence.put = async () => Promise.reject(new TypeError('no way there'));

  const { result } = await settle('ABORTED');

  expect(result.outcome).toBe('settled');
  expect(await cases.status(ref.caseId)).toBe('needs-human');
  expect(notifications[1]?.title).toBe(`Evidence of case ${ref.caseId} is not complete`);
  expect(notifications[1]?.text).toContain('Evidence manifest: not written (TypeError');
  expect(notifications[1]?.text).toContain(`in the evidence store under ${ref.caseId}/`);
});

it('writes the manifest that a closed case nobody has heard of still lacks', async () => {
  const { cases, ref, settle, evidence, notifications } = await stopped();
  const summary = { missing: ['Capture memory: failed.'] };
  await cases.close(ref, { status: 'contained', counted: 1, summary });

  await settle('ABORTED');
  const kept = await cases.manifest(ref.caseId);

  if (!kept || !('key' in kept)) throw new Error('there is no manifest');
  const { case: facts } = Manifest.parse(
    JSON.parse(Buffer.from((await evidence.get(kept.key)) ?? '').toString()),
  );
  expect(facts).toMatchObject({ status: 'contained', ...summary });
  expect(notifications).toHaveLength(1);
});

it('tells a human as well when it cannot write that manifest', async () => {
  const { cases, ref, settle, evidence, notifications } = await stopped();
  await cases.close(ref, { status: 'contained', counted: 1, summary: {} });
  evidence.put = async () => Promise.reject(new TypeError('no way there'));

  await settle('ABORTED');

  expect(notifications.map(({ title }) => title)).toEqual([
    `A playbook was stopped after it had closed case ${ref.caseId}`,
    `Evidence of case ${ref.caseId} is not complete`,
  ]);
});

describe('a case that open-case let go of, since nobody may touch its user', () => {
  const leaked = 'AKIAADAADAADAADA0001';
  const iam = { users: [{ userName: 'ada', accessKeys: [{ accessKeyId: leaked }] }] };

  async function letGo() {
    const rehearsal = await rehearsalOf(
      { ...account, iam },
      { settings: { neverTouch: { breakGlass: ['ada'] } } },
    );
    const { run, table, cases, evidence, execution } = rehearsal;
    const request = { mode: 'live', accessKeyId: leaked };
    const playbook = 'compromised-access-key';
    const input = { request, execution: execution('live'), playbook };
    const statusOf = () => table.items().find(({ sk, status }) => sk === 'case' && status)?.status;
    return {
      ...rehearsal,
      open: () => run(openCase, input, 'live', noCase),
      settle: () => run(settleFailedExecution, ended(execution('live'), 'ABORTED'), 'live', noCase),
      isClosed: () => statusOf() === 'needs-human',
      places: () => table.items().filter(({ pk }) => pk.startsWith('limit#')).length,
      async manifest() {
        const found = table.items().find(({ sk, key }) => sk === 'manifest' && key);
        const kept = found && (await cases.manifest(CaseId.parse(found.pk.replace('case#', ''))));
        if (!kept || !('key' in kept)) throw new Error('there is no manifest');
        const body = Buffer.from((await evidence.get(kept.key)) ?? '').toString();
        const { case: facts, entries } = Manifest.parse(JSON.parse(body));
        // Who wrote it down is another, and with it the hashes of the chain.
        return { facts, entries: entries.map(({ kind, id, body: of }) => ({ kind, id, of })) };
      },
    };
  }

  /** The Lambda is gone once the case is closed: it reads nothing more. */
  function killOnceClosed({ table, isClosed }: Awaited<ReturnType<typeof letGo>>): () => void {
    const { get, query } = table;
    const never = new Promise<never>(() => {});
    table.get = (key) => (isClosed() ? never : get.call(table, key));
    table.query = (pk, prefix) => (isClosed() ? never : query.call(table, pk, prefix));
    return () => Object.assign(table, { get, query });
  }

  it('is finished as it would have been where the Lambda was killed that had closed it', async () => {
    const whole = await letGo();
    await whole.open();
    const killed = await letGo();
    const revive = killOnceClosed(killed);
    void killed.open();
    while (!killed.isClosed()) await new Promise(setImmediate);
    revive();
    expect(killed.places()).toBe(3);

    const { result } = await killed.settle();

    expect(result.outcome).toBe('told');
    expect(await killed.manifest()).toEqual(await whole.manifest());
    expect((await killed.manifest()).facts.missing).toEqual(['Nothing was done: break-glass']);
    expect([whole.places(), killed.places()]).toEqual([0, 0]);
  });

  it('is finished though what settled it was gone before it had come to that', async () => {
    const rehearsal = await letGo();
    const revive = killOnceClosed(rehearsal);
    void rehearsal.open();
    while (!rehearsal.isClosed()) await new Promise(setImmediate);
    revive();
    const { write } = rehearsal.table;
    let writes = 0;
    rehearsal.table.write = async (changes) =>
      ++writes > 1 ? Promise.reject(new TypeError('gone')) : write.call(rehearsal.table, changes);
    expect((await rehearsal.settle()).error?.message).toBe('gone');
    Object.assign(rehearsal.table, { write });

    await rehearsal.settle();

    expect(rehearsal.places()).toBe(0);
    expect((await rehearsal.manifest()).facts.status).toBe('needs-human');
  });
});
