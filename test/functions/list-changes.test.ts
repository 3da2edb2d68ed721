import { ConfigServiceServiceException } from '@aws-sdk/client-config-service';
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
    await rehearsal.cases.keepEvidence(ref, name, JSON.stringify(body));
  }
  const ran = await rehearsal.run(listChanges, options.asked ?? input, mode);
  const kept = await rehearsal.cases.evidence(ref.caseId, 'changes');
  return { ...ran, rehearsal, kept: kept === undefined ? undefined : JSON.parse(kept) };
}

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
    const asked = journal.map(({ call, input: said }) => {
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
    expect(calls(journal)).toEqual(
      Array(2).fill('config:DescribeConfigurationRecorderStatus sent'),
    );
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
    expect(journal).toEqual([]);
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
    await rehearsal.cases.keepEvidence(ref, 'trace-0', JSON.stringify(trace()));
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
