import type { Finding } from '../shared/finding.ts';
import type { InstanceId } from '../shared/ids.ts';

/** What a step handed on; `outcome` is `failed` where the workflow caught its failure. */
interface StepOutcome {
  readonly outcome: string;
  readonly [field: string]: unknown;
}

const actions = [
  'isolation',
  'protection',
  'scaling',
  'loadBalancers',
  'addresses',
  'memory',
  'snapshots',
  'instance',
] as const;
type Action = (typeof actions)[number];

interface Judgement {
  readonly label: string;
  /** A containment action that did not come out well leaves the case to a human. */
  readonly kind: 'containment' | 'evidence';
  /** Outcomes that leave nothing to do. */
  readonly well: readonly string[];
  /** What a person runs by hand, in the account and Region of the case; undefined if nothing helps. */
  byHand(instanceId: InstanceId, outcome: StepOutcome): string | undefined;
}

const judgements: Readonly<Record<Action, Judgement>> = {
  isolation: {
    label: 'Isolate instance',
    kind: 'containment',
    well: ['isolated', 'already-isolated', 'instance-gone'],
    byHand: (id) =>
      `aws ec2 describe-network-interfaces --filters Name=attachment.instance-id,Values=${id}, then for each: aws ec2 modify-network-interface-attribute --network-interface-id ENI --groups GROUP_WITHOUT_RULES`,
  },
  protection: {
    label: 'Protect instance',
    kind: 'containment',
    well: ['protected', 'already-protected', 'partly-protected', 'instance-gone'],
    byHand: (id) =>
      `aws ec2 modify-instance-attribute --instance-id ${id} --disable-api-termination; the same with --disable-api-stop, and with --instance-initiated-shutdown-behavior stop`,
  },
  scaling: {
    label: 'Detach from Auto Scaling',
    kind: 'containment',
    well: ['detached', 'not-in-group', 'left-in-standby', 'instance-gone'],
    byHand: (id, { group }) =>
      `aws autoscaling detach-instances --instance-ids ${id} --auto-scaling-group-name ${typeof group === 'string' ? group : 'GROUP'} --no-should-decrement-desired-capacity`,
  },
  loadBalancers: {
    label: 'Deregister from load balancers',
    kind: 'containment',
    well: ['deregistered', 'not-registered', 'instance-gone'],
    byHand: (id) =>
      `aws elbv2 deregister-targets --target-group-arn TARGET_GROUP --targets Id=${id},Port=PORT`,
  },
  addresses: {
    label: 'Deny remote addresses',
    kind: 'containment',
    well: ['off', 'nothing-to-deny', 'denied', 'already-denied', 'instance-gone'],
    byHand: () =>
      'aws ec2 create-network-acl-entry --network-acl-id ACL --rule-number N --protocol -1 --rule-action deny --cidr-block ADDRESS/32 --egress; the same with --ingress',
  },
  memory: {
    label: 'Capture memory',
    kind: 'evidence',
    well: ['kept'],
    // An isolated instance has no way to its memory left.
    byHand: () => undefined,
  },
  snapshots: {
    label: 'Snapshot volumes',
    kind: 'evidence',
    well: ['snapshotted', 'already-snapshotted', 'no-volumes'],
    byHand: (id, { query }) =>
      typeof query === 'string'
        ? query
        : `aws ec2 create-snapshots --instance-specification InstanceId=${id} --copy-tags-from-source volume`,
  },
  instance: {
    label: 'Inspect instance',
    kind: 'evidence',
    well: ['inspected'],
    byHand: (id, { outcome }) =>
      outcome === 'failed' ? `aws ec2 describe-instances --instance-ids ${id}` : undefined,
  },
};

/** What came of a case, and what is left of it for a person. */
export interface Verdict {
  readonly status: 'contained' | 'needs-human' | 'ended';
  readonly done: readonly string[];
  readonly missing: readonly string[];
  readonly notCut: readonly string[];
}

const wouldBe = /^would-be-/;
const bare = ({ outcome }: StepOutcome) => outcome.replace(wouldBe, '');

/** Judges the outcomes of a case: any containment action that did not come out well is a human's. */
export function judge(
  outcomes: Readonly<Record<Action, StepOutcome>>,
  instanceId: InstanceId,
): Verdict {
  const unwell = actions.filter(
    (action) => !judgements[action].well.includes(bare(outcomes[action])),
  );
  const left = unwell.filter((action) => judgements[action].kind === 'containment');
  const gone = bare(outcomes.isolation) === 'instance-gone';
  return {
    status: left.length > 0 ? 'needs-human' : gone ? 'ended' : 'contained',
    done: actions
      .filter((action) => !unwell.includes(action))
      .map((action) => `${judgements[action].label}: ${outcomes[action].outcome}`),
    missing: unwell.map((action) => {
      const { label, byHand } = judgements[action];
      const { outcome, reason } = outcomes[action];
      const why = typeof reason === 'string' ? ` (${reason})` : '';
      const command = byHand(instanceId, outcomes[action]);
      return `${label}: ${outcome}${why}.${command ? ` By hand: ${command}` : ''}`;
    }),
    notCut: gone ? [] : notCut(outcomes),
  };
}

/**
 * What isolation by security group leaves open, said in every case rather than hidden:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
function notCut({ addresses, isolation }: Readonly<Record<Action, StepOutcome>>): string[] {
  const denied = Array.isArray(addresses.addresses) ? addresses.addresses.length : 0;
  const skipped = Array.isArray(isolation.skipped) ? isolation.skipped.length : 0;
  return [
    denied > 0
      ? `connections that were open before the cut, but for ${denied} denied addresses: tracked flows last until idle`
      : 'connections that were open before the cut: tracked flows last until idle',
    'DNS queries to the Route 53 Resolver, which security groups do not filter',
    ...(skipped > 0
      ? [`${skipped} network interfaces that AWS manages and nobody else can change`]
      : []),
  ];
}

/** The notification's text, most important first. Words of a finding go out as code, not as markup. */
export function textOf(
  verdict: Verdict,
  findings: readonly Finding[],
  { mode, caseId, instanceId }: { mode: string; caseId: string; instanceId: InstanceId },
): string {
  const list = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [`*${title}*`, ...lines.map((line) => `• ${line}`), ''] : [];
  const because = findings.map(
    ({ type, severity, id }) => `\`${quote(type)}\`, severity ${severity}, finding ${quote(id)}`,
  );
  return [
    `Case ${caseId} on ${instanceId}, mode ${mode}.`,
    ...(mode === 'dry-run'
      ? ['Nothing was changed: this says what a live run would have done.']
      : []),
    '',
    ...list('Left to do', verdict.missing),
    ...list('Done', verdict.done),
    ...list('Not cut', verdict.notCut),
    ...list('Because of', because),
  ].join('\n');
}

const quote = (text: string) => text.replaceAll(/[`\p{C}]/gu, '·');
