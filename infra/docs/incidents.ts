import { steps } from '../../functions/index.ts';
import type { Change, Item, Key, Refused } from '../../functions/shared/case-table.ts';
import type { Settings } from '../../functions/shared/settings.ts';
import { accountFromFinding } from '../../replay/account/from-finding.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { type Family, runFamily } from '../../replay/family.ts';
import { findingsIn } from '../../replay/findings-in.ts';
import { readCases } from '../../replay/read-case.ts';
import { ask } from '../../replay/request.ts';
import { loadWorkflows } from '../../replay/workflow.ts';

/** What one incident uses, counted in a live replay of it. */
export interface Incident {
  readonly name: string;
  /** People were asked first, and agreed: it was rehearsed before and after they did. */
  readonly approved: boolean;
  readonly playbook: string;
  /** One incident on one target is a case; a finding on several targets makes several. */
  readonly cases: number;
  /** States entered, retries included, without the polls for memory. */
  readonly transitions: number;
  readonly invocations: number;
  readonly calls: number;
  /** Of them, those that CloudTrail takes two a second of. */
  readonly slowCalls: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** How often the capture of memory was looked at: three transitions and one invocation each. */
  readonly polls: number;
}

/** The fullest case of each playbook that answers findings: memory, a trace, further playbooks. */
const counted: readonly Pick<Incident, 'name' | 'approved'>[] = [
  { name: 'command-and-control-from-web-server', approved: false },
  { name: 'command-and-control-from-web-server', approved: true },
  { name: 'leaked-key-led-to-three-roles', approved: false },
  { name: 'leaked-key-led-to-three-roles', approved: true },
  { name: 'instance-credentials-used-outside-aws', approved: false },
  { name: 'attack-sequence-on-instance-key-and-bucket', approved: false },
  { name: 'attack-sequence-on-instance-and-its-session', approved: false },
];

/** An approver opens the page and presses a button. */
const invocationsOfPage = 2;

const kilobytes = (item: Item | undefined, each: number): number =>
  Math.max(1, Math.ceil(Buffer.byteLength(JSON.stringify(item ?? {})) / 1024 / each));

/**
 * A case table that counts what DynamoDB would charge: a transaction's writes twice, its checks like
 * the writes, a consistent read once for each 4 KB.
 */
class MeteredTable extends CaseTableInMemory {
  writeUnits = 0;
  readUnits = 0;

  override async get(key: Key): Promise<Item | undefined> {
    const item = await super.get(key);
    this.readUnits += kilobytes(item, 4);
    return item;
  }

  override async query(pk: string, prefix = ''): Promise<readonly Item[]> {
    const items = await super.query(pk, prefix);
    this.readUnits += items.reduce((sum, item) => sum + kilobytes(item, 4), items.length ? 0 : 1);
    return items;
  }

  override async write(changes: readonly Change[]): Promise<'written' | Refused> {
    for (const change of changes) {
      this.writeUnits += 2 * kilobytes('put' in change ? change.put : undefined, 1);
    }
    return super.write(changes);
  }
}

const workflows = loadWorkflows(steps);

/** Replays each incident live, with the playbooks that its own one starts, and counts. */
export const incidents = (): Promise<readonly Incident[]> => Promise.all(counted.map(count));

async function count({ name, approved }: (typeof counted)[number]): Promise<Incident> {
  const [of] = readCases(new URL(`../../events/${name}`, import.meta.url).pathname);
  const [item] = of ? findingsIn(of) : [];
  if (!of || !item || !('parsed' in item)) throw new Error(`events/${name} is no case`);
  const { finding } = item.parsed;
  const asked = ask(item.parsed, { mode: 'live', otherwise: 'live' });
  const workflow = workflows.get(asked.playbook ?? '');
  if (!asked.playbook || !workflow) throw new Error(`events/${name} starts no playbook`);
  const now = () => new Date(finding.updatedAt);
  const account = new RehearsalAccount(of.account ?? accountFromFinding(finding), { now });
  const table = new MeteredTable();
  const settings = approved ? askingFirst(of.settings) : of.settings;
  const world = {
    ...{ account, table, running: new Set<string>(), settings, now },
    ...(approved && { approver: 'approves' as const }),
  };
  const input = asked.request;
  const family = await runFamily({ workflow, name: 'run', input, ...world }, workflows).ended;
  const { writeUnits, readUnits } = table;
  const used = usedBy(family);
  const invocations = used.invocations + (approved ? invocationsOfPage : 0);
  const playbook = asked.playbook;
  return { name, approved, playbook, ...used, invocations, writeUnits, readUnits };
}

const askingFirst = (settings: Settings): Settings => ({
  ...settings,
  playbooks: {
    ...settings.playbooks,
    'compromised-instance': 'approve',
    'compromised-access-key': 'approve',
  },
});

type Counted = Pick<
  Incident,
  'cases' | 'transitions' | 'invocations' | 'calls' | 'slowCalls' | 'polls'
>;

function usedBy(family: Family): Counted {
  const entered = withStarted(family).flatMap(({ ran }) => ran.entered);
  const invocations = entered.flatMap((state) => state.invocations);
  const polls = invocations.filter(({ step }) => step === 'check-memory-capture').length;
  const retries = entered.reduce(
    (sum, state) => sum + Math.max(0, state.invocations.length - 1),
    0,
  );
  const journal = invocations.flatMap((invocation) => invocation.journal);
  return {
    cases: withStarted(family).length,
    transitions: entered.length + retries - 3 * polls,
    invocations: invocations.length - polls,
    calls: journal.length,
    slowCalls: journal.filter(({ call }) => call === 'cloudtrail:LookupEvents').length,
    polls,
  };
}

const withStarted = (family: Family): readonly Family[] => [
  family,
  ...family.started.flatMap(withStarted),
];
