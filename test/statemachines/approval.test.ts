import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { AccessKeyId, UserName } from '../../functions/shared/ids.ts';
import { AccountState } from '../../replay/account/state.ts';
import { changes } from '../../replay/call-in-words.ts';
import type { Case } from '../../replay/read-case.ts';
import { type Replayed, replayCase } from '../../replay/replay.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { asked, cases } from './failing-replays.ts';

const workflows = loadWorkflows(steps);
const caseOf = (name: string): Case => {
  const of = cases.get(name);
  if (!of) throw new Error(`there is no case ${name}`);
  return of;
};
const live = (of: Case) => replayCase(of, { workflows, mode: 'live' });
const writes = ({ replay }: Replayed) =>
  replay.steps.flatMap(({ step, calls }) =>
    calls
      .filter(({ call, disposition }) => changes(call) && disposition === 'sent')
      .map(({ call }) => `${step} ${call}`),
  );
const otherKey = AccessKeyId.parse('AKIAE0E0E0E0E0E0E0E0');
const stepsOf = ({ replay }: Replayed) => replay.steps.map(({ step }) => step);
const times = (one: Replayed, step: string) => stepsOf(one).filter((name) => name === step).length;
const only = (replayed: readonly Replayed[]): Replayed => {
  const [one] = replayed;
  if (!one) throw new Error('nothing was replayed');
  return one;
};
const approvalIn = ({ table }: Replayed) => table?.items().find(({ sk }) => sk === 'approval');
const caseIn = ({ table }: Replayed) =>
  table?.items().find(({ sk, mode }) => sk === 'case' && mode === 'live');

const several = [
  'command-and-control-from-web-server',
  'data-exfiltrated-by-dns',
  'botnet-joined-while-launching',
  'tor-relay-on-three-interfaces',
  'leaked-key-used-from-tor',
  'session-of-user-stolen',
  'role-shared-by-three-instances',
  'started-by-hand-for-role',
];

describe('a case that people must agree to', () => {
  it.each(several)('does the same once they have as it does unasked: %s', async (name) => {
    const unasked = only(await live(caseOf(name)));
    const agreed = only(await live(asked(caseOf(name), 'approves')));

    expect(agreed.replay.status).toBe(unasked.replay.status);
    expect(agreed.replay.states.at(-1)).toBe(unasked.replay.states.at(-1));
    expect(writes(agreed)).toEqual(writes(unasked));
    // Asked once, and once more whether the plan is still the same.
    expect(times(agreed, 'request-approval')).toBe(2);
    expect(approvalIn(agreed)).toMatchObject({ status: 'confirmed', people: 1 });
    expect(agreed.replay.notifications[0]?.title).toMatch(/^Approval needed by /);
  });

  it.each([
    'attack-sequence-on-instance-and-its-session',
    'attack-sequence-on-instance-key-and-bucket',
  ])('is asked about beside the other targets of its sequence: %s', async (name) => {
    const byPlaybook = (all: readonly Replayed[]) =>
      all.map((one) => [one.replay.playbook, one.replay.states.at(-1), writes(one)]);
    const agreed = await live(asked(caseOf(name), 'approves'));

    expect(byPlaybook(agreed)).toEqual(byPlaybook(await live(caseOf(name))));
    const [sequence, ...targets] = agreed;
    expect(sequence && times(sequence, 'request-approval')).toBe(0);
    expect(targets.map((one) => times(one, 'request-approval'))).toEqual(targets.map(() => 2));
  });

  it('says in the end who agreed, and how', async () => {
    const { replay } = only(await live(asked(caseOf('leaked-key-used-from-tor'), 'approves')));
    expect(replay.notifications.at(-1)?.text).toMatch(
      /Approved by rehearsed-approver by command line at 20/,
    );
  });

  it.each([
    ['denies', 'People decided against it', 'denied', /^Denied, nothing was done/],
    ['silent', 'Nobody agreed in time', 'needs-human', /^Nobody agreed in time, nothing was done/],
  ] as const)('is left alone when who is asked %s', async (approver, state, status, title) => {
    const ended = only(await live(asked(caseOf('command-and-control-from-web-server'), approver)));

    expect(ended.replay).toMatchObject({ status: 'declined', mode: 'dry-run' });
    expect(ended.replay.states.at(-1)).toBe(state);
    expect(writes(ended)).toEqual([]);
    expect(ended.replay.account?.after).toEqual(ended.replay.account?.before);
    expect(caseIn(ended)).toMatchObject({ status });
    expect(ended.table?.items().filter(({ sk }) => sk === 'lock')).toEqual([]);
    expect(ended.replay.notifications.at(-1)?.title).toMatch(title);
  });

  it('holds its target while nobody has answered', async () => {
    const ended = only(await live(asked(caseOf('command-and-control-from-web-server'))));

    expect(ended.replay).toMatchObject({ status: 'declined', mode: 'dry-run' });
    expect(ended.replay.states.at(-1)).toBe('Ask for approval');
    expect(writes(ended)).toEqual([]);
    expect(ended.table?.items().filter(({ sk }) => sk === 'lock')).toHaveLength(1);
    expect(approvalIn(ended)).toMatchObject({ status: 'asked' });
  });

  it('goes ahead without an answer where the configuration says so', async () => {
    const of = asked(caseOf('leaked-key-used-from-tor'), 'silent');
    const approval = { ...of.settings.approval, whenTimeRunsOut: 'act' as const };
    const ended = only(await live({ ...of, settings: { ...of.settings, approval } }));

    expect(ended.replay.states.at(-1)).toBe('Credentials are contained');
    expect(writes(ended)).toEqual(writes(only(await live(caseOf('leaked-key-used-from-tor')))));
    expect(approvalIn(ended)).toMatchObject({ status: 'unanswered', decisions: [] });
  });

  it('does not go ahead without an answer past an hourly limit', async () => {
    const of = caseOf('leaked-key-used-from-tor');
    const [document] = of.documents;
    if (!document || !('value' in document)) throw new Error('the case is not as it was');
    const approval = { ...of.settings.approval, whenTimeRunsOut: 'act' as const };
    const limits = { ...of.settings.limits, perAccount: 1 };
    const [user] = of.account?.iam.users ?? [];
    if (!of.account || !user) throw new Error('the case is not as it was');
    const other = {
      ...user,
      userName: UserName.parse('other'),
      accessKeys: [{ ...user.accessKeys[0], accessKeyId: otherKey }],
    };
    const account = AccountState.parse({
      ...of.account,
      iam: { ...of.account.iam, users: [...of.account.iam.users, other] },
    });
    const before = await live({
      ...of,
      account,
      approver: 'silent',
      settings: { ...of.settings, approval, limits },
      documents: [document, another(document.value, otherKey)],
    });

    const [first, second] = before;
    expect(first?.replay.status).toBe('succeeded');
    expect(second?.replay).toMatchObject({ status: 'declined' });
    expect(second?.replay.states.at(-1)).toBe('Nobody agreed in time');
    expect(second && writes(second)).toEqual([]);
  });

  it('is asked about again when the plan has changed, and what was agreed to is void', async () => {
    const of = asked(caseOf('command-and-control-from-web-server'), 'approves');
    let asks = 0;
    const replayed = await replayCase(of, {
      workflows: loadWorkflows(
        steps.map((step) =>
          step.name === 'request-approval' ? { ...step, run: counting(step, () => ++asks) } : step,
        ),
      ),
      mode: 'live',
      // Between the first rehearsal and the second, the volumes can no longer be seen.
      fault: (call) =>
        asks === 1 && call === 'elasticloadbalancing:DescribeTargetHealth'
          ? { when: 'before', error: Object.assign(new Error('made up'), { name: 'Made' }) }
          : undefined,
    });
    const ended = only(replayed);

    // Asked, changed and asked again, then once more the same.
    expect(times(ended, 'request-approval')).toBeGreaterThanOrEqual(3);
    const told = ended.replay.notifications.map(({ text }) => text);
    expect(told.filter((text) => text.includes('What was agreed to is void'))).not.toEqual([]);
    expect(ended.replay.states.at(-1)).toBe('Instance is contained');
  });
});

