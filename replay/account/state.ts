import * as z from 'zod';
import {
  AccountId,
  InstanceId,
  NetworkAclId,
  NetworkInterfaceId,
  Region,
  SecurityGroupId,
  SnapshotId,
  SubnetId,
  VolumeId,
  VpcId,
} from '../../functions/shared/ids.ts';
import { CloudTrail } from './cloudtrail-state.ts';
import { Config } from './config-state.ts';
import { Iam } from './iam-state.ts';
import { Logs } from './logs-state.ts';
import { refuseDangling } from './references.ts';
import { Regions } from './regions-state.ts';
import { Secrets } from './secrets-manager-state.ts';
import { deployedDocuments, isDeployed } from './ssm-documents.ts';
import { withSurroundings } from './surroundings.ts';

const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `expected an id such as ${prefix}-0…`);
const name = z.string().min(1);
const port = z.int().min(0).max(65_535);
const time = z.iso.datetime().default('2026-01-01T00:00:00.000Z');
const tags = z.record(z.string(), z.string()).default({});
const zone = z
  .string()
  .regex(/^[a-z]{2,3}(?:-[a-z]+){1,2}-\d[a-z]$/, 'expected a zone: eu-west-1a');

const Vpc = z.strictObject({
  vpcId: VpcId,
  cidrBlocks: z.array(z.cidrv4()).min(1).default(['10.0.0.0/16']),
  ipv6CidrBlocks: z.array(z.cidrv6()).default([]),
  tags,
});

const Subnet = z.strictObject({
  subnetId: SubnetId,
  vpcId: VpcId,
  availabilityZone: zone.optional(),
  cidrBlock: z.cidrv4().optional(),
  networkAclId: NetworkAclId.optional(),
  /** Another account's, in a VPC shared with this one. */
  ownerId: AccountId.optional(),
  tags,
});

const sources = ['cidrIpv4', 'cidrIpv6', 'prefixListId', 'referencedGroupId'] as const;

const SecurityGroupRule = z
  .strictObject({
    ruleId: id('sgr').optional(),
    isEgress: z.boolean(),
    ipProtocol: name.default('-1'),
    fromPort: z.int().min(-1).max(65_535).default(-1),
    toPort: z.int().min(-1).max(65_535).default(-1),
    cidrIpv4: z.cidrv4().optional(),
    cidrIpv6: z.cidrv6().optional(),
    prefixListId: id('pl').optional(),
    referencedGroupId: SecurityGroupId.optional(),
  })
  .refine((rule) => sources.filter((source) => rule[source] !== undefined).length === 1, {
    error: `expected exactly one of ${sources.join(', ')}`,
  });

const SecurityGroup = z.strictObject({
  groupId: SecurityGroupId,
  groupName: name.max(255),
  vpcId: VpcId,
  description: z.string().default(''),
  ownerId: AccountId.optional(),
  tags,
  rules: z.array(SecurityGroupRule).default([]),
});

const NetworkInterface = z.strictObject({
  networkInterfaceId: NetworkInterfaceId,
  subnetId: SubnetId,
  /** Left out, the VPC's default group. AWS's own interfaces may have none. */
  groups: z.array(SecurityGroupId).max(16).default([]),
  privateIpAddresses: z.array(z.ipv4()).default([]),
  ipv6Addresses: z.array(z.ipv6()).default([]),
  publicIp: z.ipv4().optional(),
  requesterManaged: z.boolean().default(false),
  interfaceType: name.default('interface'),
  description: z.string().default(''),
  attachment: z
    .strictObject({
      attachmentId: id('eni-attach').optional(),
      instanceId: InstanceId,
      deviceIndex: z.int().min(0).default(0),
    })
    .optional(),
  tags,
});

const BlockDevice = z.strictObject({
  deviceName: name,
  volumeId: VolumeId,
  deleteOnTermination: z.boolean().default(true),
});

const Instance = z.strictObject({
  instanceId: InstanceId,
  state: z
    .enum(['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'])
    .default('running'),
  instanceType: name.default('m5.large'),
  architecture: z.enum(['i386', 'x86_64', 'arm64']).default('x86_64'),
  /** Null for everything but Windows, as EC2 says nothing there. */
  platform: z.literal('windows').nullable().default(null),
  imageId: id('ami').default('ami-0123456789abcdef0'),
  /** Left out, the subnet of its first interface. */
  subnetId: SubnetId.optional(),
  lifecycle: z.enum(['spot', 'scheduled', 'capacity-block']).optional(),
  iamInstanceProfileArn: z.string().startsWith('arn:').optional(),
  rootDeviceName: name.default('/dev/xvda'),
  rootDeviceType: z.enum(['ebs', 'instance-store']).default('ebs'),
  disableApiTermination: z.boolean().default(false),
  disableApiStop: z.boolean().default(false),
  shutdownBehavior: z.enum(['stop', 'terminate']).default('stop'),
  blockDevices: z.array(BlockDevice).default([]),
  tags,
  launchTime: time,
  /** What it wrote to its console, which EC2 hands out in base64. */
  consoleOutput: z.string().max(65_536).default(''),
});

