import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { knownFindingTypes } from '../../replay/known-finding-types.ts';
import { routingTable } from '../../replay/routing.ts';

const table = routingTable();

test('the page of playbooks says what the triggers do', () => {
  const page = readFileSync(new URL('../../statemachines/README.md', import.meta.url), 'utf8');
  const [, shown] = /<!-- routing -->\n\n(.*)\n\n<!-- \/routing -->/s.exec(page) ?? [];

  expect(shown, 'print it with `npm run routing`').toBe(table.trimEnd());
});

test('every known type stands in it once', () => {
  const known = new Set(knownFindingTypes);
  const listed = table.split('\n').filter((line) => known.has(line));

  expect(listed.toSorted()).toEqual(knownFindingTypes.toSorted());
});

test('it fits a terminal', () => {
  for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});

test('a grave finding’s priority is the one shown', () => {
  const [, before = ''] = /(.*)\nTrojan:EC2\/DNSDataExfiltration\n/s.exec(table) ?? [];

  expect(before.slice(before.lastIndexOf('####'))).toContain(
    '| any | compromised-instance | containment-first | – | asks | acts |',
  );
});
