import { setImmediate } from 'node:timers/promises';
import type { CaseRecord, CaseRef } from '../functions/shared/case-record.ts';
import type { Execution } from './run-workflow.ts';
import type { Waits } from './waits.ts';

/** Where a workflow waits for people. */
interface Asked {
  readonly execution: Execution;
  readonly cases: CaseRecord;
  readonly waits: Waits;
  readonly token: string;
  readonly arn: string;
  /** The plan that people were asked about. */
  readonly ref: CaseRef;
}

/**
 * Has the people of a rehearsal answer, unless something else has gone on with the workflow by then:
 * each of them by a name of their own, through the same door as on AWS. Throws `States.Timeout`
 * where they are silent. `waiting`: the case does not say what they answer.
 */
export async function askRehearsed(asked: Asked): Promise<'answered' | 'waiting'> {
  const { execution, cases, waits, token, arn, ref } = asked;
  const { approver, running, turns, inTime } = execution;
  // In time of its own nobody is waited for who does not come.
  if (inTime && approver === undefined) return 'waiting';
  waits.asking.add(arn);
  // Whoever else is at work in this world may find something graver.
  while (waits.isWaiting(token) && [...running].some((other) => !waits.asking.has(other))) {
    await (turns ? turns.sleep(arn, running) : setImmediate());
  }
  waits.asking.delete(arn);
  if (!waits.isWaiting(token)) return 'answered';
  if (approver === undefined) return 'waiting';
  if (approver === 'silent') {
    waits.park(token, '');
    throw Object.assign(new Error('nobody answered'), { name: 'States.Timeout' });
  }
  const said = approver === 'denies' ? 'deny' : 'approve';
  const caseId = ref.planOf ?? ref.caseId;
  const approval = await cases.approvals.of(caseId);
  const names = approval?.approvers.map(({ name }) => name) ?? [];
  const people = names.length > 0 ? names : ['rehearsed-approver', 'second-rehearsed-approver'];
  for (const by of people.slice(0, approval?.people)) {
    const planHash = approval?.planHash ?? '';
    await cases.approvals.answer(caseId, { by, how: 'command-line', said, planHash });
  }
  await waits.answer(token, { outcome: 'answered' });
  return 'answered';
}
