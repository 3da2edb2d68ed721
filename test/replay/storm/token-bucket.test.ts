import { describe, expect, it } from 'vitest';
import { bucketOf } from '../../../replay/storm/limits.ts';
import { leastSeconds, TokenBucket } from '../../../replay/storm/token-bucket.ts';

/** How many of so many calls at one second a bucket lets through. */
const letThrough = (bucket: TokenBucket, calls: number, second: number): number =>
  Array.from({ length: calls }, () => bucket.take(second * 1000)).filter(Boolean).length;

// AWS's own example: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
describe('a bucket of 100 tokens that gains 20 a second, as DescribeHosts has', () => {
  const describeHosts = { burst: 100, perSecond: 20 };

  it('takes 100 calls in one second and refuses the rest', () => {
    expect(letThrough(new TokenBucket(describeHosts, 0), 130, 0)).toBe(100);
  });

  it('is full again after five seconds without calls, and no fuller after more', () => {
    const bucket = new TokenBucket(describeHosts, 0);
    letThrough(bucket, 100, 0);
    expect(letThrough(bucket, 200, 5)).toBe(100);
    expect(letThrough(bucket, 200, 60)).toBe(100);
  });

  it('takes 20 calls a second from what it gains, without being full', () => {
    const bucket = new TokenBucket(describeHosts, 0);
    letThrough(bucket, 100, 0);
    expect([1, 2, 3].map((second) => letThrough(bucket, 50, second))).toEqual([20, 20, 20]);
  });

  it('loses nothing to a call that it refuses', () => {
    const bucket = new TokenBucket(describeHosts, 0);
    letThrough(bucket, 1_000, 0);
    expect(letThrough(bucket, 1_000, 1)).toBe(20);
  });
});

it('cannot change 1,000 interfaces in less than three minutes', () => {
  const { rate } = bucketOf('ec2:ModifyNetworkInterfaceAttribute', {});
  expect(leastSeconds(rate, 1_000)).toBe(180);
  expect(leastSeconds(rate, 100)).toBe(0);
});

it.each([
  ['ec2:DescribeInstances', { InstanceIds: ['i-1'] }, { burst: 100, perSecond: 20 }],
  ['ec2:DescribeInstances', {}, { burst: 50, perSecond: 10 }],
  ['ec2:ModifyInstanceAttribute', { InstanceId: 'i-1' }, { burst: 50, perSecond: 5 }],
  ['ec2:CreateSnapshots', {}, { burst: 100, perSecond: 5 }],
  ['ec2:CreateTags', {}, { burst: 100, perSecond: 10 }],
] as const)('gives %s %o the rate that AWS documents', (call, input, rate) => {
  expect(bucketOf(call, input).rate).toEqual(rate);
});
