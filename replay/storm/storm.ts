import type { AwsCall } from '../../functions/shared/step.ts';
import { RehearsalAccount } from '../account/rehearsal-account.ts';
import { CaseTableInMemory } from '../case-table-in-memory.ts';
import { EvidenceInMemory } from '../evidence-in-memory.ts';
import { RehearsalSettings } from '../rehearsal-settings.ts';
import { type Between, type Ran, runWorkflow } from '../run-workflow.ts';
import { VirtualTime } from '../virtual-time.ts';
import { Waits } from '../waits.ts';
import type { Workflow } from '../workflow.ts';
import { AwsLimits } from './aws-limits.ts';
import { accountOf, type Hit, hits } from './findings.ts';
import { LambdaService } from './lambda-service.ts';
import { latencies, type RegionSize } from './limits.ts';
import { type StormReport, summary } from './summary.ts';
import { takeOverTimers } from './virtual-timers.ts';

/** What breaks out, and where. */
export interface StormOptions {
  readonly findings: number;
  readonly priority: 'evidence-first' | 'containment-first';
  /** Whether the VPC has its isolation group already. */
  readonly group: 'ready' | 'missing';
  /** Of each instance. */
  readonly interfaces: number;
  readonly region: RegionSize;
  /** On containments in an hour: at its default, or so high that nothing meets it. */
  readonly guard: 'default' | 'lifted';
  /** Lambdas that may run at once in the account. */
  readonly concurrency: number;
  readonly workflow: Workflow;
  /** Told how many executions have ended, and of the seconds that passed in the simulation. */
  progress?(ended: number, seconds: number): void;
}

/** What became of one finding. */
export interface Outcome {
  readonly hit: Hit;
  /** Milliseconds after the findings came; undefined where something of it was never cut. */
  readonly cutAt: number | undefined;
  readonly endedAt: number;
  readonly status: Ran['status'] | 'not-started';
  /** The states it ended in say why. */
  readonly last: string;
}

/**
 * Has thousands of findings come at once, and lets everything happen as on AWS, but in virtual time:
 * the real workflow with its waits and retries, the real steps, the SDK's own retries; under the
 * limits that AWS documents for its APIs, Step Functions, Lambda and EventBridge.
 *
 * All instances stand in one account and Region, which is not Cordon's own: each Lambda assumes the
 * target role once. What waits for people is left waiting: they are asleep. Nothing but this process's
 * timers is changed, and that only while it runs.
 */
export async function storm(options: StormOptions): Promise<StormReport> {
  await loadModules(options);
  const time = new VirtualTime();
  const giveBack = takeOverTimers(time);
  try {
    return await breakOut(options, time);
  } finally {
    giveBack();
  }
}

async function breakOut(options: StormOptions, time: VirtualTime): Promise<StormReport> {
  const hit = hits(options.findings, options.interfaces);
  const limits = new AwsLimits(time, options.region);
  const lambda = new LambdaService(time, options.concurrency);
  const start = Date.parse('2026-03-01T04:05:06.000Z');
  const now = () => new Date(start + time.now);
  const cutAt = new Map<string, number>();
  const account = new RehearsalAccount(accountOf(hit, options.group), {
    now,
    latency: () => time.pass(latencies.call),
    fault: (call, input) => {
      const refused = limits.refuse(call, input);
      if (!refused) noteCut(call, input, cutAt, time.now);
      return refused && { when: 'before', error: refused };
    },
  });
  const world = {
    account,
    table: new CaseTableInMemory((moved) => limits.caseTable(moved)),
    evidence: new EvidenceInMemory(),
    running: new Set<string>(),
    settings: settingsFor(options),
    now,
    inTime: true,
    waits: new Waits(),
    // What would be done is planned as on AWS, for thousands: not on a copy of the account each.
    dryRun: 'stand-ins',
    between: between(limits, lambda),
  } as const;
  let ended = 0;
  const outcomes = await Promise.all(
    hit.map(async (one, n): Promise<Outcome> => {
      const started = await limits.startExecution();
      const { workflow, priority } = options;
      const name = `storm-${n}`;
      const input = { mode: 'live', priority, event: one.event };
      const ran = started && (await runWorkflow({ ...world, workflow, name, input }).ended);
      options.progress?.(++ended, time.now / 1000);
      const times = one.networkInterfaceIds.map((eni) => cutAt.get(eni));
      return {
        hit: one,
        cutAt: times.includes(undefined) ? undefined : Math.max(...times.map(Number)),
        endedAt: time.now,
        status: ran ? ran.status : 'not-started',
        last: ran ? (ran.failure?.error ?? ran.entered.at(-1)?.state ?? '') : 'EventBridge gave up',
      };
    }),
  );
  return summary(options, outcomes, { limits, lambda, state: account.state });
}

/**
 * Works one finding outside of virtual time, which would run on while a module that is imported at
 * its first use is read.
 */
async function loadModules(options: StormOptions): Promise<void> {
  const { workflow, priority } = options;
  const hit = hits(1, 1);
  const now = () => new Date('2026-03-01T04:05:06.000Z');
  await runWorkflow({
    workflow,
    name: 'before-the-storm',
    input: { mode: 'live', priority, event: hit[0]?.event },
    account: new RehearsalAccount(accountOf(hit, 'missing'), { now }),
    table: new CaseTableInMemory(),
    running: new Set(),
    settings: settingsFor(options),
    now,
  }).ended;
}

/** Lifted, more may be contained in an hour than are ever hit at once. */
const settingsFor = ({ guard }: StormOptions) =>
  RehearsalSettings.parse(
    guard === 'lifted'
      ? { limits: { perAccount: 10_000, inAll: 10_000, perPlaybook: 10_000 } }
      : {},
  );

/** An interface is cut when the call that changes its groups was let through. */
function noteCut(call: AwsCall, input: object, cutAt: Map<string, number>, now: number): void {
  if (call !== 'ec2:ModifyNetworkInterfaceAttribute' || !('NetworkInterfaceId' in input)) return;
  const eni = String(input.NetworkInterfaceId);
  if (!cutAt.has(eni)) cutAt.set(eni, now);
}

/** What happens between a Task state and its step: Step Functions' own pace, Lambda's, and AssumeRole. */
const between =
  (limits: AwsLimits, lambda: LambdaService): Between =>
  async ({ step }, wiring, invoke) => {
    await limits.stateTransitions();
    return lambda.invoke(step.name, () => {
      let assumed: Promise<void> | undefined;
      return invoke({
        ...wiring,
        sleep: (milliseconds) => limits.pass(milliseconds),
        connection: async (target, mode, declared) => {
          const to = await wiring.connection(target, mode, declared);
          const { credentials } = to;
          if (!credentials || typeof credentials === 'function') return to;
          return {
            ...to,
            credentials: async () => {
              assumed ??= limits.assumeRole();
              await assumed;
              return credentials;
            },
          };
        },
      });
    });
  };
