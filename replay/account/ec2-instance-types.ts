import type {
  DescribeInstanceTypesRequest,
  DescribeInstanceTypesResult,
  InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import type { AwsCall } from '../../functions/shared/step.ts';
import { matching, page, refusal } from './ec2-requests.ts';
import type { Desk, Operation } from './rehearsal-account.ts';

/** Families whose memory grows evenly with their vCPUs. */
const families = [
  { names: ['m5', 'm5a', 'm5d', 'm6i', 'm6a', 'm7i', 'm7a'], gibPerVcpu: 4, arm: false },
  { names: ['c5a', 'c6i', 'c6a', 'c7i', 'c7a'], gibPerVcpu: 2, arm: false },
  { names: ['r5', 'r5a', 'r6i', 'r6a', 'r7i', 'r7a'], gibPerVcpu: 8, arm: false },
  { names: ['m6g', 'm7g', 'm8g'], gibPerVcpu: 4, arm: true },
  { names: ['c6g', 'c7g', 'c8g'], gibPerVcpu: 2, arm: true },
  { names: ['r6g', 'r7g', 'r8g'], gibPerVcpu: 8, arm: true },
];
const sizes: Readonly<Record<string, number>> = {
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '4xlarge': 16,
  '8xlarge': 32,
  '12xlarge': 48,
  '16xlarge': 64,
  '24xlarge': 96,
};
const burstable: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  '2xlarge': [8, 32],
};
/** vCPUs and GiB of types that fit no rule. */
const single: Readonly<Record<string, readonly [number, number]>> = {
  'c5.large': [2, 4],
  'c5.xlarge': [4, 8],
  'c5.2xlarge': [8, 16],
  'c5.4xlarge': [16, 32],
  'c5.9xlarge': [36, 72],
  'c5.18xlarge': [72, 144],
  'g4dn.xlarge': [4, 16],
  'g4dn.12xlarge': [48, 192],
  'g5.xlarge': [4, 16],
  'p3.2xlarge': [8, 61],
  'p3.16xlarge': [64, 488],
};

interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Xen types allow more attachments, counted otherwise. */
  readonly nitro: boolean;
}

/** A few dozen common types; an account in a case may use these. */
const types: ReadonlyMap<string, InstanceType> = new Map(
  [
    ...families.flatMap(({ names, gibPerVcpu, arm }) =>
      names.flatMap((family) =>
        Object.entries(sizes).map(([size, vcpus]) =>
          typeOf(`${family}.${size}`, [vcpus, vcpus * gibPerVcpu], arm),
        ),
      ),
    ),
    ...['t2', 't3', 't3a', 't4g'].flatMap((family) =>
      Object.entries(burstable).map(([size, shape]) =>
        typeOf(`${family}.${size}`, shape, family === 't4g'),
      ),
    ),
    ...Object.entries(single).map(([name, shape]) => typeOf(name, shape, false)),
  ].map((type) => [type.name, type]),
);

function typeOf(name: string, [vcpus, gib]: readonly [number, number], arm: boolean): InstanceType {
  const nitro = !/^(?:t2|p3)\./.test(name);
  return { name, vcpus, memoryMib: gib * 1024, architecture: arm ? 'arm64' : 'x86_64', nitro };
}

/** Whether an instance of this type lets its console be read while it runs. */
export const isNitro = (instanceType: string): boolean => types.get(instanceType)?.nitro !== false;

/**
 * How many volumes and interfaces an instance may have. Most Nitro types share 28 places between
 * them: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html
 */
export function attachmentsLeft(
  instanceType: string,
  { interfaces, volumes }: { interfaces: number; volumes: number },
): number {
  return types.get(instanceType)?.nitro === false ? 40 - volumes : 28 - interfaces - volumes;
}

function describeInstanceTypes(
  _desk: Desk,
  input: DescribeInstanceTypesRequest,
): DescribeInstanceTypesResult {
  const wanted: readonly string[] = input.InstanceTypes ?? [];
  const unknown = wanted.filter((name) => !types.has(name));
  if (unknown.length > 0) {
    throw refusal(
      'InvalidInstanceType',
      `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
    );
  }
  const found = [...types.values()].filter(
    ({ name }) => wanted.length === 0 || wanted.includes(name),
  );
  const matched = matching(found, input.Filters, {
    'instance-type': ({ name }) => name,
    'processor-info.supported-architecture': ({ architecture }) => architecture,
    'memory-info.size-in-mib': ({ memoryMib }) => memoryMib,
    hypervisor: ({ nitro }) => (nitro ? 'nitro' : 'xen'),
  });
  const { items, ...next } = page(matched, input, { most: 100, ids: wanted });
  return { InstanceTypes: items.map(described), ...next };
}

const described = (type: InstanceType): InstanceTypeInfo => ({
  // The SDK lists every type's name; ours are among them.
  InstanceType: type.name as NonNullable<InstanceTypeInfo['InstanceType']>,
  Hypervisor: type.nitro ? 'nitro' : 'xen',
  VCpuInfo: { DefaultVCpus: type.vcpus },
  MemoryInfo: { SizeInMiB: type.memoryMib },
  ProcessorInfo: { SupportedArchitectures: [type.architecture] },
  EbsInfo: {
    EncryptionSupport: 'supported',
    NvmeSupport: type.nitro ? 'required' : 'unsupported',
    // One of the shared places is the primary interface's.
    MaximumEbsAttachments: type.nitro ? 27 : 40,
    AttachmentLimitType: type.nitro ? 'shared' : 'dedicated',
  },
});

export const instanceTypeOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeInstanceTypes': describeInstanceTypes,
};
