import { GetCommandInvocationCommand, SSMServiceException } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../functions/check-memory-capture/exit-codes.ts';
import { checkMemoryCapture } from '../../functions/check-memory-capture/handler.ts';
import { calls, finding, rehearsalOf } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const commandId = '11111111-1111-4111-8111-111111111111';
const volumeId = 'vol-0eeeeeeeeeeeeeee1';
const input = { instanceId, commandId, volumeId, pollsLeft: 9 };
const carried = { commandId, volumeId, pollsLeft: 8 };

type State = Parameters<typeof rehearsalOf>[0];
type Course = NonNullable<NonNullable<State['ssm']>['captures']>[string];

/** The command that captures, beside one to another instance that has ended otherwise. */
const stateWith = (course: Course = {}, commands = [commandId]): State => ({
  instances: [{ instanceId }, { instanceId: 'i-0aaaaaaaaaaaaaaa2' }],
  ssm: {
    managedInstances: [{ instanceId }, { instanceId: 'i-0aaaaaaaaaaaaaaa2' }],
    commands: [
      {
        commandId: '22222222-2222-4222-8222-222222222222',
        documentName: 'AWS-RunShellScript',
        invocations: [{ instanceId: 'i-0aaaaaaaaaaaaaaa2' }],
      },
      ...commands.map((id) => ({
        commandId: id,
        documentName: 'AWS-RunShellScript',
        invocations: [{ instanceId }],
      })),
    ],
    captures: {
      [instanceId]: { polls: 0, ...course },
      'i-0aaaaaaaaaaaaaaa2': { polls: 0, status: 'Cancelled' },
    },
  },
});

