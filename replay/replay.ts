import * as z from 'zod';
import type { Finding } from '../functions/shared/finding.ts';
import type { Notification } from '../functions/shared/home.ts';
import { type JournalEntry, Mode } from '../functions/shared/journal.ts';
import { parseRequest } from '../functions/shared/parse-finding.ts';
import type { RehearsalAccount, RehearsalOptions } from './account/rehearsal-account.ts';
import type { AccountState } from './account/state.ts';
import type { CaseTableInMemory } from './case-table-in-memory.ts';
import type { EvidenceInMemory } from './evidence-in-memory.ts';
import { differences } from './expectation.ts';
import { type Family, runFamily } from './family.ts';
import { findingsIn, type Item, type ReleaseItem } from './findings-in.ts';
import type { Case, ExpectedReplay } from './read-case.ts';
import { type Asked, ask } from './request.ts';
import type { Execution, Invocation, Ran } from './run-workflow.ts';
import { targetName } from './target-name.ts';
import type { Workflow } from './workflow.ts';
import { Worlds } from './worlds.ts';

/** One run of a step, as the report has it. */
export interface StepReplayed {
  readonly step: string;
  readonly outcome: string;
  readonly calls: readonly JournalEntry[];
  /** The name of the state that ran it. */
  readonly state: string;
  /** The step's own words on its outcome, where it has any. */
  readonly reason?: string;
  readonly error?: string;
}

/** What came of one finding: the shape in which `--json` prints it. */
export interface Replay {
  readonly source: string;
  readonly finding: Pick<Finding, 'id' | 'type' | 'severity' | 'resourceType'> | null;
  readonly playbook: string | null;
  /** Why this playbook, or why none; for an invalid file what is wrong, with file and JSON path. */
  readonly reason: string;
  readonly mode: Mode;
  readonly status: ExpectedReplay['status'];
  readonly states: readonly string[];
  readonly steps: readonly StepReplayed[];
  readonly account: { readonly before: AccountState; readonly after: AccountState } | null;
  readonly target: string | null;
  readonly priority: string | null;
  readonly failure: Ran['failure'] | null;
  readonly notifications: readonly Notification[];
  /** The playbook that started this one; null where a finding or a person did. */
  readonly startedBy: string | null;
  /** How it differs from what `expected.json` says; empty when it does not, or there is none. */
  readonly unexpected: readonly string[];
}

/** A replay with what the report leaves out: what `--out` writes, and what the bench measures. */
export interface Replayed {
  readonly replay: Replay;
  /** Whether the case said how it must end. */
  readonly expected: boolean;
  readonly finding?: Finding;
  readonly table?: CaseTableInMemory;
  readonly evidence?: EvidenceInMemory;
  readonly ran?: Ran;
  /** What it was replayed in, to go on from there. */
  readonly rehearsal?: RehearsalAccount;
}

export interface ReplayOptions {
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** Left out, what a manual input says, else what the case expects, else a dry run. */
  readonly mode?: Mode | undefined;
  readonly dryRun?: Execution['dryRun'];
  /** Awaited before every call to the account and every request to the case table. */
  readonly latency?: () => Promise<void>;
  /** Asked at every attempt of every call: tests make calls fail with it. */
  readonly fault?: RehearsalOptions['fault'];
}

/**
 * Replays every finding of a case, each followed by the playbooks that its own one starts, and
 * compares what came of them with what the case expects.
 *
 * Findings about one target meet each other: the second starts when the first has opened its case.
 * Otherwise one finding is worked after the other. No account but the rehearsal account is touched.
 */
export async function replayCase(of: Case, options: ReplayOptions): Promise<readonly Replayed[]> {
  const { latency, fault } = options;
  const worlds = new Worlds(of.account, { ...(latency && { latency }), ...(fault && { fault }) });
  const ended: Promise<readonly Replayed[]>[] = [];
  let last: Working | undefined;
  for (const item of findingsIn(of)) {
    if (last && last.target !== item.target) await Promise.all(ended);
    await last?.underWay;
    last = start(item, of, worlds, options);
    ended.push(last.ended);
  }
  const replayed = (await Promise.all(ended)).flat();
  const { expected } = of;
  if (!expected) return replayed;
  const mode = options.mode ?? expected.mode;
  const unexpected = differences(
    replayed.map(({ replay }) => replay),
    (mode === 'live' && expected.live) || expected.replays,
  );
  return replayed.map((each, index) => ({
    ...each,
    expected: true,
    replay: { ...each.replay, unexpected: unexpected[index] ?? [] },
  }));
}

