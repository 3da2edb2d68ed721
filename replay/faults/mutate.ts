import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refuseNetwork } from '../no-network.ts';
import { readCases } from '../read-case.ts';
import { isMissed, roadsOf } from './missed.ts';
import { everyMutation, listedMutations } from './mutations.ts';

/**
 * `npm run mutations -- [PART …]`: takes safeguards away, one at a time, and says which run of the
 * harness catches that, and by which invariant: those that CONTRIBUTING.md lists, each in its case; or
 * all whose name has one of these parts, in whichever case it shows first. Exit code 1 where one is not
 * caught.
 */
refuseNetwork();
const parts = process.argv.slice(2);
const events = fileURLToPath(new URL('../../events', import.meta.url));
const cases = readCases(events);
const listed = new Map(listedMutations);
const wanted =
  parts.length === 0
    ? [...listed.keys()]
    : everyMutation().filter((mutation) => parts.some((part) => mutation.includes(part)));
const names = new Set(parts.length === 0 ? listed.values() : []);
const roads = await roadsOf(
  cases.filter(({ source }) => names.size === 0 || names.has(basename(source))),
);
let kept = 0;
for (const mutation of wanted) {
  const of = parts.length === 0 ? listed.get(mutation) : undefined;
  const { by, runs } = await isMissed(
    mutation,
    roads.filter((road) => !of || basename(road.of.case.source) === of),
  );
  if (!by) kept++;
  console.log(
    by
      ? `caught     ${mutation}\n           --case ${basename(by.source)}, ${by.fault}: ${by.violation.slice(0, 80)}`
      : `not caught ${mutation} (${runs} runs)`,
  );
}
console.log(`${wanted.length - kept} of ${wanted.length} safeguards are missed when taken away`);
process.exitCode = kept > 0 ? 1 : 0;
