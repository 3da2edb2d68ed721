import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { openCase } from '../../functions/open-case/handler.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import type { Change } from '../../functions/shared/case-table.ts';
import type { Notification } from '../../functions/shared/home.ts';
import { toLambda, type Wiring } from '../../functions/shared/lambda.ts';
import { Settings } from '../../functions/shared/settings.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { at } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const target = `arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`;
const arn = (name: string) =>
  `arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:${name}`;

/** A GuardDuty event about the instance, with whatever a test says differs. */
const event = (detail: object = {}, service: object = {}, id: string = instanceId) => ({
  source: 'aws.guardduty',
  'detail-type': 'GuardDuty Finding',
  account: '111122223333',
  region: 'eu-west-1',
  detail: {
    accountId: '111122223333',
    region: 'eu-west-1',
    id: 'f1',
    type: 'Backdoor:EC2/C&CActivity.B',
    severity: 8,
    updatedAt: at,
    resource: {
      resourceType: 'Instance',
      instanceDetails: {
        instanceId: id,
        networkInterfaces: [{ vpcId: 'vpc-0aaaaaaaaaaaaaaa1' }],
      },
    },
    service: { count: 1, ...service },
    ...detail,
  },
});
const live = (differs?: object, service?: object, id?: string) => ({
  mode: 'live',
  event: event(differs, service, id),
});

/** Cordon's own account with no case in it, and executions by name. */
function home(options: { settings?: object; running?: string[]; table?: CaseTableInMemory } = {}) {
  const table = options.table ?? new CaseTableInMemory();
  const now = () => new Date(at);
  const cases = new CaseRecord(table, now);
  const running = new Set((options.running ?? ['first', 'second']).map(arn));
  const notifications: Notification[] = [];
  const wiring: Wiring = {
    home: {
      cases,
      notify: async (notification) => {
        notifications.push(notification);
      },
      isRunning: async (execution) => running.has(execution),
    },
    settings: Settings.parse(options.settings ?? {}),
    own: { account: '111122223333', region: 'eu-west-1' },
    now,
    sleep: async () => {},
    connection: async ({ region }) => ({ region }),
  };
  return {
    cases,
    table,
    running,
    // biome-ignore lint/suspicious/noExplicitAny: each test looks at the fields it is about
    open: (request: unknown, execution = 'first'): Promise<any> =>
      // A Lambda context that no step reads.
      toLambda(openCase, async () => wiring)(
        { input: { request, execution: arn(execution) } },
        {} as Context,
      ),
  };
}

