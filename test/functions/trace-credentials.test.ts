import { CloudTrailServiceException, ThrottlingException } from '@aws-sdk/client-cloudtrail';
import type { Context } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toLambda } from '../../functions/shared/lambda.ts';
import { Settings } from '../../functions/shared/settings.ts';
import { KeptTrace } from '../../functions/shared/trace.ts';
import { traceCredentials } from '../../functions/trace-credentials/handler.ts';
import { wireRehearsal } from '../../replay/account/wiring.ts';
import { at, calls, rehearsalOf } from '../rehearsal.ts';

type State = Parameters<typeof rehearsalOf>[0];
type Events = NonNullable<NonNullable<State['cloudTrail']>['events']>;
type TrailEvent = Events[number];

const own = '111122223333';
const other = '999988887777';
const leaked = 'AKIALEAKEDLEAKED0001';
const healthy = 'AKIAHEALTHYHEALTH001';
const session = (number: number) => `ASIA${String(number).padStart(16, '0')}`;
const input = {
  accessKeyIds: [leaked],
  userName: null,
  roleName: null,
  sessionName: null,
  look: 0,
};
const named = { ...input, accessKeyIds: [] };

/** An event of a key, a minute after midnight for each `minute`. */
const event = (
  key: string,
  eventName: string,
  differs: Partial<TrailEvent> & { minute?: number },
) => {
  const { minute = 0, record, ...rest } = differs;
  const userIdentity = {
    type: 'IAMUser',
    userName: 'alice',
    arn: `arn:aws:iam::${own}:user/team/alice`,
    accessKeyId: key,
  };
  return {
    eventName,
    eventTime: new Date(Date.parse('2026-02-28T00:00:00Z') + minute * 60_000).toISOString(),
    accessKeyId: key,
    ...rest,
    record:
      typeof record === 'string'
        ? record
        : { userIdentity, sourceIPAddress: '198.51.100.7', ...record },
  };
};

const roleIds: Record<string, string> = {
  Deploy: 'AROADEPLOYDEPLOY00001',
  Admin: 'AROAADMINADMIN0000001',
};

/** `key` assumes a role; the session's key is `minted`. */
const assume = (
  key: string,
  minted: string,
  [role, name = 'intruder', account = own]: [role: string, session?: string, account?: string],
  differs: Parameters<typeof event>[2] = {},
) =>
  event(key, 'AssumeRole', {
    ...differs,
    record: {
      requestParameters: { roleArn: `arn:aws:iam::${account}:role/${role}` },
      responseElements: {
        credentials: { accessKeyId: minted, sessionToken: 'SECRET-TOKEN', expiration: 'soon' },
        assumedRoleUser: {
          assumedRoleId: `${roleIds[role] ?? 'AROAOTHEROTHER0000001'}:${name}`,
          arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
        },
      },
    },
  });

/** An account of three Regions in which a healthy key goes about its work. */
const world = (events: Events): State => ({
  regions: ['eu-central-1', 'eu-west-1', 'us-east-1'],
  cloudTrail: {
    events: [
      ...events,
      assume(healthy, session(9_999), ['Production'], { region: 'eu-west-1' }),
      event(healthy, 'CreateUser', { record: { requestParameters: { userName: 'bob' } } }),
      event(session(9_999), 'CreateAccessKey', {}),
    ],
  },
});

const chain = [
  assume(leaked, session(1), ['Deploy'], { region: 'eu-west-1', minute: 1 }),
  assume(session(1), session(2), ['Admin', 'deeper'], { minute: 2 }),
  event(session(2), 'CreateAccessKey', {
    minute: 3,
    record: {
      sourceIPAddress: '203.0.113.9',
      requestParameters: { userName: 'backdoor' },
      responseElements: {
        accessKey: { accessKeyId: 'AKIABACKDOORBACKDOO1', status: 'Active' },
      },
    },
  }),
  event(session(2), 'CreateUser', {
    minute: 4,
    record: { errorCode: 'AccessDenied', requestParameters: { userName: 'second' } },
  }),
];

