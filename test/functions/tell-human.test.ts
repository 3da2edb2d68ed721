import { expect, it } from 'vitest';
import { tellHuman } from '../../functions/tell-human/handler.ts';
import { rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const execution = 'arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:x';
const next = 'Nothing further was done.';
const noCase = { case: undefined };

it('tells what failed, quoted, without a case and in any mode', async () => {
  const { run, notifications } = await rehearsalOf(account);
  const details = { Error: 'UnusableInputError', Cause: '```$.mode: expected "dry-run"' };

  const { result, journal } = await run(
    tellHuman,
    { title: 'No case could be opened', execution, next, details },
    undefined,
    noCase,
  );

  expect(result).toEqual({ outcome: 'told' });
  expect(journal).toEqual([]);
  expect(notifications).toEqual([
    {
      title: 'No case could be opened',
      text: expect.stringContaining(execution),
      keywords: ['cordon', 'needs-human'],
    },
  ]);
  expect(notifications[0]?.text).toContain('ˋˋˋ$.mode');
});

it('cuts details that would not fit a message', async () => {
  const { run, notifications } = await rehearsalOf(account);

  await run(
    tellHuman,
    { title: 't', execution, next, details: 'x'.repeat(50_000) },
    undefined,
    noCase,
  );

  expect(notifications[0]?.text.length).toBeLessThan(4000);
});

it('refuses a message without a title', async () => {
  const { run, notifications } = await rehearsalOf(account);

  const { error } = await run(tellHuman, { execution, next, details: {} }, undefined, noCase);

  expect(error?.message).toContain('$.input.title');
  expect(notifications).toEqual([]);
});
