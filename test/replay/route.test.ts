import { describe, expect, test } from 'vitest';
import { parseFindings } from '../../functions/shared/parse-finding.ts';
import { knownFindingTypes, likelyResourceType } from '../../replay/known-finding-types.ts';
import { route } from '../../replay/route.ts';

const detail = {
  accountId: '111122223333',
  region: 'eu-west-1',
  id: 'c0ffee00',
  type: 'Backdoor:EC2/C&CActivity.B',
  severity: 8,
  updatedAt: '2026-02-28T11:00:00.000Z',
  resource: {
    resourceType: 'Instance',
    instanceDetails: { instanceId: 'i-0abc1230abc123456' },
    accessKeyDetails: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userType: 'IAMUser' },
  },
  service: { resourceRole: 'TARGET', archived: false },
};

/** Where the finding goes that a document holds. */
const routed = (document: object) =>
  route(parseFindings(document, { account: '111122223333', region: 'eu-west-1' })[0]?.event ?? {});

test('names playbook, trigger and how to go about it, with the reason', () => {
  expect(routed(detail)).toEqual({
    playbook: 'compromised-instance',
    trigger: 'instance-compromised',
    priority: 'evidence-first',
    approval: 'none',
    reason: 'A high finding shows that the instance is under foreign control.',
  });
});

test('sends an attack sequence to its own playbook', () => {
  const resource = { resourceType: 'AttackSequence' };
  expect(
    routed({ ...detail, type: 'AttackSequence:S3/CompromisedData', severity: 9, resource }),
  ).toMatchObject({ playbook: 'attack-sequence', trigger: 'attack-sequence', approval: 'none' });
});

test('says that what needs approval waits for a person', () => {
  expect(routed({ ...detail, severity: 5 })).toEqual({
    playbook: 'compromised-instance',
    trigger: 'instance-compromised-medium',
    priority: 'evidence-first',
    approval: 'required',
    reason:
      'A medium finding points to foreign control; a person decides whether to cut it off. ' +
      'Live, it waits until a person has agreed.',
  });
});

test('sends a start by hand to the playbook of what it names', () => {
  expect(routed({ instanceId: 'i-0abc1230' })).toEqual({
    playbook: 'compromised-instance',
    trigger: 'by-hand',
    priority: 'evidence-first',
    approval: 'none',
    reason: 'A person named the instance.',
  });
});

test.each([
  [{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }, 'compromised-access-key'],
  [{ userName: 'ada' }, 'compromised-access-key'],
  [{ roleName: 'deploy', sessionName: 'ci-7' }, 'compromised-role'],
])('sends a start by hand with %j to %s', (named, playbook) => {
  expect(routed(named)).toMatchObject({
    playbook,
    trigger: 'by-hand',
    approval: 'none',
    reason: 'A person named the credentials.',
  });
});

test('sends a key to its playbook and a role to its own', () => {
  const used = (userType: string) => ({
    ...detail,
    type: 'UnauthorizedAccess:IAMUser/TorIPCaller',
    resource: { resourceType: 'AccessKey', accessKeyDetails: { userName: 'x', userType } },
  });
  expect(routed(used('IAMUser'))).toMatchObject({
    playbook: 'compromised-access-key',
    trigger: 'key-misused',
    priority: 'containment-first',
  });
  expect(routed(used('AssumedRole'))).toMatchObject({
    playbook: 'compromised-role',
    trigger: 'role-misused',
  });
  expect(routed(used('Root'))).toMatchObject({
    playbook: 'compromised-access-key',
    trigger: 'root-used',
    reason: expect.stringMatching(/a human is told/),
  });
});

