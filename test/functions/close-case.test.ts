import { describe, expect, it } from 'vitest';
import { closeCase } from '../../functions/close-case/handler.ts';
import { finding, rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const instanceId = 'i-0aaaaaaaaaaaaaaa1';

/** What the workflow hands on when everything went well, with whatever a test says differs. */
const outcomes = (differs: object = {}) => ({
  instanceId,
  evidence: {
    instance: { outcome: 'inspected' },
    memory: { outcome: 'kept', volumeId: 'vol-0aaaaaaaaaaaaaaa1' },
    protection: { outcome: 'protected' },
    scaling: { outcome: 'detached', group: 'web' },
  },
  isolation: { outcome: 'isolated', skipped: [] },
  addresses: { outcome: 'off', counted: 0 },
  loadBalancers: { outcome: 'deregistered' },
  snapshots: { outcome: 'snapshotted' },
  ...differs,
});
const evidence = (differs: object) => ({ evidence: { ...outcomes().evidence, ...differs } });

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
    ['protection', evidence({ protection: { outcome: 'failed' } })],
    ['scaling', evidence({ scaling: { outcome: 'too-late' } })],
    ['scaling', evidence({ scaling: { outcome: 'still-in-transition' } })],
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

    const { result } = await run(closeCase, outcomes(evidence({ scaling })));

    expect(result.missing).toEqual([
      `Detach from Auto Scaling: still-in-transition. By hand: aws autoscaling detach-instances --instance-ids ${instanceId} --auto-scaling-group-name shop-web --no-should-decrement-desired-capacity`,
    ]);
  });

  it.each([
    ['memory', evidence({ memory: { outcome: 'skipped', reason: 'agent-not-online' } })],
    ['snapshots', { snapshots: { outcome: 'failed' } }],
    ['the inspection', evidence({ instance: { outcome: 'failed' } })],
  ])('calls the case contained and says what is missing without %s', async (_what, differs) => {
    const { run } = await rehearsalOf(account);

    const { result } = await run(closeCase, outcomes(differs));

    expect(result.outcome).toBe('contained');
    expect(result.missing).toHaveLength(1);
  });

  it('ends the case of an instance that is gone, with the query that finds its volumes', async () => {
    const { run, notifications } = await rehearsalOf(account);
    const gone = { outcome: 'instance-gone' };
    const query = 'aws cloudtrail lookup-events …';

    const { result } = await run(closeCase, {
      ...outcomes({ ...evidence({ protection: gone, scaling: gone }), isolation: gone }),
      snapshots: { outcome: 'volumes-unknown', query },
    });

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
    ['an outcome that is missing', { snapshots: {} }, '$.input.snapshots.outcome'],
    ['a field it does not know', { force: true }, 'force'],
  ])('refuses %s', async (_what, differs, message) => {
    const { run, notifications } = await rehearsalOf(account);

    const { error } = await run(closeCase, outcomes(differs));

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