describe('open-case', () => {
  it('locks the target and hands on mode, priority and limits', async () => {
    const { open, table } = home();

    const opened = await open(live());

    expect(opened).toMatchObject({
      outcome: 'opened',
      reason: 'new-case',
      mode: 'live',
      forced: null,
      priority: 'evidence-first',
      memory: 'capture',
      instanceId,
      vpcIds: ['vpc-0aaaaaaaaaaaaaaa1'],
      ref: { target, mode: 'live', account: '111122223333', region: 'eu-west-1' },
    });
    expect(table.items().find(({ sk }) => sk === 'lock')).toMatchObject({ holder: arn('first') });
  });

  it.each([{}, { mode: 'dry-run' }])('opens a dry run for %o beside an event', async (words) => {
    expect((await home().open({ ...words, event: event() })).mode).toBe('dry-run');
  });

  it('opens a dry run for the smallest manual start', async () => {
    expect(await home().open({ instanceId })).toMatchObject({ outcome: 'opened', mode: 'dry-run' });
  });

  it.each([
    ['sample', live({}, { additionalInfo: { sample: true } })],
    ['archived', live({}, { archived: true })],
    ['placeholder', live({}, {}, 'i-99999999')],
  ])('makes a live run about a %s a dry run', async (forced, request) => {
    expect(await home().open(request)).toMatchObject({
      outcome: 'opened',
      mode: 'dry-run',
      forced,
    });
  });

  it.each([
    ['never-touch-instance', { instances: [instanceId] }],
    ['never-touch-account', { accounts: ['111122223333'] }],
  ])('leaves a target that is listed to a human: %s', async (reason, neverTouch) => {
    const { open, table } = home({ settings: { neverTouch } });

    expect(await open(live())).toMatchObject({ outcome: 'needs-human', reason, ref: null });
    expect(table.items()).toEqual([]);
  });

  it('opens one case for ten copies of a finding that come at once', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `copy-${i}`);
    const { open, table } = home({ running: names });

    const outcomes = await Promise.all(
      names.map(async (name) => (await open(live(), name)).outcome),
    );

    expect(outcomes.filter((outcome) => outcome === 'opened')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'joined')).toHaveLength(9);
    expect(table.items().filter(({ sk }) => sk === 'lock')).toHaveLength(1);
  });

  it('joins the open case with a second finding on the same instance', async () => {
    const { open, cases } = home();
    const { ref } = await open(live());

    const joined = await open(live({ id: 'f2', type: 'Trojan:EC2/DropPoint' }), 'second');

    expect(joined).toMatchObject({ outcome: 'joined', ref: null, other: ref.caseId });
    const { findings, counted } = await cases.findings(ref);
    expect(findings.map(({ id }) => id)).toEqual(['f1', 'f2']);
    expect(counted).toBe(2);
  });

  it('never joins a dry run with a live one', async () => {
    const { open } = home();
    await open({ event: event() });

    expect(await open(live(), 'second')).toMatchObject({ outcome: 'opened', mode: 'live' });
  });

  it('enters its own case again when its first answer was lost', async () => {
    class Forgetful extends CaseTableInMemory {
      forget = true;
      override async write(changes: readonly Change[]) {
        const written = await super.write(changes);
        if (this.forget) {
          this.forget = false;
          throw new Error('the answer was lost');
        }
        return written;
      }
    }
    const { open } = home({ table: new Forgetful() });
    await expect(open(live())).rejects.toThrow('the answer was lost');

    expect(await open(live())).toMatchObject({ outcome: 'opened', reason: 'retry' });
  });

  it('takes over from an execution that runs no more, with what it recorded', async () => {
    const { open, cases, running } = home();
    const { ref } = await open(live());
    const before = { step: 'isolate-instance', resource: 'eni-1', state: { groups: ['sg-1'] } };
    await cases.recordBefore(ref, before);
    running.delete(arn('first'));

    const taken = await open(live({ id: 'f2' }), 'second');

    expect(taken).toMatchObject({ outcome: 'opened', reason: 'taken-over' });
    expect(taken.ref).toMatchObject({ caseId: ref.caseId, execution: arn('second') });
    expect(await cases.before(taken.ref.caseId)).toEqual([before]);
    await expect(cases.recordIntent(ref, 'late')).rejects.toThrow('no longer holds');
  });

  it('declines a repeat of a finding whose case was closed', async () => {
    const { open, cases } = home();
    const { ref } = await open(live());
    await cases.close(ref, { status: 'contained', counted: 1, summary: {} });

    expect(await open(live({ updatedAt: '2026-03-01T10:00:00Z' }), 'second')).toMatchObject({
      outcome: 'declined',
      reason: 'repeat',
      other: ref.caseId,
    });
  });

  it('opens a new case for a new finding after the last case was closed', async () => {
    const { open, cases } = home();
    const { ref } = await open(live());
    await cases.close(ref, { status: 'needs-human', counted: 1, summary: {} });

    const opened = await open(live({ id: 'f2' }), 'second');

    expect(opened).toMatchObject({ outcome: 'opened', reason: 'new-case' });
    expect(opened.ref.caseId).not.toBe(ref.caseId);
  });

  it.each([
    ['a mode of another spelling', { mode: 'LIVE ', instanceId }, '"dry-run" or "live"'],
    [
      'an instance id with shell characters',
      { instanceId: 'i-0aaaaaaaaaaaaaaa1;reboot' },
      'instanceId',
    ],
    ['an instance id with a newline', { instanceId: `${instanceId}\n` }, 'instanceId'],
    ['no request', undefined, '$'],
    [
      'a finding about something else',
      live({ resource: { resourceType: 'S3Bucket', s3BucketDetails: [] } }),
      'expected a finding about an instance, not S3Bucket',
    ],
  ])('refuses %s and records nothing', async (_what, request, message) => {
    const { open, table } = home();

    const ended = open(request);

    await expect(ended).rejects.toMatchObject({ name: 'UnusableInputError' });
    await expect(ended).rejects.toThrow(message);
    expect(table.items()).toEqual([]);
  });
});
