import { NoSuchEntityException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { type Failing, replay, statesNeverEntered } from './failing-replays.ts';

const leftTheHost = 'instance-credentials-used-outside-aws';
const byHand = 'started-by-hand-for-role';
const session = 'started-by-hand-for-role-session';

/** By the state that a failure leads to: where it is met, and what fails. */
const evidence = {
  'Go on without a record': { of: session, steps: ['record-principal'] },
  'Go on without the API history': { of: session, steps: ['start-history-query'] },
  'Go on without the changes': { of: session, steps: ['list-changes'] },
  'Go on without waiting': { of: leftTheHost, steps: ['await-memory-capture'] },
} as const;

const containment = {
  'Note that a look failed': { of: session, call: 'ec2:DescribeRegions' },
  'Go on with the session open': { of: session, call: 'iam:PutRolePolicy' },
  'Go on with the role open': { of: byHand, call: 'iam:PutRolePolicy' },
  'Go on without the instance': { of: leftTheHost, steps: ['start-playbook'] },
  'Go on without this role': { of: leftTheHost, call: 'iam:PutRolePolicy', on: 'ledger-backup' },
} as const;

/** What people answer who are asked first. */
const people = [
  { of: session, asks: 'denies' },
  { of: session, asks: 'silent' },
  { of: session, asks: 'silent', steps: ['settle-approval'] },
] as const;

/** Failures of Cordon itself. */
const own = {
  'No case was opened': { of: session, steps: ['open-case'] },
  'The case is still open': { of: session, steps: ['close-case'] },
  'Nobody was told': { of: 'service-linked-role-misused', steps: ['tell-human'] },
} as const;

const roleIsGone = {
  of: session,
  call: 'iam:GetRole',
  error: new NoSuchEntityException({ message: 'gone', $metadata: {} }),
} as const;

/** The role's own replay, and not that of an instance it started. */
async function replayOfRole({ of, ...failing }: Failing & { readonly of: string }) {
  const found = (await replay(of, failing)).find(({ playbook }) => playbook === 'compromised-role');
  if (!found) throw new Error(`${of} starts no compromised-role`);
  return found;
}

describe('a failure', () => {
  it.each(Object.entries(evidence))(
    'of evidence leads to "%s", and the session is denied',
    async (state, failing) => {
      const { states, status, steps } = await replayOfRole(failing);
      expect(states).toContain(state);
      expect(states.at(-1)).toBe('Credentials are contained');
      expect(status).toBe('succeeded');
      expect(steps.find(({ step }) => step === 'revoke-role-sessions')?.outcome).toBe('set');
    },
  );

  it.each(Object.entries(containment))(
    'of containment leads to "%s", the rest is done, and a human is told',
    async (state, failing) => {
      const { states, failure, steps, notifications } = await replayOfRole(failing);
      expect(states).toContain(state);
      expect(states.at(-1)).toBe('A human must finish this case');
      expect(failure?.error).toBe('NeedsHuman');
      expect(notifications.at(-1)?.title).toContain('Containment needs a human');
      const well = steps.filter(({ outcome }) => outcome !== 'failed').map(({ step }) => step);
      expect(well).toEqual(expect.arrayContaining(['list-changes', 'close-case']));
    },
  );

  it.each(Object.entries(own))('of Cordon itself ends in "%s"', async (state, failing) => {
    const { states, status } = await replayOfRole(failing);
    expect(states.at(-1)).toBe(state);
    expect(status).toBe('failed');
  });
});

it('ends the case of a role that was deleted meanwhile', async () => {
  const { states, status } = await replayOfRole(roleIsGone);

  expect(states.at(-1)).toBe('The principal is gone');
  expect(status).toBe('succeeded');
});

it('has no state that neither a case of events/ nor a failure enters', async () => {
  const failures = [
    roleIsGone,
    ...people,
    ...Object.values({ ...evidence, ...containment, ...own }),
  ];

  expect(await statesNeverEntered('compromised-role', failures)).toEqual([]);
}, 30_000);
