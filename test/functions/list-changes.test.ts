import { ConfigServiceServiceException } from '@aws-sdk/client-config-service';
import { IAMServiceException, NoSuchEntityException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { listChanges } from '../../functions/list-changes/handler.ts';
import { type KeptTrace, kinds } from '../../functions/shared/trace.ts';
import { at, calls, rehearsalOf } from '../rehearsal.ts';

type State = Parameters<typeof rehearsalOf>[0];

const leaked = 'AKIALEAKEDLEAKED0001';
const role = {
  account: '111122223333',
  roleName: 'Deploy',
  roleId: 'AROADEPLOYDEPLOY00001',
  sessionName: 'intruder',
  accessKeyId: 'ASIA0000000000000001',
};
const input = { accessKeyIds: [leaked], userName: 'alice', roles: [role] };
const since = '2026-02-28T00:00:00.000Z';

const left = (eventId: string, kind: (typeof kinds)[number], error: string | null = null) => ({
  ...{ eventId, kind, error, eventName: 'CreateThing', region: 'us-east-1' },
  ...{ who: 'arn:aws:iam::111122223333:user/alice', what: 'userName backdoor', when: since },
});

/** What a look at CloudTrail kept. */
const trace = (differs: Partial<KeptTrace> = {}) => ({
  ...{ look: 0, from: '2025-12-01T00:00:00.000Z', to: at, regions: ['us-east-1'], pages: 1 },
  ...{ events: 3, unreadable: 0, limits: [], firstUse: since, lastUse: at },
  keys: [{ accessKeyId: leaked, depth: 0, mintedBy: null }],
  ...{ roles: [role], elsewhere: [], otherAccounts: [], sources: [], errors: [], calls: [] },
  persistence: [left('e1', 'key'), left('e2', 'principal'), left('e3', 'policy', 'AccessDenied')],
  resources: [
    { type: 'AWS::IAM::User', name: 'backdoor', region: 'us-east-1', events: 1 },
    { type: 'AWS::EC2::Instance', name: 'i-0aaaaaaaaaaaaaaa9', region: 'us-east-1', events: 4 },
    { type: 'AWS::STS::AssumedRole', name: 'Deploy/intruder', region: 'us-east-1', events: 1 },
  ],
  ...differs,
});

const state = (
  resourceType: string,
  resourceId: string,
  captureTime: string,
  rest: object = {},
) => ({
  resourceType,
  resourceId,
  captureTime,
  configuration: { secret: 'SECRET-CONFIGURATION' },
  ...rest,
});

const recorders = [{ region: 'eu-west-1' }, { region: 'us-east-1' }];

/** Config at home and in us-east-1, which knows of a healthy user too. */
const world = (differs: Partial<NonNullable<State['config']>> = {}): State => ({
  config: {
    recorders,
    items: [
      state('AWS::IAM::User', 'AIDABACKDOORBACKDOOR1', '2026-02-28T00:03:00.000Z', {
        resourceName: 'backdoor',
        status: 'ResourceDiscovered',
      }),
      state('AWS::IAM::User', 'AIDABACKDOORBACKDOOR1', '2026-02-28T01:00:00.000Z', {
        resourceName: 'backdoor',
        status: 'ResourceDeleted',
      }),
      state('AWS::IAM::User', 'AIDAALICEALICEALICE01', '2026-01-01T00:00:00.000Z', {
        resourceName: 'alice',
      }),
      state('AWS::IAM::User', 'AIDAHEALTHYHEALTHY001', '2026-02-28T02:00:00.000Z', {
        resourceName: 'bob',
      }),
      state('AWS::IAM::Role', 'AROADEPLOYDEPLOY00001', '2026-02-28T00:02:00.000Z', {
        resourceName: 'Deploy',
      }),
      state('AWS::IAM::Role', 'AROADEPLOYDEPLOYOLDER', '2026-02-28T00:02:00.000Z', {
        resourceName: 'Deploy',
      }),
      state('AWS::EC2::Instance', 'i-0aaaaaaaaaaaaaaa9', '2026-02-28T00:04:00.000Z', {
        region: 'us-east-1',
      }),
    ],
    ...differs,
  },
});

async function listed(
  traces: Record<string, object>,
  options: { state?: State; asked?: object; mode?: 'live' | 'dry-run' | undefined } = {},
) {
  const rehearsal = await rehearsalOf(options.state ?? world());
  const mode = 'mode' in options ? options.mode : 'live';
  const ref = await rehearsal.open(mode ?? 'dry-run');
  for (const [name, body] of Object.entries(traces)) {
    await rehearsal.keep(ref, name, JSON.stringify(body));
  }
  const ran = await rehearsal.run(listChanges, options.asked ?? input, mode);
  const kept = await rehearsal.kept(ref.caseId, 'changes');
  return { ...ran, rehearsal, kept: kept === undefined ? undefined : JSON.parse(kept) };
}

const noScope = { everything: false, services: [], privileged: [], unreadable: [] };

const counts = (some: object = {}) => ({
  ...Object.fromEntries(kinds.map((kind) => [kind, 0])),
  ...some,
});

describe('list-changes', () => {
  it('lists the recorded states of what was touched, and what may have been left', async () => {
    const { result, journal, kept, rehearsal } = await listed({ 'trace-0': trace() });

    expect(result).toEqual({
      outcome: 'listed',
      reason: null,
      left: counts({ key: 1, principal: 1 }),
      resources: 4,
      changes: 4,
      unknown: 0,
      notRecorded: [],
      limits: [],
      evidence: 'changes',
      scope: noScope,
    });
    expect(kept.changes).toEqual([
      {
        ...{ type: 'AWS::IAM::Role', id: role.roleId, name: 'Deploy', status: 'OK' },
        at: '2026-02-28T00:02:00.000Z',
      },
      {
        ...{ type: 'AWS::IAM::User', id: 'AIDABACKDOORBACKDOOR1', name: 'backdoor' },
        ...{ at: '2026-02-28T00:03:00.000Z', status: 'ResourceDiscovered' },
      },
      {
        ...{ type: 'AWS::EC2::Instance', id: 'i-0aaaaaaaaaaaaaaa9', name: 'i-0aaaaaaaaaaaaaaa9' },
        ...{ at: '2026-02-28T00:04:00.000Z', status: 'OK' },
      },
      {
        ...{ type: 'AWS::IAM::User', id: 'AIDABACKDOORBACKDOOR1', name: 'backdoor' },
        ...{ at: '2026-02-28T01:00:00.000Z', status: 'ResourceDeleted' },
      },
    ]);
    expect(kept.left.map(({ eventId }: { eventId: string }) => eventId)).toEqual(['e1', 'e2']);
    const asked = journal
      .filter(({ call }) => call.startsWith('config:'))
      .map(({ call, input: said }) => {
        const { resourceId, resourceName } = said as { resourceId?: string; resourceName?: string };
        return `${call.replace('config:', '')} ${resourceId ?? resourceName ?? ''}`.trim();
      });
    // Two Regions side by side; alice and backdoor go by a name that is not their id.
    expect(asked.filter((one) => !one.includes('i-0aaaaaaaaaaaaaaa9'))).toEqual([
      'DescribeConfigurationRecorderStatus',
      'DescribeConfigurationRecorderStatus',
      'GetResourceConfigHistory alice',
      'ListDiscoveredResources alice',
      'GetResourceConfigHistory AIDAALICEALICEALICE01',
      'GetResourceConfigHistory AROADEPLOYDEPLOY00001',
      'GetResourceConfigHistory backdoor',
      'ListDiscoveredResources backdoor',
      'GetResourceConfigHistory AIDABACKDOORBACKDOOR1',
    ]);
    expect(asked).toHaveLength(10);
    expect(JSON.stringify(rehearsal.table.items())).not.toContain('SECRET-CONFIGURATION');
  });

  it('takes all looks together, each event and resource once', async () => {
    const { result, kept } = await listed({
      'trace-0': trace(),
      'trace-1': trace({
        look: 1,
        persistence: [left('e1', 'key'), left('e4', 'share')],
        resources: [],
      }),
    });
    expect(result).toMatchObject({
      left: counts({ key: 1, principal: 1, share: 1 }),
      resources: 4,
    });
    expect(kept.since).toBe(since);
  });

  it('is skipped where nothing records, and lists what may have been left all the same', async () => {
    const { result, journal, kept } = await listed(
      { 'trace-0': trace() },
      { state: world({ recorders: [] }) },
    );
    expect(result).toMatchObject({
      outcome: 'skipped',
      reason: 'no-recorder',
      left: counts({ key: 1, principal: 1 }),
      resources: 0,
      changes: 0,
      notRecorded: ['eu-west-1', 'us-east-1'],
      evidence: 'changes',
    });
    expect(calls(journal)).toEqual([
      'iam:GetUser sent',
      ...Array(2).fill('config:DescribeConfigurationRecorderStatus sent'),
    ]);
    expect(kept.left).toHaveLength(2);
  });

  it('names the Region where nothing records, and asks in the others', async () => {
    const { result } = await listed(
      { 'trace-0': trace() },
      { state: world({ recorders: [{ region: 'eu-west-1', recording: false }] }) },
    );
    expect(result).toMatchObject({ outcome: 'listed', notRecorded: ['us-east-1'], resources: 3 });
  });

  it('counts what Config never saw', async () => {
    const { result, kept } = await listed(
      { 'trace-0': trace() },
      { state: world({ recorders, items: [] }) },
    );
    expect(result).toMatchObject({ outcome: 'listed', resources: 4, changes: 0, unknown: 4 });
    expect(kept.unknown).toHaveLength(4);
  });

  it('asks about as many resources as it may, and says that there were more', async () => {
    const resources = Array.from({ length: 250 }, (_, n) => ({
      ...{ type: 'AWS::S3::Bucket', name: `bucket-${n}`, region: 'us-east-1', events: 1 },
    }));
    const { result } = await listed({ 'trace-0': trace({ resources }) });
    expect(result).toMatchObject({ resources: 200, limits: ['resources'] });
    expect(JSON.stringify(result).length).toBeLessThan(1_000);
  });

  it.each([
    ['no trace is kept', {}],
    [
      'the trace is of other keys',
      { 'trace-0': trace({ keys: [{ accessKeyId: 'AKIAOTHER', depth: 0, mintedBy: null }] }) },
    ],
  ])('is skipped when %s', async (_what, traces) => {
    const { result, journal } = await listed(traces);
    expect(result).toMatchObject({ outcome: 'skipped', reason: 'no-trace', evidence: null });
    expect(calls(journal)).toEqual(['iam:GetUser sent']);
  });

  it('is skipped when nothing was touched', async () => {
    const { result, journal } = await listed(
      { 'trace-0': trace({ resources: [] }) },
      { asked: { accessKeyIds: [leaked], userName: null, roles: [] } },
    );
    expect(result).toMatchObject({ outcome: 'skipped', reason: 'nothing-touched' });
    expect(journal).toEqual([]);
  });

  it('comes to the same in a dry run and with no mode at all, and changes nothing', async () => {
    const live = await listed({ 'trace-0': trace() });
    for (const mode of ['dry-run', undefined] as const) {
      const ran = await listed({ 'trace-0': trace() }, { mode });
      expect(ran.result).toEqual(live.result);
      expect(ran.journal).toEqual(live.journal);
    }
  });

  it('run twice keeps the same once', async () => {
    const { rehearsal, result } = await listed({ 'trace-0': trace() });
    const items = rehearsal.table.items();
    const second = await rehearsal.run(listChanges, input);
    expect(second.result).toEqual(result);
    expect(rehearsal.table.items()).toEqual(items);
  });

  it('lets a refusal of AWS out', async () => {
    const error = new ConfigServiceServiceException({
      name: 'AccessDeniedException',
      $fault: 'client',
      $metadata: {},
    });
    const rehearsal = await rehearsalOf(world(), { fault: () => ({ when: 'before', error }) });
    const ref = await rehearsal.open('live');
    await rehearsal.keep(ref, 'trace-0', JSON.stringify(trace()));
    const ran = await rehearsal.run(listChanges, input);
    expect(ran.error).toMatchObject({ name: 'AccessDeniedException' });
  });

  it.each([
    ['a user name that is an ARN', { ...input, userName: 'arn:aws:iam::111122223333:user/alice' }],
    ['a key that is none', { ...input, accessKeyIds: ['akialeakedleaked0001'] }],
    ['a role without its account', { ...input, roles: [{ roleName: 'Deploy' }] }],
    ['a field it does not know', { ...input, remove: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { error, journal } = await listed({ 'trace-0': trace() }, { asked: bad });
    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

const managed = (name: string) => `arn:aws:iam::111122223333:policy/${name}`;
const allow = (Action: string | string[], Resource: string | string[] = '*') => ({
  Statement: { Effect: 'Allow', Action, Resource },
});
type Iam = NonNullable<State['iam']>;
type User = NonNullable<Iam['users']>[number];
type Group = NonNullable<Iam['groups']>[number];

/** Alice in a group of her own, and bob, whose policies are nobody's concern here. */
const people = (alice: Partial<User>, group: Partial<Group> = {}, rest: Iam = {}): State => ({
  iam: {
    users: [
      { userName: 'alice', groups: ['developers'], ...alice },
      {
        ...{ userName: 'bob', groups: ['operators'] },
        attachedPolicies: [{ arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
      },
    ],
    groups: [
      { groupName: 'developers', ...group },
      { groupName: 'operators', inlinePolicies: { all: allow('*') } },
    ],
    ...rest,
  },
});

async function scoped(
  state: State,
  options: { refuse?: string[]; error?: Error; mode?: 'live' | 'dry-run' } = {},
) {
  const refusal = new IAMServiceException({
    name: 'AccessDenied',
    $fault: 'client',
    $metadata: {},
  });
  const error = options.error ?? refusal;
  const rehearsal = await rehearsalOf(state, {
    fault: (call) => (options.refuse?.includes(call) ? { when: 'before', error } : undefined),
  });
  const ran = await rehearsal.run(listChanges, input, options.mode ?? 'live');
  const { caseId } = await rehearsal.open(options.mode ?? 'live');
  const kept = await rehearsal.kept(caseId, 'policies');
  const text = JSON.stringify(rehearsal.table.items());
  return { ...ran, scope: ran.result?.scope, text, kept: kept && JSON.parse(kept) };
}

describe("the scope of a user's policies", () => {
  const mixed = people(
    {
      attachedPolicies: [{ arn: managed('deploy') }],
      inlinePolicies: {
        buckets: allow(['s3:GetObject', 'kms:CreateGrant'], 'arn:aws:s3:::SECRET/x'),
      },
    },
    {
      attachedPolicies: [{ arn: managed('deploy') }, { arn: managed('people') }],
      inlinePolicies: { queues: allow('SQS:*') },
    },
    {
      policies: [
        { arn: managed('deploy'), versionId: 'v3', document: allow('iam:Pass*') },
        { arn: managed('people'), document: allow(['iam:GetUser', 'iam:create*user']) },
        { arn: managed('unused'), document: allow('*') },
      ],
    },
  );

  it("is told of the user's and its groups' policies, attached and inline, each read once", async () => {
    const { scope, journal, kept, text } = await scoped(mixed);
    expect(scope).toEqual({
      everything: false,
      services: ['iam', 'kms', 's3', 'sqs'],
      privileged: ['iam-write', 'pass-role', 'kms-grants'],
      unreadable: [],
    });
    expect(
      journal.map(({ call, input: said }) => [call, ...Object.values(said)].join(' ')),
    ).toEqual([
      'iam:GetUser alice',
      'iam:ListGroupsForUser alice',
      'iam:ListAttachedUserPolicies alice',
      'iam:ListUserPolicies alice',
      'iam:GetUserPolicy alice buckets',
      'iam:ListAttachedGroupPolicies developers',
      'iam:ListGroupPolicies developers',
      'iam:GetGroupPolicy developers queues',
      `iam:GetPolicy ${managed('deploy')}`,
      `iam:GetPolicyVersion ${managed('deploy')} v3`,
      `iam:GetPolicy ${managed('people')}`,
      `iam:GetPolicyVersion ${managed('people')} v1`,
    ]);
    expect(kept).toEqual({
      userName: 'alice',
      policies: [
        { of: 'user/alice', policy: managed('deploy') },
        { of: 'user/alice', policy: 'buckets' },
        { of: 'group/developers', policy: managed('deploy') },
        { of: 'group/developers', policy: managed('people') },
        { of: 'group/developers', policy: 'queues' },
      ],
      boundary: null,
      unreadable: [],
    });
    expect(text).not.toContain('SECRET');
  });

  it('is the same in a dry run', async () => {
    const [live, dry] = [await scoped(mixed), await scoped(mixed, { mode: 'dry-run' })];
    expect(dry.scope).toEqual(live.scope);
    expect(dry.journal).toEqual(live.journal);
  });

  it('leaves out what this case put there, and no policy that only looks like it', async () => {
    const ref = await (await rehearsalOf({})).open('live');
    const { scope, kept } = await scoped(
      people({
        attachedPolicies: [
          { arn: 'arn:aws:iam::aws:policy/AWSDenyAll' },
          { arn: 'arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3' },
        ],
        inlinePolicies: {
          [`cordon-${ref.caseId}-older-sessions`]: allow('ec2:*'),
          'cordon-nothing-to-see': allow('organizations:*'),
        },
      }),
    );
    expect(scope).toEqual({
      ...noScope,
      ...{ services: ['organizations'], privileged: ['organizations'] },
    });
    expect(kept.policies).toEqual([{ of: 'user/alice', policy: 'cordon-nothing-to-see' }]);
  });

  const inline = (document: object) => people({ inlinePolicies: { one: { ...document } } });
  const all = { everything: true, services: [] };

  it.each([
    ['everything', allow('*'), all],
    ['every action of every service', allow('*:*'), all],
    [
      'everything but some, which is everything but their privileges',
      { Statement: [{ Effect: 'Allow', NotAction: ['iam:*', 'sts:*'], Resource: '*' }] },
      {
        ...all,
        privileged: expect.not.arrayContaining(['iam-write', 'pass-role', 'assume-any-role']),
      },
    ],
    [
      'what a denial takes away all the same',
      { Statement: [allow('iam:*').Statement, { Effect: 'Deny', Action: '*', Resource: '*' }] },
      { services: ['iam'], privileged: ['iam-write', 'pass-role'] },
    ],
    [
      'what a condition keeps back all the same',
      { Statement: { ...allow('ssm:StartSession').Statement, Condition: { Bool: { a: 'b' } } } },
      { services: ['ssm'], privileged: ['remote-command'] },
    ],
    [
      'a role that is named as no privilege',
      allow('sts:AssumeRole', 'arn:aws:iam::111122223333:role/Deploy'),
      { services: ['sts'], privileged: [] },
    ],
    [
      'roles of a pattern as any role',
      allow('sts:Assume?ole', 'arn:aws:iam::*:role/Deploy'),
      { services: ['sts'], privileged: ['assume-any-role'] },
    ],
    ['no action that a pattern only starts like', allow('iam:Pass'), { privileged: [] }],
    ['nothing of a denial', { Statement: [{ Effect: 'Deny', Action: '*' }] }, noScope],
    [
      'that it cannot read a document',
      { Statement: 'all of it' },
      { ...noScope, unreadable: ['policy-document'] },
    ],
  ])('tells %s', async (_what, document, expected) => {
    const { scope } = await scoped(inline(document));
    expect(scope).toMatchObject(expected);
  });

  it('is not held up by a pattern made to be slow', async () => {
    const { scope } = await scoped(inline(allow(`iam:${'*a'.repeat(500)}`)));
    expect(scope).toMatchObject({ services: ['iam'], privileged: [] });
  });

  const bounded = (Boundary: object, attached: string | string[]): State =>
    people(
      { permissionsBoundary: managed('edge'), inlinePolicies: { one: allow(attached) } },
      {},
      {
        policies: [{ arn: managed('edge'), document: { ...Boundary } }],
      },
    );

  it.each([
    [allow(['s3:*', 'iam:PassRole']), '*', { services: ['iam', 's3'], privileged: ['pass-role'] }],
    [allow('*'), ['s3:*', 'iam:*'], { services: ['iam', 's3'] }],
    [allow(['s3:*', 'ec2:*']), ['s3:GetObject', 'iam:*'], { services: ['s3'], privileged: [] }],
  ])('is narrowed by a permissions boundary', async (boundary, attached, expected) => {
    const { scope, kept } = await scoped(bounded(boundary, attached));
    expect(scope).toMatchObject({ everything: false, ...expected });
    expect(kept.boundary).toBe(managed('edge'));
  });

  it.each([
    ['is refused', bounded(allow('s3:*'), '*'), ['iam:GetPolicyVersion']],
    ['is no policy', bounded({ Statement: 1 }, '*'), []],
  ])('is not narrowed by a boundary whose document %s', async (_what, state, refuse) => {
    const { scope } = await scoped(state, { refuse });
    expect(scope.everything).toBe(true);
    expect(scope.unreadable).toEqual(refuse.length > 0 ? refuse : ['policy-document']);
  });

  it.each([
    ['iam:GetUser', ['iam', 'kms', 's3', 'sqs']],
    ['iam:ListGroupsForUser', ['iam', 'kms', 's3']],
    ['iam:ListAttachedUserPolicies', ['iam', 'kms', 's3', 'sqs']],
    ['iam:ListUserPolicies', ['iam', 'sqs']],
    ['iam:GetUserPolicy', ['iam', 'sqs']],
    ['iam:ListAttachedGroupPolicies', ['iam', 'kms', 's3', 'sqs']],
    ['iam:ListGroupPolicies', ['iam', 'kms', 's3']],
    ['iam:GetGroupPolicy', ['iam', 'kms', 's3']],
    ['iam:GetPolicy', ['kms', 's3', 'sqs']],
    ['iam:GetPolicyVersion', ['kms', 's3', 'sqs']],
  ])('names %s where it is refused, and tells the rest', async (call, services) => {
    const { scope, result } = await scoped(mixed, { refuse: [call] });
    expect(result.outcome).toBe('skipped');
    expect(scope).toMatchObject({ services, unreadable: [call] });
  });

  it('passes over a policy that went meanwhile', async () => {
    const error = new NoSuchEntityException({ message: 'gone', $metadata: {} });
    const { scope } = await scoped(mixed, { refuse: ['iam:ListGroupPolicies'], error });
    expect(scope).toMatchObject({ services: ['iam', 'kms', 's3'], unreadable: [] });
  });

  it('lets any other failure of IAM out', async () => {
    const error = new IAMServiceException({ name: 'Broken', $fault: 'client', $metadata: {} });
    const ran = await scoped(mixed, { refuse: ['iam:GetGroupPolicy'], error });
    expect(ran.error).toMatchObject({ name: 'Broken' });
  });

  it('reads every page, lists some forty services and says that there are more', async () => {
    const inlinePolicies = Object.fromEntries(
      Array.from({ length: 101 }, (_, n) => [`p${n}`, allow(`service-${n}:Get*`)]),
    );
    const { result, kept } = await scoped(people({}, { inlinePolicies }));
    expect(kept.policies).toHaveLength(101);
    expect(result.scope.services).toHaveLength(40);
    expect(result.limits).toEqual(['services']);
  });

  it('is empty, and nothing is read, where no user is named', async () => {
    const rehearsal = await rehearsalOf(mixed);
    const { result, journal } = await rehearsal.run(listChanges, { ...input, userName: null });
    expect(result.scope).toEqual(noScope);
    expect(journal).toEqual([]);
  });
});
