import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  GetDocumentCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  paginateDescribeInstanceInformation,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { captureDocument } from '../../../functions/start-memory-capture/capture-document.ts';
import type { AccountState } from '../../../replay/account/state.ts';
import { at, errorOf, rehearsed } from './rehearsed.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const offlineId = 'i-0bbbbbbbbbbbbbbb1';
const windowsId = 'i-0ccccccccccccccc1';

const state = {
  ssm: {
    managedInstances: [
      { instanceId },
      { instanceId: offlineId, pingStatus: 'ConnectionLost' as const },
      { instanceId: windowsId, platformType: 'Windows' as const },
    ],
    captures: { [instanceId]: { unseen: 1, polls: 2, stdout: '{"written":1}' } },
  },
} satisfies z.input<typeof AccountState>;

/** A document with a parameter that has a pattern, and a command by it. */
const content = JSON.stringify({
  schemaVersion: '2.2',
  parameters: { Id: { type: 'String', allowedPattern: '^[a-z]+$' } },
  mainSteps: [{ action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['id'] } }],
});
const mine = { DocumentName: 'mine', DocumentVersion: '3', Parameters: { Id: ['x'] } };

const withMine = {
  ssm: { ...state.ssm, documents: [{ name: 'mine', version: '3', content }] },
};

type Clients = ReturnType<typeof rehearsed>;

const send = async ({ ssm }: Clients, id = instanceId, differs = {}) => {
  const { Command } = await ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [id],
      Comment: 'cordon case-1',
      ...differs,
    }),
  );
  return Command;
};
const look = ({ ssm }: Clients, CommandId: string | undefined, InstanceId = instanceId) =>
  ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));

describe('SSM documents', () => {
  it("are Cordon's own where the state names no other", async () => {
    const { ssm } = rehearsed(state);
    const Name = 'cordon-prod-capture-memory-windows';
    const { Content = '', DocumentVersion } = await ssm.send(new GetDocumentCommand({ Name }));
    expect(JSON.parse(Content)).toEqual(captureDocument('windows'));
    expect(DocumentVersion).toBe('1');
  });

  it('are those that the state names, and no other', async () => {
    const { ssm } = rehearsed(withMine);
    const { Content } = await ssm.send(new GetDocumentCommand({ Name: 'mine' }));
    expect(Content).toBe(content);
    const other = new GetDocumentCommand({ Name: 'cordon-prod-capture-memory-linux' });
    expect(await errorOf(ssm.send(other))).toBe('InvalidDocument');
  });

  it('are sent by their version', async () => {
    const all = rehearsed(withMine);
    expect(await send(all, instanceId, mine)).toMatchObject({
      DocumentName: 'mine',
      DocumentVersion: '3',
    });
  });
});

describe('SSM agents', () => {
  it('are found by instance, and say how they are', async () => {
    const { ssm } = rehearsed(state);
    const { InstanceInformationList } = await ssm.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: 'InstanceIds', Values: [offlineId, 'i-0ddddddddddddddd1'] }],
      }),
    );
    expect(InstanceInformationList).toMatchObject([
      { InstanceId: offlineId, PingStatus: 'ConnectionLost', PlatformType: 'Linux' },
    ]);
    expect(InstanceInformationList).toHaveLength(1);
  });

  it('come in pages of ten', async () => {
    const managedInstances = Array.from({ length: 11 }, (_, n) => ({
      instanceId: `i-00000000000000${String(n).padStart(3, '0')}`,
    }));
    const { ssm } = rehearsed({ ssm: { managedInstances } });
    const sizes: number[] = [];
    for await (const page of paginateDescribeInstanceInformation({ client: ssm }, {})) {
      sizes.push(page.InstanceInformationList?.length ?? 0);
    }
    expect(sizes).toEqual([10, 1]);
  });

  it('are not found by what is no filter', async () => {
    const { ssm } = rehearsed(state);
    const command = new DescribeInstanceInformationCommand({
      Filters: [{ Key: 'Colour', Values: ['red'] }],
    });
    expect(await errorOf(ssm.send(command))).toBe('InvalidFilterKey');
  });
});

