import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { openCase } from '../../functions/open-case/handler.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import type { Change } from '../../functions/shared/case-table.ts';
import type { Notification } from '../../functions/shared/home.ts';
import { toLambda, type Wiring } from '../../functions/shared/lambda.ts';
import { policyOf } from '../../functions/shared/playbooks.ts';
import { Settings } from '../../functions/shared/settings.ts';
import {
  RehearsalAccount,
  type RehearsalOptions,
  rehearse,
} from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { EvidenceInMemory } from '../../replay/evidence-in-memory.ts';
import { RehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { signAsRehearsal } from '../../replay/rehearsal-signature.ts';
import { noteCalls } from '../calls-made.ts';
import { at, calls, finding } from '../rehearsal.ts';

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
function home(
  options: {
    settings?: object;
    running?: string[];
    table?: CaseTableInMemory;
    playbook?: string;
    iam?: object;
    fault?: RehearsalOptions['fault'];
    unitsOf?: (account: string) => Promise<readonly string[]>;
  } = {},
) {
  const state = AccountState.parse({
    accountId: '111122223333',
    region: 'eu-west-1',
    ...(options.iam && { iam: options.iam }),
  });
  const account = new RehearsalAccount(state, {
    now: () => new Date(at),
    ...(options.fault && { fault: options.fault }),
  });
  const journals: string[][] = [];
  /** Where the step's clients were connected. */
  const connected: object[] = [];
  const table = options.table ?? new CaseTableInMemory();
  const now = () => new Date(at);
  const cases = new CaseRecord(table, now);
  const { playbook = 'compromised-instance' } = options;
  const running = new Set((options.running ?? ['first', 'second']).map(arn));
  const notifications: Notification[] = [];
  const answers: object[] = [];
  const wiring: Wiring = {
    home: {
      cases,
      evidence: new EvidenceInMemory(),
      sign: signAsRehearsal,
      notify: async (notification) => {
        notifications.push(notification);
      },
      start: async () => Promise.reject(new Error('open-case starts nothing')),
      isRunning: async (execution) => running.has(execution),
      answer: async (token, output) => {
        answers.push({ token, output });
        return 'answered';
      },
      unitsOf: options.unitsOf ?? (async () => Promise.reject(new Error('AccessDenied'))),
      newKey: () => '',
      approvalPage: undefined,
    },
    settings: RehearsalSettings.parse(options.settings ?? {}),
    own: { account: '111122223333', region: 'eu-west-1' },
    now,
    sleep: async () => {},
    connection: async ({ account: to, region }, mode, declared) => {
      connected.push({ account: to, region, mode, declared });
      return {
        region: region === 'global' ? 'eu-west-1' : region,
        credentials: { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
      };
    },
    prepare: (clients) => rehearse(clients, account),
    observe: ({ journal }) => {
      journals.push(calls(journal));
      noteCalls('open-case', journal);
    },
    logger: new Logger({ logLevel: 'SILENT' }),
  };
  return {
    account,
    cases,
    table,
    running,
    journals,
    answers,
    connected,
    // biome-ignore lint/suspicious/noExplicitAny: each test looks at the fields it is about
    open: (request: unknown, execution = 'first'): Promise<any> =>
      // A Lambda context that no step reads.
      toLambda(openCase, async () => wiring)(
        { input: { request, execution: arn(execution), playbook } },
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

  it.each([
    ['off', { outcome: 'declined', reason: 'playbook-off', ref: null, forced: null }],
    ['dry-run', { outcome: 'opened', mode: 'dry-run', forced: 'policy' }],
    ['live', { outcome: 'opened', mode: 'live', forced: null }],
  ])('goes no further than the policy %s allows', async (policy, opened) => {
    const { open, table } = home({ settings: { playbooks: { 'compromised-instance': policy } } });

    expect(await open(live())).toMatchObject(opened);
    expect(table.items().some(({ sk }) => sk === 'lock')).toBe(policy !== 'off');
  });

  it('lets a playbook that the settings do not name do dry runs alone', () => {
    const asked = { finding: finding() };

    expect(policyOf(Settings.parse({}), 'compromised-instance', asked)).toBe('dry-run');
  });

  it('judges a start by hand by its own policy, and one by another playbook as a finding', async () => {
    const playbooks = { 'compromised-instance': { findings: 'dry-run', byHand: 'live' } };
    const start = { instanceId, mode: 'live' };
    const opened = (request: object) => home({ settings: { playbooks } }).open(request);

    expect(await opened(start)).toMatchObject({ mode: 'live', forced: null });
    expect(await opened(live())).toMatchObject({ mode: 'dry-run', forced: 'policy' });
    expect(await opened({ ...start, parent: 'case-0123456789' })).toMatchObject({
      mode: 'dry-run',
      forced: 'policy',
    });
  });

  it('leaves an instance in an account it does not reach to a human', async () => {
    const elsewhere = { instanceId, account: '444455556666', mode: 'live' };
    const member = { targets: { accounts: ['444455556666'] } };

    expect(await home().open(elsewhere)).toMatchObject({
      outcome: 'needs-human',
      reason: 'other-account',
    });
    expect(await home({ settings: member }).open(elsewhere)).toMatchObject({
      outcome: 'opened',
      ref: { account: '444455556666' },
    });
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

const leaked = 'AKIALEAKEDLEAKED0001';
const healthy = 'AKIAHEALTHYHEALTHY01';
const temporary = 'ASIAIOSFODNN7EXAMPLE';
const keyArn = `arn:aws:iam::111122223333:access-key/${leaked}`;

/** Ada has two keys and a path; Bob has one. */
const iam = {
  users: [
    {
      userName: 'ada',
      path: '/teams/payments/',
      accessKeys: [{ accessKeyId: healthy }, { accessKeyId: leaked, status: 'Inactive' }],
    },
    { userName: 'bob', accessKeys: [{ accessKeyId: 'AKIABOBBOBBOBBOB0001' }] },
  ],
};

/** A GuardDuty event about credentials. */
const used = (accessKeyDetails: object, differs: object = {}) => ({
  mode: 'live',
  event: event({
    type: 'UnauthorizedAccess:IAMUser/TorIPCaller',
    resource: { resourceType: 'AccessKey', accessKeyDetails },
    ...differs,
  }),
});
const adas = { accessKeyId: leaked, userName: 'ada', userType: 'IAMUser' };
const nobody = {
  accessKeyId: null,
  userName: null,
  roleName: null,
  roleId: null,
  sessionName: null,
  instanceId: null,
  federated: false,
};

describe('open-case on a key', () => {
  it("asks IAM in the finding's account, as far as its own declaration goes", async () => {
    const settings = { targets: { organization: 'o-exampleorgid' } };
    const { open, connected } = home({ playbook: 'compromised-access-key', settings });

    await open({ userName: 'alice', account: '444455556666' });

    expect(connected).toEqual([
      { account: '444455556666', region: 'global', mode: 'dry-run', declared: 'open-case' },
    ]);
  });

  const playbook = 'compromised-access-key';
  const asked = 'iam:GetAccessKeyLastUsed sent';
  const listed = 'iam:ListAccessKeys sent';

  it('locks the key, and asks beside that whose it is and how it stands', async () => {
    const { open, table, journals } = home({ playbook, iam });

    expect(await open(used(adas))).toMatchObject({
      outcome: 'opened',
      reason: 'new-case',
      mode: 'live',
      instanceId: null,
      vpcIds: [],
      ref: { target: keyArn, region: 'global', account: '111122223333' },
      principal: { ...nobody, kind: 'user-key', accessKeyId: leaked, userName: 'ada' },
      known: { owner: 'ada', keyStatus: 'Inactive' },
      instructions: null,
      polls: { history: 10 },
      waits: { history: 60, lookAgain: 900, lookOnceMore: 2700 },
    });
    expect(journals).toEqual([[asked, listed]]);
    expect(table.items().filter(({ sk }) => sk === 'lock')).toHaveLength(1);
  });

  it('asks for the owner first where only the key is known', async () => {
    const { open, journals } = home({ playbook, iam });

    expect(await open({ accessKeyId: leaked })).toMatchObject({
      outcome: 'opened',
      mode: 'dry-run',
      ref: { target: keyArn },
      principal: { userName: 'ada' },
      known: { owner: 'ada', keyStatus: 'Inactive' },
    });
    expect(journals).toEqual([[asked, listed]]);
  });

  it('acts on the owner that IAM names, not on who the finding does, and says so', async () => {
    const { open, journals } = home({ playbook, iam });

    expect(await open(used({ ...adas, userName: 'bob' }))).toMatchObject({
      outcome: 'opened',
      reason: 'owner-differs',
      principal: { kind: 'user-key', userName: 'ada' },
      known: { owner: 'ada', keyStatus: 'Inactive' },
      instructions: expect.stringMatching(/^The finding says the key is bob's; IAM says .* ada's/),
    });
    expect(journals).toEqual([[asked, listed, listed]]);
  });

  it('is not kept from a key by a finding that names someone who may not be touched', async () => {
    const settings = { neverTouch: { users: ['bob'] } };
    const { open } = home({ playbook, iam, settings });

    expect(await open(used({ ...adas, userName: 'bob' }))).toMatchObject({ outcome: 'opened' });
  });

  it.each([
    ['never-touch-user', { users: ['ADA'] }],
    ['break-glass', { breakGlass: ['ada'] }],
  ])('lets the key go when its owner may not be touched: %s', async (reason, neverTouch) => {
    const { open, table } = home({ playbook, iam, settings: { neverTouch } });

    for (const _again of ['first', 'repeated']) {
      expect(await open(used({ ...adas, userName: 'bob' }))).toMatchObject({
        outcome: 'needs-human',
        reason,
        ref: null,
        instructions: expect.stringMatching(/\w{3,}/),
      });
    }
    expect(table.items().filter(({ sk }) => sk === 'lock')).toEqual([]);
    expect(table.items().find(({ sk }) => sk === 'case')).toMatchObject({ status: 'needs-human' });
    expect(table.items().find(({ sk }) => sk === 'manifest')).toMatchObject({ entries: 1 });
  });

  it('does not say of a case that it takes over that nothing was done in it', async () => {
    const { open, cases, running, table, account } = home({ playbook, iam });
    const { ref } = await open(used(adas));
    const done = { step: 'deactivate-access-key', outcome: 'ran', journal: [], at };
    await cases.recordStep(ref, done);
    running.delete(arn('first'));
    for (const user of account.state.iam.users) user.accessKeys = [];

    const opened = await open(used(adas, { id: 'f2' }), 'second');

    expect(opened).toMatchObject({ outcome: 'needs-human', reason: 'unknown-key' });
    expect(await cases.whole(ref.caseId)).toMatchObject({
      status: 'needs-human',
      summary: { missing: [expect.stringMatching(/^It went no further: unknown-key\. /)] },
    });
    expect(table.items().filter(({ pk }) => pk.startsWith('limit#'))).toHaveLength(3);
  });

  it.each([
    ['another account, of which IAM says nothing', {}],
    ['nobody any more', { unknownAccessKey: 'NoSuchEntity' }],
  ])('leaves a key of %s to a human', async (_whose, more) => {
    const { open, table } = home({ playbook, iam: { ...iam, ...more } });

    const opened = await open(used({ ...adas, accessKeyId: 'AKIAELSEWHERE0000001' }));

    expect(opened).toMatchObject({
      outcome: 'needs-human',
      reason: 'unknown-key',
      ref: null,
      instructions: expect.stringMatching(/another account/),
    });
    expect(table.items().filter(({ sk }) => sk === 'lock')).toEqual([]);
  });

  it('joins the open case of a key with a second finding', async () => {
    const { open } = home({ playbook, iam });
    const { ref } = await open(used(adas));

    expect(await open(used(adas, { id: 'f2' }), 'second')).toMatchObject({
      outcome: 'joined',
      other: ref.caseId,
    });
  });

  it('joins it whichever Region GuardDuty repeats it in, since IAM is one in all of them', async () => {
    const { open } = home({ playbook, iam });
    const { ref } = await open(used(adas));

    expect(await open(used(adas, { id: 'f2', region: 'us-east-1' }), 'second')).toMatchObject({
      outcome: 'joined',
      other: ref.caseId,
    });
  });

  it("locks the user for a user's session, of which IAM knows no owner", async () => {
    const { open, journals } = home({ playbook, iam });

    expect(await open(used({ ...adas, accessKeyId: temporary }))).toMatchObject({
      outcome: 'opened',
      ref: { target: 'arn:aws:iam::111122223333:user/ada', region: 'global' },
      principal: { kind: 'user-session', accessKeyId: temporary, userName: 'ada' },
      known: { owner: 'ada', keyStatus: null },
    });
    expect(journals).toEqual([[listed]]);
  });

  it('locks a user named by hand, by the name without its path', async () => {
    const { open } = home({ playbook, iam });

    expect(await open({ userName: 'ada', mode: 'live' })).toMatchObject({
      outcome: 'opened',
      ref: { target: 'arn:aws:iam::111122223333:user/ada' },
      principal: { kind: 'user', userName: 'ada' },
    });
  });

  it('leaves a user that IAM does not know to a human', async () => {
    expect(await home({ playbook, iam }).open({ userName: 'eve', mode: 'live' })).toMatchObject({
      outcome: 'needs-human',
      reason: 'unknown-principal',
    });
  });

  it('opens a sample as a dry run, though nobody has its key', async () => {
    const sample = {
      accessKeyId: 'GeneratedFindingAccessKeyId',
      principalId: 'GeneratedFindingPrincipalId',
      userName: 'GeneratedFindingUserName',
      userType: 'IAMUser',
    };
    expect(await home({ playbook, iam }).open(used(sample))).toMatchObject({
      outcome: 'opened',
      mode: 'dry-run',
      forced: 'placeholder',
      principal: { kind: 'user-key', accessKeyId: 'AKIA0000000000000000' },
      known: { owner: null, keyStatus: null },
    });
  });

  it('reads the key that a finding about a bucket carries', async () => {
    const resource = { resourceType: 'S3Bucket', accessKeyDetails: adas };
    expect(await home({ playbook, iam }).open(used(adas, { resource }))).toMatchObject({
      outcome: 'opened',
      ref: { target: keyArn },
    });
  });

  it("lets IAM's failure out, and takes its own lock again", async () => {
    let failing = true;
    const fault: RehearsalOptions['fault'] = (call) =>
      failing && call === 'iam:ListAccessKeys'
        ? { when: 'before', error: new Error('IAM is away') }
        : undefined;
    const { open } = home({ playbook, iam, fault });
    await expect(open(used(adas))).rejects.toThrow('IAM is away');
    failing = false;

    expect(await open(used(adas))).toMatchObject({ outcome: 'opened', reason: 'retry' });
  });
});

describe('open-case on a role', () => {
  const playbook = 'compromised-role';
  const role = (userName: string, principalId = 'AROAEXAMPLE:ci-7') => ({
    accessKeyId: temporary,
    userType: 'AssumedRole',
    userName,
    principalId,
  });

  it('locks the session, and asks IAM nothing', async () => {
    const { open, journals } = home({ playbook });

    expect(await open(used(role('deploy')))).toMatchObject({
      outcome: 'opened',
      ref: {
        target: 'arn:aws:sts::111122223333:assumed-role/deploy/ci-7',
        region: 'global',
      },
      principal: {
        ...nobody,
        kind: 'role-session',
        accessKeyId: temporary,
        roleName: 'deploy',
        roleId: 'AROAEXAMPLE',
        sessionName: 'ci-7',
      },
      known: { owner: null, keyStatus: null },
    });
    expect(journals).toEqual([[]]);
  });

  it.each([
    ['the one session', 8, 'session'],
    ['the session, then the whole role when it is critical', 9, 'session-then-role'],
  ])('denies %s', async (_what, severity, scope) => {
    const { open } = home({ playbook });

    expect(await open(used(role('deploy'), { severity }))).toMatchObject({
      scope,
      keyIds: [temporary],
      alongside: { playbook: 'none' },
    });
  });

  it('has the instance contained as well when its credentials left the host', async () => {
    const exfiltrated = 'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS';
    const { open } = home({ playbook });

    const opened = await open(
      used(role('web', `AROAEXAMPLE:${instanceId}`), { type: exfiltrated }),
    );

    expect(opened.alongside).toMatchObject({
      playbook: 'compromised-instance',
      request: { instanceId, account: '111122223333', region: 'eu-west-1', mode: 'live' },
      name: expect.stringMatching(/^instance-[0-9a-f]{32}$/),
    });
  });

  it('starts the instance’s playbook by the same name again where the case is taken over', async () => {
    const type = 'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS';
    const session = role('web', `AROAEXAMPLE:${instanceId}`);
    const { open, running } = home({ playbook });
    const first = await open(used(session, { type }));
    running.delete(first.ref.execution);

    const taken = await open(used(session, { type }), 'second');

    expect(taken).toMatchObject({
      reason: 'taken-over',
      alongside: { name: first.alongside.name },
    });
    expect(taken.ref.execution).not.toBe(first.ref.execution);
  });

  it('leaves the instance alone when its credentials were only seen to be misused', async () => {
    const opened = await home({ playbook }).open(used(role('web', `AROAEXAMPLE:${instanceId}`)));

    expect(opened.alongside.playbook).toBe('none');
  });

  it('locks the whole role where no session is named', async () => {
    expect(await home({ playbook }).open({ roleName: 'deploy', mode: 'live' })).toMatchObject({
      outcome: 'opened',
      ref: { target: 'arn:aws:iam::111122223333:role/deploy' },
      principal: { kind: 'role', roleName: 'deploy', sessionName: null },
      scope: 'role',
      keyIds: [],
    });
  });

  it.each([
    ['service-linked-role', role('AWSServiceRoleForECS'), /service-linked/],
    ['identity-center-role', role('AWSReservedSSO_Admin_0123456789abcdef'), /Identity Center/],
    ['own-role', role('cordon-isolate-instance'), /Cordon itself/],
    ['break-glass', role('in-emergency'), /break-glass/],
    ['never-touch-role', role('ledger'), /never-touch/],
    ['never-touch-instance', role('web', `AROAEXAMPLE:${instanceId}`), /never-touch/],
    ['root', { userType: 'Root', accessKeyId: leaked }, /root user/],
    ['aws-service', { userType: 'AWSService', userName: 'ec2.amazonaws.com' }, /AWS service/],
    ['other-account', { userType: 'AWSAccount', principalId: '999988887777' }, /another account/],
    ['unknown-principal', { userType: 'Directory', userName: 'x' }, /CloudTrail/],
  ])('leaves %s to a human and says what to do', async (reason, who, todo) => {
    const neverTouch = {
      roles: ['ledger'],
      breakGlass: ['in-emergency'],
      instances: [instanceId],
    };
    const { open, table } = home({ playbook, settings: { neverTouch } });

    expect(await open(used(who))).toMatchObject({
      outcome: 'needs-human',
      reason,
      ref: null,
      instructions: expect.stringMatching(todo),
    });
    expect(table.items()).toEqual([]);
  });

  it.each([
    ['other-account', {}, { accountId: '999988887777' }],
    ['management-account', { managementAccount: '111122223333' }, {}],
  ])('leaves a principal of an account it does not reach to a human: %s', async (...said) => {
    const [reason, settings, differs] = said;
    expect(await home({ playbook, settings }).open(used(role('deploy'), differs))).toMatchObject({
      outcome: 'needs-human',
      reason,
    });
  });

  it.each([
    ['a user', 'compromised-role', used(adas), 'compromised-access-key answers this one'],
    ['a role', 'compromised-access-key', used(role('deploy')), 'compromised-role answers this one'],
    ['an instance', 'compromised-role', live(), 'expected a finding that names credentials'],
    ['a playbook nobody knows', 'compromised', live(), '$.input.playbook'],
    [
      'a key of no key shape beside a bucket',
      'compromised-access-key',
      used(adas, {
        resource: {
          resourceType: 'S3Bucket',
          accessKeyDetails: { accessKeyId: 'AIDAEXAMPLE', userType: 'IAMUser' },
        },
      }),
      '$.input.request: accessKeyDetails.accessKeyId: expected AKIA or ASIA',
    ],
  ])('refuses %s for %s and records nothing', async (_what, asked, request, message) => {
    const { open, table } = home({ playbook: asked });

    const ended = open(request);

    await expect(ended).rejects.toMatchObject({ name: 'UnusableInputError' });
    await expect(ended).rejects.toThrow(message);
    expect(table.items()).toEqual([]);
  });
});

describe('guard rails', () => {
  const rule = (criteria: object, people?: 2) => ({
    approval: {
      approvers: [{ name: 'alice' }, { name: 'bob' }],
      rules: [{ name: 'production', ...criteria, ...(people && { people }) }],
    },
  });
  const planned = { outcome: 'opened', mode: 'dry-run', approval: { needed: 'yes' } };
  const acts = { outcome: 'opened', mode: 'live', approval: { needed: 'no' } };
  const placesOf = (table: CaseTableInMemory) =>
    table.items().filter(({ pk }) => pk.startsWith('limit#')).length;

  it('has a case that acts take the lock and be counted in one write', async () => {
    let writes = 0;
    class Counting extends CaseTableInMemory {
      override async write(changes: readonly Change[]) {
        writes++;
        return super.write(changes);
      }
    }
    const table = new Counting();
    expect(await home({ table }).open(live())).toMatchObject(acts);
    expect([writes, placesOf(table)]).toEqual([1, 3]);
  });

  it('has a case past a limit wait, planned by a dry run under its own lock', async () => {
    const { open, table, cases } = home({ settings: { limits: { perAccount: 1 } } });
    await open(live());
    const second = await open(live({ id: 'f2' }, {}, 'i-0bbbbbbbbbbbbbbb2'), 'second');

    expect(second).toMatchObject({
      ...planned,
      approval: { needed: 'yes', because: ['limit: account 111122223333'], round: 1 },
      ref: { mode: 'dry-run', planOf: expect.stringMatching(/^case-/) },
    });
    expect(placesOf(table)).toBe(3);
    expect(await cases.gate(second.ref.planOf)).toEqual({
      because: ['limit: account 111122223333'],
      people: 1,
    });
    expect(table.items().filter(({ pk }) => pk.startsWith('lock#live'))).toHaveLength(2);
    expect(await open(live({ id: 'f2' }, {}, 'i-0bbbbbbbbbbbbbbb2'), 'second')).toMatchObject(
      planned,
    );
  });

  it('counts no dry run, no repeat and no finding that joins', async () => {
    const { open, table } = home();
    await open({ event: event() });
    await open(live());
    await open(live());
    await open(live({ id: 'f2' }), 'second');
    expect(placesOf(table)).toBe(3);
  });

  it.each([
    ['by severity', { severityBelow: 8.5 }, planned],
    ['by severity, of a graver one', { severityBelow: 8 }, acts],
    ['by playbook', { playbooks: ['compromised-instance'] }, planned],
    ['by playbook, of another', { playbooks: ['compromised-role'] }, acts],
    ['by account', { accounts: ['111122223333'] }, planned],
    ['by account, of another', { accounts: ['999900001111'] }, acts],
    ['by list', { targets: [instanceId] }, planned],
    ['by ARN', { targets: [target] }, planned],
    ['by list, of another', { targets: ['i-0bbbbbbbbbbbbbbb2'] }, acts],
    ['by unit', { organizationalUnits: ['ou-ab12-prod1234'] }, planned],
    ['by root', { organizationalUnits: ['r-ab12'] }, planned],
    ['by unit, of another', { organizationalUnits: ['ou-ab12-test1234'] }, acts],
    ['where every criterion holds', { accounts: ['111122223333'], severityBelow: 9 }, planned],
    ['where one criterion does not', { accounts: ['111122223333'], severityBelow: 7 }, acts],
  ])('asks people %s', async (_how, criteria, comes) => {
    const unitsOf = async () => ['ou-ab12-prod1234', 'r-ab12'];
    const { open } = home({ settings: rule(criteria), unitsOf });
    expect(await open(live())).toMatchObject(comes);
  });

  it('asks two people where the rule says so', async () => {
    const { open, cases } = home({ settings: rule({ accounts: ['111122223333'] }, 2) });
    const { ref } = await open(live());
    expect(await cases.gate(ref.planOf)).toEqual({ because: ['rule: production'], people: 2 });
  });

  it.each([
    ['policy', { settings: { playbooks: { 'compromised-instance': 'approve' } } }, {}],
    ['finding', {}, { approval: 'required' }],
  ])('asks people because of the %s', async (because, options, words) => {
    const { open } = home(options);
    expect(await open({ ...live(), ...words })).toMatchObject({
      ...planned,
      approval: { because: [because] },
    });
  });

  it('asks nobody about a dry run', async () => {
    const { open } = home({ settings: { playbooks: { 'compromised-instance': 'approve' } } });
    const opened = await open({ event: event(), approval: 'required' });
    expect(opened).toMatchObject({ mode: 'dry-run', forced: null, approval: { needed: 'no' } });
    expect(opened.ref.planOf).toBeUndefined();
  });

  it('stops, and leaves the target to a human, where a guard cannot be read', async () => {
    const { open, table } = home({ settings: rule({ organizationalUnits: ['r-ab12'] }) });
    expect(await open(live())).toMatchObject({
      outcome: 'needs-human',
      reason: 'guard-unreadable',
      ref: null,
    });
    expect(table.items()).toEqual([]);
  });

  it('does not look at tags on the resource, which an intruder can set', async () => {
    const { open } = home({ settings: rule({ targets: ['i-0bbbbbbbbbbbbbbb2'] }) });
    const tags = [
      { key: 'Name', value: 'i-0bbbbbbbbbbbbbbb2' },
      { key: 'approve', value: 'no' },
    ];
    const { detail } = event();
    const resource = {
      ...detail.resource,
      instanceDetails: { ...detail.resource.instanceDetails, tags },
    };
    expect(await open(live({ resource }))).toMatchObject(acts);
  });

  it('leaves what Cordon itself did to an instance to a human', async () => {
    const { open, table } = home();
    const { detail } = event();
    const accessKeyDetails = {
      accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
      userName: 'cordon-prod-responder-ProtectInstance',
      userType: 'AssumedRole',
    };
    const resource = { ...detail.resource, accessKeyDetails };
    expect(await open(live({ resource }))).toMatchObject({
      outcome: 'needs-human',
      reason: 'own-role',
    });
    expect(table.items()).toEqual([]);
  });

  it.each([
    ['limits.perAccount', { limits: { perAccount: 0 } }],
    ['limits.inAll', { limits: { inAll: -1 } }],
    ['limits.perPlaybook', { limits: { perPlaybook: 1e9 } }],
    ['limits.perAccount', { limits: { perAccount: 2.5 } }],
    ['limits.perAccount', { limits: { perAccount: '10' } }],
    ['limits', { limits: { perMinute: 1 } }],
    ['approval.minutes', { approval: { minutes: 0 } }],
    ['approval.minutes', { approval: { minutes: 10_000 } }],
    ['approval.whenTimeRunsOut', { approval: { whenTimeRunsOut: 'retry' } }],
    ['approval.rules.0', { approval: { rules: [{ name: 'nothing' }] } }],
    [
      'approval.approvers',
      { approval: { rules: [{ name: 'prod', severityBelow: 9, people: 2 }] } },
    ],
    ['approval.approvers', { approval: { approvers: [{ name: 'a' }, { name: 'a' }] } }],
    [
      'approval.approvers',
      {
        approval: {
          approvers: ['a', 'b'].map((name) => ({ name, email: 'same@example.com' })),
        },
      },
    ],
  ])('refuses settings that make no sense of %s: %j', (path, settings) => {
    const { error } = Settings.safeParse(settings);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});
