import * as z from 'zod';
import { type Finding, findingFrom, type resourceTypes } from './finding.ts';
import { AccountId, InstanceId, NetworkInterfaceId, SubnetId, VpcId } from './ids.ts';
import { Count, Flag, lenient, listOf, Text, Time } from './lenient.ts';
import { between, essentials, isPlaceholder, saysSample, TargetRegion } from './parse-guardduty.ts';
import { inside, type Place, parseAt, refuse } from './place.ts';

/** Security Hub's names of the resources GuardDuty reports on, in the order that decides. */
const types = {
  AwsEksCluster: 'EKSCluster',
  AwsEcsCluster: 'ECSCluster',
  Container: 'Container',
  AwsRdsDbInstance: 'RDSDBInstance',
  AwsRdsDbCluster: 'RDSLimitlessDB',
  AwsLambdaFunction: 'Lambda',
  AwsS3Object: 'S3Object',
  AwsS3Bucket: 'S3Bucket',
  AwsIamAccessKey: 'AccessKey',
  AwsEc2Instance: 'Instance',
} as const satisfies Readonly<Record<string, (typeof resourceTypes)[number]>>;
type AsffType = keyof typeof types;

// Lazy, since GuardDuty's own findings come another way, and no Lambda should start slower for this.
const Resource = z.lazy(() =>
  z.object({
    Type: z.string(),
    Id: z.string(),
    Region: Text,
    Details: lenient(z.record(z.string(), z.unknown())),
  }),
);

