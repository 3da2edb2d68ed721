import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { faultsCommand } from '../../replay/faults/command.ts';
import type { FaultName } from '../../replay/faults/faults.ts';
import { isMissed, roadsOf } from '../../replay/faults/missed.ts';
import { listedMutations, type Mutation } from '../../replay/faults/mutations.ts';
import { roles } from '../../replay/faults/roles.ts';
import { runFaultFree, type Tried, tryAll, type Wanted } from '../../replay/faults/run-case.ts';
import { readCases } from '../../replay/read-case.ts';
import { loadWorkflows } from '../../replay/workflow.ts';

const events = fileURLToPath(new URL('../../events/', import.meta.url));
const workflows = loadWorkflows(steps);

function caseOf(name: string) {
  const [of] = readCases(`${events}${name}`);
  if (!of) throw new Error(`there is no case ${name}`);
  return of;
}

async function tried(name: string, wanted: Wanted): Promise<readonly Tried[]> {
  const scenario = { case: caseOf(name), priority: 'evidence-first' as const, workflows };
  const all: Tried[] = [];
  for await (const one of tryAll(scenario, await runFaultFree(scenario), wanted)) all.push(one);
  return all;
}

const broken = (all: readonly Tried[]) =>
  all
    .filter(({ ending }) => ending === 'violated' || ending === 'not-met')
    .map(({ fault, attempt, violations }) => [fault, attempt.state, attempt.call, violations]);

// All of it is `npm run faults`; these few show that it is right.
describe.each([
  ['started-by-hand', 40],
  ['key-that-nobody-has', 4],
  ['started-by-hand-for-role-session', 40],
  ['leaked-key-used-from-tor', 90],
])('%s, every %i-th fault', (name, every) => {
  it('holds to the invariants whatever fault comes', async () => {
    const all = await tried(name, { every });

    expect(broken(all)).toEqual([]);
    expect(new Set(all.map(({ fault }) => fault)).size).toBeGreaterThan(6);
  }, 60_000);
});

it('comes to the same where a run is taken for another as where it is run', async () => {
  const wanted = { every: 31 };
  const grouped = await tried('started-by-hand-for-role', wanted);
  const each = await tried('started-by-hand-for-role', { ...wanted, ungrouped: true });

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

// `npm run mutations` takes all of them away, as `.ci/run` does.
describe('a safeguard that is taken away', () => {
  it.each<[Mutation, string]>([
    ['catch:compromised-instance/Isolate instance', 'ssh-brute-force-from-instance'],
    ['read-back:isolate-instance', 'ssh-brute-force-from-instance'],
    ['condition:lock', 'ssh-brute-force-from-instance'],
    ['condition:close', 'two-findings-on-one-instance'],
  ])(
    'is missed: %s',
    async (mutation, name) => {
      expect((await isMissed(mutation, await roadsOf([caseOf(name)]))).by).not.toBeNull();
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
  const one = ['--case', 'ssh-brute-force-from-instance', '--call', 'ec2:CreateSnapshots'];

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
    [['--without', 'catch:nothing'], 'safeguard'],
  ])('exits 2 for %j', async (args, message) => {
    const { exitCode, err } = await run(...args);

    expect(exitCode).toBe(2);
    expect(err).toContain(message);
  });
});