interface Working {
  readonly target: string | null;
  readonly underWay: Promise<void>;
  readonly ended: Promise<readonly Replayed[]>;
}

function start(item: Item, of: Case, worlds: Worlds, options: ReplayOptions): Working {
  const stopped = (replay: Replay, finding?: Finding): Working => ({
    target: item.target,
    underWay: Promise.resolve(),
    ended: Promise.resolve([{ replay, expected: false, ...(finding && { finding }) }]),
  });
  const mode = options.mode ?? of.expected?.mode ?? 'dry-run';
  const nothing = blank(item.source, mode);
  if (item.target === null) {
    return stopped({ ...nothing, status: 'invalid', reason: item.problem });
  }
  if ('release' in item) return startRelease(item, of, worlds, options);
  const { finding } = item.parsed;
  const found = { ...nothing, ...about(finding) };
  const asked = ask(item.parsed, { mode: options.mode, otherwise: mode });
  if (!asked.playbook) {
    return stopped({ ...found, status: 'declined', reason: asked.reason }, finding);
  }
  const workflow = options.workflows.get(asked.playbook);
  if (!workflow) throw new Error(`there is no workflow for ${asked.playbook}`);

  const world = worlds.of(item.target, finding);
  const { table, evidence, account: rehearsal } = world;
  const now = () => new Date(finding.updatedAt);
  const name = world.nextName(asked.request);
  const execution = { workflow, name, input: asked.request, ...inWorld(world, of, options), now };
  const { underWay, ended } = runFamily(execution, options.workflows);
  const replayed = ended.then((family): readonly Replayed[] => {
    const { ran, account } = family;
    const replay = { ...found, ...cameOf(ran, asked), account };
    const further = startedBy(family, { source: item.source, table, evidence, now });
    return [{ replay, expected: false, finding, table, evidence, ran, rehearsal }, ...further];
  });
  return { target: item.target, underWay, ended: replayed };
}

type World = ReturnType<Worlds['of']>;

/** What an execution meets in a world, and what the case says of it. */
const inWorld = (
  { account, table, evidence, running, turns, waits }: World,
  { approver, units, settings }: Case,
  { dryRun }: ReplayOptions,
) => ({
  ...{ account, table, evidence, running, turns, waits, approver, units, settings },
  ...(dryRun && { dryRun }),
});

/** Releases a case that was opened in one of the worlds. One that was not is told as unusable. */
function startRelease(
  { source, target, file, said, release }: ReleaseItem,
  of: Case,
  worlds: Worlds,
  options: ReplayOptions,
): Working {
  const mode = options.mode ?? release.mode;
  const nothing = blank(source, mode);
  const world = worlds.where(release.caseId);
  const workflow = options.workflows.get('release');
  if (!world || !workflow) {
    const reason = `${file}: $.caseId: expected a case that a finding before it in the same folder has opened; nobody knows ${release.caseId} here. Each replay begins without cases, and a case's id depends on the mode.`;
    const ended = Promise.resolve([{ replay: { ...nothing, reason }, expected: false }]);
    return { target, underWay: Promise.resolve(), ended };
  }
  const { table, evidence, account: rehearsal } = world;
  const request = { ...said, mode };
  const name = world.nextName(request);
  const now = () => world.time;
  const execution = { workflow, name, input: request, ...inWorld(world, of, options), now };
  const { underWay, ended } = runFamily(execution, options.workflows);
  const reason = `A person asked to release ${release.caseId}.`;
  const asked = { playbook: 'release', reason, priority: null, mode };
  const replayed = ended.then(({ ran, account }) => {
    const replay = { ...nothing, ...cameOf(ran, asked), account };
    return [{ replay, expected: false, table, evidence, ran, rehearsal }];
  });
  return { target, underWay, ended: replayed };
}

