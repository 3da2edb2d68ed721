import type { AwsCall } from '../../functions/shared/step.ts';
import type { Rate } from './token-bucket.ts';

const described: Rate = { burst: 100, perSecond: 20 };
const unfiltered: Rate = { burst: 50, perSecond: 10 };
const changing: Rate = { burst: 50, perSecond: 5 };
const changingMore: Rate = { burst: 100, perSecond: 5 };

/** Those calls that EC2 gives a smaller bucket when they neither name ids nor filter. */
const listing: ReadonlySet<AwsCall> = new Set([
  'ec2:DescribeInstances',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSnapshots',
  'ec2:DescribeVolumes',
]);

/**
 * Calls with a bucket of their own size. EC2's are documented, each API apart in each account and
 * Region: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
const own: Readonly<Record<AwsCall, Rate>> = {
  'ec2:ModifyNetworkInterfaceAttribute': changingMore,
  'ec2:CreateSnapshot': changingMore,
  'ec2:CreateSnapshots': changingMore,
  'ec2:CreateTags': { burst: 100, perSecond: 10 },
  'cloudtrail:LookupEvents': { burst: 2, perSecond: 2 },
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  'sts:AssumeRole': { burst: 600, perSecond: 600 },
};

/**
 * What AWS publishes no rate for is assumed to have EC2's for a call of its kind, but for IAM, of
 * which people report less: 20 calls at once that change something, and 5 a second.
 */
const assumed = { changing: { burst: 20, perSecond: 5 }, described };

/** The bucket a call draws from: its name, and how large it is. */
export function bucketOf(call: AwsCall, input: object): { name: string; rate: Rate } {
  const rate = own[call];
  if (rate) return { name: call, rate };
  const reads = /:(?:Describe|Get|List|Lookup)/.test(call);
  if (call.startsWith('iam:')) {
    return { name: call, rate: reads ? assumed.described : assumed.changing };
  }
  if (listing.has(call) && isUnfiltered(input)) return { name: `${call} of all`, rate: unfiltered };
  return { name: call, rate: reads ? described : changing };
}

const isUnfiltered = (input: object): boolean =>
  !Object.values(input).some((value) => Array.isArray(value) && value.length > 0);

/** What the services that carry a playbook take, by the size of the Region. */
interface RegionLimits {
  readonly startExecution: Rate;
  readonly stateTransition: Rate;
  readonly eventBridgePerSecond: number;
}

/**
 * Step Functions and EventBridge take more in three large Regions than elsewhere.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
export const regionLimits = {
  large: {
    startExecution: { burst: 1_300, perSecond: 300 },
    stateTransition: { burst: 5_000, perSecond: 5_000 },
    eventBridgePerSecond: 18_750,
  },
  small: {
    startExecution: { burst: 800, perSecond: 150 },
    stateTransition: { burst: 800, perSecond: 800 },
    eventBridgePerSecond: 750,
  },
} as const satisfies Record<string, RegionLimits>;

/** `large`: us-east-1, us-west-2 and eu-west-1. */
export type RegionSize = keyof typeof regionLimits;

/**
 * Lambdas that may run at once in an account and Region, and how many environments a function may
 * gain in ten seconds. https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
 */
export const lambdaLimits = { concurrent: 1_000, newIn10Seconds: 1_000 } as const;

/**
 * EventBridge tries a target for 24 hours and at most 185 times; how long it waits in between it
 * does not say: assumed is a second, doubled each time up to a minute.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
 */
export const deliveries = { most: 185, firstMs: 1_000, longestMs: 60_000 } as const;

/** A new on-demand table's, in requests; each of Cordon's is one write or one read or little more. */
export const caseTableRate: Rate = { burst: 4_000, perSecond: 4_000 };

/**
 * Writes to one partition of a table, and so to one item.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
export const itemRate: Rate = { burst: 1_000, perSecond: 1_000 };

/** Milliseconds that are measured nowhere here: a call's answer, and what Lambda adds to a run. */
export const latencies = { call: 30, caseTable: 10, coldStart: 500, warmStart: 20 } as const;
