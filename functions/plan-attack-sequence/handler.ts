import { createHash } from 'node:crypto';
import * as z from 'zod';
import { CaseRef } from '../shared/case-record.ts';
import type { Finding } from '../shared/finding.ts';
import { InstanceId } from '../shared/ids.ts';
import { Mode } from '../shared/journal.ts';
import { toLambda } from '../shared/lambda.ts';
import { lock } from '../shared/lock.ts';
import { Memory, Priority, parseRequest } from '../shared/parse-finding.ts';
import { plainText } from '../shared/plain-text.ts';
import { type Policy, policyOf } from '../shared/playbooks.ts';
import { defineStep } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { LeftToHuman } from './left-to-human.ts';
import { type Answered, takeApart } from './take-apart.ts';

const input = z.strictObject({ request: z.unknown(), execution: z.string().min(1) });

const Start = z.object({
  playbook: z.enum(['compromised-instance', 'compromised-access-key', 'compromised-role']),
  /** What a person would start the playbook with. */
  request: z.record(z.string(), z.unknown()),
  /** The execution's, the same whenever it is asked for in this case, by whichever execution. */
  name: z.string(),
  /** The instance whose memory capture must have begun first; null where nothing must. */
  waitFor: InstanceId.nullable(),
});

/** Every field is there in every outcome. */
const output = z.object({
  outcome: z.enum(['planned', 'nothing-to-start', 'joined', 'declined']),
  reason: z.enum(['new-case', 'retry', 'taken-over', 'open-case', 'repeat', 'playbook-off']),
  ref: CaseRef.nullable(),
  /** What people call the sequence. */
  target: z.string(),
  /** The case that has this sequence already, or had it. */
  other: z.string().nullable(),
  mode: Mode,
  /** Why a run that was asked to be live is a dry run. */
  forced: z.enum(['sample', 'archived', 'policy']).nullable(),
  priority: Priority,
  memory: Memory,
  starts: z.array(Start),
  /** Whether anything is left to a human. */
  human: z.enum(['none', 'listed']),
  leftToHuman: z.array(LeftToHuman),
  /** How many more there are, which are in the finding only. */
  notListed: z.int().min(0),
});
type Plan = z.infer<typeof output>;

/** An intruder who can make findings must not make Cordon start without end. */
const mostStarts = 20;
/** The finding holds them all; a message must be read. */
const mostListed = 50;

/**
 * Takes an attack sequence apart: which playbook to start for each of its targets, and what no
 * playbook answers. It opens the sequence's own case, to which the others lead back.
 *
 * It starts nothing and changes nothing in the target account, and does not ask who may be touched:
 * each target gets a case, a lock and guard rails of its own. The same sequence with the same
 * targets is `declined` when GuardDuty sends it again; with a new target it is planned anew, and
 * targets whose cases are open are joined. Samples and archived findings become dry runs here.
 *
 * Throws `UnusableInputError` for a request that is no attack sequence.
 */
export const planAttackSequence = defineStep({
  name: 'plan-attack-sequence',
  withoutCase: true,
  input,
  output,
  reads: {},
  writes: {},
  uses: ['cases', 'isRunning', 'answer'],
  connect: () => ({}),

  async run({ request, execution }, _aws, context): Promise<Plan> {
    const asked = parseRequest(request, { ...context.own, execution, now: context.now() });
    const { finding, priority, memory } = asked;
    const { resourceType, region } = finding;
    if (resourceType !== 'AttackSequence') {
      throw new UnusableInputError(
        `$.input.request: expected an attack sequence, not a finding about ${resourceType}`,
      );
    }
    const policy = policyOf(context.settings, 'attack-sequence', asked);
    const forced = forcedOf(asked, policy);
    const mode = forced ? 'dry-run' : asked.mode;
    const words = { mode, priority, memory };
    // Each target's playbook asks for itself.
    const mustAsk = policy === 'approve' || asked.approval === 'required';
    const asking = mustAsk && { approval: 'required' };
    const about = { ...words, forced, target: `attack sequence ${idOf(finding)}` };
    if (policy === 'off') return { ...switchedOff, ...about, ...nothing };
    const apart = takeApart(finding);
    const locked = await lock(
      { finding, mode, target: lockedAs(finding, apart.answered), region, execution },
      context,
    );
    if (locked.outcome !== 'opened') return { ...locked, ...about, ...nothing };
    return {
      ...locked,
      ...about,
      ...planned(apart, { finding, words: { ...words, ...asking }, caseId: locked.ref.caseId }),
    };
  },
});

function forcedOf(
  { finding, mode }: ReturnType<typeof parseRequest>,
  policy: Policy,
): Plan['forced'] {
  if (finding.sample) return 'sample';
  if (finding.archived) return 'archived';
  return mode === 'live' && policy === 'dry-run' ? 'policy' : null;
}

/** The deployment wants it so. */
const switchedOff = {
  outcome: 'declined',
  reason: 'playbook-off',
  ref: null,
  other: null,
} as const;

const nothing = { starts: [], human: 'none' as const, leftToHuman: [], notListed: 0 };

const idOf = ({ id }: Finding): string => plainText(id, 300);
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** The sequence as far as it names the same targets: one that names more is another case. */
const lockedAs = ({ account, region, id }: Finding, answered: readonly Answered[]): string =>
  `arn:aws:guardduty:${region}:${account}:attack-sequence/${id}/` +
  hash(JSON.stringify(answered.map(({ key }) => key).sort()));

interface Asked {
  readonly finding: Finding;
  readonly words: object;
  readonly caseId: string;
}

/** At most so many starts, and everything else that the sequence names. */
function planned({ answered, left }: ReturnType<typeof takeApart>, asked: Asked) {
  const starts = answered.slice(0, mostStarts).map((one) => startOf(one, asked));
  const listed = [...left, ...answered.slice(mostStarts).map(({ tooMany }) => tooMany)];
  const notKept = asked.finding.sequence?.notKept ?? 0;
  return {
    outcome: starts.length > 0 ? 'planned' : 'nothing-to-start',
    starts,
    human: listed.length + notKept > 0 ? 'listed' : 'none',
    leftToHuman: listed.slice(0, mostListed),
    notListed: Math.max(0, listed.length - mostListed) + notKept,
  } as const;
}

function startOf(
  { playbook, key, named, account, region, waitFor }: Answered,
  { finding, words, caseId }: Asked,
): z.infer<typeof Start> {
  const reason = `attack sequence ${idOf(finding)}`;
  // By the case: whoever takes it over must not start again what was started.
  const name = `sequence-${hash(`${caseId} ${playbook} ${key}`)}`;
  return { playbook, request: { ...named, account, region, ...words, reason }, name, waitFor };
}

export const handler = toLambda(planAttackSequence);