test("routes Security Hub's copy as GuardDuty's own", () => {
  const asff = {
    ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/guardduty',
    Id: 'arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/c0ffee00',
    AwsAccountId: '111122223333',
    Types: ['TTPs/Impact/UnauthorizedAccess:EC2-SSHBruteForce'],
    Severity: { Product: 5 },
    ProductFields: { 'aws/guardduty/service/resourceRole': 'ACTOR' },
    Resources: [
      { Type: 'AwsEc2Instance', Id: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc1230' },
    ],
  };
  expect(routed(asff)).toMatchObject({ trigger: 'instance-attacking-below-high' });
});

describe('says why nothing starts', () => {
  const about = (resourceType: string, more: object = {}) => ({
    ...detail,
    ...more,
    resource: { ...detail.resource, resourceType },
  });
  const used = (resourceType: string, type: string, userType: string | undefined) => ({
    ...detail,
    type,
    resource: { resourceType, accessKeyDetails: { userName: 'x', ...(userType && { userType }) } },
  });
  test.each([
    [
      'a probe',
      about('Instance', { type: 'Recon:EC2/PortProbeUnprotectedPort' }),
      /close the port/,
    ],
    [
      'an attempt on it',
      about('Instance', { type: 'UnauthorizedAccess:EC2/SSHBruteForce', severity: 2 }),
      /no proof that it succeeded/,
    ],
    ['low severity', about('Instance', { severity: 2 }), /severity is low/],
    ['an unknown type', about('Instance', { type: 'New:EC2/Thing' }), /No trigger knows .*New:EC2/],
    [
      'a key, at low severity',
      about('AccessKey', { type: 'Recon:IAMUser/TorIPCaller', severity: 2 }),
      /severity is low/,
    ],
    [
      'credentials of a service',
      used('AccessKey', 'Recon:IAMUser/TorIPCaller', 'AWSService'),
      /no user or role of this account/,
    ],
    [
      'credentials of nobody knows what kind',
      used('AccessKey', 'Recon:IAMUser/TorIPCaller', undefined),
      /look in CloudTrail/,
    ],
    [
      'the root user that a finding does not name',
      about('AccessKey', { type: 'Policy:IAMUser/RootCredentialUsage' }),
      /root user .* page a human/,
    ],
    [
      'misuse of a model',
      about('AccessKey', { type: 'Impact:IAMUser/CostHarvesting' }),
      /for its owner to judge/,
    ],
    [
      'a bucket, at medium severity',
      about('S3Bucket', { type: 'Discovery:S3/TorIPCaller', severity: 5 }),
      /no proof that the credentials were stolen/,
    ],
    [
      'a bucket that strangers reached',
      used('S3Bucket', 'Discovery:S3/TorIPCaller', 'AWSAccount'),
      /close the bucket to them/,
    ],
    ['an object', about('S3Object', { type: 'Object:S3/MaliciousFile' }), /data in S3/],
    [
      "a cluster's own user",
      used('EKSCluster', 'Discovery:Kubernetes/TorIPCaller', undefined),
      /contain them in Kubernetes/,
    ],
    ['a function', about('Lambda', { type: 'Backdoor:Lambda/C&CActivity.B' }), /compromised-role/],
    ['a cluster', about('EKSCluster', { type: 'Execution:Runtime/ReverseShell' }), /neighbours/],
    [
      'a sequence that is not critical',
      about('AttackSequence', { type: 'AttackSequence:S3/X', severity: 5 }),
      /calls every attack sequence critical/,
    ],
    [
      'a finding that a sequence has taken up',
      about('Instance', {
        associatedAttackSequenceArn:
          'arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/s1',
      }),
      /part of an attack sequence/,
    ],
  ])('for %s', (_, document, reason) => {
    expect(routed(document)).toEqual({ playbook: null, reason: expect.stringMatching(reason) });
  });

  test('for an event of no finding, and for a severity EventBridge cannot compare', () => {
    expect(route({ source: 'aws.ec2', detail: {} })).toEqual({
      playbook: null,
      reason: 'It is no GuardDuty finding, so no trigger looks at it.',
    });
    const event = { source: 'aws.guardduty', detail: { ...detail, severity: '8' } };
    expect(route(event)).toEqual({
      playbook: null,
      reason: 'Its severity is no number, and EventBridge compares numbers only.',
    });
  });
});

test.each(knownFindingTypes)('gives every severity of %s a playbook or a reason', (type) => {
  for (const severity of [2, 5, 8, 9.5]) {
    const resource = { ...detail.resource, resourceType: likelyResourceType(type) };
    const { reason } = routed({ ...detail, type, severity, resource });
    expect(reason).toMatch(/^[A-Z].{20,}\.$/);
    expect(reason).not.toMatch(/No trigger knows/);
  }
});
