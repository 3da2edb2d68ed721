import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import * as z from 'zod';
import { steps } from '../functions/index.ts';
import { longTrace, type Road, roads } from './bench-cases.ts';
import { changes } from './call-in-words.ts';
import { refuseNetwork } from './no-network.ts';
import { type Case, readCases } from './read-case.ts';
import { replayCase } from './replay.ts';
import { type Cut, timeToCut } from './time-to-cut.ts';
import { loadWorkflows } from './workflow.ts';

/** One number with what it may be at most; `most` is null where nothing is promised. */
interface Measure {
  readonly what: string;
  readonly value: number;
  readonly most: number | null;
  readonly unit: string;
}

/** What one finding of `events/` took. */
interface Effort {
  readonly source: string;
  readonly status: string;
  readonly calls: number;
  readonly writes: number;
  readonly lambdas: number;
  /** States entered, retries included: what Step Functions bills. */
  readonly transitions: number;
}

/** `cut` is null where nothing was cut. */
type RoadMeasured = Pick<Road, 'name' | 'most'> & { readonly cut: Cut | null };

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const events = fileURLToPath(new URL('../events', import.meta.url));

/** `--quick` repeats less often, for `.ci/run`: what is counted is the same, what is timed is rougher. */
const quick = process.argv.includes('--quick');
const copies = quick ? 3 : 100;

const round = (value: number): number => Math.round(value * 100) / 100;

// Before anything else: the CLI is a process of its own and needs nothing of this one.
const whole = secondsOf(['--json']);
const startUp = secondsOf(
  ['--json', fileURLToPath(new URL('../package.json', import.meta.url))],
  2,
);
const deployed = deployedMeasures();

refuseNetwork();
const workflows = loadWorkflows(steps);
const cases = readCases(events);
const efforts = await effortsOf(cases);
const toCut = await roadsToCut();
const measures = [
  { what: 'start-up', value: startUp, most: null, unit: 's' },
  { what: 'all of events/, start-up included', value: whole, most: 5, unit: 's' },
  ...(await manyCopies()),
  ...(await aLongTrace()),
  ...deployed,
];

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ toCut, measures, cases: efforts }, null, 2));
} else {
  console.log(tableOfRoads());
  console.log('AssumeRole: 0 calls, every step acts in the responder’s own account.\n');
  console.log(tableOfMeasures());
  console.log(tableOfEfforts());
}

function secondsOf(args: readonly string[], expected = 0): number {
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, cli, ...args], {
    maxBuffer: 1 << 30,
  });
  if (status !== expected) throw new Error(`the replay ended with ${status}: ${stderr}`);
  return round((performance.now() - before) / 1000);
}

/** Measured by a process of its own: with the CDK in it, this one's memory would say nothing. */
function deployedMeasures(): readonly Measure[] {
  const program = fileURLToPath(new URL('../infra/bench.ts', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...(quick ? ['--quick'] : [])], {
    encoding: 'utf8',
  });
  if (!stdout) throw new Error(`the deployed shape was not measured: ${stderr}`);
  return JSON.parse(stdout);
}

async function roadsToCut(): Promise<readonly RoadMeasured[]> {
  const measured: RoadMeasured[] = [];
  for (const { name, case: of, goal, most } of roads) {
    measured.push({ name, cut: (await timeToCut(of, goal, workflows)) ?? null, most });
  }
  return measured;
}

async function effortsOf(all: readonly Case[]): Promise<readonly Effort[]> {
  const efforts: Effort[] = [];
  for (const of of all) {
    for (const { replay, ran } of await replayCase(of, { workflows, mode: 'live' })) {
      const calls = replay.steps.flatMap((step) => step.calls);
      const retries = ran?.entered.map(({ invocations }) => Math.max(0, invocations.length - 1));
      efforts.push({
        source: replay.source,
        status: replay.status,
        calls: calls.length,
        writes: calls.filter(({ call }) => changes(call)).length,
        lambdas: replay.steps.length,
        transitions: replay.states.length + (retries ?? []).reduce((sum, each) => sum + each, 0),
      });
    }
  }
  return efforts;
}

async function manyCopies(): Promise<readonly Measure[]> {
  let findings = 0;
  const before = performance.now();
  for (let copy = 0; copy < copies; copy++) {
    for (const of of cases) findings += (await replayCase(of, { workflows })).length;
  }
  const milliseconds = (performance.now() - before) / findings;
  const memory = process.resourceUsage().maxRSS / 1024;
  return [
    { what: `each finding of ${copies} copies`, value: round(milliseconds), most: 20, unit: 'ms' },
    { what: 'memory, at most', value: Math.round(memory), most: 300, unit: 'MiB' },
  ];
}

/** Simulated time: a replay's steps sleep for nothing, and the pace counts what they would have. */
async function aLongTrace(): Promise<readonly Measure[]> {
  const [replayed] = await replayCase(longTrace.case, { workflows });
  const runs = replayed?.ran?.entered.flatMap(({ invocations }) => invocations) ?? [];
  const trace = runs.find(({ step }) => step === 'trace-credentials')?.result;
  const { seconds } = z.object({ seconds: z.number() }).parse(trace);
  // The pages that find a Region's end, and whole seconds.
  const most = longTrace.leastSeconds + 2;
  const bytes = Buffer.byteLength(JSON.stringify(trace));
  return [
    { what: 'trace of 10,000 events in 17 Regions, simulated', value: seconds, most, unit: 's' },
    {
      what: 'what that trace adds to the state',
      value: round(bytes / 1024),
      most: 64,
      unit: 'KiB',
    },
  ];
}

function tableOfRoads(): string {
  const table = tableOf(['from finding to cut', 'serial calls', 'states', 'Lambdas', 'waits']);
  for (const { name, cut, most } of toCut) {
    table.push([
      name,
      beside(cut?.serialCalls, most.serialCalls),
      beside(cut?.states, most.states),
      beside(cut?.lambdas),
      beside(cut?.waits, 0),
    ]);
  }
  return table.toString();
}

function tableOfMeasures(): string {
  const table = tableOf(['time and memory', 'value']);
  for (const { what, value, most, unit } of measures) {
    table.push([`${what}, in ${unit}`, beside(value, most ?? undefined)]);
  }
  return table.toString();
}

function tableOfEfforts(): string {
  const table = tableOf(['case, live', 'status', 'calls', 'writes', 'Lambdas', 'transitions']);
  for (const { source, status, calls, writes, lambdas, transitions } of efforts) {
    table.push([source.split('/').at(-1), status, calls, writes, lambdas, transitions]);
  }
  return table.toString();
}

/** A number with what it may be at most, and a mark where it is more. */
function beside(value: number | undefined, most?: number): string {
  if (value === undefined) return 'not reached: MISSED';
  if (most === undefined) return String(value);
  return `${value} of ${most}${value <= most ? '' : ': MISSED'}`;
}

function tableOf(head: string[]) {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    chars: { 'left-mid': '├', mid: '─', 'mid-mid': '┼', 'right-mid': '┤' },
  });
}
