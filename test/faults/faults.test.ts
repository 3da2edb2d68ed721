import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { faultsCommand } from '../../replay/faults/command.ts';
import { type Contained, contain } from '../../replay/faults/contained.ts';
import type { FaultName } from '../../replay/faults/faults.ts';
import { isMissed, roadsOf } from '../../replay/faults/missed.ts';
import { listedMutations, type Mutation } from '../../replay/faults/mutations.ts';
import { roles } from '../../replay/faults/roles.ts';
import { runFaultFree, type Tried, tryAll, type Wanted } from '../../replay/faults/run-case.ts';
import type { Scenario } from '../../replay/faults/scenario.ts';
import { trierOf } from '../../replay/faults/try-case.ts';
import { readCases } from '../../replay/read-case.ts';
import { loadWorkflows } from '../../replay/workflow.ts';

const events = fileURLToPath(new URL('../../events/', import.meta.url));
const workflows = loadWorkflows(steps);

function caseOf(name: string) {
  const [of] = readCases(`${events}${name}`);
  if (!of) throw new Error(`there is no case ${name}`);
  return of;
}

async function tried(
  name: string,
  wanted: Wanted,
  contained?: readonly Contained[],
): Promise<readonly Tried[]> {
  const priority = 'evidence-first';
  const scenario: Scenario = { case: caseOf(name), priority, workflows, contained };
  const all: Tried[] = [];
  for await (const one of tryAll(scenario, await runFaultFree(scenario), wanted)) all.push(one);
  return all;
}

// All of it is `npm run faults`; these few show that it is right.
describe.each([
  ['started-by-hand', 'answered', 130],
  ['started-by-hand', 'throttled', 160],
  ['key-that-nobody-has', 'answered', 4],
  ['leaked-key-replaced', 'answered', 12],
  ['leaked-key-replaced-once-approved', 'answered', 24],
  ['started-by-hand-for-role-session', 'answered', 60],
  ['leaked-key-used-from-tor', 'answered', 150],
  ['two-findings-on-one-instance', 'released', 40],
  ['leaked-key-used-from-tor', 'released', 40],
  ['started-by-hand-for-role', 'failing', 2],
] as const)('%s, %s, every %i-th fault', (name, way, every) => {
  it('holds to the invariants whatever fault comes', async () => {
    const wanted = { way, every, atOnce: false };
    const tryIt = trierOf({ paths: [`${events}${name}`], wanted, without: 'none' });
    const { cells, violations } = await tryIt(0, () => {});

    expect(violations).toEqual([]);
    expect(new Set(cells.map(({ fault }) => fault)).size).toBeGreaterThan(4);
    expect(new Set(cells.map((cell) => cell.way))).toEqual(new Set([way]));
  }, 60_000);
});

it('makes each fault in exactly one of the parts of a sample', async () => {
  const tryIt = async (sample: { every?: number; part?: number }) => {
    const faults = ['lambda-killed', 'execution-stopped'] as const;
    const wanted = { way: 'answered', atOnce: true, faults, ...sample } as const;
    const trier = trierOf({ paths: [`${events}key-that-nobody-has`], wanted, without: 'none' });
    const { cells } = await trier(0, () => {});
    return cells.flatMap(({ call, fault, ending, tried }) =>
      Array.from({ length: tried }, () => `${fault} ${call} ${ending}`),
    );
  };
  const parts = await Promise.all([1, 2].map((part) => tryIt({ every: 2, part })));

  expect(parts.flat().sort()).toEqual((await tryIt({})).sort());
  for (const part of parts) expect(part.length).toBeGreaterThan(10);
}, 60_000);

it('comes to the same where a run is taken for another as where it is run', async () => {
  const name = 'started-by-hand-for-role';
  const contained = await contain(caseOf(name));
  const wanted = { every: 6 };
  const grouped = await tried(name, wanted, contained);
  const each = await tried(name, { ...wanted, ungrouped: true }, contained);

  const lines = (all: readonly Tried[]) =>
    all.map(({ attempt, fault, ending }) => `${attempt.place} ${fault} ${ending}`);
  expect(lines(grouped)).toEqual(lines(each));
  expect(grouped.some(({ sameAs }) => sameAs)).toBe(true);
}, 60_000);

it('says how each way ends: the same, without evidence, a human’s, settled', async () => {
  const at = async (call: string, fault: FaultName) => {
    const all = await tried('ssh-brute-force-from-instance', { call, faults: [fault] });
    return [...new Set(all.map(({ ending }) => ending))];
  };
  expect(await at('ec2:CreateSnapshots', 'timeout-after')).toEqual(['same-end']);
  expect(await at('ec2:CreateSnapshots', 'access-denied')).toEqual(['evidence-missing']);
  expect(await at('ec2:ModifyNetworkInterfaceAttribute', 'access-denied')).toEqual([
    'left-to-human',
  ]);
  expect(await at('ec2:ModifyNetworkInterfaceAttribute', 'execution-stopped')).toEqual(['settled']);
  expect(await at('ec2:ModifyNetworkInterfaceAttribute', 'taken-over')).toEqual(['same-end']);
}, 60_000);

