import fc from 'fast-check';
import { nearFinding, nearRecord, readFinding, readRecord } from './near-findings.ts';

/**
 * `npm run fuzz -- [COUNT]`: reads so many findings and CloudTrail records that are almost right, half
 * of each, 100,000 in all unless said. A parser may refuse what it reads as unusable and do nothing
 * else. Exit code 1 for anything else, with the smallest input that brings it about.
 */
const count = Number(process.argv[2] ?? 100_000);
if (!Number.isInteger(count) || count < 2) {
  console.error('error: expected how many inputs, at least 2');
  process.exit(2);
}
const numRuns = Math.ceil(count / 2);
const began = performance.now();
fc.assert(fc.property(nearFinding, readFinding), { numRuns, seed: 1 });
fc.assert(fc.property(nearRecord, readRecord), { numRuns, seed: 2 });
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(`${2 * numRuns} inputs read in ${seconds} s: nothing but refusals of unusable input`);
