import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  RebootInstancesCommand,
} from '@aws-sdk/client-ec2';
import { GetCommandInvocationCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import {
  answerWithStandIn,
  keepJournal,
  type Withhold,
} from '../../../functions/shared/journal.ts';
import { RehearsalAccount } from '../../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../../replay/account/state.ts';
import { at, clientsOf, errorOf, rehearsed } from './rehearsed.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const state = AccountState.parse({
  instances: [{ instanceId }],
  ssm: { managedInstances: [{ instanceId }] },
});
const open = () => new RehearsalAccount(state, { now: () => new Date(at) });
const tag = (Value: string) =>
  new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key: 'by', Value }] });
const tagsIn = (account: RehearsalAccount) => account.state.instances[0]?.tags;

/** Clients of a dry run: the journal withholds its writes, and the copy answers. */
function dryRun(account: RehearsalAccount, copy: RehearsalAccount, withhold: Withhold) {
  const clients = clientsOf(account, copy);
  const grant = { on: '*', standIn: () => ({}) };
  keepJournal(
    clients,
    {
      name: 'some-step',
      reads: { 'ec2:DescribeInstances': grant, 'ssm:GetCommandInvocation': grant },
      writes: { 'ec2:CreateTags': grant, 'ssm:SendCommand': grant },
    },
    { mode: 'dry-run', journal: [], withhold },
  );
  return clients;
}
const playOnCopy: Withhold = (_grant, _input, proceed) => proceed();

describe('the rehearsal account', () => {
  it('shows a copy nothing of what it did since, and sees nothing of what the copy did', async () => {
    const base = open();
    const copy = base.copy();
    const second = base.copy();
    await dryRun(base, copy, playOnCopy).ec2.send(tag('copy'));
    await clientsOf(base).ec2.send(tag('base'));
    expect([base, copy, second].map(tagsIn)).toEqual([{ by: 'base' }, { by: 'copy' }, {}]);
    expect(state.instances[0]?.tags).toEqual({});
  });

  it('answers the reads of a dry run from the copy', async () => {
    const base = open();
    const { ec2 } = dryRun(base, base.copy(), playOnCopy);
    await ec2.send(tag('copy'));
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    expect(Reservations?.[0]?.Instances?.[0]?.Tags).toEqual([{ Key: 'by', Value: 'copy' }]);
  });

  it('keeps apart how often a command was looked at', async () => {
    const base = open();
    const command = { DocumentName: 'AWS-RunShellScript', InstanceIds: [instanceId] };
    const { Command } = await clientsOf(base).ssm.send(new SendCommandCommand(command));
    const copy = base.copy();
    const look = { CommandId: Command?.CommandId, InstanceId: instanceId };
    const { ssm } = dryRun(base, copy, playOnCopy);
    await ssm.send(new GetCommandInvocationCommand(look));
    expect(copy.state.ssm.commands[0]?.invocations[0]?.looks).toBe(1);
    expect(base.state.ssm.commands[0]?.invocations[0]?.looks).toBe(0);
  });

  it('refuses a write that a dry run did not withhold', async () => {
    const base = open();
    const copy = base.copy();
    const { ec2 } = clientsOf(base, copy);
    await expect(ec2.send(tag('slipped'))).rejects.toThrow('a dry run sent ec2:CreateTags');
    expect([base, copy].map(tagsIn)).toEqual([{}, {}]);
  });

  it('is asked nothing when a stand-in answers', async () => {
    const base = open();
    const copy = base.copy();
    await dryRun(base, copy, answerWithStandIn).ec2.send(tag('nobody'));
    expect([base, copy].map(tagsIn)).toEqual([{}, {}]);
  });

  it('hands out nothing through which it could be changed', async () => {
    const { ec2, account } = rehearsed(state);
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.push({});
    Reservations?.[0]?.Instances?.[0]?.Tags?.push({});
    expect(account.state.instances[0]).toMatchObject({ tags: {} });
  });

  it('says which call it does not have', async () => {
    const { ec2 } = rehearsed(state);
    const reboot = ec2.send(new RebootInstancesCommand({ InstanceIds: [instanceId] }));
    await expect(reboot).rejects.toThrow('the rehearsal account has no ec2:RebootInstances');
  });

  it('gives the same ids to the same calls in the same account', async () => {
    const ids = async () => {
      const { ssm } = rehearsed(state);
      const command = { DocumentName: 'AWS-RunShellScript', InstanceIds: [instanceId] };
      return (await ssm.send(new SendCommandCommand(command))).Command?.CommandId;
    };
    expect(await ids()).toBe(await ids());
  });

  it('fails a call before it takes effect or after, as told', async () => {
    const outcomes = [];
    for (const when of ['before', 'after'] as const) {
      const account = new RehearsalAccount(state, {
        now: () => new Date(at),
        fault: () => ({ when, error: new Error('lost') }),
      });
      outcomes.push([await errorOf(clientsOf(account).ec2.send(tag(when))), tagsIn(account)]);
    }
    expect(outcomes).toEqual([
      ['Error', {}],
      ['Error', { by: 'after' }],
    ]);
  });
});