it('says how each release ends: the same, a human’s, settled, gone by AWS’s word', async () => {
  const name = 'role-shared-by-three-instances';
  const contained = await contain(caseOf(name));
  const at = async (call: string, fault: FaultName) => {
    const all = await tried(name, { call, faults: [fault] }, contained);
    return [...new Set(all.map(({ ending }) => ending))];
  };
  expect(await at('iam:DeleteRolePolicy', 'timeout-after')).toEqual(['same-end']);
  expect(await at('iam:DeleteRolePolicy', 'not-done')).toEqual(['same-end']);
  expect(await at('iam:DeleteRolePolicy', 'access-denied')).toEqual(['left-to-human']);
  expect(await at('iam:DeleteRolePolicy', 'execution-stopped')).toEqual(['settled']);
  expect(await at('iam:DeleteRolePolicy', 'taken-over')).toEqual(['same-end']);
  expect(await at('iam:GetRolePolicy', 'not-found')).toEqual(['said-gone', 'same-end']);
}, 60_000);

// `npm run mutations` takes all of them away, as `.ci/run` does.
describe('a safeguard that is taken away', () => {
  const roads = new Map<string, ReturnType<typeof roadsOf>>();
  const roadsIn = (name: string) => {
    const known = roads.get(name) ?? roadsOf([caseOf(name)]);
    roads.set(name, known);
    return known;
  };

  it.each<[Mutation, string]>([
    ['catch:compromised-instance/Isolate instance', 'ssh-brute-force-from-instance'],
    ['read-back:isolate-instance', 'ssh-brute-force-from-instance'],
    // What only a failure leads to: it takes a second fault to miss these.
    [
      'catch:compromised-role/Tell a human that the case is still open',
      'started-by-hand-for-role-session',
    ],
    [
      'retry:compromised-role/Tell a human that the case is still open',
      'started-by-hand-for-role-session',
    ],
    ['condition:lock', 'ssh-brute-force-from-instance'],
    ['condition:close', 'two-findings-on-one-instance'],
    ['retry:compromised-instance/Isolate instance in its turn', 'started-by-hand'],
    ['catch:release/Take back change', 'started-by-hand-for-role'],
    ['read-back:release-change', 'started-by-hand-for-role'],
    ['condition:release-close', 'started-by-hand-for-role'],
  ])(
    'is missed: %s',
    async (mutation, name) => {
      expect((await isMissed(mutation, await roadsIn(name))).by).not.toBeNull();
    },
    60_000,
  );
});

it('knows of every step whether it contains, keeps evidence or is Cordon’s own', () => {
  expect(Object.keys(roles).sort()).toEqual(steps.map(({ name }) => name).sort());
});

it('is said in CONTRIBUTING.md of every safeguard that `npm run mutations` takes away', () => {
  const text = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([^`]+:[^`]+)` \|/gm)].map(([, mutation]) => mutation);

  expect(rows).toEqual(listedMutations.map(([mutation]) => mutation));
});

describe('npm run faults', () => {
  const run = async (...args: readonly string[]) => {
    let [out, err] = ['', ''];
    const exitCode = await faultsCommand(args, {
      print: (text) => {
        out += text;
      },
      complain: (text) => {
        err += text;
      },
      colour: false,
    });
    return { exitCode, out, err };
  };
  const one = [
    ...['--case', 'ssh-brute-force-from-instance', '--call', 'ec2:CreateSnapshots'],
    ...['--way', 'answered'],
  ];

  it('prints the matrix in 100 columns, and exits 0 where every invariant held', async () => {
    const { exitCode, out } = await run(...one, '--calls', '--fault', 'access-denied');

    expect(exitCode).toBe(0);
    expect(out).toContain('access denied from then on');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  }, 60_000);

  it('prints JSON, and exits 1 where an invariant broke', async () => {
    const without = ['--without', 'condition:intent', '--fault', 'timeout-after'];
    const { exitCode, out } = await run(...one, ...without, '--json');

    expect(exitCode).toBe(1);
    const { violations } = JSON.parse(out) as { violations: { source: string; fault: string }[] };
    expect(violations.map(({ source, fault }) => [basename(source), fault])).toContainEqual([
      'ssh-brute-force-from-instance',
      'timeout-after',
    ]);
  }, 60_000);

  it.each([
    [['--case', 'no-such-case'], 'nothing was tried'],
    [['--fault', 'earthquake'], 'Allowed choices'],
    [['--every', '0'], 'whole number'],
    [['--every', '8', '--part', '9'], 'expected 1 to 8'],
    [['--part', '2'], 'expected 1 to 1'],
    [['--without', 'catch:nothing'], 'safeguard'],
  ])('exits 2 for %j', async (args, message) => {
    const { exitCode, err } = await run(...args);

    expect(exitCode).toBe(2);
    expect(err).toContain(message);
  });
});