const Volume = z.strictObject({
  volumeId: VolumeId,
  size: z.int().min(1).default(8),
  volumeType: name.default('gp3'),
  availabilityZone: zone.optional(),
  encrypted: z.boolean().default(false),
  kmsKeyId: name.optional(),
  /** Left out, what its attachment makes it. `error` is what a refused KMS key leads to. */
  state: z.enum(['creating', 'available', 'in-use', 'deleting', 'deleted', 'error']).optional(),
  createTime: time,
  tags,
  throughput: z.int().optional(),
  iops: z.int().optional(),
  /** The ClientToken it was created with, and what was asked for under it. */
  clientToken: z.string().optional(),
  clientRequest: z.string().optional(),
});

const Snapshot = z.strictObject({
  snapshotId: SnapshotId,
  volumeId: VolumeId,
  state: z
    .enum(['pending', 'completed', 'error', 'recoverable', 'recovering'])
    .default('completed'),
  startTime: time,
  tags,
  description: z.string().default(''),
  volumeSize: z.int().min(1).default(8),
  encrypted: z.boolean().default(false),
  ownerId: AccountId.optional(),
  lock: z
    .strictObject({
      mode: z.enum(['governance', 'compliance']),
      days: z.int().min(1),
      coolOffHours: z.int().min(0).default(0),
      since: time,
    })
    .optional(),
});

const NetworkAclEntry = z
  .strictObject({
    ruleNumber: z.int().min(1).max(32_768),
    egress: z.boolean(),
    protocol: name.default('-1'),
    ruleAction: z.enum(['allow', 'deny']),
    cidrBlock: z.cidrv4().optional(),
    ipv6CidrBlock: z.cidrv6().optional(),
    portRange: z.strictObject({ from: port, to: port }).optional(),
  })
  .refine(
    ({ cidrBlock, ipv6CidrBlock }) => (cidrBlock === undefined) !== (ipv6CidrBlock === undefined),
    {
      error: 'expected exactly one of cidrBlock, ipv6CidrBlock',
    },
  );

const NetworkAcl = z.strictObject({
  networkAclId: NetworkAclId,
  vpcId: VpcId,
  ownerId: AccountId.optional(),
  isDefault: z.boolean().default(false),
  entries: z.array(NetworkAclEntry).default([]),
  tags,
});

const VpcEndpoint = z.strictObject({
  vpcEndpointId: id('vpce'),
  vpcId: VpcId,
  serviceName: name,
  type: z.enum(['Interface', 'Gateway', 'GatewayLoadBalancer']).default('Interface'),
  privateDnsEnabled: z.boolean().default(true),
  groups: z.array(SecurityGroupId).default([]),
  subnetIds: z.array(SubnetId).default([]),
  state: name.default('available'),
  tags,
});

const Address = z.strictObject({
  publicIp: z.ipv4(),
  allocationId: id('eipalloc'),
  networkInterfaceId: NetworkInterfaceId.optional(),
  tags,
});

const AutoScalingGroup = z.strictObject({
  name,
  minSize: z.int().min(0).default(0),
  desiredCapacity: z.int().min(0).optional(),
  maxSize: z.int().min(0).optional(),
  targetGroupArns: z.array(name).default([]),
  loadBalancerNames: z.array(name).default([]),
  suspendedProcesses: z.array(name).default([]),
  lifecycleHooks: z
    .array(
      z.strictObject({
        name,
        transition: z.enum([
          'autoscaling:EC2_INSTANCE_LAUNCHING',
          'autoscaling:EC2_INSTANCE_TERMINATING',
        ]),
      }),
    )
    .default([]),
  instances: z
    .array(
      z.strictObject({
        instanceId: InstanceId,
        lifecycleState: name.default('InService'),
        healthStatus: z.enum(['Healthy', 'Unhealthy']).default('Healthy'),
        protectedFromScaleIn: z.boolean().default(false),
        availabilityZone: zone.optional(),
      }),
    )
    .default([]),
  tags,
});

const TargetGroup = z.strictObject({
  arn: z.string().startsWith('arn:'),
  name: name.max(32),
  targetType: z.enum(['instance', 'ip', 'lambda', 'alb']).default('instance'),
  vpcId: VpcId.optional(),
  protocol: name.default('HTTP'),
  port: port.default(80),
  targets: z
    .array(
      z.strictObject({
        id: name,
        port: port.optional(),
        state: z
          .enum(['initial', 'healthy', 'unhealthy', 'unused', 'draining', 'unavailable'])
          .default('healthy'),
      }),
    )
    .default([]),
});

