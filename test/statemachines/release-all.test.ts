import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { changes } from '../../replay/call-in-words.ts';
import { type Replayed, replayCase } from '../../replay/replay.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { casesIn, type Released, type ReleaseIn, release } from '../release-of.ts';
import { cases } from './failing-replays.ts';
import { afterRelease, declared } from './not-released.ts';

const workflows = loadWorkflows(steps);
/** Longer after every case of `events/` than any session lasts. */
const muchLater = '2026-12-01T00:00:00.000Z';
const used = new Set<string>();

/** Replays a case live; what it was replayed in, with the account as it was and as it is. */
async function contain(name: string) {
  const of = cases.get(name);
  if (!of) throw new Error(`there is no case ${name}`);
  const replayed = await replayCase(of, { mode: 'live', workflows });
  const worlds = new Map<Replayed['rehearsal'], World>();
  for (const { rehearsal, table, replay } of replayed) {
    if (!rehearsal || !table || !replay.account || worlds.has(rehearsal)) continue;
    const { before } = replay.account;
    const around = { approver: 'approves', units: of.units } as const;
    worlds.set(rehearsal, { account: rehearsal, table, settings: of.settings, before, around });
  }
  return [...worlds.values()];
}

type World = Omit<ReleaseIn, 'at'> & { readonly before: AccountState };

/** Releases every case that was closed, all groups named; whoever is asked first agrees. */
async function releaseAll(world: World, at: string): Promise<readonly Released[]> {
  const closed = (await casesIn(world.table)).filter(({ status }) => status !== 'open');
  const released: Released[] = [];
  for (const { caseId, rejoin } of closed) {
    released.push(await release({ caseId, mode: 'live', rejoin }, { ...world, at }));
  }
  return released;
}

const lastTime = ({ table }: World): string =>
  table
    .items()
    .flatMap(({ openedAt }) => (openedAt ? [String(openedAt)] : []))
    .sort()
    .at(-1) ?? muchLater;

const writes = (released: readonly Released[]) =>
  released.flatMap(({ calls }) => calls.filter(({ call }) => changes(call)));

describe.each([...cases.keys()])('%s, contained and released', (name) => {
  it('leaves the account as it was, but for what is declared', async () => {
    for (const world of await contain(name)) {
      const released = await releaseAll(world, lastTime(world));
      expect(released.filter(({ status }) => status !== 'succeeded')).toEqual([]);
      const { left, because } = afterRelease(world.before, world.account.state);
      expect(left).toEqual([]);
      for (const why of because) used.add(why);

      expect(writes(await releaseAll(world, lastTime(world)))).toEqual([]);

      await releaseAll(world, muchLater);
      const later = afterRelease(world.before, world.account.state);
      expect(later.left).toEqual([]);
      expect([...later.because]).not.toContain('unexpired-denial');
    }
  });
});

it('declares no exception that no case needs', () => {
  expect([...used].sort()).toEqual(Object.keys(declared).sort());
});

it('sees a difference that is not declared', () => {
  const account = cases.get('command-and-control-from-web-server')?.account;
  if (!account) throw new Error('the case is not as it was');
  const other = structuredClone(account);
  for (const eni of other.networkInterfaces) eni.groups = [];
  expect(afterRelease(account, account).left).toEqual([]);
  expect(afterRelease(account, other).left).not.toEqual([]);
});
