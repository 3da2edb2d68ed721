import * as z from 'zod';
import { CaseRef, type Gate } from '../shared/case-record.ts';
import type { Finding } from '../shared/finding.ts';
import { AccessKeyId, InstanceId, VpcId } from '../shared/ids.ts';
import { Mode } from '../shared/journal.ts';
import { planningOf } from '../shared/live-case.ts';
import { Memory, Priority, type parseRequest } from '../shared/parse-finding.ts';
import { isPlaceholder } from '../shared/parse-guardduty.ts';
import type { Policy } from '../shared/playbooks.ts';
import { Principal } from '../shared/principal.ts';
import type { Settings } from '../shared/settings.ts';
import { alongside, scopeOf } from './escalation.ts';
import { instructions } from './instructions.ts';
import { Known } from './key-owner.ts';
import { type ForHuman, forHuman, type LeftToHuman, type Target } from './target.ts';

/** A principal, or `none` where the target is an instance or nobody whom IAM could stop. */
const PrincipalOrNone = Principal.extend({
  kind: z.enum([...Principal.shape.kind.options, 'none']),
});

const nobody: z.infer<typeof PrincipalOrNone> = {
  kind: 'none',
  accessKeyId: null,
  userName: null,
  roleName: null,
  roleId: null,
  sessionName: null,
  instanceId: null,
  federated: false,
};

/** How a case that waited for people goes on. */
const decided = [
  'approved',
  'confirmed',
  'denied',
  'unanswered',
  'superseded',
  'gave-way',
] as const;

/** What the rest of the workflow reads. Every field is there in every outcome. */
export const Opening = z.object({
  outcome: z.enum([
    'opened',
    'joined',
    'declined',
    'needs-human',
    'denied',
    'unanswered',
    /** To what contains the target; it had waited for people, and contains nothing. */
    'gave-way',
  ]),
  reason: z.enum([
    'new-case',
    'retry',
    'taken-over',
    'open-case',
    'repeat',
    /** Opened, on the user who owns the key and not on the one that the finding named. */
    'owner-differs',
    /** The deployment has switched the playbook off. */
    'playbook-off',
    /** What people said of the plan, or that something graver came in between. */
    ...decided,
    ...forHuman,
  ]),
  ref: CaseRef.nullable(),
  /** ARN of what the case is about; empty where nothing was found that one could be about. */
  target: z.string(),
  /** The open case a finding joined, or the closed one that had answered it. */
  other: z.string().nullable(),
  mode: Mode,
  /** Why a run that was asked to be live is a dry run. */
  forced: z.enum(['sample', 'archived', 'placeholder', 'policy']).nullable(),
  priority: Priority,
  memory: Memory,
  /** Null where the target is a principal. */
  instanceId: InstanceId.nullable(),
  /** Where the finding saw the instance: a hint, so that groups can be read beside interfaces. */
  vpcIds: z.array(VpcId),
  principal: PrincipalOrNone,
  known: Known,
  /** The keys to trace: the one that was found, or none where only a user or a role was named. */
  keyIds: z.array(AccessKeyId),
  /**
   * How much of a role is denied: one session, then every session where it is critical, or every
   * session at once where none is named.
   */
  scope: z.enum(['session', 'session-then-role', 'role']),
  /** The playbook that the same finding starts beside this one, and what it is sent. */
  alongside: z.object({
    playbook: z.enum(['compromised-instance', 'none']),
    request: z.record(z.string(), z.unknown()).nullable(),
    name: z.string().nullable(),
  }),
  /**
   * Whether people must agree before anything is changed. Until they have, `mode` is a dry run and
   * `ref` the plan's: the case itself is open and holds its target.
   */
  approval: z.object({
    needed: z.enum(['yes', 'no']),
    because: z.array(z.string()),
    /** How often the case has been planned. */
    round: z.int(),
    /** Of the gravest finding it was planned for. */
    severity: z.number(),
  }),
  /** What a person does now, null when nothing is left to one. */
  instructions: z.string().nullable(),
  polls: z.object({ autoScaling: z.int(), history: z.int() }),
  waits: z.object({
    /** How long people have to answer. */
    approval: z.int(),
    memory: z.int(),
    autoScaling: z.int(),
    history: z.int(),
    /** Before CloudTrail is looked at again, and after that before it is once more. */
    lookAgain: z.int(),
    lookOnceMore: z.int(),
  }),
});
export type Opening = z.infer<typeof Opening>;

/** What an opening says before it is known what is locked. */
export function planOf(asked: ReturnType<typeof parseRequest>, settings: Settings, policy: Policy) {
  const { autoScaling, history, memory, trace } = settings;
  const [again, onceMore] = trace.looksAfterSeconds;
  const forced = forcedDryRun(asked, policy);
  return {
    mode: forced ? 'dry-run' : asked.mode,
    forced,
    priority: asked.priority,
    memory: asked.memory,
    instanceId: null,
    vpcIds: [],
    target: '',
    principal: nobody,
    known: { keyStatus: null, owner: null },
    keyIds: [],
    scope: 'session',
    alongside: { playbook: 'none', request: null, name: null },
    instructions: null,
    polls: { autoScaling: autoScaling.polls, history: history.polls },
    approval: { needed: 'no', because: [], round: 0, severity: asked.finding.severity },
    waits: {
      approval: settings.approval.minutes * 60,
      memory: memory.pollSeconds,
      autoScaling: autoScaling.pollSeconds,
      history: history.pollSeconds,
      lookAgain: again,
      lookOnceMore: onceMore - again,
    },
  } satisfies Partial<Opening>;
}

/** What an opening says of its target, as far as one was found. */
export function about(
  found: Target | LeftToHuman,
  { finding, mode }: { finding: Finding; mode: Mode },
): Partial<Opening> {
  if ('reason' in found) return {};
  const { arn: target, instanceId, vpcIds, principal } = found;
  return {
    target,
    instanceId,
    vpcIds: [...vpcIds],
    principal: principal ?? nobody,
    keyIds: principal?.accessKeyId ? [principal.accessKeyId] : [],
    scope: scopeOf(finding, principal),
    alongside: alongside({ finding, principal, mode }),
  };
}

export const isForHuman = (reason: string | undefined): reason is ForHuman =>
  reason !== undefined && Object.hasOwn(instructions, reason);

/** Nothing is locked nor done; a person is told what to do. */
export const left = (reason: ForHuman) =>
  ({
    outcome: 'needs-human',
    reason,
    ref: null,
    other: null,
    instructions: instructions[reason],
  }) satisfies Partial<Opening>;

/** A case that waits for people, as it is planned: a dry run with records of its own. */
export const planned = (
  live: CaseRef,
  { because }: Gate,
  { round, severity }: Pick<Opening['approval'], 'round' | 'severity'>,
) =>
  ({
    outcome: 'opened',
    mode: 'dry-run',
    ref: planningOf(live),
    approval: { needed: 'yes', because, round, severity },
  }) satisfies Partial<Opening>;

/** Nothing is locked nor done, and nobody is told: the deployment wants it so. */
export const switchedOff = {
  outcome: 'declined',
  reason: 'playbook-off',
  ref: null,
  other: null,
} satisfies Partial<Opening>;

function forcedDryRun(
  { finding, mode }: ReturnType<typeof parseRequest>,
  policy: Policy,
): Opening['forced'] {
  if (isPlaceholder(finding)) return 'placeholder';
  if (finding.sample) return 'sample';
  if (finding.archived) return 'archived';
  return mode === 'live' && policy === 'dry-run' ? 'policy' : null;
}
