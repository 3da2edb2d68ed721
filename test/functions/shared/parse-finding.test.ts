import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instanceArn } from '../../../functions/shared/finding.ts';
import { parseFindings, parseRequest } from '../../../functions/shared/parse-finding.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';
import { knownFindingTypes, likelyResourceType } from '../../../replay/known-finding-types.ts';

const surroundings = {
  account: '444455556666',
  region: 'eu-central-1',
  execution: 'arn:aws:states:eu-central-1:444455556666:execution:compromised-instance:one',
  now: new Date('2026-03-01T04:05:06Z'),
};
const request = (json: unknown) => parseRequest(json, surroundings);
const parsed = (json: unknown) => request(json).finding;

/** What is thrown, to be compared whole. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof UnusableInputError) return error.message;
    throw error;
  }
  return 'not refused';
}

const instanceDetails = {
  instanceId: 'i-0abc1230abc123456',
  platform: null,
  iamInstanceProfile: null,
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
      vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      privateIpAddress: '10.0.1.5',
      privateIpAddresses: [{ privateIpAddress: '10.0.1.5' }, { privateIpAddress: '10.0.1.6' }],
      ipv6Addresses: ['2001:db8::5'],
      publicIp: '203.0.113.20',
      securityGroups: [{ groupId: 'sg-0aaaaaaaaaaaaaaa1', groupName: 'web' }],
    },
    { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2', privateIpAddress: '10.0.2.5' },
  ],
};

const remoteIpDetails = { ipAddressV4: '198.51.100.77', organization: { asn: '64500' } };
const networkConnectionAction = {
  connectionDirection: 'OUTBOUND',
  remoteIpDetails,
  localIpDetails: { ipAddressV4: '10.0.1.5' },
  remotePortDetails: { port: '443' },
};

const service = {
  serviceName: 'guardduty',
  resourceRole: 'ACTOR',
  archived: false,
  count: '7',
  action: { actionType: 'NETWORK_CONNECTION', networkConnectionAction },
  additionalInfo: { threatListName: 'a list', value: '{"threatListName":"a list"}' },
};

const detail = {
  schemaVersion: '2.0',
  accountId: '111122223333',
  region: 'eu-west-1',
  id: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  type: 'Backdoor:EC2/C&CActivity.B',
  severity: 8,
  title: 'The instance talks to a command and control server.',
  createdAt: '2026-02-28T10:00:00.000Z',
  updatedAt: '2026-02-28T11:00:00.000Z',
  resource: { resourceType: 'Instance', instanceDetails },
  service,
};

const event = (of: object = detail) => ({
  version: '0',
  id: '6f8e2b1a-0000-4000-8000-000000000000',
  'detail-type': 'GuardDuty Finding',
  source: 'aws.guardduty',
  account: '999988887777',
  time: '2026-02-28T11:00:05Z',
  region: 'eu-west-1',
  resources: [],
  detail: of,
});

/** The detail with one member, named by its path, set to something else or left out. */
function differing(path: string, value: unknown, of: object = detail): object {
  const copy = structuredClone(of);
  const members = path.split('.');
  const last = members.pop() ?? '';
  // biome-ignore lint/suspicious/noExplicitAny: a test walks to any member
  const parent = members.reduce((so: any, member) => so[member], copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

const finding = {
  id: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  type: 'Backdoor:EC2/C&CActivity.B',
  severity: 8,
  account: '111122223333',
  region: 'eu-west-1',
  source: 'guardduty',
  title: 'The instance talks to a command and control server.',
  resourceType: 'Instance',
  resourceRole: 'ACTOR',
  sample: false,
  archived: false,
  updatedAt: '2026-02-28T11:00:00.000Z',
  count: 7,
  instance: {
    instanceId: 'i-0abc1230abc123456',
    networkInterfaces: [
      {
        networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
        vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
        subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
        privateIpAddresses: ['10.0.1.5', '10.0.1.6'],
        ipv6Addresses: ['2001:db8::5'],
        publicIp: '203.0.113.20',
      },
      {
        networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2',
        privateIpAddresses: ['10.0.2.5'],
        ipv6Addresses: [],
      },
    ],
  },
  remote: { direction: 'OUTBOUND', addresses: ['198.51.100.77'] },
};

/** Spelled as the SDK does: members with a capital, map keys as they are. */
function pascal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pascal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`,
      pascal(inner),
    ]),
  );
}

describe('the forms a finding comes in', () => {
  test('reads an EventBridge event, with the account of the finding and not of the receiver', () => {
    expect(parsed(event())).toStrictEqual(finding);
  });

  test('reads a bare finding and gives it the envelope GuardDuty puts around it', () => {
    const [one] = parseFindings(detail);
    expect(one).toEqual({
      finding,
      path: '$',
      request: { event: one?.event },
      event: {
        version: '0',
        id: finding.id,
        'detail-type': 'GuardDuty Finding',
        source: 'aws.guardduty',
        account: '111122223333',
        time: '2026-02-28T11:00:00.000Z',
        region: 'eu-west-1',
        resources: [],
        detail,
      },
    });
  });

  test("reads the SDK's spelling, alone and as get-findings prints it", () => {
    const [alone] = parseFindings(pascal(detail));
    expect(alone?.finding).toEqual(finding);
    expect(alone?.event).toMatchObject({ detail });
    const listed = parseFindings({ Findings: [pascal(detail), pascal({ ...detail, id: 'two' })] });
    expect(listed.map(({ path, finding: { id } }) => [path, id])).toEqual([
      ['$.Findings[0]', finding.id],
      ['$.Findings[1]', 'two'],
    ]);
  });

  test('leaves keys that are data as they are when it respells members', () => {
    const affectedResources = { 'AWS::S3::Bucket': 'books' };
    const action = { awsApiCallAction: { affectedResources } };
    const [one] = parseFindings(
      differing(
        'Service.Action',
        { AwsApiCallAction: { AffectedResources: affectedResources } },
        Object(pascal(detail)),
      ),
    );
    expect(one?.event).toMatchObject({ detail: { service: { action } } });
  });

  test('reads a list of any of these, each with its place', () => {
    const found = parseFindings(
      [event(), pascal(detail), { instanceId: 'i-0abc1230' }],
      surroundings,
    );
    expect(found.map(({ path, finding: { source } }) => [path, source])).toEqual([
      ['$[0].detail', 'guardduty'],
      ['$[1]', 'guardduty'],
      ['$[2]', 'manual'],
    ]);
  });

  test('starts the workflow with an input that says the same again', () => {
    const documents = [event(), detail, pascal(detail), { event: event(), mode: 'live' }];
    for (const document of documents) {
      for (const one of parseFindings(document)) {
        expect(parsed(one.request)).toEqual(one.finding);
        expect(parseFindings(one.event)[0]?.finding).toEqual(one.finding);
      }
    }
  });

  test('keeps the event and the words of an input as they were written', () => {
    const input = { event: event(), priority: 'containment-first', mode: 'live' };
    expect(parseFindings(input)).toMatchObject([
      { event: input.event, request: input, path: '$.event.detail' },
    ]);
  });
});

describe('what a workflow is asked', () => {
  test('is a dry run with the evidence first unless it says otherwise', () => {
    expect(request(event())).toMatchObject({
      mode: 'dry-run',
      priority: 'evidence-first',
      memory: 'capture',
    });
    expect(request(event()).reason).toBeUndefined();
  });

  test('takes mode, priority, memory and reason from beside the event', () => {
    const words = { mode: 'live', priority: 'containment-first', memory: 'skip', reason: 'drill' };
    const unsaid = { approval: 'none' };
    expect(request({ ...words, event: event() })).toEqual({ ...words, ...unsaid, finding });
  });

  test.each([
    ['mode', 'LIVE ', '$.mode: expected "dry-run" or "live"'],
    ['mode', '', '$.mode: expected "dry-run" or "live"'],
    ['mode', null, '$.mode: expected "dry-run" or "live"'],
    ['mode', true, '$.mode: expected "dry-run" or "live"'],
    ['priority', 'fast', '$.priority: expected "evidence-first" or "containment-first"'],
    ['memory', 'no', '$.memory: expected "capture" or "skip"'],
    ['approved', 'yes', '$: expected no member "approved"'],
  ])('refuses %s %j', (word, value, message) => {
    expect(refusal(() => request({ [word]: value, event: event() }))).toBe(message);
    expect(refusal(() => request({ [word]: value, instanceId: 'i-0abc1230' }))).toBe(message);
  });

  test('refuses a mode inside the event, where nothing would hear it', () => {
    expect(refusal(() => request({ ...event(), mode: 'live' }))).toBe(
      '$.mode: expected it beside the finding: {"mode": …, "event": {…}}',
    );
  });

  test('refuses several findings, since a case is about one', () => {
    expect(refusal(() => request({ Findings: [pascal(detail), pascal(detail)] }))).toBe(
      '$: expected one finding, found 2; start one execution for each',
    );
  });
});

describe('a start by hand', () => {
  test('takes an instance alone, in the account and Region Cordon runs in', () => {
    expect(request({ instanceId: 'i-0abc1230' })).toEqual({
      mode: 'dry-run',
      priority: 'evidence-first',
      memory: 'capture',
      approval: 'none',
      finding: {
        id: expect.stringMatching(/^manual-[0-9a-f]{32}$/),
        type: 'Manual:EC2/CompromisedInstance',
        severity: 8,
        account: '444455556666',
        region: 'eu-central-1',
        source: 'manual',
        resourceType: 'Instance',
        sample: false,
        archived: false,
        updatedAt: '2026-03-01T04:05:06.000Z',
        count: 1,
        instance: { instanceId: 'i-0abc1230', networkInterfaces: [] },
        remote: { addresses: [] },
      },
    });
  });

  test('has one id for one execution and another for the next', () => {
    const input = { instanceId: 'i-0abc1230' };
    expect(parsed(input).id).toBe(parsed(input).id);
    expect(parseRequest(input, { ...surroundings, execution: 'two' }).finding.id).not.toBe(
      parsed(input).id,
    );
  });

  test('takes account, Region and words', () => {
    const where = { account: '111122223333', region: 'us-gov-west-1' };
    const words = { mode: 'live', priority: 'containment-first', memory: 'skip', reason: 'a call' };
    const { finding: found, ...said } = request({ instanceId: 'i-0abc1230', ...where, ...words });
    expect(said).toEqual({ ...words, approval: 'none' });
    expect(found).toMatchObject({ ...where, title: 'a call' });
    expect(found.instance && instanceArn(found, found.instance.instanceId)).toBe(
      'arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/i-0abc1230',
    );
  });

  test('is refused in a replay that knows no account of its own and is told none', () => {
    expect(refusal(() => parseFindings({ instanceId: 'i-0abc1230' }))).toBe(
      '$.account: expected a string, found nothing; $.region: expected a string, found nothing',
    );
  });

  const id = '$.instanceId: expected i- and 8 or 17 hex digits';
  test.each([
    ['i-0abc1230; rm -rf /', id],
    ['i-0abc1230\n', id],
    ['i-0abc1230\r\n--debug', id],
    ['$(id)', id],
    ['i-0ABC1230', id],
    ['', id],
    [null, '$.instanceId: expected a string, found null'],
    [['i-0abc1230'], '$.instanceId: expected a string, found a list'],
  ])('refuses the instance %j', (instanceId, message) => {
    expect(refusal(() => request({ instanceId }))).toBe(message);
  });

  test.each([
    [{ region: 'global' }, '$.region: expected a Region, such as eu-west-1'],
    [{ account: '1234' }, '$.account: expected the 12 digits of an AWS account'],
    [{ account: 111122223333 }, '$.account: expected a string, found the number 111122223333'],
    [{ reason: ' ' }, '$.reason: expected at least 1 character'],
    [{ instanceID: 'i-0abc1230' }, '$: expected no member "instanceID"'],
  ])('refuses %j beside it', (more, message) => {
    expect(refusal(() => request({ instanceId: 'i-0abc1230', ...more }))).toBe(message);
  });
});

describe('a start by hand on credentials', () => {
  const key = 'AKIAIOSFODNN7EXAMPLE';
  test.each([
    [{ accessKeyId: key }, 'Key', { accessKeyId: key, userType: 'IAMUser' }],
    [
      { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', userName: 'ada' },
      'Key',
      { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', userName: 'ada', userType: 'IAMUser' },
    ],
    [{ userName: 'ada@x.org' }, 'Key', { userName: 'ada@x.org', userType: 'IAMUser' }],
    [{ roleName: 'deploy' }, 'Role', { userName: 'deploy', userType: 'AssumedRole' }],
    [
      { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', roleName: 'deploy', sessionName: 'ci-7' },
      'Role',
      {
        accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
        userName: 'deploy',
        sessionName: 'ci-7',
        userType: 'AssumedRole',
      },
    ],
    [
      { roleName: 'deploy', sessionName: 'ci-7' },
      'Role',
      { userName: 'deploy', sessionName: 'ci-7', userType: 'AssumedRole' },
    ],
  ])('takes %j', (named, kind, accessKey) => {
    const { finding: found, ...words } = request({ ...named, mode: 'live', reason: 'a call' });
    expect(words).toMatchObject({ mode: 'live', reason: 'a call' });
    expect(found).toMatchObject({
      type: `Manual:IAMUser/Compromised${kind}`,
      resourceType: 'AccessKey',
      account: '444455556666',
      source: 'manual',
      sample: false,
      title: 'a call',
    });
    expect(found.accessKey).toEqual(accessKey);
  });

  const keyId = '$.accessKeyId: expected AKIA or ASIA and 16 capitals or digits';
  const user = '$.userName: expected the name of an IAM user, without its path';
  const role = '$.roleName: expected the name of an IAM role, without its path';
  test.each([
    [{ accessKeyId: 'AIDAIOSFODNN7EXAMPLE' }, keyId],
    [{ accessKeyId: 'AROAIOSFODNN7EXAMPLE' }, keyId],
    [{ accessKeyId: 'AKIAIOSFODNN7EXAMPL' }, keyId],
    [{ accessKeyId: 'akiaiosfodnn7example' }, keyId],
    [{ accessKeyId: `${key}\n` }, keyId],
    [
      { accessKeyId: 'ASIAIOSFODNN7EXAMPLE' },
      "$.accessKeyId: expected a long-lived key, AKIA…; with a session's key, ASIA…, name its userName too",
    ],
    [{ userName: 'arn:aws:iam::111122223333:user/ada' }, user],
    [{ userName: '/teams/ada' }, user],
    [{ userName: '*' }, user],
    [{ userName: 'ada","Effect":"Allow' }, user],
    [{ userName: `\${aws:username}` }, user],
    [{ roleName: 'deploy*' }, role],
    [{ roleName: 'deplo?' }, role],
    [
      { roleName: 'deploy', sessionName: '*' },
      '$.sessionName: expected the name of a role session',
    ],
    [{ roleName: 'deploy', userName: 'ada' }, '$: expected no member "userName"'],
    [
      { accessKeyId: key, roleName: 'deploy' },
      "$.accessKeyId: expected a role session's key, ASIA…",
    ],
    [{ roleName: 'deploy', parent: 'a case' }, '$.parent: expected a case id'],
  ])('refuses %j', (named, message) => {
    expect(refusal(() => request(named))).toBe(message);
  });
});

describe('whose credentials a finding is about', () => {
  const about = (accessKeyDetails: object) => ({
    ...detail,
    type: 'UnauthorizedAccess:IAMUser/TorIPCaller',
    resource: { resourceType: 'AccessKey', accessKeyDetails, instanceDetails },
  });
  const keyId = 'expected AKIA or ASIA and 16 capitals or digits';
  test.each([
    [{ accessKeyId: 'AIDAIOSFODNN7EXAMPLE', userType: 'IAMUser' }, `accessKeyId: ${keyId}`],
    [
      { accessKeyId: 'AKIAIOSFODNN7', userType: 'IAMUser', userName: 'ada' },
      `accessKeyId: ${keyId}`,
    ],
    [
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userType: 'AssumedRole', userName: 'deploy' },
      'accessKeyId: expected a role session\'s key, ASIA…, found "AKIAIOSFODNN7EXAMPLE"',
    ],
    [
      { userType: 'AssumedRole', userName: 'deploy', principalId: 'AROAEXAMPLE:ci*' },
      'principalId: expected the name of a role session',
    ],
    [
      { userType: 'AssumedRole', userName: 'arn:aws:iam::111122223333:role/deploy' },
      'userName: expected the name of an IAM role, without its path',
    ],
  ])('refuses %j, spelled as it was written', (said, message) => {
    expect(refusal(() => request(event(about(said))))).toBe(
      `$.detail.resource.accessKeyDetails.${message}`,
    );
    const spelled = message.slice(0, 1).toUpperCase() + message.slice(1);
    expect(refusal(() => request(pascal(about(said))))).toBe(
      `$.Resource.AccessKeyDetails.${spelled}`,
    );
  });

  test.each([
    { userType: 'Root', accessKeyId: '', userName: 'root', principalId: '111122223333' },
    { userType: 'AWSService', userName: 'lambda.amazonaws.com' },
    { userType: 'WebIdentityUser', userName: 'accounts.google.com:1234' },
    {
      userType: 'GeneratedFindingUserType',
      accessKeyId: 'GeneratedFindingAccessKeyId',
      userName: 'x',
    },
  ])('reads %j, whom no playbook touches, whatever their names hold', (said) => {
    expect(parsed(event(about(said)))).toMatchObject({ accessKey: { userType: said.userType } });
  });

  test('reads credentials that a finding merely mentions, whatever they look like', () => {
    const said = differing('resource.accessKeyDetails', { accessKeyId: '?', userType: 'IAMUser' });
    expect(parsed(event(said)).accessKey).toEqual({ accessKeyId: '?', userType: 'IAMUser' });
  });
});

describe('what a finding need not have', () => {
  test.each([
    ['title', undefined],
    ['title', null],
    ['title', 12],
    ['service', undefined],
    ['service', null],
    ['service.action', {}],
    ['service.action', null],
    ['service.action', 'none'],
    ['service.resourceRole', undefined],
    ['service.resourceRole', 'BYSTANDER'],
    ['service.additionalInfo', undefined],
    ['service.additionalInfo', { value: 'no JSON at all {' }],
    ['service.count', undefined],
    ['service.count', 'many'],
    ['service.evidence', null],
    ['updatedAt', undefined],
    ['updatedAt', 'yesterday'],
    ['resource.instanceDetails.networkInterfaces', undefined],
    ['resource.instanceDetails.networkInterfaces', null],
    ['resource.instanceDetails.networkInterfaces', [null, {}, { vpcId: 'GeneratedFindingVPCId' }]],
    ['resource.accessKeyDetails', null],
    ['resource.accessKeyDetails', {}],
    ['somethingNew', { deep: [1, 2, 3] }],
  ])('reads on without %s (%j)', (path, value) => {
    expect(parsed(event(differing(path, value)))).toMatchObject({
      id: finding.id,
      severity: 8,
      instance: { instanceId: 'i-0abc1230abc123456' },
    });
  });

  test('leaves out what it cannot read of an interface and keeps the rest', () => {
    const networkInterfaces = [
      { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', vpcId: 'GeneratedFindingVPCId', publicIp: '' },
      'none',
    ];
    const at = 'resource.instanceDetails.networkInterfaces';
    expect(parsed(differing(at, networkInterfaces)).instance?.networkInterfaces).toEqual([
      { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1', privateIpAddresses: [], ipv6Addresses: [] },
    ]);
  });

  test.each([
    [1_772_276_400, '2026-02-28T11:00:00.000Z'],
    [1_772_276_400_000, '2026-02-28T11:00:00.000Z'],
    ['2026-02-28 11:00:00.123456', '2026-02-28T11:00:00.123Z'],
    ['2026-02-28T12:00:00+01:00', '2026-02-28T11:00:00.000Z'],
  ])('reads the time %j', (updatedAt, iso) => {
    expect(parsed(differing('updatedAt', updatedAt)).updatedAt).toBe(iso);
  });

  test('falls back on the last sighting, the creation, and the time it is read', () => {
    const untimed = differing('updatedAt', undefined);
    const seen = differing('service.eventLastSeen', '2026-02-28T10:30:00Z', untimed);
    expect(parsed(seen).updatedAt).toBe('2026-02-28T10:30:00.000Z');
    expect(parsed(untimed).updatedAt).toBe('2026-02-28T10:00:00.000Z');
    const timeless = differing('createdAt', undefined, untimed);
    expect(parsed(timeless).updatedAt).toBe('2026-03-01T04:05:06.000Z');
  });

  test('names the remote addresses of every action, once each, and the domain', () => {
    const action = {
      actionType: 'PORT_PROBE',
      portProbeAction: {
        portProbeDetails: [
          { remoteIpDetails: { ipAddressV4: '198.51.100.1' } },
          { remoteIpDetails: { ipAddressV4: '198.51.100.1', ipAddressV6: '2001:db8::1' } },
          { remoteIpDetails: { ipAddressV4: 'unknown' } },
        ],
      },
      dnsRequestAction: { domain: 'c2.example.com' },
    };
    expect(parsed(differing('service.action', action))).toMatchObject({
      domain: 'c2.example.com',
      remote: { addresses: ['198.51.100.1', '2001:db8::1'] },
    });
  });

  test('cuts a title of any length to what a case holds', () => {
    expect(parsed(differing('title', 'x'.repeat(5000))).title).toHaveLength(1000);
  });
});

describe('what a finding must have', () => {
  const resourceTypes =
    'Instance, AccessKey, S3Bucket, S3Object, EKSCluster, ECSCluster, Container, RDSDBInstance, ' +
    'RDSLimitlessDB, Lambda, AttackSequence, EBSSnapshot, EC2Image, EBSRecoveryPoint, ' +
    'EC2RecoveryPoint, S3RecoveryPoint';
  const id = 'resource.instanceDetails.instanceId: expected i- and 8 or 17 hex digits';
  test.each([
    ['accountId', undefined, 'accountId: expected a string, found nothing'],
    ['accountId', '1234567891234', 'accountId: expected the 12 digits of an AWS account'],
    ['region', undefined, 'region: expected a string, found nothing'],
    ['region', 'global', 'region: expected a Region, such as eu-west-1'],
    ['region', 'eu-west-1.evil.example', 'region: expected a Region, such as eu-west-1'],
    ['id', undefined, 'id: expected a string, found nothing'],
    ['id', '', 'id: expected at least 1 character'],
    ['type', undefined, 'type: expected a string, found nothing'],
    ['type', 'x'.repeat(200), 'type: expected at most 120 characters, found 200'],
    ['severity', undefined, 'severity: expected a number from 0 to 10, found nothing'],
    ['severity', '8', 'severity: expected a number from 0 to 10, found "8"'],
    ['severity', 'high', 'severity: expected a number from 0 to 10, found "high"'],
    ['severity', 11, 'severity: expected a number from 0 to 10, found the number 11'],
    ['severity', -1, 'severity: expected a number from 0 to 10, found the number -1'],
    ['resource', undefined, 'resource: expected an object, found nothing'],
    ['resource.resourceType', 'Toaster', `resource.resourceType: expected one of ${resourceTypes}`],
    ['resource.resourceType', undefined, `resource.resourceType: expected one of ${resourceTypes}`],
    [
      'resource.instanceDetails',
      undefined,
      'resource.instanceDetails: expected an object, found nothing',
    ],
    ['resource.instanceDetails.instanceId', 'i-0abc1230`id`', id],
    ['resource.instanceDetails.instanceId', 'i-0abc1230\n', id],
    ['service.archived', 'perhaps', 'service.archived: expected true or false'],
    ['service', 'none', 'service: expected an object, found "none"'],
  ])('refuses %s %j', (path, value, message) => {
    const bad = differing(path, value);
    expect(refusal(() => request(event(bad)))).toBe(`$.detail.${message}`);
    expect(refusal(() => request({ event: event(bad) }))).toBe(`$.event.detail.${message}`);
    expect(refusal(() => parseFindings([event(), event(bad)]))).toBe(`$[1].detail.${message}`);
  });

  test("names the path in the SDK's spelling where the finding is in it", () => {
    const bad = pascal(differing('resource.instanceDetails.instanceId', 'i-1'));
    expect(refusal(() => parseFindings({ Findings: [pascal(detail), bad] }))).toBe(
      '$.Findings[1].Resource.InstanceDetails.InstanceId: expected i- and 8 or 17 hex digits',
    );
  });

  test('names everything that is wrong at once', () => {
    const bad = differing('accountId', undefined, differing('severity', 11));
    expect(refusal(() => parseFindings(bad))).toBe(
      '$.severity: expected a number from 0 to 10, found the number 11; ' +
        '$.accountId: expected a string, found nothing',
    );
  });

  test.each([undefined, {}, { userType: 'IAMUser' }, 'AKIA'])(
    'refuses a finding about a principal that is %j',
    (accessKeyDetails) => {
      const resource = { resourceType: 'AccessKey', accessKeyDetails };
      expect(refusal(() => parseFindings({ ...detail, resource }))).toMatch(
        /^\$\.resource\.accessKeyDetails: expected accessKeyId, principalId or userName, found /,
      );
    },
  );

  test('reads who a finding about a principal names, and the instance it mentions', () => {
    const accessKeyDetails = {
      accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
      principalId: 'AROAEXAMPLE:i-0abc1230abc123456',
      userType: 'AssumedRole',
      userName: 'web',
    };
    const resource = { resourceType: 'AccessKey', accessKeyDetails, instanceDetails };
    expect(parsed({ ...detail, resource })).toMatchObject({
      resourceType: 'AccessKey',
      accessKey: accessKeyDetails,
      instance: { instanceId: 'i-0abc1230abc123456' },
    });
  });
});

describe('samples and archived findings', () => {
  test.each([
    ['service.additionalInfo', { sample: true, type: 'default', value: '{}' }],
    ['service.additionalInfo', { value: '{"threatName":"x","sample":true}' }],
    ['resource.instanceDetails.instanceId', 'i-99999999'],
    ['resource.instanceDetails.networkInterfaces', [{ networkInterfaceId: 'eni-bfcffe88' }]],
    ['resource.accessKeyDetails', { accessKeyId: 'GeneratedFindingAccessKeyId' }],
  ])('knows a sample by %s', (path, value) => {
    const sample = differing(path, value);
    expect(parsed(event(sample)).sample).toBe(true);
    expect(parseFindings(pascal(sample))[0]?.finding.sample).toBe(true);
  });

  test.each([
    ['service.additionalInfo', { sample: false, value: '{"sample":false}' }],
    ['service.additionalInfo', { value: '{"unusual":{"sample":true}}' }],
    ['service.additionalInfo', { value: '{"userAgent":"\\"sample\\":true"}' }],
    ['resource.accessKeyDetails', { userName: 'GeneratedFindingUserName' }],
    ['title', '[SAMPLE] not for real'],
  ])('lets nobody pass as a sample by %s', (path, value) => {
    expect(parsed(event(differing(path, value))).sample).toBe(false);
  });

  test.each([
    [true, true],
    ['true', true],
    [false, false],
    [null, false],
  ])('takes archived %j as %s', (archived, is) => {
    expect(parsed(event(differing('service.archived', archived))).archived).toBe(is);
  });
});

describe('documents that are no finding', () => {
  const known =
    'expected a GuardDuty or Security Hub finding, an EventBridge event with one, ' +
    'or a start by hand with instanceId, accessKeyId, userName or roleName';
  test.each([
    ['an empty object', {}, `$: ${known}, found an object`],
    ['some other object', { hello: 'world' }, `$: ${known}, found an object`],
    ['null', null, `$: ${known}, found null`],
    ['a string', 'a finding', `$: ${known}, found "a finding"`],
    ['a number', 42, `$: ${known}, found the number 42`],
    ['an empty list', [], '$: expected at least one finding, found an empty list'],
    ['a list in a list', [[]], `$[0]: ${known}, found a list`],
    [
      'no findings',
      { Findings: [] },
      '$.Findings: expected at least one finding, found an empty list',
    ],
    ['findings that are none', { Findings: ['x'] }, `$.Findings[0]: ${known}, found "x"`],
    ['a number for an event', { event: 7 }, `$.event: ${known}, found the number 7`],
    [
      'a manual input for an event',
      { event: { instanceId: 'i-0abc1230' } },
      `$.event: ${known}, found an object`,
    ],
    [
      'an event of another service',
      { ...event(), source: 'aws.config' },
      '$.source: expected "aws.guardduty" or "aws.securityhub", found "aws.config"',
    ],
    [
      'another event of GuardDuty',
      { ...event(), 'detail-type': 'GuardDuty Malware Protection Object Scan Result' },
      `$['detail-type']: expected "GuardDuty Finding", found ` +
        '"GuardDuty Malware Protection Object Scan Result"',
    ],
    [
      'an envelope without its source',
      { detail },
      "$.source: expected a string, found nothing; $['detail-type']: expected a string, found nothing",
    ],
    [
      'an event without its detail',
      { ...event(), detail: 'gone' },
      `$.detail: ${known}, found "gone"`,
    ],
  ])('refuses %s', (_, document, message) => {
    expect(refusal(() => parseFindings(document))).toBe(message);
  });

  test("says what the SDK's spelling inside an envelope is, and how to replay it", () => {
    expect(refusal(() => parseFindings(event(Object(pascal(detail)))))).toBe(
      "$.detail: expected EventBridge's camelCase (accountId, resource, type), found the SDK's " +
        'PascalCase (AccountId, Resource, Type), which no event bus carries: such an event ' +
        'matches no rule. To replay the finding, hand over what is in detail alone',
    );
  });

  test.each(['__proto__', 'constructor'])('refuses a member named %s, however deep', (member) => {
    const evil = JSON.parse(`{"a":[{"${member}":{"polluted":true}}]}`);
    for (const document of [event(differing('resource.x', evil)), differing('x', evil)]) {
      expect(refusal(() => request(document))).toMatch(
        new RegExp(`\\.a\\[0\\]\\.${member}: expected no member of this name$`),
      );
    }
    expect(Object(Object.prototype).polluted).toBeUndefined();
  });

  test('refuses JSON nested deeper than any finding', () => {
    const deep = Array.from({ length: 20_000 }).reduce<object>((inner) => ({ inner }), {});
    expect(refusal(() => request({ ...detail, deep }))).toBe(
      '$: expected at most 64 levels of JSON',
    );
  });

  test('never fails with anything but UnusableInputError, whatever JSON it is given', () => {
    const members = fc.constantFrom(
      'detail',
      'source',
      'detail-type',
      'event',
      'Findings',
      'instanceId',
      'mode',
      'resource',
      'Resource',
      'AccountId',
      'accountId',
      'ProductArn',
      'Resources',
      'findings',
      '__proto__',
    );
    const anything = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom('aws.guardduty', 'aws.securityhub', 'GuardDuty Finding', 'Instance'),
        fc.jsonValue({ maxDepth: 2 }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(members, fc.string()), tie('value'), { maxKeys: 6 }),
      ),
    })).value;
    fc.assert(
      fc.property(anything, (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        expect(typeof refusal(() => parseFindings(json, surroundings))).toBe('string');
        expect(typeof refusal(() => request(json))).toBe('string');
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
      }),
      { numRuns: 500 },
    );
  });

  test('reads or refuses a finding with any one member replaced by any JSON', () => {
    const paths = [
      'id',
      'type',
      'severity',
      'accountId',
      'region',
      'title',
      'createdAt',
      'updatedAt',
      'resource',
      'resource.resourceType',
      'resource.instanceDetails',
      'resource.instanceDetails.instanceId',
      'resource.instanceDetails.networkInterfaces',
      'service',
      'service.archived',
      'service.count',
      'service.action',
      'service.action.networkConnectionAction',
      'service.additionalInfo',
      'service.additionalInfo.value',
      'service.additionalInfo.sample',
      'service.resourceRole',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const json: unknown = JSON.parse(JSON.stringify(event(differing(path, value))));
        refusal(() => request(json));
      }),
      { numRuns: 500 },
    );
  });
});

describe('types', () => {
  test('knows of 229', () => {
    expect(new Set(knownFindingTypes).size).toBe(229);
  });

  test('reads every known type, in both spellings, and one nobody has heard of', () => {
    for (const type of [...knownFindingTypes, 'Mischief:Mainframe/TapeRewound!Twice.Custom']) {
      const resourceType = likelyResourceType(type);
      const accessKeyDetails = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userType: 'IAMUser' };
      const resource = { resourceType, instanceDetails, accessKeyDetails };
      const said = { ...detail, type, resource };
      expect(parsed(event(said))).toMatchObject({ type, resourceType });
      expect(parseFindings(pascal(said))[0]?.finding).toMatchObject({ type, resourceType });
    }
  });
});
