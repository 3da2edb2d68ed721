import { fileURLToPath } from 'node:url';
import { refuseNetwork } from '../no-network.ts';
import { readCases } from '../read-case.ts';
import { isMissed, roadsOf } from './missed.ts';
import { everyMutation } from './mutations.ts';

/**
 * `npm run mutations -- [PART …]`: takes every safeguard away, one at a time, or those whose name has
 * one of these parts, and says by which run the harness misses it. Exit code 1 where one is not missed.
 */
refuseNetwork();
const parts = process.argv.slice(2);
const wanted = everyMutation().filter(
  (mutation) => parts.length === 0 || parts.some((part) => mutation.includes(part)),
);
const roads = await roadsOf(readCases(fileURLToPath(new URL('../../events', import.meta.url))));
let kept = 0;
for (const mutation of wanted) {
  const { by, runs } = await isMissed(mutation, roads);
  if (!by) kept++;
  console.log(
    by
      ? `missed    ${mutation}\n          ${by.source.replace('events/', '')}, ${by.fault}: ${by.violation.slice(0, 90)}`
      : `not missed ${mutation} (${runs} runs)`,
  );
}
console.log(`${wanted.length - kept} of ${wanted.length} safeguards are missed when taken away`);
process.exitCode = kept > 0 ? 1 : 0;
