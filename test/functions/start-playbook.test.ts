import { describe, expect, it } from 'vitest';
import type { Home } from '../../functions/shared/home.ts';
import { startPlaybook } from '../../functions/start-playbook/handler.ts';
import { rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const input = {
  playbook: 'compromised-instance',
  request: { instanceId: 'i-0bbbbbbbbbbbbbbb2', account: '111122223333', region: 'eu-west-1' },
  name: 'instance-0123456789abcdef0123456789abcdef',
};
const arn = `arn:aws:states:eu-west-1:111122223333:execution:${input.playbook}:${input.name}`;

/** Starts playbooks as Step Functions does, each name once, and lists what was asked for. */
function startsOf() {
  const asked: [playbook: string, input: object, name: string][] = [];
  const start: Home['start'] = async (...each) => {
    const known = asked.some(([, , name]) => name === each[2]);
    asked.push(each);
    return { outcome: known ? 'already-started' : 'started', execution: arn };
  };
  return { asked, start };
}

describe('start-playbook', () => {
  it.each(['live', 'dry-run'] as const)(
    'starts the playbook in the mode of its own case, %s',
    async (mode) => {
      const { asked, start } = startsOf();
      const { run, open } = await rehearsalOf(account, { start });
      const { caseId } = await open(mode);

      const { result, journal } = await run(startPlaybook, input, mode);

      expect(result).toEqual({ outcome: 'started', execution: arn });
      expect(asked).toEqual([
        [input.playbook, { ...input.request, mode, parent: caseId }, input.name],
      ]);
      expect(journal).toEqual([]);
    },
  );

  it('starts a dry run when the mode is missing', async () => {
    const { asked, start } = startsOf();
    const { run } = await rehearsalOf(account, { start });

    await run(startPlaybook, input, undefined);

    expect(asked).toMatchObject([[input.playbook, { mode: 'dry-run' }, input.name]]);
  });

  it('starts no live run from a dry run, whatever the request says, nor a child of another case', async () => {
    const { asked, start } = startsOf();
    const { run, open } = await rehearsalOf(account, { start });
    const request = { ...input.request, mode: 'live', parent: 'case-of-somebody-else' };

    await run(startPlaybook, { ...input, request }, 'dry-run');

    const { caseId } = await open('dry-run');
    expect(asked).toMatchObject([
      [input.playbook, { mode: 'dry-run', parent: caseId }, input.name],
    ]);
  });

  it('starts nothing twice when it runs again', async () => {
    const { asked, start } = startsOf();
    const { run } = await rehearsalOf(account, { start });

    await run(startPlaybook, input);
    const again = await run(startPlaybook, input);

    expect(again.result).toEqual({ outcome: 'already-started', execution: arn });
    expect(asked[0]).toEqual(asked[1]);
  });

  it('lets a failure to start out', async () => {
    const start = () => Promise.reject(new RangeError('Step Functions is away'));
    const { run } = await rehearsalOf(account, { start });

    const { error } = await run(startPlaybook, input);

    expect(error).toBeInstanceOf(RangeError);
  });

  it.each([
    ['a playbook that no step starts', { playbook: 'rotate-access-key' }, '$.input.playbook'],
    ['a playbook of another shape', { playbook: 'compromised-instance:x' }, '$.input.playbook'],
    ['a request that is none', { request: 'i-0bbbbbbbbbbbbbbb2' }, '$.input.request'],
    ['a name with a colon', { name: 'a:b' }, '$.input.name'],
    ['a name of 81 characters', { name: 'a'.repeat(81) }, '$.input.name'],
    ['no name', { name: '' }, '$.input.name'],
    ['a field it does not know', { mode: 'live' }, '"mode"'],
  ])('refuses %s before anything is started', async (_what, differs, message) => {
    const { asked, start } = startsOf();
    const { run } = await rehearsalOf(account, { start });

    const { error } = await run(startPlaybook, { ...input, ...differs });

    expect(error?.name).toBe('UnusableInputError');
    expect(error?.message).toContain(message);
    expect(asked).toEqual([]);
  });
});