const counting =
  // biome-ignore lint/suspicious/noExplicitAny: each step has its own types, and this changes none
    (step: any, count: () => void) =>
    async (...args: unknown[]) => {
      count();
      return step.run(...args);
    };

/** The same finding about another key. */
const another = (value: unknown, accessKeyId: string) => ({
  file: 'event-2.json',
  value: JSON.parse(
    JSON.stringify(value)
      .replaceAll(/AKIA[A-Z0-9]{16}/g, accessKeyId)
      .replace(/"id":"[0-9a-f]{32}"/, `"id":"${'e0'.repeat(16)}"`),
  ),
});

describe('a finding that joins a case which waits', () => {
  const of = caseOf('command-and-control-from-web-server');
  const [document] = of.documents;
  if (!document || !('value' in document)) throw new Error('the case is not as it was');
  const withSeverity = (severity: number, id: string) => ({
    file: `event-${severity}.json`,
    value: JSON.parse(
      JSON.stringify(document.value)
        .replace(/"severity":[\d.]+/, `"severity":${severity}`)
        .replace(/"id":"[0-9a-f]{32}"/, `"id":"${id.repeat(16)}"`),
    ),
  });

  it('has it act at once where it would have acted by itself', async () => {
    const replayed = await live({
      ...of,
      documents: [withSeverity(5, 'a5'), withSeverity(8, 'a8')],
    });
    const [first, second] = replayed;

    expect(second?.replay.steps[0]).toMatchObject({ step: 'open-case', outcome: 'joined' });
    expect(first?.replay).toMatchObject({ status: 'succeeded', mode: 'live' });
    expect(first?.replay.states.at(-1)).toBe('Instance is contained');
    expect(first && writes(first).length).toBeGreaterThan(5);
  });

  it('has it planned and asked anew where it is graver, and not where it is not', async () => {
    const graver = await live(
      asked({ ...of, documents: [withSeverity(7.5, 'a7'), withSeverity(9.5, 'a9')] }),
    );
    expect(graver[0] && approvalIn(graver[0])).toMatchObject({ severity: 9.5, status: 'asked' });

    const same = await live(
      asked({ ...of, documents: [withSeverity(8, 'a7'), withSeverity(7.5, 'a9')] }),
    );
    expect(same[0] && approvalIn(same[0])).toMatchObject({ severity: 8, status: 'asked' });
    expect(same[0] && times(same[0], 'request-approval')).toBe(1);
    expect(same[1]?.replay.steps[0]).toMatchObject({ outcome: 'joined' });
  });
});