const traced = async (
  events: Events,
  options: Parameters<typeof rehearsalOf>[1] = {},
  asked: object = input,
) => {
  const rehearsal = await rehearsalOf(world(events), options);
  const ran = await rehearsal.run(traceCredentials, asked);
  if (ran.error) throw ran.error;
  return { ...ran, rehearsal };
};

describe('trace-credentials', () => {
  it('follows a key through the roles it led to, Region by Region, and to what they left', async () => {
    const { result, journal } = await traced(chain);

    expect(result).toEqual({
      outcome: 'traced',
      look: 1,
      scope: 'role',
      roles: [
        {
          account: own,
          roleName: 'Admin',
          roleId: 'AROAADMINADMIN0000001',
          sessionName: 'deeper',
          accessKeyId: session(2),
        },
        {
          account: own,
          roleName: 'Deploy',
          roleId: 'AROADEPLOYDEPLOY00001',
          sessionName: 'intruder',
          accessKeyId: session(1),
        },
      ],
      otherAccounts: [],
      limits: [],
      events: 4,
      unreadable: 0,
      pages: 9,
      seconds: 2,
      persistence: [
        {
          eventName: 'CreateAccessKey',
          who: `arn:aws:iam::${own}:user/team/alice`,
          what: 'userName backdoor, accessKeyId AKIABACKDOORBACKDOO1',
          when: '2026-02-28T00:03:00.000Z',
        },
      ],
      sources: ['198.51.100.7', '203.0.113.9'],
      firstUse: '2026-02-28T00:01:00.000Z',
      lastUse: '2026-02-28T00:04:00.000Z',
      evidence: 'trace-0',
    });
    expect(calls(journal)).toEqual([
      'ec2:DescribeRegions sent',
      ...Array(9).fill('cloudtrail:LookupEvents sent'),
    ]);
    expect(journal.slice(1).map(({ input }) => input)).toMatchObject(
      [leaked, session(1), session(2)].flatMap((key) =>
        Array(3).fill({
          LookupAttributes: [{ AttributeKey: 'AccessKeyId', AttributeValue: key }],
          StartTime: '2025-12-01T04:05:06.000Z',
          EndTime: at,
          MaxResults: 50,
        }),
      ),
    );
  });

  it('keeps the whole trace in the case, and neither token nor policy of a record', async () => {
    const policyDocument = '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
    const { rehearsal } = await traced([
      ...chain,
      event(leaked, 'PutUserPolicy', {
        record: { requestParameters: { userName: 'alice', policyName: 'all', policyDocument } },
      }),
    ]);
    const { caseId } = await rehearsal.open('live');

    const trace = KeptTrace.parse(JSON.parse((await rehearsal.kept(caseId, 'trace-0')) ?? ''));
    expect(trace.keys).toMatchObject([
      { accessKeyId: leaked, depth: 0, mintedBy: null },
      { accessKeyId: session(1), depth: 1 },
      { accessKeyId: session(2), depth: 2 },
    ]);
    expect(trace.persistence.map(({ eventName, kind, error }) => [eventName, kind, error])).toEqual(
      [
        ['PutUserPolicy', 'policy', null],
        ['CreateAccessKey', 'key', null],
        ['CreateUser', 'principal', 'AccessDenied'],
      ],
    );
    expect(trace.errors).toEqual([{ name: 'AccessDenied', events: 1 }]);
    expect(trace.regions).toEqual(['eu-central-1', 'eu-west-1', 'us-east-1']);
    const lines = (await rehearsal.kept(caseId, 'trace-0-events'))?.split('\n') ?? [];
    expect(lines.map((line) => JSON.parse(line).call).sort()).toEqual([
      'iam:CreateAccessKey',
      'iam:CreateUser',
      'iam:PutUserPolicy',
      'sts:AssumeRole',
      'sts:AssumeRole',
    ]);
    const kept = JSON.stringify(rehearsal.table.items());
    expect(kept).not.toContain('SECRET-TOKEN');
    expect(kept).not.toContain('Effect');
  });

  it('reads every page of a Region, each at its turn', async () => {
    const many = Array.from({ length: 120 }, (_, n) =>
      event(leaked, 'ListBuckets', { region: 'eu-west-1', minute: n }),
    );
    const { result, journal } = await traced(many);

    expect(result).toMatchObject({ outcome: 'traced', events: 120, pages: 5, seconds: 2 });
    expect(journal.filter(({ input }) => 'NextToken' in input)).toHaveLength(2);
  });

  it('waits half a second between the requests to one Region', async () => {
    const many = Array.from({ length: 120 }, () => event(leaked, 'ListBuckets', {}));
    const rehearsal = await rehearsalOf({
      region: 'us-east-1',
      regions: [],
      cloudTrail: { events: many },
    });
    const slept: number[] = [];
    let time = Date.parse(at);
    const wiring = {
      ...wireRehearsal({
        account: rehearsal.account,
        mode: 'live',
        table: rehearsal.table,
        settings: Settings.parse({}),
        notifications: [],
        now: () => new Date(at),
        running: new Set(),
      }),
      now: () => new Date(time),
      sleep: async (milliseconds: number) => {
        slept.push(milliseconds);
        time += milliseconds;
      },
    };
    // A Lambda context that no step reads.
    const handler = toLambda(traceCredentials, async () => wiring);
    const ran = await handler(
      { mode: 'live', case: await rehearsal.open('live'), input },
      {} as Context,
    );

    expect(ran).toMatchObject({ events: 120, pages: 3 });
    expect(slept).toEqual([500, 500]);
  });

  it('takes about half a second a page of the busiest Region for 10,000 events in 17', async () => {
    const regions = [
      ...['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-southeast-1'],
      ...['ap-southeast-2', 'ca-central-1', 'eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2'],
      ...['eu-west-3', 'sa-east-1', 'us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'],
    ];
    const many = Array.from({ length: 10_000 }, (_, n) =>
      event(leaked, 'DescribeInstances', { region: n < 5_000 ? 'us-east-1' : regions[n % 17] }),
    );
    const rehearsal = await rehearsalOf({ regions, cloudTrail: { events: many } });
    const { result } = await rehearsal.run(traceCredentials, input);

    const busiest = Math.ceil(many.filter(({ region }) => region === 'us-east-1').length / 50);
    expect(result).toMatchObject({ outcome: 'traced', events: 10_000 });
    expect(result.seconds).toBeGreaterThanOrEqual(busiest / 2 - 1);
    expect(result.seconds).toBeLessThanOrEqual(busiest / 2 + 1);
    expect(JSON.stringify(result).length).toBeLessThan(2_000);
  });

  it('ends a trail that leads back to itself', async () => {
    const { result } = await traced([
      assume(leaked, session(1), ['Deploy']),
      assume(session(1), session(2), ['Admin']),
      assume(session(2), session(1), ['Deploy']),
      assume(session(2), leaked, ['Admin']),
    ]);
    expect(result).toMatchObject({ outcome: 'traced', events: 4, pages: 9, limits: [] });
    expect(result.roles).toHaveLength(2);
  });

  it('follows sessions of a user, of a federated user and of a console sign-in', async () => {
    const credentials = (number: number) => ({
      responseElements: { credentials: { accessKeyId: session(number) } },
    });
    const { result } = await traced([
      event(leaked, 'GetSessionToken', { record: credentials(1) }),
      event(leaked, 'GetFederationToken', { record: credentials(2) }),
      event(session(2), 'GetSigninToken', {
        eventSource: 'signin.amazonaws.com',
        record: credentials(3),
      }),
      event(session(1), 'GetSigninToken', { eventSource: 'signin.amazonaws.com' }),
      event(session(3), 'CreateLoginProfile', { record: { requestParameters: { userName: 'x' } } }),
    ]);
    expect(result).toMatchObject({ outcome: 'traced', events: 5, unreadable: 0, roles: [] });
    const left = result.persistence.map(({ eventName }: { eventName: string }) => eventName);
    expect(left.sort()).toEqual(['CreateLoginProfile', 'GetFederationToken']);
  });

  it('lists the accounts whose roles or root were assumed, and keeps their roles out of the result', async () => {
    const { result, rehearsal } = await traced([
      assume(leaked, session(1), ['Deploy', 'intruder', other]),
      event(leaked, 'AssumeRoot', {
        eventSource: 'sts.amazonaws.com',
        record: {
          requestParameters: { targetPrincipal: '444455556666' },
          responseElements: { credentials: { accessKeyId: session(2) } },
        },
      }),
    ]);
    expect(result).toMatchObject({ roles: [], otherAccounts: ['444455556666', other] });
    const { caseId } = await rehearsal.open('live');
    expect(await rehearsal.kept(caseId, 'trace-0')).toContain(
      `{"account":"${other}","roleName":"Deploy"`,
    );
  });

  it('does not follow what was refused', async () => {
    const refused = event(leaked, 'AssumeRole', { record: { errorCode: 'AccessDenied' } });
    const { result } = await traced([refused]);
    expect(result).toMatchObject({ outcome: 'traced', events: 1, unreadable: 0, roles: [] });
  });

  it('says when it finds nothing', async () => {
    const { result } = await traced([]);
    expect(result).toMatchObject({
      outcome: 'nothing-found',
      events: 0,
      firstUse: null,
      lastUse: null,
    });
  });

  describe('where no key is known', () => {
    it('looks a user up by name, and passes over a role session of that name', async () => {
      const decoy = assume(session(7), session(8), ['Production'], { username: 'alice' });
      Object.assign(decoy.record, {
        userIdentity: {
          type: 'AssumedRole',
          principalId: 'AROAOTHEROTHER0000001:alice',
          sessionContext: { sessionIssuer: { type: 'Role', userName: 'Cicd' } },
        },
      });
      const outsider = event(session(6), 'CreateRole', {
        username: 'alice',
        record: { userIdentity: { type: 'WebIdentityUser', userName: 'alice' } },
      });
      const { result, journal } = await traced(
        [...chain, decoy, outsider],
        {},
        { ...named, userName: 'alice' },
      );

      expect(journal[1]?.input).toMatchObject({
        LookupAttributes: [{ AttributeKey: 'Username', AttributeValue: 'alice' }],
      });
      const names = result.roles.map(({ roleName }: { roleName: string }) => roleName);
      expect(names).not.toContain('Cicd');
      expect(names).toContain('Deploy');
      const left = result.persistence.map(({ eventName }: { eventName: string }) => eventName);
      expect(left).toContain('CreateAccessKey');
      expect(left).not.toContain('CreateRole');
    });

    it('looks a role session up by its name, and passes over those of other roles', async () => {
      const by = (role: string, eventName: string) =>
        event(session(5), eventName, {
          username: 'i-0aaaaaaaaaaaaaaa1',
          record: {
            userIdentity: {
              type: 'AssumedRole',
              sessionContext: { sessionIssuer: { type: 'Role', userName: role } },
            },
          },
        });
      const asked = { ...named, roleName: 'Web', sessionName: 'i-0aaaaaaaaaaaaaaa1' };
      const { result } = await traced(
        [by('Web', 'CreateUser'), by('Other', 'CreateRole')],
        {},
        asked,
      );

      expect(result).toMatchObject({ events: 1, persistence: [{ eventName: 'CreateUser' }] });
    });
  });

  describe('at its limits', () => {
    const line = (length: number) =>
      Array.from({ length }, (_, n) =>
        assume(n === 0 ? leaked : session(n), session(n + 1), [`Role${n + 1}`]),
      );

    it('goes as deep as it may and says that there was more', async () => {
      const settings = { trace: { mostDepth: 2 } };
      const { result } = await traced(line(4), { settings });
      expect(result).toMatchObject({ outcome: 'traced-in-part', limits: ['depth'] });
      expect(result.roles).toHaveLength(3);
    });

    it('is whole when the trail ends where it may go no deeper', async () => {
      const { result } = await traced(line(2), { settings: { trace: { mostDepth: 2 } } });
      expect(result).toMatchObject({ outcome: 'traced', limits: [] });
    });

    it('looks as many keys up as it may', async () => {
      const wide = Array.from({ length: 5 }, (_, n) => assume(leaked, session(n + 1), ['Deploy']));
      const { result } = await traced(wide, { settings: { trace: { mostKeys: 3 } } });
      expect(result).toMatchObject({ limits: ['keys'], pages: 9 });
    });

    it('names more roles than may be revoked unasked', async () => {
      const { result } = await traced(line(3), { settings: { trace: { mostRoles: 2 } } });
      expect(result).toMatchObject({
        outcome: 'traced-in-part',
        limits: ['roles'],
        scope: 'session',
      });
      expect(result.roles).toHaveLength(3);
    });

    it('follows on past the events it keeps one by one', async () => {
      const noise = Array.from({ length: 200 }, (_, n) =>
        event(leaked, 'ListUsers', { minute: 10 + n }),
      );
      const { result, rehearsal } = await traced([...noise, ...chain], {
        settings: { trace: { mostEvents: 100 } },
      });
      expect(result).toMatchObject({ events: 204, limits: ['events'] });
      expect(result.roles).toHaveLength(2);
      const { caseId } = await rehearsal.open('live');
      const lines = await rehearsal.kept(caseId, 'trace-0-events');
      expect(lines?.split('\n')).toHaveLength(100);
    });

    it('stops when its time is up', async () => {
      const many = Array.from({ length: 10_000 }, () => event(leaked, 'ListUsers', {}));
      const { result } = await traced(many, { settings: { trace: { mostSeconds: 60 } } });
      expect(result).toMatchObject({ outcome: 'traced-in-part', limits: ['time'] });
      expect(result.pages).toBe(121 + 2);
    });

    it('keeps its result far below what a workflow can carry, whatever the events say', async () => {
      const long = '\u{1f512}<script>'.repeat(40);
      const flood = Array.from({ length: 300 }, (_, n) => [
        assume(leaked, session(n + 1), [`R${n}`.padEnd(64, 'x'), `s${n}`.padEnd(64, 'y')]),
        assume(leaked, session(1_000 + n), ['Deploy', 's', String(100_000_000_000 + n)]),
        event(leaked, 'CreateUser', {
          record: { requestParameters: { userName: long }, sourceIPAddress: `${n}${long}` },
        }),
      ]).flat();
      const { result } = await traced(flood);
      expect(result.limits).toEqual(
        expect.arrayContaining(['roles', 'roles-listed', 'persistence-listed']),
      );
      expect(result.roles).toHaveLength(50);
      expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(48_000);
      expect(JSON.stringify(result)).not.toMatch(/[<>]|[^ -~]/);
    });
  });

  describe('with records that are hostile or broken', () => {
    it.each([
      ['are no JSON', '{"eventName": "AssumeRole", '],
      ['are no object', '"AssumeRole"'],
      ['are empty', ''],
      ['are nested beyond reason', '['.repeat(100_000)],
    ])('counts records that %s, and goes on', async (_what, record) => {
      const { result } = await traced([event(leaked, 'AssumeRole', { record }), ...chain]);
      expect(result).toMatchObject({
        outcome: 'traced-in-part',
        events: 5,
        unreadable: 1,
        limits: ['unreadable'],
      });
      expect(result.roles).toHaveLength(2);
    });

    it.each([
      ['without what was answered', { responseElements: null }],
      ['without credentials', { responseElements: { credentials: {} } }],
      [
        'with a key that is none',
        { responseElements: { credentials: { accessKeyId: 'ASIA" or 1=1 --' } } },
      ],
      [
        'with a role whose name is a pattern',
        {
          responseElements: {
            credentials: { accessKeyId: session(1) },
            assumedRoleUser: {
              assumedRoleId: 'AROADEPLOYDEPLOY00001:x1',
              arn: `arn:aws:sts::${own}:assumed-role/*/x1`,
            },
          },
        },
      ],
      [
        'that reaches for the prototype',
        { responseElements: JSON.parse('{"__proto__": {"credentials": {}}}') },
      ],
    ])('counts an AssumeRole %s as unreadable', async (_what, record) => {
      const { result } = await traced([event(leaked, 'AssumeRole', { record })]);
      expect(result).toMatchObject({ events: 1, unreadable: 1, roles: [] });
    });

    it('keeps the words of an intruder as plain text', async () => {
      const record = {
        requestParameters: { userName: '<img src=x onerror=alert(1)>\u202e\u001b[2J `id`' },
        sourceIPAddress: '<!channel>',
        userIdentity: { arn: 'arn:aws:sts::1:assumed-role/a/<b>&' },
      };
      const { result, rehearsal } = await traced([event(leaked, 'CreateUser', { record })]);

      expect(result.sources).toEqual(['\\u003c!channel\\u003e']);
      expect(result.persistence[0]).toMatchObject({
        who: 'arn:aws:sts::1:assumed-role/a/\\u003cb\\u003e\\u0026',
        what: 'userName \\u003cimg src=x onerror=alert(1)\\u003e\\u202e\\u001b[2J \\u0060id\\u0060',
      });
      const { caseId } = await rehearsal.open('live');
      const kept = await rehearsal.kept(caseId, 'trace-0');
      expect(kept).not.toMatch(/[<>]|[^ -~]/);
    });

    it('never fails on a record, whatever it holds', async () => {
      const rehearsal = await rehearsalOf({ regions: ['us-east-1'], region: 'us-east-1' });
      const anything = fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .record(
            {
              eventName: fc.oneof(fc.constant('AssumeRole'), fc.jsonValue()),
              eventTime: fc.jsonValue(),
              userIdentity: fc.jsonValue(),
              requestParameters: fc.oneof(
                fc.jsonValue(),
                fc.record({ createVolumePermission: fc.jsonValue(), userName: fc.jsonValue() }),
              ),
              responseElements: fc.oneof(
                fc.jsonValue(),
                fc.record({ credentials: fc.jsonValue(), assumedRoleUser: fc.jsonValue() }),
              ),
              resources: fc.jsonValue(),
            },
            { requiredKeys: [] },
          )
          .map((record) => JSON.stringify(record)),
      );
      await fc.assert(
        fc.asyncProperty(
          anything,
          fc.constantFrom('AssumeRole', 'CreateUser'),
          async (record, name) => {
            Object.assign(rehearsal.account.state.cloudTrail, {
              events: world([event(leaked, name, { record })]).cloudTrail?.events?.map((one) => ({
                resources: [],
                unseen: 0,
                eventId: 'e1',
                region: 'us-east-1',
                eventSource: 'sts.amazonaws.com',
                ...one,
              })),
            });
            const { result, error } = await rehearsal.run(traceCredentials, input);
            expect(error).toBeUndefined();
            expect(result.events).toBe(1);
          },
        ),
        { numRuns: 150 },
      );
    });
  });

  describe('when AWS refuses', () => {
    const refusal = (name: string) =>
      new CloudTrailServiceException({
        name,
        $fault: 'client',
        $metadata: { httpStatusCode: 400 },
      });
    const refusing =
      (error: Error, where: (region: string) => boolean) =>
      (call: string, _input: object, region: string) =>
        call === 'cloudtrail:LookupEvents' && where(region)
          ? { when: 'before' as const, error }
          : undefined;

    it('names a Region that an organisation forbids, and looks into the others', async () => {
      const { result } = await traced(chain, {
        fault: refusing(refusal('AccessDeniedException'), (region) => region === 'eu-central-1'),
      });
      expect(result).toMatchObject({
        outcome: 'traced-in-part',
        limits: ['refused in eu-central-1'],
        events: 4,
      });
    });

    it.each(['AccessDeniedException', 'InternalFailure'])(
      'lets %s out when it is the same everywhere',
      async (name) => {
        const rehearsal = await rehearsalOf(world(chain), {
          fault: refusing(refusal(name), () => true),
        });
        const { error } = await rehearsal.run(traceCredentials, input);
        expect(error).toMatchObject({ name });
      },
    );

    it('waits where someone else uses the rate up, and goes on', async () => {
      let left = 6;
      const throttled = new ThrottlingException({ message: 'Rate exceeded', $metadata: {} });
      const { result } = await traced(chain, {
        fault: refusing(throttled, (region) => region === 'us-east-1' && left-- > 0),
      });
      expect(result).toMatchObject({ outcome: 'traced', events: 4 });
      expect(result.seconds).toBeGreaterThanOrEqual(5);
    });

    it('gives up on a Region whose rate stays used up, and says so', async () => {
      const throttled = new ThrottlingException({ message: 'Rate exceeded', $metadata: {} });
      const { result } = await traced(chain, {
        fault: refusing(throttled, (region) => region === 'eu-central-1'),
      });
      expect(result).toMatchObject({ outcome: 'traced-in-part', limits: ['time'], events: 4 });
    });
  });

  it('reports an enabled Region that it does not know', async () => {
    const rehearsal = await rehearsalOf({
      ...world(chain),
      regions: ['eu-west-1', 'us-east-1', 'xx-new-9'],
    });
    const { result } = await rehearsal.run(traceCredentials, input);
    expect(result).toMatchObject({
      outcome: 'traced-in-part',
      limits: ['unknown region xx-new-9'],
      events: 4,
    });
  });

  it('comes to the same in a dry run and with no mode at all', async () => {
    const live = await traced(chain);
    for (const mode of ['dry-run', undefined] as const) {
      const rehearsal = await rehearsalOf(world(chain), { dryRun: 'stand-ins' });
      const { result, journal } = await rehearsal.run(traceCredentials, input, mode);
      expect(result).toEqual(live.result);
      expect(journal).toEqual(live.journal);
    }
  });

  it('finds on a later look what CloudTrail told late, and keeps both looks', async () => {
    const late = chain.map((one, n) => (n === 2 ? { ...one, unseen: 1 } : one));
    const rehearsal = await rehearsalOf(world(late));
    const first = await rehearsal.run(traceCredentials, input);
    const second = await rehearsal.run(traceCredentials, { ...input, look: 1 });

    expect(first.result).toMatchObject({ events: 3, persistence: [] });
    expect(second.result).toMatchObject({ events: 4, evidence: 'trace-1' });
    const { caseId } = await rehearsal.open('live');
    for (const name of ['trace-0', 'trace-1']) {
      expect(await rehearsal.kept(caseId, name)).toBeDefined();
    }
  });

  it('run twice comes to the same, and changes nothing in the account', async () => {
    const rehearsal = await rehearsalOf(world(chain));
    const before = structuredClone(rehearsal.account.state);
    const first = await rehearsal.run(traceCredentials, input);
    const items = rehearsal.table.items();
    const second = await rehearsal.run(traceCredentials, input);

    expect(second.result).toEqual(first.result);
    expect(rehearsal.table.items()).toEqual(items);
    expect(rehearsal.account.state).toEqual(before);
  });

  it.each([
    ['a unique id in place of a key', { ...input, accessKeyIds: ['AIDAIOSFODNN7EXAMPLE'] }],
    ['a key of 15 characters', { ...input, accessKeyIds: ['AKIAIOSFODNN7EX'] }],
    ['a user name that is an ARN', { ...named, userName: `arn:aws:iam::${own}:user/alice` }],
    ['a role name with a wildcard', { ...named, roleName: 'Admin*' }],
    ['nobody to trace', named],
    ['a look too many', { ...input, look: 3 }],
    ['a field it does not know', { ...input, regions: ['us-east-1'] }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const rehearsal = await rehearsalOf(world(chain));
    const { error, journal } = await rehearsal.run(traceCredentials, bad);
    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});
