import { type CaseRef, type Gate, type Opened, ResourceHeldError } from './case-record.ts';
import { finishClosed, letGoFor } from './closed-case.ts';
import type { Finding } from './finding.ts';
import type { HourlyLimit } from './hourly-limit.ts';
import type { CaseId, Region } from './ids.ts';
import type { Mode } from './journal.ts';
import type { StepContext } from './step.ts';

/** What is to be locked, for which execution. */
interface Wanted {
  readonly finding: Finding;
  readonly mode: Mode;
  readonly target: string;
  readonly region: Region;
  readonly execution: string;
  readonly parent?: CaseId | undefined;
  /** Whether the finding's trigger asks people first. */
  readonly asks?: boolean;
  /** Why the case waits for people, and what it is counted in where it does not. */
  readonly gate?: Gate | null;
  readonly limits?: readonly HourlyLimit[];
  /** False where it stops no intruder: then it gives way, while it waits for people, to what does. */
  readonly contains?: boolean;
}

/** How the lock was got, or why it was not. */
type Locked =
  | {
      readonly outcome: 'opened';
      readonly reason: 'new-case' | 'retry' | 'taken-over';
      readonly ref: CaseRef;
      readonly other: null;
      readonly gate: Gate | null;
    }
  | {
      readonly outcome: 'joined' | 'declined';
      readonly reason: 'open-case' | 'repeat';
      readonly ref: null;
      readonly other: string;
      readonly gate: null;
    };

/**
 * Takes the lock, joins who holds it, or takes over from who no longer runs. Throws
 * `ResourceHeldError`, for the workflow to retry, where who holds it gives way.
 */
export async function lock(wanted: Wanted, context: StepContext): Promise<Locked> {
  const { home, settings } = context;
  const { contains = true } = wanted;
  const opening = { ...wanted, yields: !contains, lockSeconds: settings.lockSeconds };
  // A holder may close, or be taken over, between two looks; more than a few times is no race.
  for (let look = 0; look < 5; look++) {
    const opened = await home.cases.open(opening);
    if (opened.outcome !== 'held') return settled(opened);

    if (!opened.expired && (await home.isRunning(opened.holder))) {
      const { mode, target, finding, asks } = wanted;
      if (contains && opened.yields && (await makeWay(opened.caseId, context))) {
        // It has a step or two to go, and this one is tried again.
        await context.sleep(2_000);
        throw new ResourceHeldError(`${target} is held by ${opened.caseId}, which gives way`);
      }
      if ((await home.cases.join(mode, target, finding, asks)) === 'joined') {
        if (mode === 'live') await planAnew(opened.caseId, wanted, context);
        return {
          outcome: 'joined',
          reason: 'open-case',
          ref: null,
          other: opened.caseId,
          gate: null,
        };
      }
    } else {
      const taken = await home.cases.open(opening, opened);
      if (taken.outcome === 'reopened') {
        const { ref, gate } = taken;
        return { outcome: 'opened', reason: 'taken-over', ref, other: null, gate };
      }
    }
  }
  throw new Error(`the lock on ${wanted.target} changed hands at every look`);
}

function settled(opened: Exclude<Opened, { outcome: 'held' }>): Locked {
  switch (opened.outcome) {
    case 'opened':
      return { ...opened, outcome: 'opened', reason: 'new-case', other: null };
    case 'reopened':
      return { ...opened, outcome: 'opened', reason: 'retry', other: null };
    case 'repeat':
      return { outcome: 'declined', reason: 'repeat', ref: null, other: opened.caseId, gate: null };
  }
}

/**
 * Has a case that contains nothing give its target up while it waits for people: no credentials stay
 * in an intruder's hands because somebody thinks about replacing them. False where it acts by now.
 */
async function makeWay(caseId: CaseId, { home }: StepContext): Promise<boolean> {
  const { approvals } = home.cases;
  if (!(await home.cases.gate(caseId))) return false;
  const approval = await approvals.of(caseId);
  const waits = approval?.status === 'asked' || approval?.status === 'approved';
  const settled = waits ? await approvals.settle(approval, 'superseded') : approval;
  // Answered again, where it was not told so the time before.
  if (settled?.status === 'superseded') {
    await home.answer(settled.token, { outcome: 'superseded' });
  }
  return true;
}

/**
 * Has a case that waits for people be planned anew where what joined it is graver than what they
 * were asked about, or would have acted by itself; and its release, whatever it is, be given up. What
 * they have agreed to until then is void.
 */
async function planAnew(
  caseId: CaseId,
  { finding: { severity }, asks = false }: Wanted,
  { home }: StepContext,
): Promise<void> {
  const { approvals } = home.cases;
  for (let look = 0; look < 5; look++) {
    const approval = await approvals.of(caseId);
    if (!approval || (approval.status !== 'asked' && approval.status !== 'approved')) return;
    const { because, playbook } = approval;
    // Whatever is found is news to those who are asked to give back.
    const isNews = playbook === 'release' || (!asks && because.includes('finding'));
    if (severity <= approval.severity && !isNews) return;
    if (await approvals.settle(approval, 'superseded')) {
      await home.answer(approval.token, { outcome: 'superseded' });
      return;
    }
  }
}

/** Closes a case that turned out, once it was locked, to be a human's, and frees its target. */
export async function letGo(
  ref: CaseRef,
  reason: string,
  { home, actor }: Pick<StepContext, 'home' | 'actor'>,
): Promise<void> {
  const summary = await letGoFor(reason, { home, case: ref });
  for (let look = 0; look < 5; look++) {
    const { counted } = await home.cases.findings(ref);
    const closed = await home.cases.close(ref, { status: 'needs-human', counted, summary });
    if (closed !== 'closed') continue;
    await finishClosed({ home, case: ref, actor });
    return;
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}

/**
 * Why this very execution let its target go before, in an invocation that may not have come to the
 * end of it; what is left of it is done now. Undefined where it let none go.
 */
export async function letGoBefore(
  execution: string,
  { home, actor }: Pick<StepContext, 'home' | 'actor'>,
): Promise<string | undefined> {
  const found = await home.cases.heldBy(execution);
  if (found?.outcome !== 'already-closed' || !found.worked) return undefined;
  return finishClosed({ home, case: found.worked, actor });
}
