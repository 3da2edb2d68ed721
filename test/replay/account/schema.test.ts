import { CreateSnapshotsCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { ListCommandsCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { checkAgainstSchema } from '../../../replay/account/schema.ts';
import { rehearsed } from './rehearsed.ts';

const specification = { InstanceId: 'i-0aaaaaaaaaaaaaaa1' };

/** Checks a command as the rehearsal account does, whatever TypeScript would have said of its input. */
// biome-ignore lint/suspicious/noExplicitAny: the inputs are wrong on purpose
const checking = (Command: new (input: any) => object, input: unknown) => () =>
  checkAgainstSchema('ec2:SomeCall', new Command(input));

describe("AWS's own model of a call", () => {
  it('lets a whole and right input pass', () => {
    expect(
      checking(CreateSnapshotsCommand, {
        InstanceSpecification: { ...specification, ExcludeDataVolumeIds: ['vol-1'] },
        TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'a', Value: '' }] }],
        Description: undefined,
      }),
    ).not.toThrow();
  });

  it.each([
    [
      'a member it does not know',
      CreateSnapshotsCommand,
      { InstanceSpecification: specification, Desc: '' },
      'Desc is not known',
    ],
    [
      'a required member that is missing',
      CreateSnapshotsCommand,
      {},
      'InstanceSpecification is missing',
    ],
    [
      'a string in place of a list',
      DescribeInstancesCommand,
      { InstanceIds: 'i-1' },
      'InstanceIds is no list',
    ],
    [
      'a list in place of a string',
      SendCommandCommand,
      { DocumentName: ['x'] },
      'DocumentName is no string',
    ],
    [
      'a number in place of a string',
      DescribeInstancesCommand,
      { NextToken: 1 },
      'NextToken is no string',
    ],
    [
      'a string in place of a number',
      DescribeInstancesCommand,
      { MaxResults: '5' },
      'MaxResults is no number',
    ],
    [
      'a word in place of a boolean',
      DescribeInstancesCommand,
      { DryRun: 'yes' },
      'DryRun is no boolean',
    ],
    ['null', DescribeInstancesCommand, { NextToken: null }, 'NextToken is no string'],
    [
      'an unknown member deep inside',
      CreateSnapshotsCommand,
      { InstanceSpecification: { ...specification, ExcludeRoot: true } },
      'InstanceSpecification.ExcludeRoot is not known',
    ],
    [
      'a mistyped member of a list',
      DescribeInstancesCommand,
      { Filters: [{ Name: 'a' }, { Name: 'vpc-id', Values: [7] }] },
      'Filters[1].Values[0] is no string',
    ],
    [
      'a mistyped value in a map',
      SendCommandCommand,
      { DocumentName: 'x', Parameters: { commands: 'id' } },
      'Parameters.commands is no list',
    ],
    [
      'a required member missing deep inside',
      ListCommandsCommand,
      { Filters: [{ key: 'Status' }] },
      'Filters[0].value is missing',
    ],
  ])('refuses %s, and says where', (_what, Command, input, problem) => {
    expect(checking(Command, input)).toThrow(`ec2:SomeCall breaks AWS's model: ${problem}`);
  });

  it('is held against every call that the rehearsal account answers', async () => {
    const { ec2 } = rehearsed({});
    // A typo that the SDK lets through and EC2 would not.
    const input = { InstanceIDs: ['i-0aaaaaaaaaaaaaaa1'] } as object;
    await expect(ec2.send(new DescribeInstancesCommand(input))).rejects.toThrow(
      "ec2:DescribeInstances breaks AWS's model: InstanceIDs is not known",
    );
  });
});