describe('check-memory-capture', () => {
  it('says that the capture finished when the host says so', async () => {
    const rehearsal = await rehearsalOf(stateWith());
    const { result, journal } = await rehearsal.run(checkMemoryCapture, input);
    expect(result).toEqual({ outcome: 'finished', reason: null, ...carried });
    expect(journal).toEqual([
      {
        call: 'ssm:GetCommandInvocation',
        disposition: 'sent',
        input: { CommandId: commandId, InstanceId: instanceId },
      },
    ]);
  });

  it('takes an invocation that SSM does not show yet for one in progress', async () => {
    const rehearsal = await rehearsalOf(stateWith({ unseen: 1 }));
    const first = await rehearsal.run(checkMemoryCapture, input);
    expect(first.result).toEqual({ outcome: 'in-progress', reason: 'not listed yet', ...carried });
    const second = await rehearsal.run(
      checkMemoryCapture,
      first.result && { ...input, pollsLeft: 8 },
    );
    expect(second.result).toMatchObject({ outcome: 'finished', pollsLeft: 7 });
  });

  it('counts down while the capture goes on, until the time box is over', async () => {
    const rehearsal = await rehearsalOf(stateWith({ polls: 9 }));
    const outcomes: string[] = [];
    for (let pollsLeft = 3; pollsLeft > 0; ) {
      const { result } = await rehearsal.run(checkMemoryCapture, { ...input, pollsLeft });
      outcomes.push(`${result.outcome} ${result.reason} ${result.pollsLeft}`);
      pollsLeft = result.pollsLeft;
    }
    expect(outcomes).toEqual([
      'in-progress InProgress 2',
      'in-progress InProgress 1',
      'time-box-over InProgress 0',
    ]);
  });

  it('has no polls left to lose when it is asked once more', async () => {
    const rehearsal = await rehearsalOf(stateWith({ polls: 9 }));
    const { result } = await rehearsal.run(checkMemoryCapture, { ...input, pollsLeft: 0 });
    expect(result).toMatchObject({ outcome: 'time-box-over', pollsLeft: 0 });
  });

  it('says that it finished on the very last look', async () => {
    const rehearsal = await rehearsalOf(stateWith());
    const { result } = await rehearsal.run(checkMemoryCapture, { ...input, pollsLeft: 1 });
    expect(result).toMatchObject({ outcome: 'finished', pollsLeft: 0 });
  });

  it.each([
    ['Cancelled', 'Cancelled'],
    ['TimedOut', 'DeliveryTimedOut'],
    ['TimedOut', 'ExecutionTimedOut'],
  ] as const)('says that it failed on %s, and in what way: %s', async (status, statusDetails) => {
    const rehearsal = await rehearsalOf(stateWith({ status, statusDetails }));
    const { result } = await rehearsal.run(checkMemoryCapture, input);
    expect(result.outcome).toBe('failed');
    expect(result.reason).toMatch(new RegExp(`^${statusDetails}`));
  });

  it.each(['Pending', 'Delayed', 'Cancelling'] as const)(
    'waits on while it is %s',
    async (status) => {
      const rehearsal = await rehearsalOf(stateWith({ status }));
      const { result } = await rehearsal.run(checkMemoryCapture, input);
      expect(result).toMatchObject({ outcome: 'in-progress', reason: status });
    },
  );

  describe('names a failure', () => {
    /** The rehearsal account's hosts end with 1 alone, so the answer is put in its place here. */
    const failedWith = async (answer: object): Promise<{ outcome: string; reason: string }> => {
      const rehearsal = await rehearsalOf(stateWith());
      const context = { home: { cases: rehearsal.cases }, case: await rehearsal.open('live') };
      const aws = checkMemoryCapture.connect({ region: 'eu-west-1' });
      mockClient(aws.ssm)
        .onAnyCommand()
        .rejects('undeclared')
        .on(GetCommandInvocationCommand)
        .resolves({ Status: 'Failed', StatusDetails: 'Failed', ...answer });
      // Of its context this step reads the case and its record alone.
      const given = context as unknown as Parameters<typeof checkMemoryCapture.run>[2];
      const parsed = checkMemoryCapture.input.parse(input);
      return (await checkMemoryCapture.run(parsed, aws, given)) as never;
    };

    it.each(Object.entries(exitCodes))(
      'by the exit code of the script: %s is %s',
      async (code, name) => {
        const { outcome, reason } = await failedWith({
          ResponseCode: Number(code),
          StandardErrorContent: 'cordon: the host may say anything here',
        });
        expect({ outcome, reason }).toEqual({ outcome: 'failed', reason: `Failed: ${name}` });
      },
    );

    it('with at most 200 escaped characters of what an unknown code came with', async () => {
      const { reason } = await failedWith({
        ResponseCode: 137,
        StandardErrorContent: `\u001b[2J"é${'x'.repeat(8000)}`,
      });
      const expected = `Failed: exit code 137, the host says "\\u001b[2J\\"\\u00e9${'x'.repeat(194)}"`;
      expect(reason).toBe(expected);
    });

    it('by its status alone where no code came', async () => {
      const { reason } = await failedWith({ StatusDetails: 'Undeliverable', ResponseCode: -1 });
      expect(reason).toBe('Undeliverable');
    });
  });

  describe('cuts the wait short', () => {
    const joined = async (severity: number, course: Course, opener = 8) => {
      const rehearsal = await rehearsalOf(stateWith(course), {
        finding: finding({ id: 'zzz', severity: opener }),
      });
      const { target } = await rehearsal.open('live');
      const later = { id: 'aaa', severity, updatedAt: '2026-03-01T04:06:00.000Z' };
      await rehearsal.cases.join('live', target, finding(later));
      return (await rehearsal.run(checkMemoryCapture, input)).result;
    };

    it('when a critical finding joins the case', async () => {
      expect(await joined(9, { polls: 9 })).toEqual({
        outcome: 'cut-short',
        reason: 'InProgress',
        ...carried,
      });
    });

    it('but not for one that is not critical, or no graver than the first', async () => {
      expect((await joined(8.9, { polls: 9 })).outcome).toBe('in-progress');
      expect((await joined(9.5, { polls: 9 }, 9.5)).outcome).toBe('in-progress');
      expect((await joined(9, { polls: 9 }, 9.8)).outcome).toBe('in-progress');
    });

    it('nor for a capture that has ended', async () => {
      expect((await joined(9.5, {})).outcome).toBe('finished');
    });
  });

  it('lets a refusal out', async () => {
    const error = new SSMServiceException({
      name: 'AccessDeniedException',
      message: 'no',
      $fault: 'client',
      $metadata: {},
    });
    const rehearsal = await rehearsalOf(stateWith(), { fault: () => ({ when: 'before', error }) });
    const ran = await rehearsal.run(checkMemoryCapture, input);
    expect(ran.error?.name).toBe('AccessDeniedException');
    expect(calls(ran.journal)).toEqual(['ssm:GetCommandInvocation sent']);
  });

  it.each([
    [{ ...input, commandId: 'command-000000000000abcde' }, '$.input.commandId'],
    [{ ...input, volumeId: null }, '$.input.volumeId'],
    [{ ...input, pollsLeft: -1 }, '$.input.pollsLeft'],
    [{ ...input, pollsLeft: '9' }, '$.input.pollsLeft'],
    [{ ...input, instanceId: 'i-0aaaaaaaaaaaaaaa1\n' }, '$.input.instanceId'],
  ])('refuses %j before it calls AWS', async (bad, path) => {
    const rehearsal = await rehearsalOf(stateWith());
    const { error, journal } = await rehearsal.run(checkMemoryCapture, bad);
    expect(error).toMatchObject({
      name: 'UnusableInputError',
      message: expect.stringContaining(path),
    });
    expect(journal).toEqual([]);
  });
});
