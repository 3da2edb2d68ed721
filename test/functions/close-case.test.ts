import { describe, expect, it } from 'vitest';
import { closeCase } from '../../functions/close-case/handler.ts';
import type { Approval } from '../../functions/shared/approval.ts';
import { Manifest } from '../../functions/shared/evidence-manifest.ts';
import { finding, rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const instanceId = 'i-0aaaaaaaaaaaaaaa1';

/** What the workflow hands on when everything went well, with whatever a test says differs. */
const outcomes = (differs: object = {}) => ({
  playbook: 'compromised-instance',
  target: instanceId,
  outcomes: {
    instance: { outcome: 'inspected' },
    memory: { outcome: 'kept', volumeId: 'vol-0aaaaaaaaaaaaaaa1' },
    protection: { outcome: 'protected' },
    scaling: { outcome: 'detached', group: 'web' },
    isolation: { outcome: 'isolated', skipped: [] },
    addresses: { outcome: 'off', counted: 0 },
    loadBalancers: { outcome: 'deregistered' },
    snapshots: { outcome: 'snapshotted' },
    ...differs,
  },
});

describe('close-case', () => {
  it('closes a contained case, frees the target and says what is not cut', async () => {
    const { run, open, cases, notifications, table } = await rehearsalOf(account);
    const { caseId } = await open('live');

    const { result, journal } = await run(closeCase, outcomes());

    expect(result.outcome).toBe('contained');
    expect(result.missing).toEqual([]);
    expect(journal).toEqual([]);
    expect(await cases.status(caseId)).toBe('contained');
    expect(table.items().filter(({ sk }) => sk === 'lock')).toEqual([]);
    expect(notifications.map(({ title }) => title)).toEqual([`Contained: ${instanceId}`]);
    expect(notifications[0]?.text).toContain('DNS queries to the Route 53 Resolver');
    expect(notifications[0]?.text).toContain('tracked flows last until idle');
  });

  it.each([
    ['isolation', { isolation: { outcome: 'failed' } }],
    ['isolation', { isolation: { outcome: 'partly-isolated', skipped: [{}] } }],
    ['protection', { protection: { outcome: 'failed' } }],
    ['scaling', { scaling: { outcome: 'too-late' } }],
    ['scaling', { scaling: { outcome: 'still-in-transition' } }],
    ['load balancers', { loadBalancers: { outcome: 'failed' } }],
    ['addresses', { addresses: { outcome: 'acl-full', counted: 1 } }],
    ['an outcome nobody has heard of', { isolation: { outcome: 'surprise' } }],
  ])('leaves the case to a human when %s did not come out well', async (_what, differs) => {
    const { run, open, cases, notifications } = await rehearsalOf(account);
    const { caseId } = await open('live');

    const { result } = await run(closeCase, outcomes(differs));

    expect(result.outcome).toBe('needs-human');
    expect(result.missing[0]).toContain('By hand: aws ');
    expect(await cases.status(caseId)).toBe('needs-human');
    expect(notifications[0]?.title).toBe(`Containment needs a human: ${instanceId}`);
  });

  it('names the Auto Scaling group in the command to run by hand', async () => {
    const { run } = await rehearsalOf(account);
    const scaling = { outcome: 'still-in-transition', group: 'shop-web' };

    const { result } = await run(closeCase, outcomes({ scaling }));

    expect(result.missing).toEqual([
      `Detach from Auto Scaling: still-in-transition. By hand: aws autoscaling detach-instances --instance-ids ${instanceId} --auto-scaling-group-name shop-web --no-should-decrement-desired-capacity`,
    ]);
  });

  it.each([
    ['memory', { memory: { outcome: 'skipped', reason: 'agent-not-online' } }],
    ['snapshots', { snapshots: { outcome: 'failed' } }],
    ['the inspection', { instance: { outcome: 'failed' } }],
  ])('calls the case contained and says what is missing without %s', async (_what, differs) => {
    const { run } = await rehearsalOf(account);

    const { result } = await run(closeCase, outcomes(differs));

    expect(result.outcome).toBe('contained');
    expect(result.missing).toHaveLength(1);
  });

  it('says that a snapshot is not locked, that a console was not read, and calls the case contained', async () => {
    const { run } = await rehearsalOf(account);
    const lock = { outcome: 'not-locked', reason: 'snap-1: UnauthorizedOperation' };
    const missing = ['console-output was not read (UnauthorizedOperation)'];

    const { result } = await run(
      closeCase,
      outcomes({
        snapshots: { outcome: 'snapshotted', lock },
        memory: { outcome: 'kept', lock: { outcome: 'locked', reason: null } },
        instance: { outcome: 'inspected', missing },
      }),
    );

    expect(result.outcome).toBe('contained');
    expect(result.missing).toEqual([
      'Inspect instance: console-output was not read (UnauthorizedOperation)',
      'Lock snapshots: not locked (snap-1: UnauthorizedOperation). By hand: aws ec2 lock-snapshot --snapshot-id SNAPSHOT --lock-mode governance --lock-duration DAYS',
    ]);
  });

  it('ends the case of an instance that is gone, with the query that finds its volumes', async () => {
    const { run, notifications } = await rehearsalOf(account);
    const gone = { outcome: 'instance-gone' };
    const query = 'aws cloudtrail lookup-events …';

    const snapshots = { outcome: 'volumes-unknown', query };

    const { result } = await run(
      closeCase,
      outcomes({ protection: gone, scaling: gone, isolation: gone, snapshots }),
    );

    expect(result.outcome).toBe('ended');
    expect(result.notCut).toEqual([]);
    expect(notifications[0]?.text).toContain(query);
  });

  it('does not close over a finding that joined after addresses were denied', async () => {
    const { run, open, cases, notifications } = await rehearsalOf(account);
    const ref = await open('live');
    await cases.join('live', ref.target, finding({ id: 'second' }));

    const { result } = await run(
      closeCase,
      outcomes({ addresses: { outcome: 'denied', counted: 1 } }),
    );

    expect(result.outcome).toBe('more-findings');
    expect(await cases.status(ref.caseId)).toBe('open');
    expect(notifications).toEqual([]);
  });

  it('counts in a late finding that changes no plan', async () => {
    const { run, open, cases, notifications } = await rehearsalOf(account);
    const ref = await open('live');
    await cases.join('live', ref.target, finding({ id: 'second', type: 'Trojan:EC2/DropPoint' }));

    expect((await run(closeCase, outcomes())).result.outcome).toBe('contained');
    expect(notifications[0]?.text).toContain('Trojan:EC2/DropPoint');
  });

  it('says the same again when the answer to its closing was lost', async () => {
    const { run } = await rehearsalOf(account);
    await run(closeCase, outcomes());

    expect((await run(closeCase, outcomes())).result.outcome).toBe('contained');
  });

  it('says would-be where stand-ins answered', async () => {
    const { run, notifications } = await rehearsalOf(account);
    const isolation = { outcome: 'would-be-isolated', skipped: [] };

    const { result } = await run(closeCase, outcomes({ isolation }), 'dry-run');

    expect(result.outcome).toBe('would-be-contained');
    expect(notifications[0]?.title).toBe(`Dry run, would be contained: ${instanceId}`);
    expect(notifications[0]?.text).toContain('Nothing was changed');
  });

  it('shows a hostile finding as text, not as markup', async () => {
    const type = 'Trojan:EC2/`<http://evil.example|click>`\u001b[31m';
    const { run, notifications } = await rehearsalOf(account, { finding: finding({ type }) });

    await run(closeCase, outcomes());

    expect(notifications[0]?.text).not.toContain('\u001b');
    expect(notifications[0]?.text).toContain('`Trojan:EC2/·<http://evil.example|click>··[31m`');
  });

  it.each([
    ['an action without an outcome', outcomes({ snapshots: {} }), '$.input.outcomes.snapshots'],
    [
      'outcomes without an action of the playbook',
      outcomes({ snapshots: undefined }),
      '$.input.outcomes.snapshots',
    ],
    ['a field it does not know', { ...outcomes(), force: true }, 'force'],
    ['a playbook it does not know', { ...outcomes(), playbook: 'other' }, '$.input.playbook'],
  ])('refuses %s', async (_what, input, message) => {
    const { run, notifications } = await rehearsalOf(account);

    const { error } = await run(closeCase, input);

    expect(error?.name).toBe('UnusableInputError');
    expect(error?.message).toContain(message);
    expect(notifications).toEqual([]);
  });

  it('stops when the case has lost its target to another execution', async () => {
    const { run, open, cases, notifications } = await rehearsalOf(account);
    const { caseId, target, execution } = await open('live');
    const findings = (await cases.findings(await open('live'))).counted;
    const wanted = { finding: finding(), mode: 'live' as const, target, lockSeconds: 60 };
    await cases.open(
      { ...wanted, execution: `${execution}-next` },
      { caseId, holder: execution, findings },
    );

    const { error } = await run(closeCase, outcomes());

    expect(error?.name).toBe('LockLostError');
    expect(notifications).toEqual([]);
  });
});

describe('close-case, the manifest of its evidence', () => {
  const snapshot = {
    kind: 'snapshot' as const,
    id: 'snap-0aaaaaaaaaaaaaaa1',
    body: null,
    time: '2026-03-01T04:05:07.000Z',
    actor: 'snapshot-volumes',
    source: 'ec2:CreateSnapshots vol-0aaaaaaaaaaaaaaa1',
    details: {},
  };

  /** A case with a snapshot, a trace, a state before and a journal, about to be closed. */
  async function worked(mode: 'live' | 'dry-run' = 'live') {
    const rehearsal = await rehearsalOf(account);
    const ref = await rehearsal.open(mode);
    const { cases, evidence, keep } = rehearsal;
    await cases.recordArtefacts(ref, snapshot);
    await keep(ref, 'trace-0', '{}');
    await cases.recordBefore(ref, { step: 'isolate-instance', resource: 'eni-1', state: {} });
    const at = '2026-03-01T04:05:06.000Z';
    const journal = [
      { call: 'ec2:CreateSnapshots', input: {}, disposition: 'sent', requestId: 'r-1' },
    ] as const;
    await cases.recordStep(ref, { step: 'snapshot-volumes', outcome: 'ran', journal, at });
    const manifest = async (key: string) =>
      Manifest.parse(JSON.parse(Buffer.from((await evidence.get(key)) ?? '').toString()));
    return { ...rehearsal, ref, manifest };
  }

  it('lists every artefact, oldest first, and says in the case and to people where it is', async () => {
    const { run, ref, manifest, cases, evidence, notifications } = await worked();

    const { result } = await run(closeCase, outcomes());

    const { case: facts, entries } = await manifest(result.manifest);
    expect(facts).toEqual({
      caseId: ref.caseId,
      mode: 'live',
      account: '111122223333',
      region: 'eu-west-1',
      target: ref.target,
      playbook: 'compromised-instance',
      status: 'contained',
      execution: ref.execution,
      openedAt: '2026-03-01T04:05:06.000Z',
      closedAt: '2026-03-01T04:05:06.000Z',
      missing: [],
    });
    expect(entries.map(({ kind, id, body }) => [kind, id, body !== null])).toEqual([
      ['finding', 'f1d1d1d1', true],
      ['cloudtrail-trace', 'trace-0', true],
      ['state-before', 'state-before', true],
      ['api-journal', 'api-journal', true],
      ['snapshot', 'snap-0aaaaaaaaaaaaaaa1', false],
    ]);
    const journal = await evidence.get(entries[3]?.body?.key ?? '');
    expect(JSON.parse(Buffer.from(journal ?? '').toString())).toMatchObject([
      { step: 'snapshot-volumes', calls: [{ call: 'ec2:CreateSnapshots', requestId: 'r-1' }] },
    ]);
    expect(await cases.manifest(ref.caseId)).toEqual({ key: result.manifest, entries: 5 });
    expect(notifications[0]?.text).toContain(
      `*Evidence*\n• 5 artefacts, listed and signed in ${result.manifest}`,
    );
  });

  it('gives a case one that is left to a human, with what is missing', async () => {
    const { run, manifest } = await worked();

    const { result } = await run(closeCase, outcomes({ isolation: { outcome: 'failed' } }));

    expect(result.outcome).toBe('needs-human');
    const { case: facts } = await manifest(result.manifest);
    expect(facts).toMatchObject({ status: 'needs-human', missing: result.missing });
  });

  it('lists no snapshot in a dry run, which has none', async () => {
    const { run, manifest } = await worked('dry-run');

    const { result } = await run(closeCase, outcomes(), 'dry-run');

    const { entries } = await manifest(result.manifest);
    expect(entries.map(({ kind }) => kind)).toEqual([
      'finding',
      'cloudtrail-trace',
      'state-before',
      'api-journal',
    ]);
  });

  it('lists who agreed to it, without what lets anyone answer in their place', async () => {
    const { run, ref, manifest, cases, evidence } = await worked();
    const asked = { rehearsal: 'case-1-plan', planHash: 'p1', plan: [], failed: [], because: [] };
    const about = {
      playbook: 'compromised-instance',
      target: instanceId,
      resource: ref.target,
      findings: [],
    };
    const first: Approval = {
      ...{ caseId: ref.caseId, version: 1, status: 'approved', ...asked, ...about, severity: 8 },
      ...{ people: 1, approvers: [], askedAt: '2026-03-01T04:05:06.000Z', expires: 0 },
      ...{ token: 'task-token', key: 'link-key', decisions: [] },
    };
    await cases.approvals.put(first, undefined);
    const second = { ...first, rehearsal: 'case-1-plan-of-another', planHash: 'p2', version: 2 };
    await cases.approvals.put(second, first);

    const { result } = await run(closeCase, outcomes());

    const { entries } = await manifest(result.manifest);
    const key = entries.find(({ kind }) => kind === 'approval')?.body?.key ?? '';
    const text = Buffer.from((await evidence.get(key)) ?? '').toString();
    expect(JSON.parse(text)).toMatchObject([{ planHash: 'p1', decisions: [] }, { planHash: 'p2' }]);
    expect(text).not.toContain('task-token');
    expect(text).not.toContain('link-key');
  });

  it('leaves the manifest that is there when it is run again', async () => {
    const { run, evidence } = await worked();
    const first = await run(closeCase, outcomes());
    const kept = evidence.bodies('');

    const second = await run(closeCase, outcomes());

    expect(second.result).toEqual(first.result);
    expect(evidence.bodies('')).toEqual(kept);
  });

  it('lists nothing that the store lost, and says so', async () => {
    const { run, manifest, evidence } = await worked();
    const { get } = evidence;
    evidence.get = (key) =>
      key.includes('trace-0') ? Promise.resolve(undefined) : get.call(evidence, key);

    const { result } = await run(closeCase, outcomes());

    const line =
      'Evidence: cloudtrail-trace of trace-0 is listed in the case and not in the store.';
    expect(result).toMatchObject({ outcome: 'contained', missing: [line] });
    const { case: facts, entries } = await manifest(result.manifest);
    expect(facts.missing).toEqual([line]);
    expect(entries).toHaveLength(4);
  });

  it('keeps the case contained without one, and tells a human why and what to do', async () => {
    const { run, ref, cases, evidence, notifications } = await worked();
    evidence.put = async () => Promise.reject(new TypeError('no way there'));

    const { result } = await run(closeCase, outcomes());

    expect(result).toMatchObject({ outcome: 'contained', manifest: null });
    expect(result.missing).toEqual([
      'Evidence manifest: not written (TypeError: no way there). By hand: invoke the Lambda of close-case again with what the state "Close case" sent it; of a closed case only the manifest is written',
    ]);
    expect(await cases.status(ref.caseId)).toBe('contained');
    expect(await cases.manifest(ref.caseId)).toEqual({ missing: 'TypeError: no way there' });
    expect(notifications[0]?.title).toBe(`Contained, no evidence manifest: ${instanceId}`);
    expect(notifications[0]?.text).toContain('Evidence manifest: not written');
  });

  it.each([
    ['lost the answer', 1, []],
    [
      'is down',
      9,
      ['Evidence manifest: written, but the case does not say where (TypeError: lost)'],
    ],
  ])('keeps one that is written when the table %s', async (_what, times, missing) => {
    const { run, ref, cases, table, notifications } = await worked();
    const { write } = table;
    let lost = 0;
    table.write = async (changes) => {
      const noting = changes.some((change) => 'put' in change && 'key' in change.put);
      const wrote = await write
        .call(table, noting && times > 1 ? [] : changes)
        .catch(() => 'written' as const);
      if (noting && lost++ < times) throw new TypeError('lost');
      return wrote;
    };

    const { result } = await run(closeCase, outcomes());

    expect(result).toMatchObject({ outcome: 'contained', missing });
    expect(result.manifest).toMatch(/manifest-/);
    expect(notifications[0]?.title).toBe(`Contained: ${instanceId}`);
    const noted = await cases.manifest(ref.caseId);
    expect(noted).toEqual(
      times > 1 ? undefined : expect.objectContaining({ key: result.manifest }),
    );
  });

  it('writes it when it is invoked again after the store has come back', async () => {
    const { run, ref, cases, evidence } = await worked();
    const { put } = evidence;
    evidence.put = async () => Promise.reject(new TypeError('no way there'));
    await run(closeCase, outcomes());
    evidence.put = put;

    const { result } = await run(closeCase, outcomes());

    expect(result).toMatchObject({ outcome: 'contained', missing: [] });
    expect(await cases.manifest(ref.caseId)).toMatchObject({ key: result.manifest });
  });
});

describe('close-case after leaked credentials', () => {
  const wellForKey = {
    key: { outcome: 'deactivated', keys: [] },
    quarantine: { outcome: 'quarantined', cannotStop: ['resource policies that name the user'] },
    sessions: { outcome: 'set' },
    roles: [{ outcome: 'set', roleName: 'deploy' }, { outcome: 'already-set' }],
    trace: { outcome: 'traced', otherAccounts: ['444455556666'] },
    history: { outcome: 'skipped', reason: 'no-log-group' },
    changes: { outcome: 'listed' },
    record: { outcome: 'recorded' },
  };
  const key = (differs: object = {}) => ({
    playbook: 'compromised-access-key',
    target: 'arn:aws:iam::111122223333:access-key/AKIAIOSFODNN7EXAMPLE',
    outcomes: { ...wellForKey, ...differs },
  });

  it('calls a key contained, and says what its policies cannot stop and whose turn it is', async () => {
    const { run } = await rehearsalOf(account);

    const { result } = await run(closeCase, key());

    expect(result.outcome).toBe('contained');
    expect(result.missing).toEqual(['Query the API history: skipped (no-log-group).']);
    expect(result.notCut).toEqual(
      expect.arrayContaining([
        'resource policies that name the user',
        'roles in other accounts, whose owners must act: 444455556666',
      ]),
    );
  });

  it('tells where the credentials were used from, and what may have been left behind', async () => {
    const { run, notifications } = await rehearsalOf(account);
    const left = { eventName: 'CreateUser', who: 'AIDA:x', what: 'userName *all*', when: '12:00' };
    const trace = {
      outcome: 'traced',
      sources: ['203.0.113.77'],
      firstUse: '11:00',
      lastUse: '13:00',
      persistence: Array.from({ length: 17 }, () => left),
    };

    await run(closeCase, key({ trace }));

    const text = notifications.at(-1)?.text ?? '';
    expect(text).toContain('• used from `203.0.113.77`, 11:00 to 13:00\n');
    expect(text).toContain('left behind: `CreateUser` `userName *all*` by `AIDA:x`, 12:00\n');
    expect(text).toContain('• 2 more, listed in the case\n');
  });

  it.each([
    [2, ['1 other key of the user: left as found, and denied only what the quarantine denies']],
    [1, []],
    ['unreadable', []],
  ])('says how many of %s keys were not the leaked one', async (keys, said) => {
    const { run } = await rehearsalOf(account);
    const stopped = { outcome: 'deactivated', keys: [{ accessKeyId: 'AKIA', status: 'Inactive' }] };
    const record = { outcome: 'recorded', keys };

    const { result } = await run(closeCase, key({ key: stopped, record }));

    expect(result.notCut.filter((line: string) => line.includes('of the user:'))).toEqual(said);
  });

  it.each([
    ['the key stays active', { key: { outcome: 'failed' } }],
    ['the quarantine failed', { quarantine: { outcome: 'failed' } }],
    ['one of several roles is left', { roles: [{ outcome: 'set' }, { outcome: 'left-to-human' }] }],
  ])('leaves the case to a human when %s', async (_what, differs) => {
    const { run } = await rehearsalOf(account);

    const { result } = await run(closeCase, key(differs));

    expect(result.outcome).toBe('needs-human');
    expect(result.missing.join()).toContain('By hand: ');
  });

  it('ends the case of a user who is gone', async () => {
    const { run } = await rehearsalOf(account);
    const absent = { outcome: 'absent' };

    const { result } = await run(
      closeCase,
      key({ key: absent, quarantine: absent, sessions: absent, roles: [] }),
    );

    expect(result.outcome).toBe('ended');
  });

  it('leaves a role to a human when its session is still open', async () => {
    const { run } = await rehearsalOf(account);
    const { trace, history, changes, record } = wellForKey;
    const rest = { roles: [], trace, history, changes, record };
    const role = (session: object) => ({
      playbook: 'compromised-role',
      target: 'arn:aws:sts::111122223333:assumed-role/web/i-0aaaaaaaaaaaaaaa1',
      outcomes: {
        session,
        wholeRole: { outcome: 'not-needed' },
        alongside: { outcome: 'started' },
        ...rest,
      },
    });

    expect((await run(closeCase, role({ outcome: 'left-to-human' }))).result.outcome).toBe(
      'needs-human',
    );
  });
});
