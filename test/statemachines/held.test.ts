import { expect, it } from 'vitest';
import { holdSeconds } from '../../functions/shared/case-record.ts';
import type { Change } from '../../functions/shared/case-table.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { findingsIn } from '../../replay/findings-in.ts';
import { ask } from '../../replay/request.ts';
import { type Ran, runWorkflow } from '../../replay/run-workflow.ts';
import { takeOverTimers } from '../../replay/storm/virtual-timers.ts';
import { VirtualTime } from '../../replay/virtual-time.ts';
import { cases, workflowOf } from './failing-replays.ts';

/** Whatever is free to be held, another case took a moment before; its Lambda was killed since. */
class HeldByTheDead extends CaseTableInMemory {
  override async write(changes: readonly Change[]) {
    for (const change of changes) {
      if (!('put' in change) || !change.put.pk.startsWith('hold#')) continue;
      if (await this.get(change.put)) continue;
      await super.write([{ put: { ...change.put, holder: 'case-dec0dec0de' } }]);
    }
    return super.write(changes);
  }
}

async function run(name: string, time?: VirtualTime) {
  const of = cases.get(name);
  const [item] = of ? findingsIn(of) : [];
  if (!of?.account || !item || !('parsed' in item)) throw new Error(`${name} is no such case`);
  const asked = ask(item.parsed, { mode: 'live', otherwise: 'live' });
  if (asked.playbook === null) throw new Error(`no playbook answers ${name}`);
  const start = Date.parse(item.parsed.finding.updatedAt);
  const now = () => new Date(start + (time?.now ?? 0));
  const table = time ? new HeldByTheDead() : new CaseTableInMemory();
  const account = new RehearsalAccount(AccountState.parse(of.account), { now });
  const { settings } = of;
  const workflow = workflowOf(asked.playbook);
  const input = asked.request;
  const world = { account, table, settings, running: new Set<string>(), now };
  const inTime = time && { inTime: true as const };
  return runWorkflow({ ...world, workflow, name: 'held', input, ...inTime }).ended;
}

const runsOf = (ran: Ran) => ran.entered.flatMap(({ invocations }) => invocations);
const lastOutcome = (ran: Ran, of: string) =>
  runsOf(ran).findLast(({ step }) => step === of)?.outcome;

it.each([
  ['leaked-key-used-from-tor', ['quarantine-user', 'revoke-user-sessions']],
  ['started-by-hand-for-role', ['revoke-role-sessions']],
  ['two-findings-on-one-instance', ['deny-remote-addresses']],
])('%s is contained though a killed Lambda held what its steps change', async (name, steps) => {
  // Its modules are then loaded: time would run on while one is read.
  const sound = await run(name);
  const time = new VirtualTime();
  const giveBack = takeOverTimers(time);
  const ran = await run(name, time).finally(giveBack);

  const held = runsOf(ran).filter(({ error }) => error?.name === 'ResourceHeldError');
  expect([...new Set(held.map(({ step }) => step))].sort()).toEqual(steps);
  expect(time.now / 1000).toBeGreaterThanOrEqual(holdSeconds);
  expect(ran.status).toBe('succeeded');
  for (const step of steps) expect(lastOutcome(ran, step)).toBe(lastOutcome(sound, step));
});