interface Around {
  readonly source: string;
  readonly table: CaseTableInMemory;
  readonly evidence: EvidenceInMemory;
  now(): Date;
}

/** What came of the playbooks that one started, each followed by those that it started itself. */
const startedBy = (parent: Family, around: Around): readonly Replayed[] =>
  parent.started.flatMap((family) => {
    const { playbook, request, ran, account, execution } = family;
    const { accountId, region } = account.before;
    const home = { account: accountId, region, execution, now: around.now() };
    const { finding, mode, priority, reason: why } = parseRequest(request, home);
    const reason = `${parent.playbook} started it${why ? `: ${why}` : ''}.`;
    const came = cameOf(ran, { playbook, reason, priority, mode });
    const found = { ...blank(around.source, mode), ...about(finding), startedBy: parent.playbook };
    const replay = { ...found, ...came, account };
    const { table, evidence } = around;
    const own = { replay, expected: false, finding, table, evidence, ran };
    return [own, ...startedBy(family, around)];
  });

// Members are in the order in which the report prints them.
const blank = (source: string, mode: Mode): Replay => ({
  source,
  finding: null,
  playbook: null,
  reason: '',
  mode,
  status: 'invalid',
  states: [],
  steps: [],
  account: null,
  target: null,
  priority: null,
  failure: null,
  notifications: [],
  startedBy: null,
  unexpected: [],
});

const about = (finding: Finding) => {
  const { id, type, severity, resourceType, account, region } = finding;
  const target = targetName(finding);
  return {
    finding: { id, type, severity, resourceType },
    target: target && `${target} in ${account} ${region}`,
  };
};

/** What the first step made of the request: it alone decides the mode, and whether anything is done. */
const Opening = z.looseObject({
  outcome: z.string(),
  mode: Mode,
  priority: z.string().optional(),
  forced: z.string().nullable(),
});

const whyDry = (forced: string) => (forced === 'policy' ? 'the settings allow no more' : forced);

const opens: ReadonlySet<string> = new Set([
  'open-case',
  'plan-attack-sequence',
  'plan-release',
  'settle-approval',
  'settle-release',
]);

/** Outcomes with which nothing is done. */
const left: ReadonlySet<string> = new Set([
  'declined',
  'needs-human',
  'denied',
  'unanswered',
  'gave-way',
  'unfinished',
]);

type Started = Pick<Extract<Asked, { request: object }>, 'playbook' | 'reason' | 'mode'> & {
  /** Null of a release, which has none. */
  readonly priority: string | null;
};

function cameOf(ran: Ran, asked: Started) {
  const invocations = ran.entered.flatMap((entered) => entered.invocations);
  // The last word: what people answered comes after what the case was opened with.
  const opened = invocations.findLast(({ step, result }) => opens.has(step) && result);
  const { data: opening } = Opening.safeParse(opened?.result);
  const nothingDone = ran.status === 'waiting' || (opening && left.has(opening.outcome));
  const status = ran.status === 'failed' ? 'failed' : nothingDone ? 'declined' : 'succeeded';
  const forced = opening?.forced ? ` A dry run, whatever is asked: ${whyDry(opening.forced)}.` : '';
  const waits = ran.status === 'waiting' ? ' It waits for approval: nothing is changed.' : '';
  return {
    playbook: asked.playbook,
    reason: `${asked.reason}${forced}${waits}`,
    mode: opening?.mode ?? asked.mode,
    priority: opening?.priority ?? asked.priority,
    status,
    states: ran.entered.map(({ state }) => state),
    steps: invocations.map(stepReplayed),
    failure: ran.failure ?? null,
    notifications: ran.notifications,
  } as const;
}

function stepReplayed({ step, state, outcome, result, error, journal }: Invocation): StepReplayed {
  const reason = result && 'reason' in result ? result.reason : undefined;
  return {
    step,
    outcome,
    calls: journal.map(({ call, disposition, input, error: refused }) => ({
      call,
      disposition,
      input,
      ...(refused && { error: refused }),
    })),
    state,
    ...(typeof reason === 'string' && { reason }),
    ...(error && { error: `${error.name}: ${error.message}` }),
  };
}