const ClassicLoadBalancer = z.strictObject({
  name,
  vpcId: VpcId.optional(),
  instances: z.array(InstanceId).default([]),
});

const invocationStatus = z.enum([
  'Pending',
  'InProgress',
  'Delayed',
  'Success',
  'Cancelled',
  'TimedOut',
  'Failed',
  'Cancelling',
]);

const SsmDocument = z
  .strictObject({
    name,
    version: z
      .string()
      .regex(/^[1-9]\d*$/, 'expected a version: 1')
      .default('1'),
    /** Left out, the document is as Cordon deploys the one of this name. */
    content: z.string().optional(),
  })
  .refine(({ name, content }) => content !== undefined || isDeployed(name), {
    path: ['content'],
    error: "expected the document's content, since it is none that Cordon deploys",
  });

const Ssm = z.strictObject({
  managedInstances: z
    .array(
      z.strictObject({
        instanceId: InstanceId,
        pingStatus: z.enum(['Online', 'ConnectionLost', 'Inactive']).default('Online'),
        platformType: z.enum(['Linux', 'Windows', 'MacOS']).default('Linux'),
        platformName: name.default('Amazon Linux'),
        agentVersion: name.default('3.3.1611.0'),
      }),
    )
    .default([]),
  /** Beside AWS's own, which every account has; left out, those that Cordon's deployment makes. */
  documents: z.array(SsmDocument).default(deployedDocuments),
  /** Sent so far, each with how often its outcome was looked at. */
  commands: z
    .array(
      z.strictObject({
        commandId: z.uuid(),
        documentName: name,
        documentVersion: z.string().optional(),
        comment: z.string().default(''),
        parameters: z.record(z.string(), z.array(z.string())).default({}),
        timeoutSeconds: z.int().default(3600),
        requestedAt: time,
        invocations: z.array(
          z.strictObject({
            instanceId: InstanceId,
            looks: z.int().min(0).default(0),
            cancelled: z.boolean().default(false),
          }),
        ),
      }),
    )
    .default([]),
  /** How a command to an instance goes on: unseen, then in progress, for so many looks each; then `status`. */
  captures: z
    .record(
      InstanceId,
      z.strictObject({
        unseen: z.int().min(0).default(0),
        polls: z.int().min(0).default(1),
        status: invocationStatus.default('Success'),
        /** Such as `DeliveryTimedOut`, where it says more than `status`. */
        statusDetails: name.optional(),
        stdout: z.string().max(24_000).default(''),
        stderr: z.string().max(8_000).default(''),
      }),
    )
    .default({}),
});

const Stated = z.strictObject({
  accountId: AccountId.default(AccountId.parse('111122223333')),
  region: Region.default(Region.parse('eu-west-1')),
  vpcs: z.array(Vpc).default([]),
  subnets: z.array(Subnet).default([]),
  securityGroups: z.array(SecurityGroup).default([]),
  networkInterfaces: z.array(NetworkInterface).default([]),
  instances: z.array(Instance).default([]),
  volumes: z.array(Volume).default([]),
  snapshots: z.array(Snapshot).default([]),
  networkAcls: z.array(NetworkAcl).default([]),
  vpcEndpoints: z.array(VpcEndpoint).default([]),
  addresses: z.array(Address).default([]),
  autoScalingGroups: z.array(AutoScalingGroup).default([]),
  targetGroups: z.array(TargetGroup).default([]),
  classicLoadBalancers: z.array(ClassicLoadBalancer).default([]),
  ssm: Ssm.prefault({}),
  /** ARNs or ids of usable KMS keys. Left out, every key is usable. */
  kmsKeys: z.array(name).optional(),
  regions: Regions,
  iam: Iam.prefault({}),
  cloudTrail: CloudTrail.prefault({}),
  logs: Logs.prefault({}),
  secrets: Secrets,
  config: Config.prefault({}),
});

/** What a case's `account.json` says, before its surroundings are filled in. */
export type Stated = z.infer<typeof Stated>;

/**
 * The rehearsal account's whole state, which is what a case's `account.json` holds.
 *
 * Every section may be left out. What AWS would have made by itself is filled in (a VPC's default
 * network ACL, a volume that only its attachment names); what only a slip explains, such as an
 * interface in a subnet that is not there, is refused with the path of the field.
 */
export const AccountState = Stated.superRefine(refuseDangling).transform(withSurroundings);
export type AccountState = z.infer<typeof AccountState>;
