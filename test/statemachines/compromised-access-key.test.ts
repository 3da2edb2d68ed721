import { NoSuchEntityException } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import type { Replay } from '../../replay/replay.ts';
import { replayOne, statesNeverEntered } from './failing-replays.ts';

const torKey = 'leaked-key-used-from-tor';
const threeRoles = 'leaked-key-led-to-three-roles';

/** By the state that a failure leads to: where it is met, and what fails. */
const evidence = {
  'Go on without a record': { of: torKey, call: 'iam:GetUser' },
  'Go on without the API history': { of: torKey, call: 'logs:StartQuery' },
  'Go on without the changes': {
    of: threeRoles,
    call: 'config:DescribeConfigurationRecorderStatus',
  },
} as const;

const containment = {
  'Note that a look failed': { of: torKey, call: 'ec2:DescribeRegions' },
  'Go on with an active key': { of: torKey, call: 'iam:UpdateAccessKey' },
  'Go on without quarantine': { of: torKey, call: 'iam:AttachUserPolicy' },
  'Go on with open sessions': { of: torKey, call: 'iam:PutUserPolicy' },
  'Go on without this role': { of: torKey, call: 'iam:PutRolePolicy' },
} as const;

/** What people answer who are asked first. */
const people = [
  { of: torKey, asks: 'denies' },
  { of: torKey, asks: 'silent' },
  { of: torKey, asks: 'silent', steps: ['settle-approval'] },
] as const;

/** Failures of Cordon itself. */
const own = {
  'No case was opened': { of: torKey, steps: ['open-case'] },
  'The case is still open': { of: torKey, steps: ['close-case'] },
  'Nobody was told': { of: 'root-user-signed-in', steps: ['tell-human'] },
} as const;

const userIsGone = {
  of: torKey,
  call: 'iam:ListAttachedUserPolicies',
  error: new NoSuchEntityException({ message: 'gone', $metadata: {} }),
} as const;

const titlesOf = ({ notifications }: Replay) =>
  notifications.map(({ title }) => title.split(':')[0]);
const keysOf = ({ account }: Replay) =>
  account?.after.iam.users.flatMap(({ accessKeys }) => accessKeys) ?? [];

describe('a failure', () => {
  it.each(Object.entries(evidence))(
    'of evidence leads to "%s", and the credentials are contained',
    async (state, { of, call }) => {
      const ended = await replayOne(of, { call });
      expect(ended.states).toContain(state);
      expect(ended.states.at(-1)).toBe('Credentials are contained');
      expect(ended.status).toBe('succeeded');
      expect(keysOf(ended).map(({ status }) => status)).toContain('Inactive');
      expect(titlesOf(ended).at(-1)).toBe('Contained');
    },
  );

  it.each(Object.entries(containment))(
    'of containment leads to "%s", the rest is done, and a human is told',
    async (state, { of, call }) => {
      const ended = await replayOne(of, { call });
      expect(ended.states).toContain(state);
      expect(ended.states.at(-1)).toBe('A human must finish this case');
      expect(ended.failure?.error).toBe('NeedsHuman');
      expect(titlesOf(ended).at(-1)).toBe('Containment needs a human');
      const well = ended.steps.filter(({ outcome }) => outcome !== 'failed');
      const steps = new Set(well.map(({ step }) => step));
      const others = ['deactivate-access-key', 'quarantine-user', 'trace-credentials'];
      expect(others.filter((step) => steps.has(step)).length).toBeGreaterThanOrEqual(2);
      expect(steps).toContain('close-case');
    },
  );

  it.each(Object.entries(own))('of Cordon itself ends in "%s"', async (state, { of, steps }) => {
    const { states, status } = await replayOne(of, { steps });
    expect(states.at(-1)).toBe(state);
    expect(status).toBe('failed');
  });
});

it('ends the case of a user who was deleted meanwhile', async () => {
  const { states, status } = await replayOne(userIsGone.of, userIsGone);

  expect(states.at(-1)).toBe('The principal is gone');
  expect(status).toBe('succeeded');
});

it('has no state that neither a case of events/ nor a failure enters', async () => {
  const failures = [
    userIsGone,
    ...people,
    ...Object.values({ ...evidence, ...containment, ...own }),
  ];

  expect(await statesNeverEntered('compromised-access-key', failures)).toEqual([]);
}, 30_000);
