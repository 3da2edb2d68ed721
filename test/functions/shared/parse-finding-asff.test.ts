import { describe, expect, test } from 'vitest';
import { parseFindings, parseRequest } from '../../../functions/shared/parse-finding.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';
import { knownFindingTypes } from '../../../replay/known-finding-types.ts';

const surroundings = {
  account: '444455556666',
  region: 'eu-central-1',
  execution: 'arn:aws:states:eu-central-1:444455556666:execution:compromised-instance:one',
  now: new Date('2026-03-01T04:05:06Z'),
};

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof UnusableInputError) return error.message;
    throw error;
  }
  return 'not refused';
}

const instance = {
  Type: 'AwsEc2Instance',
  Id: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc1230abc123456',
  Partition: 'aws',
  Region: 'eu-west-1',
  Details: {
    AwsEc2Instance: {
      VpcId: 'vpc-0aaaaaaaaaaaaaaa1',
      SubnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      IpV4Addresses: ['10.0.1.5', '203.0.113.20'],
      IpV6Addresses: ['2001:db8::5'],
      NetworkInterfaces: [
        { NetworkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1' },
        { NetworkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2' },
      ],
    },
  },
};
const accessKey = {
  Type: 'AwsIamAccessKey',
  Id: 'AWS::IAM::AccessKey:AKIAIOSFODNN7EXAMPLE',
  Region: 'eu-west-1',
  Details: { AwsIamAccessKey: { UserName: 'ada', PrincipalType: 'IAMUser' } },
};

const asff = {
  SchemaVersion: '2018-10-08',
  Id: 'arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/c0ffee00c0ffee00',
  ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/guardduty',
  GeneratorId: 'arn:aws:guardduty:eu-west-1:111122223333:detector/d1',
  AwsAccountId: '111122223333',
  Types: ['TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS'],
  CreatedAt: '2026-02-28T10:00:00.000Z',
  UpdatedAt: '2026-02-28T11:00:00.000Z',
  Severity: { Product: 8, Normalized: 80, Label: 'HIGH' },
  Title: 'A name of a command and control server was looked up.',
  RecordState: 'ACTIVE',
  Workflow: { Status: 'NEW' },
  ProductFields: {
    'aws/guardduty/service/archived': 'false',
    'aws/guardduty/service/count': '3',
    'aws/guardduty/service/resourceRole': 'TARGET',
    'aws/guardduty/service/action/dnsRequestAction/domain': 'c2.example.com',
    'aws/guardduty/service/action/networkConnectionAction/connectionDirection': 'OUTBOUND',
    'aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4':
      '198.51.100.77',
    'aws/guardduty/service/action/networkConnectionAction/localIpDetails/ipAddressV4': '10.0.1.5',
    'aws/securityhub/ProductName': 'GuardDuty',
  },
  Resources: [accessKey, instance],
};

const event = (...findings: object[]) => ({
  version: '0',
  id: '6f8e2b1a-0000-4000-8000-000000000000',
  'detail-type': 'Security Hub Findings - Custom Action',
  source: 'aws.securityhub',
  account: '999988887777',
  time: '2026-02-28T11:00:05Z',
  region: 'eu-west-1',
  resources: ['arn:aws:securityhub:eu-west-1:999988887777:action/custom/contain'],
  detail: { actionName: 'Contain', actionDescription: 'Start Cordon', findings },
});

const finding = {
  id: 'c0ffee00c0ffee00',
  type: 'Backdoor:EC2/C&CActivity.B!DNS',
  severity: 8,
  account: '111122223333',
  region: 'eu-west-1',
  source: 'security-hub',
  title: 'A name of a command and control server was looked up.',
  resourceType: 'Instance',
  resourceRole: 'TARGET',
  sample: false,
  archived: false,
  updatedAt: '2026-02-28T11:00:00.000Z',
  count: 3,
  instance: {
    instanceId: 'i-0abc1230abc123456',
    networkInterfaces: [
      {
        networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
        vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
        subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
        privateIpAddresses: ['10.0.1.5'],
        ipv6Addresses: ['2001:db8::5'],
        publicIp: '203.0.113.20',
      },
      { networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2', privateIpAddresses: [], ipv6Addresses: [] },
    ],
  },
  accessKey: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userName: 'ada', userType: 'IAMUser' },
  domain: 'c2.example.com',
  remote: { direction: 'OUTBOUND', addresses: ['198.51.100.77'] },
};

const read = (document: unknown) => parseFindings(document)[0]?.finding;

describe('a GuardDuty finding from Security Hub', () => {
  test('is read from an event, and routed by the event GuardDuty would have sent', () => {
    const [one, ...more] = parseFindings(event(asff));
    expect(more).toEqual([]);
    expect(one).toEqual({
      finding,
      path: '$.detail.findings[0]',
      request: { event: event({ ...asff }) },
      event: expect.objectContaining({
        source: 'aws.guardduty',
        'detail-type': 'GuardDuty Finding',
        detail: expect.objectContaining({
          type: finding.type,
          severity: 8,
          resource: expect.objectContaining({ resourceType: 'Instance' }),
        }),
      }),
    });
    expect(parseRequest(one?.request, surroundings).finding).toEqual(finding);
  });

  test('is read alone, and as Security Hub lists it', () => {
    expect(read(asff)).toStrictEqual(finding);
    expect(read({ Findings: [asff] })).toEqual(finding);
    const [one] = parseFindings(asff);
    expect(one?.request).toMatchObject({
      event: { source: 'aws.securityhub', detail: { findings: [asff] } },
    });
    expect(parseRequest(one?.request, surroundings).finding).toEqual(finding);
  });

  test('starts one execution each where an event holds several', () => {
    const two = { ...asff, Id: asff.Id.replace('c0ffee00c0ffee00', 'decade') };
    const found = parseFindings(event(asff, two));
    expect(found.map(({ finding: { id }, path }) => [id, path])).toEqual([
      ['c0ffee00c0ffee00', '$.detail.findings[0]'],
      ['decade', '$.detail.findings[1]'],
    ]);
    expect(found[1]?.request).toEqual({ event: event(two) });
    expect(refusal(() => parseRequest(event(asff, two), surroundings))).toBe(
      '$: expected one finding, found 2; start one execution for each',
    );
  });

  test.each(knownFindingTypes)('has the type %s again, hyphen or dot', (type) => {
    const resources = { Resources: [{ ...instance }, accessKey] };
    for (const sign of ['-', '.', '/']) {
      const Types = ['Effects', `TTPs/Initial Access/${type.replace('/', sign)}`];
      expect(read({ ...asff, ...resources, Types })?.type).toBe(type);
    }
  });

  test('is about the instance only where its type is', () => {
    const about = (type: string, ...Resources: object[]) =>
      read({ ...asff, Types: [`TTPs/${type}`], Resources })?.resourceType;
    const bucket = { Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::books', Region: 'eu-west-1' };
    const cluster = { Type: 'AwsEksCluster', Id: 'arn:aws:eks:x', Region: 'eu-west-1' };
    expect(about('Trojan:EC2-DropPoint', accessKey, instance)).toBe('Instance');
    expect(about('UnauthorizedAccess:IAMUser-TorIPCaller', instance, accessKey)).toBe('AccessKey');
    expect(about('Discovery:S3-TorIPCaller', instance, accessKey, bucket)).toBe('S3Bucket');
    expect(about('Trojan:Runtime-DropPoint', instance, cluster)).toBe('EKSCluster');
    expect(about('Trojan:Runtime-DropPoint', instance)).toBe('Instance');
    expect(about('AttackSequence:IAM-CompromisedCredentials', instance)).toBe('AttackSequence');
  });

  test.each([
    [{ Product: 8.7, Normalized: 10 }, 8.7],
    [{ Normalized: 45 }, 4.5],
    [{ Product: null, Label: 'CRITICAL' }, 9],
    [{ Label: 'MEDIUM' }, 4],
  ])('has severity %j on the scale of GuardDuty', (Severity, severity) => {
    expect(read({ ...asff, Severity })?.severity).toBe(severity);
  });

  test('has the fields of before 2020, when they had no prefix', () => {
    const ProductFields = {
      resourceRole: 'ACTOR',
      archived: 'true',
      count: '4',
      additionalInfo: '{"sample":true}',
      'action/awsApiCallAction/remoteIpDetails/ipAddressV4': '198.51.100.9',
    };
    expect(read({ ...asff, ProductFields })).toMatchObject({
      resourceRole: 'ACTOR',
      archived: true,
      count: 4,
      sample: true,
      remote: { addresses: ['198.51.100.9'] },
    });
  });

  test.each([
    [{ RecordState: 'ARCHIVED' }, { archived: true, sample: false }],
    [{ Workflow: { Status: 'SUPPRESSED' } }, { archived: true, sample: false }],
    [{ Sample: true }, { archived: false, sample: true }],
    [
      { ProductFields: { 'aws/guardduty/service/additionalInfo/sample': 'true' } },
      { archived: false, sample: true },
    ],
    [
      { Resources: [{ ...instance, Id: instance.Id.replace(/i-.*/, 'i-99999999') }] },
      { archived: false, sample: true },
    ],
    [
      { ProductFields: undefined, Title: undefined },
      { archived: false, sample: false },
    ],
  ])('with %j acts only as it should', (differs, is) => {
    expect(read({ ...asff, ...differs })).toMatchObject(is);
  });

  test('about a principal needs a key or a name', () => {
    const Types = ['TTPs/Discovery/Recon:IAMUser-UserPermissions'];
    const unnamed = { ...accessKey, Id: 'AWS::IAM::AccessKey:null' };
    expect(read({ ...asff, Types, Resources: [unnamed] })?.accessKey).toEqual({
      userName: 'ada',
      userType: 'IAMUser',
    });
    const Resources = [{ ...unnamed, Details: {} }];
    expect(refusal(() => read({ ...asff, Types, Resources }))).toBe(
      '$.Resources[0].Id: expected an access key or a user name',
    );
  });
});

describe('what Security Hub passes on and is refused', () => {
  const arn = "an instance's ARN, ending in i- and 8 or 17 hex digits";
  const only = (resource: object) => ({ Resources: [{ ...instance, ...resource }] });
  test.each([
    [
      { ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/inspector' },
      'ProductArn: expected a finding made by GuardDuty, found ' +
        '"arn:aws:securityhub:eu-west-1::product/aws/inspector"',
    ],
    [{ ProductArn: undefined }, 'ProductArn: expected a string, found nothing'],
    [{ AwsAccountId: '0123456789101' }, 'AwsAccountId: expected the 12 digits of an AWS account'],
    [
      { Types: ['TTPs/Discovery'] },
      'Types: expected a GuardDuty type, such as TTPs/Discovery/Recon:EC2-Portscan, ' +
        'found "TTPs/Discovery"',
    ],
    [
      { Types: [`TTPs/Recon:EC2-${'x'.repeat(200)}`] },
      'Types[0]: expected at most 120 characters, found 210',
    ],
    [{ Severity: {} }, 'Severity: expected Product, Normalized or Label'],
    [
      { Severity: { Product: 11 } },
      'Severity.Product: expected a number from 0 to 10, found the number 11',
    ],
    [{ Resources: [] }, 'Resources: expected at least 1 element'],
    [
      only({ Type: 'AwsCloudFrontDistribution' }),
      'Resources[0].Type: expected one of AwsEksCluster, AwsEcsCluster, Container, ' +
        'AwsRdsDbInstance, AwsRdsDbCluster, AwsLambdaFunction, AwsS3Object, AwsS3Bucket, ' +
        'AwsIamAccessKey, AwsEc2Instance, found "AwsCloudFrontDistribution"',
    ],
    [
      only({ Id: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-1;id' }),
      `Resources[0].Id: expected ${arn}, found "arn:aws:ec2:eu-west-1:111122223333:instance/i-1;id"`,
    ],
    [
      only({ Id: 'i-0abc1230abc123456' }),
      `Resources[0].Id: expected ${arn}, found "i-0abc1230abc123456"`,
    ],
    [
      only({ Id: instance.Id.replace('111122223333', '999988887777') }),
      'Resources[0].Id: expected an ARN in account 111122223333, found "999988887777"',
    ],
    [
      only({ Id: instance.Id.replace('eu-west-1', 'nowhere') }),
      'Resources[0].Region: expected a Region, such as eu-west-1',
    ],
    [{ ProductFields: { archived: 'perhaps' } }, 'ProductFields.archived: expected true or false'],
  ])('refuses %j', (differs, message) => {
    expect(refusal(() => parseFindings(event({ ...asff, ...differs })))).toBe(
      `$.detail.findings[0].${message}`,
    );
  });

  test('says that the newer format is not read', () => {
    const newer = { ...event({ class_uid: 2004 }), 'detail-type': 'Findings Imported V2' };
    expect(refusal(() => parseFindings(newer))).toBe(
      `$['detail-type']: expected "Security Hub Findings - Imported" or ` +
        '"Security Hub Findings - Custom Action", found "Findings Imported V2"',
    );
  });

  test('refuses an event without findings', () => {
    expect(refusal(() => parseFindings(event()))).toBe(
      '$.detail.findings: expected at least 1 element',
    );
  });
});
