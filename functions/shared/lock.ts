import type { CaseRef, Opened } from './case-record.ts';
import type { Finding } from './finding.ts';
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
}

/** How the lock was got, or why it was not. */
type Locked =
  | {
      readonly outcome: 'opened';
      readonly reason: 'new-case' | 'retry' | 'taken-over';
      readonly ref: CaseRef;
      readonly other: null;
    }
  | {
      readonly outcome: 'joined' | 'declined';
      readonly reason: 'open-case' | 'repeat';
      readonly ref: null;
      readonly other: string;
    };

/** Takes the lock, joins who holds it, or takes over from who no longer runs. */
export async function lock(wanted: Wanted, { home, settings }: StepContext): Promise<Locked> {
  const opening = { ...wanted, lockSeconds: settings.lockSeconds };
  // A holder may close, or be taken over, between two looks; more than a few times is no race.
  for (let look = 0; look < 5; look++) {
    const opened = await home.cases.open(opening);
    if (opened.outcome !== 'held') return settled(opened);

    if (!opened.expired && (await home.isRunning(opened.holder))) {
      if ((await home.cases.join(wanted.mode, wanted.target, wanted.finding)) === 'joined') {
        return { outcome: 'joined', reason: 'open-case', ref: null, other: opened.caseId };
      }
    } else {
      const taken = await home.cases.open(opening, opened);
      if (taken.outcome === 'reopened') {
        return { outcome: 'opened', reason: 'taken-over', ref: taken.ref, other: null };
      }
    }
  }
  throw new Error(`the lock on ${wanted.target} changed hands at every look`);
}

function settled(opened: Exclude<Opened, { outcome: 'held' }>): Locked {
  switch (opened.outcome) {
    case 'opened':
      return { outcome: 'opened', reason: 'new-case', ref: opened.ref, other: null };
    case 'reopened':
      return { outcome: 'opened', reason: 'retry', ref: opened.ref, other: null };
    case 'repeat':
      return { outcome: 'declined', reason: 'repeat', ref: null, other: opened.caseId };
  }
}

/** Closes a case that turned out, once it was locked, to be a human's, and frees its target. */
export async function letGo(ref: CaseRef, summary: object, { home }: StepContext): Promise<void> {
  for (let look = 0; look < 5; look++) {
    const { counted } = await home.cases.findings(ref);
    const closed = await home.cases.close(ref, { status: 'needs-human', counted, summary });
    if (closed === 'closed') return;
  }
  throw new Error(`${ref.caseId} was given findings at every look`);
}
