import type { AccountState } from '../account/state.ts';
import type { AwsLimits, Sent } from './aws-limits.ts';
import type { LambdaService } from './lambda-service.ts';
import { bucketOf } from './limits.ts';
import type { Outcome, StormOptions } from './storm.ts';
import { leastSeconds } from './token-bucket.ts';

/** When cuts were made, in seconds after the findings came. */
interface Cuts {
  readonly cut: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly last: number | null;
}

/** What came of a storm: what `--json` prints of each. */
export interface StormReport extends Cuts {
  readonly findings: number;
  readonly priority: string;
  readonly group: string;
  readonly interfaces: number;
  readonly guard: string;
  /** How many Lambdas may run at once. */
  readonly concurrency: number;
  /** In how many security groups the cut instances are now. */
  readonly isolationGroups: number;
  /** Waiting for a person's word: neither cut nor lost. */
  readonly parked: number;
  /** Neither cut nor waiting for anybody. */
  readonly lost: number;
  /** The least that AWS's own limit on the cut allows, in seconds. */
  readonly leastSeconds: number;
  /** The last cut, by that. Null where everything fits into the burst. */
  readonly ratio: number | null;
  readonly bySeverity: readonly (Cuts & { readonly severity: number })[];
  /** How many cuts were made after one of lower severity that came at least so many seconds earlier. */
  readonly overtaken: number;
  /** Seconds until the last execution had ended. */
  readonly allEnded: number;
  /** How executions ended: by their last state or error. */
  readonly ends: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly calls: Readonly<Record<string, Sent>>;
  readonly lambda: {
    readonly invocations: number;
    readonly refused: number;
    readonly peak: number;
  };
}

export function summary(
  { findings, priority, group, interfaces, guard, concurrency }: StormOptions,
  outcomes: readonly Outcome[],
  { limits, lambda, state }: { limits: AwsLimits; lambda: LambdaService; state: AccountState },
): StormReport {
  const truly = isolatedIn(state);
  const cut = outcomes.filter((one) => one.cutAt !== undefined && truly(one));
  const parked = outcomes.filter((one) => !cut.includes(one) && isParked(one));
  const call = 'ec2:ModifyNetworkInterfaceAttribute';
  const { rate } = bucketOf(call, {});
  const least = leastSeconds(rate, cut.length * interfaces);
  const cuts = cutsOf(cut);
  const calls = Object.fromEntries([...limits.calls].sort(([, a], [, b]) => b.refused - a.refused));
  return {
    findings,
    priority,
    group,
    interfaces,
    guard,
    concurrency,
    ...cuts,
    isolationGroups: new Set(cut.flatMap(groupsIn(state)).flat()).size,
    parked: parked.length,
    lost: findings - cut.length - parked.length,
    leastSeconds: least,
    ratio: least > 0 && cuts.last !== null ? round(cuts.last / least) : null,
    bySeverity: [...new Set(outcomes.map(({ hit }) => hit.severity))]
      .sort((a, b) => b - a)
      .map((severity) => ({
        severity,
        ...cutsOf(cut.filter(({ hit }) => hit.severity === severity)),
      })),
    overtaken: overtakenIn(cut),
    allEnded: round(Math.max(0, ...outcomes.map(({ endedAt }) => endedAt)) / 1000),
    ends: tally(outcomes.map(({ last }) => last)),
    refused: Object.values(calls).reduce((sum, { refused }) => sum + refused, 0),
    calls,
    lambda: { invocations: lambda.invocations, refused: lambda.refused, peak: lambda.peak },
  };
}

/** The groups that each interface of an instance is in. */
function groupsIn({ networkInterfaces }: AccountState) {
  const groups = new Map<string, readonly string[]>(
    networkInterfaces.map((each) => [each.networkInterfaceId, each.groups]),
  );
  return ({ hit }: Outcome) => hit.networkInterfaceIds.map((eni) => groups.get(eni) ?? []);
}

/** Whether every interface carries a group without rules and nothing else: read, not taken on trust. */
function isolatedIn(state: AccountState) {
  const empty = new Set<string>(
    state.securityGroups.filter(({ rules }) => rules.length === 0).map(({ groupId }) => groupId),
  );
  const groupsOf = groupsIn(state);
  return (outcome: Outcome) =>
    groupsOf(outcome).every(
      ([group, ...more]) => group !== undefined && more.length === 0 && empty.has(group),
    );
}

/** It waits for a person's word. */
const isParked = ({ status }: Outcome) => status === 'waiting';

function cutsOf(outcomes: readonly Outcome[]): Cuts {
  const times = outcomes.map(({ cutAt }) => (cutAt ?? 0) / 1000).sort((a, b) => a - b);
  const at = (part: number) => {
    const time = times[Math.max(0, Math.ceil(part * times.length) - 1)];
    return time === undefined ? null : round(time);
  };
  return { cut: times.length, p50: at(0.5), p99: at(0.99), last: at(1) };
}

/** Cuts that a less severe finding's was ahead of: what order by severity alone would have none of. */
function overtakenIn(cut: readonly Outcome[]): number {
  let least = Number.POSITIVE_INFINITY;
  const inOrder = [...cut].sort((a, b) => (a.cutAt ?? 0) - (b.cutAt ?? 0));
  return inOrder.filter(({ hit: { severity } }) => {
    const behind = severity > least;
    least = Math.min(least, severity);
    return behind;
  }).length;
}

function tally(words: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const word of words) counted[word] = (counted[word] ?? 0) + 1;
  return counted;
}

const round = (value: number): number => Math.round(value * 100) / 100;