describe('SSM commands', () => {
  it('are unseen, then in progress, then ended, one look after the other', async () => {
    const all = rehearsed(state);
    const command = await send(all);
    expect(command).toMatchObject({ Status: 'Pending', Comment: 'cordon case-1' });
    expect(await errorOf(look(all, command?.CommandId))).toBe('InvocationDoesNotExist');
    const looks = [];
    for (let n = 0; n < 3; n++) looks.push(await look(all, command?.CommandId));
    expect(looks).toMatchObject([
      { Status: 'InProgress', ResponseCode: -1, StandardOutputContent: '' },
      { Status: 'InProgress' },
      { Status: 'Success', ResponseCode: 0, StandardOutputContent: '{"written":1}' },
    ]);
  });

  it('to an agent that is not online never start', async () => {
    const all = rehearsed(state);
    const command = await send(all, offlineId);
    for (let n = 0; n < 3; n++) {
      expect(await look(all, command?.CommandId, offlineId)).toMatchObject({ Status: 'Pending' });
    }
  });

  it('sent twice are two, found again by instance and comment', async () => {
    const all = rehearsed(state);
    const [first, second] = [await send(all), await send(all)];
    expect(first?.CommandId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(second?.CommandId).not.toBe(first?.CommandId);
    const { Commands } = await all.ssm.send(
      new ListCommandsCommand({
        InstanceId: instanceId,
        Filters: [{ key: 'InvokedAfter', value: at }],
      }),
    );
    expect(Commands).toMatchObject([
      { CommandId: first?.CommandId, Comment: 'cordon case-1', Status: 'InProgress' },
      { CommandId: second?.CommandId },
    ]);
    const { CommandInvocations } = await all.ssm.send(
      new ListCommandInvocationsCommand({ CommandId: second?.CommandId }),
    );
    expect(CommandInvocations).toMatchObject([
      { CommandId: second?.CommandId, InstanceId: instanceId, Status: 'InProgress' },
    ]);
  });

  it('keep no signature of a presigned URL', async () => {
    const all = rehearsed(state);
    await send(all, instanceId, {
      Parameters: { commands: ['curl https://tools.example/avml?X-Amz-Signature=5ec4e7'] },
    });
    expect(JSON.stringify(all.account.state)).not.toContain('5ec4e7');
  });

  it('are cancelled unless they have ended', async () => {
    const all = rehearsed({ ssm: { ...state.ssm, captures: { [instanceId]: { polls: 0 } } } });
    const [ended, running] = [await send(all), await send(all)];
    await look(all, ended?.CommandId);
    for (const command of [ended, running]) {
      await all.ssm.send(new CancelCommandCommand({ CommandId: command?.CommandId }));
    }
    expect(await look(all, ended?.CommandId)).toMatchObject({ Status: 'Success' });
    expect(await look(all, running?.CommandId)).toMatchObject({ Status: 'Cancelled' });
  });

  it.each([
    ['an instance without agent', 'InvalidInstanceId', 'i-0ddddddddddddddd1', {}],
    ['another platform', 'UnsupportedPlatformType', windowsId, {}],
    ['a document that is not there', 'InvalidDocument', instanceId, { DocumentName: 'Mine' }],
    [
      'a version that is not there',
      'InvalidDocumentVersion',
      instanceId,
      { ...mine, DocumentVersion: '2' },
    ],
    [
      'a parameter it has not',
      'InvalidParameters',
      instanceId,
      { ...mine, Parameters: { Other: ['x'] } },
    ],
    ['a parameter it lacks', 'InvalidParameters', instanceId, { DocumentName: mine.DocumentName }],
    [
      'a value outside its pattern',
      'InvalidParameters',
      instanceId,
      { ...mine, Parameters: { Id: ['X'] } },
    ],
    ['a comment that is too long', 'ValidationException', instanceId, { Comment: 'x'.repeat(101) }],
    ['a time-out that is too short', 'ValidationException', instanceId, { TimeoutSeconds: 29 }],
  ])('are refused for %s', async (_what, name, id, differs) => {
    const all = rehearsed(withMine);
    expect(await errorOf(send(all, id, differs))).toBe(name);
    expect(all.account.state.ssm.commands).toEqual([]);
  });
});