const Severity = z.lazy(() =>
  z.object({
    Product: essentials.severity.nullish(),
    Normalized: between(0, 100).nullish(),
    Label: lenient(z.enum(['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])),
  }),
);

const Asff = z.lazy(() =>
  z.object({
    Id: z.string().min(1),
    ProductArn: z.string(),
    AwsAccountId: AccountId,
    Region: Text,
    Types: z.array(z.string()),
    Title: Text,
    CreatedAt: Time,
    UpdatedAt: Time,
    Severity,
    Sample: Flag,
    RecordState: Text,
    Workflow: lenient(z.object({ Status: Text })),
    ProductFields: lenient(z.record(z.string(), z.unknown())),
    Resources: z.array(Resource).min(1),
  }),
);
type Asff = z.infer<typeof Asff>;

/** Whether a document is written in Security Hub's format. */
export const isAsff = (document: object): boolean =>
  'ProductArn' in document || ('AwsAccountId' in document && 'Resources' in document);

/**
 * Reads a GuardDuty finding that Security Hub passes on, in the AWS Security Finding Format.
 *
 * Account and Region are those of the instance's ARN. The id is GuardDuty's own, so that this copy
 * and GuardDuty's are one finding. Other products' findings are refused, for their types, scales
 * and roles are not GuardDuty's. A finding archived or suppressed in Security Hub is archived.
 */
export function parseAsff(document: unknown, place: Place, otherwise: Date): Finding {
  const { ProductArn } = parseAt(z.object({ ProductArn: z.string() }), document, place);
  if (!ProductArn.endsWith(':product/aws/guardduty')) {
    refuse(inside(place, 'ProductArn'), 'a finding made by GuardDuty', ProductArn);
  }
  const said = parseAt(Asff, document, place);
  const fields = fieldsOf(said);
  const type = typeOf(said, place);
  const resource = resourceOf(said, type, place);
  const targets = { instance: instanceOf(said), accessKey: accessKeyOf(said) };
  if (resource.type === 'AccessKey' && !targets.accessKey) {
    refuse(inside(place, 'Resources', resource.index, 'Id'), 'an access key or a user name');
  }
  return findingFrom({
    ...whereOf(said, resource, place),
    ...targets,
    id: said.Id.split('/').at(-1)?.slice(0, 300) || said.Id.slice(0, 300),
    type: parseAt(essentials.type, type, inside(place, 'Types', 0)),
    severity: severityOf(said, place),
    source: 'security-hub',
    title: said.Title?.slice(0, 1000),
    resourceType: resource.type,
    resourceRole: lenient(z.enum(['TARGET', 'ACTOR'])).parse(fields.get('resourceRole')),
    sample: said.Sample || fields.sample || isPlaceholder(targets),
    archived:
      said.RecordState === 'ARCHIVED' ||
      said.Workflow?.Status === 'SUPPRESSED' ||
      parseAt(Flag, fields.get('archived'), inside(place, 'ProductFields', 'archived')),
    updatedAt: said.UpdatedAt ?? said.CreatedAt ?? otherwise.toISOString(),
    count: Count.parse(fields.get('count')) ?? 1,
    domain: Text.parse(fields.get('action/dnsRequestAction/domain')),
    remote: fields.remote,
  });
}

/**
 * GuardDuty's type from Security Hub's taxonomy, `TTPs/Discovery/Recon:IAMUser-UserPermissions`:
 * what follows the namespaces, where GuardDuty's slash has become a hyphen or a dot.
 */
function typeOf({ Types }: Asff, place: Place): string {
  for (const type of Types) {
    const [, family, name] = /(?:^|\/)([A-Za-z]+:[A-Za-z0-9]+)[-./](.+)$/.exec(type) ?? [];
    if (family && name) return `${family}/${name}`;
  }
  return refuse(
    inside(place, 'Types'),
    'a GuardDuty type, such as TTPs/Discovery/Recon:EC2-Portscan',
    Types[0],
  );
}

/** GuardDuty's own number where it is passed on; else Security Hub's, which is ten times that. */
function severityOf({ Severity }: Asff, place: Place): number {
  if (typeof Severity.Product === 'number') return Severity.Product;
  if (typeof Severity.Normalized === 'number') return Severity.Normalized / 10;
  if (!Severity.Label) refuse(inside(place, 'Severity'), 'Product, Normalized or Label');
  return { INFORMATIONAL: 0, LOW: 1, MEDIUM: 4, HIGH: 7, CRITICAL: 9 }[Severity.Label];
}

/** What the finding is about, of all it mentions: the instance only where the type is EC2's. */
function resourceOf({ Resources }: Asff, type: string, place: Place) {
  if (type.startsWith('AttackSequence:')) return { type: 'AttackSequence', index: 0 } as const;
  const wanted = Object.keys(types) as AsffType[]; // `Object.keys` forgets the names of a constant
  if (/^[A-Za-z]+:EC2\//.test(type)) wanted.unshift('AwsEc2Instance');
  for (const one of wanted) {
    const index = Resources.findIndex(({ Type }) => Type === one);
    if (index >= 0) return { type: types[one], index };
  }
  return refuse(
    inside(place, 'Resources', 0, 'Type'),
    `one of ${Object.keys(types).join(', ')}`,
    Resources[0]?.Type,
  );
}

/** Account and Region of the target, by its ARN where it has one. */
function whereOf(said: Asff, { type, index }: { type: string; index: number }, place: Place) {
  const at = inside(place, 'Resources', index);
  const [arn, , , region, account] = said.Resources[index]?.Id.split(':') ?? [];
  if (type === 'Instance') {
    if (!instanceOf(said) || arn !== 'arn') {
      refuse(
        inside(at, 'Id'),
        "an instance's ARN, ending in i- and 8 or 17 hex digits",
        said.Resources[index]?.Id,
      );
    }
    if (account !== said.AwsAccountId) {
      refuse(inside(at, 'Id'), `an ARN in account ${said.AwsAccountId}`, account);
    }
  }
  const own = said.Resources[index]?.Region ?? said.Region ?? said.Id.split(':')[3];
  const stated = (type === 'Instance' && region) || own;
  return {
    account: said.AwsAccountId,
    region: parseAt(TargetRegion, stated, inside(at, 'Region')),
  };
}

const InstanceDetails = z.object({
  VpcId: lenient(VpcId),
  SubnetId: lenient(SubnetId),
  IpV4Addresses: listOf(z.ipv4()),
  IpV6Addresses: listOf(z.ipv6()),
  NetworkInterfaces: listOf(z.object({ NetworkInterfaceId })),
});

/** The instance, with the one interface that Security Hub's summary amounts to. */
function instanceOf({ Resources }: Asff): Finding['instance'] {
  const found = Resources.find(({ Type }) => Type === 'AwsEc2Instance');
  const id = InstanceId.safeParse(found?.Id.split('/').at(-1));
  if (!found || !id.success) return undefined;
  const said = lenient(InstanceDetails).parse(found.Details?.AwsEc2Instance);
  const isPrivate = (ip: string) => /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/.test(ip);
  const primary = {
    vpcId: said?.VpcId,
    subnetId: said?.SubnetId,
    privateIpAddresses: said?.IpV4Addresses.filter(isPrivate) ?? [],
    ipv6Addresses: said?.IpV6Addresses ?? [],
    publicIp: said?.IpV4Addresses.find((ip) => !isPrivate(ip)),
    networkInterfaceId: said?.NetworkInterfaces[0]?.NetworkInterfaceId,
  };
  const others = (said?.NetworkInterfaces ?? []).slice(1).map(({ NetworkInterfaceId: eni }) => ({
    networkInterfaceId: eni,
    privateIpAddresses: [],
    ipv6Addresses: [],
  }));
  return { instanceId: id.data, networkInterfaces: said ? [primary, ...others] : [] };
}

/** The principal; Security Hub writes its key as `AWS::IAM::AccessKey:AKIA…`, or `:null`. */
function accessKeyOf({ Resources }: Asff): Finding['accessKey'] {
  const found = Resources.find(({ Type }) => Type === 'AwsIamAccessKey');
  const id = /\b((?:AKIA|ASIA|GeneratedFinding)\w+)$/.exec(found?.Id ?? '')?.[1];
  const Details = lenient(z.object({ UserName: Text, PrincipalId: Text, PrincipalType: Text }));
  const said = Details.parse(found?.Details?.AwsIamAccessKey);
  if (!id && !said?.UserName && !said?.PrincipalId) return undefined;
  return {
    accessKeyId: id,
    userName: said?.UserName,
    principalId: said?.PrincipalId,
    userType: said?.PrincipalType,
  };
}

/** GuardDuty's own members, which Security Hub flattens; before 2020 it left their prefix out. */
function fieldsOf({ ProductFields = {} }: Asff) {
  const fields = new Map(
    Object.entries(ProductFields).map(([name, value]) => [
      name.replace(/^aws\/guardduty\/service\//, ''),
      value,
    ]),
  );
  const addresses = [...fields].flatMap(([name, value]) => {
    if (!/^action\/.*remoteIpDetails\/ipAddressV[46]$/.test(name)) return [];
    return lenient(z.union([z.ipv4(), z.ipv6()])).parse(value) ?? [];
  });
  const direction = lenient(z.enum(['INBOUND', 'OUTBOUND', 'UNKNOWN'])).parse(
    fields.get('action/networkConnectionAction/connectionDirection'),
  );
  return {
    get: (name: string) => fields.get(name),
    sample: saysSample({
      sample: fields.get('additionalInfo/sample'),
      value: fields.get('additionalInfo/value') ?? fields.get('additionalInfo'),
    }),
    remote: { direction, addresses: [...new Set(addresses)] },
  };
}
