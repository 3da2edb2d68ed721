import {
  CreateSecurityGroupCommand,
  CreateSnapshotsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeVpcsCommand,
  EC2Client,
  EC2ServiceException,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-ec2';
import type { FinalizeRequestMiddleware } from '@smithy/types';
import { describe, expect, it } from 'vitest';
import { once, patient } from '../../../functions/shared/connection.ts';
import {
  answerWithStandIn,
  type Declared,
  type JournalEntry,
  keepJournal,
  type Mode,
  redact,
  UndeclaredCallError,
} from '../../../functions/shared/journal.ts';
import { impossibleId, namesStandIn } from '../../../functions/shared/stand-in.ts';

const declared: Declared = {
  name: 'test-step',
  reads: {
    'ec2:DescribeVpcs': { on: '*' },
    'ec2:DescribeSecurityGroupRules': { on: '*', standIn: () => ({ SecurityGroupRules: [] }) },
  },
  writes: {
    'ec2:CreateSecurityGroup': {
      on: '*',
      standIn: (input) => ({ GroupId: impossibleId('sg', input) }),
    },
    'ec2:CreateSnapshots': { on: '*', once: true, standIn: () => ({ Snapshots: [] }) },
  },
};
const to = { region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const group = { GroupName: 'g', Description: 'd', VpcId: 'vpc-0aaaaaaaaaaaaaaa1' };

/** A client under a journal, on which every call that leaves the SDK is counted and answered. */
function journalled(
  mode: Mode,
  options = patient(to),
  answers: (() => { $metadata: { requestId?: string } })[] = [],
) {
  const ec2 = new EC2Client(options);
  const journal: JournalEntry[] = [];
  const left: string[] = [];
  const wire: FinalizeRequestMiddleware<ServiceInputTypes, ServiceOutputTypes> =
    (_next, context) => async () => {
      left.push(String(context.commandName));
      const answered = answers.shift()?.() ?? { $metadata: {} };
      return { output: { ...answered, GroupId: 'sg-0bbbbbbbbbbbbbbb1' }, response: undefined };
    };
  ec2.middlewareStack.add(wire, { name: 'wire', step: 'finalizeRequest', priority: 'low' });
  keepJournal({ ec2 }, declared, { mode, journal, withhold: answerWithStandIn });
  return { ec2, journal, left };
}

describe('the journal', () => {
  it('notes the id that AWS gave a request, refused ones included, and none for what was withheld', async () => {
    const { ec2, journal } = journalled('dry-run', patient(to), [
      () => ({ $metadata: { requestId: 'r-1' } }),
      () => {
        const $metadata = { requestId: 'r-2' };
        throw new EC2ServiceException({ name: 'Denied', $fault: 'client', $metadata });
      },
      () => {
        throw new TypeError('never reached AWS');
      },
    ]);

    await ec2.send(new DescribeVpcsCommand({}));
    await expect(ec2.send(new DescribeVpcsCommand({}))).rejects.toThrow();
    await expect(ec2.send(new DescribeVpcsCommand({}))).rejects.toThrow();
    await ec2.send(new CreateSecurityGroupCommand(group));

    expect(journal).toMatchObject([
      { disposition: 'sent', requestId: 'r-1' },
      { disposition: 'sent', requestId: 'r-2', error: 'Denied' },
      { disposition: 'sent', error: 'TypeError' },
      { disposition: 'withheld' },
    ]);
    expect(journal.slice(2).map(({ requestId }) => requestId)).toEqual([undefined, undefined]);
  });

  it('sends reads and writes of a live run, and notes both', async () => {
    const { ec2, journal, left } = journalled('live');

    await ec2.send(new DescribeVpcsCommand({}));
    const { GroupId } = await ec2.send(new CreateSecurityGroupCommand(group));

    expect(GroupId).toBe('sg-0bbbbbbbbbbbbbbb1');
    expect(left).toEqual(['DescribeVpcsCommand', 'CreateSecurityGroupCommand']);
    expect(journal).toEqual([
      { call: 'ec2:DescribeVpcs', input: {}, disposition: 'sent' },
      { call: 'ec2:CreateSecurityGroup', input: group, disposition: 'sent' },
    ]);
  });

  it('withholds the writes of a dry run, answers with the stand-in, and sends its reads', async () => {
    const { ec2, journal, left } = journalled('dry-run');

    await ec2.send(new DescribeVpcsCommand({}));
    const { GroupId } = await ec2.send(new CreateSecurityGroupCommand(group));

    expect(GroupId).toMatch(/^sg-0{12}[0-9a-f]{5}$/);
    expect(left).toEqual(['DescribeVpcsCommand']);
    expect(journal.map(({ disposition }) => disposition)).toEqual(['sent', 'withheld']);
  });

  it('assumes the answer to a read about something only a dry run made', async () => {
    const { ec2, journal, left } = journalled('dry-run');
    const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand(group));

    const rules = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
    );

    expect(rules.SecurityGroupRules).toEqual([]);
    expect(left).toEqual([]);
    expect(journal.at(-1)?.disposition).toBe('assumed');
  });

  it('stops at a read of a made-up id that has no stand-in', async () => {
    const { ec2, left } = journalled('dry-run');
    const vpcs = new DescribeVpcsCommand({ VpcIds: [impossibleId('vpc', {})] });

    await expect(ec2.send(vpcs)).rejects.toThrow('has no stand-in');
    expect(left).toEqual([]);
  });

  it('never lets a made-up id leave a live run', async () => {
    const { ec2, left } = journalled('live');
    const create = new CreateSecurityGroupCommand({ ...group, VpcId: impossibleId('vpc', {}) });

    await expect(ec2.send(create)).rejects.toThrow('names something that a dry run made up');
    expect(left).toEqual([]);
  });

  it.each(['live', 'dry-run'] as const)('refuses an undeclared call (%s)', async (mode) => {
    const { ec2, left } = journalled(mode);
    const { DeleteSecurityGroupCommand } = await import('@aws-sdk/client-ec2');

    await expect(
      ec2.send(new DeleteSecurityGroupCommand({ GroupId: 'sg-0bbbbbbbbbbbbbbb1' })),
    ).rejects.toThrow(UndeclaredCallError);
    expect(left).toEqual([]);
  });

  it('refuses to send a write that must not be repeated with a client that retries', async () => {
    const input = { InstanceSpecification: { InstanceId: 'i-0aaaaaaaaaaaaaaa1' } };
    const retrying = journalled('live');
    const single = journalled('live', once(to));

    await expect(retrying.ec2.send(new CreateSnapshotsCommand(input))).rejects.toThrow(
      UndeclaredCallError,
    );
    await single.ec2.send(new CreateSnapshotsCommand(input));

    expect(retrying.left).toEqual([]);
    expect(single.left).toEqual(['CreateSnapshotsCommand']);
  });

  it('notes the name of the error that AWS answered', async () => {
    const { ec2, journal } = journalled('live');
    const refuse: FinalizeRequestMiddleware<ServiceInputTypes, ServiceOutputTypes> =
      () => async () => {
        throw Object.assign(new Error('no'), { name: 'UnauthorizedOperation' });
      };
    ec2.middlewareStack.addRelativeTo(refuse, {
      name: 'refuse',
      relation: 'before',
      toMiddleware: 'wire',
    });

    await expect(ec2.send(new DescribeVpcsCommand({}))).rejects.toThrow('no');
    expect(journal).toEqual([
      { call: 'ec2:DescribeVpcs', input: {}, disposition: 'sent', error: 'UnauthorizedOperation' },
    ]);
  });

  it('keeps two clients side by side apart: one dry, one live', async () => {
    const dry = journalled('dry-run');
    const live = journalled('live');

    await Promise.all([
      dry.ec2.send(new CreateSecurityGroupCommand(group)),
      live.ec2.send(new CreateSecurityGroupCommand(group)),
    ]);

    expect([dry.left, live.left]).toEqual([[], ['CreateSecurityGroupCommand']]);
    expect([dry.journal.length, live.journal.length]).toEqual([1, 1]);
  });
});

it('cuts the query of a presigned URL out of what is kept', () => {
  const url = 'https://tools.s3.eu-west-1.amazonaws.com/avml?X-Amz-Expires=300&X-Amz-Signature=abc';

  expect(redact({ Parameters: { commands: [`curl -o tool '${url}'`, 'sha256sum tool'] } })).toEqual(
    {
      Parameters: {
        commands: [
          "curl -o tool 'https://tools.s3.eu-west-1.amazonaws.com/avml?[redacted]'",
          'sha256sum tool',
        ],
      },
    },
  );
});

it('keeps no secret of any service, however deep it lies, and no token but those of sessions', () => {
  const input = {
    Name: 'cordon/alice/AKIAIOSFODNN7EXAMPLE',
    ClientRequestToken: 'once-and-again',
    SecretString: '{"secretAccessKey":"decoy"}',
    SecretBinary: new Uint8Array([1, 2]),
    Users: [{ Password: 'decoy', OldPassword: 'decoy', PasswordResetRequired: true }],
    Credentials: { SecretAccessKey: 'decoy', SessionToken: 'decoy', NextToken: 'page-2' },
    password: 'decoy',
  };

  expect(redact(input)).toEqual({
    Name: 'cordon/alice/AKIAIOSFODNN7EXAMPLE',
    ClientRequestToken: 'once-and-again',
    SecretString: '[redacted]',
    SecretBinary: '[redacted]',
    Users: [{ Password: '[redacted]', OldPassword: '[redacted]', PasswordResetRequired: true }],
    Credentials: {
      SecretAccessKey: '[redacted]',
      SessionToken: '[redacted]',
      NextToken: 'page-2',
    },
    password: '[redacted]',
  });
  expect(input.SecretString).toContain('decoy');
});

it('names a policy document by its length and hash, and keeps the policy’s name', () => {
  const document = '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}';
  const arn = 'arn:aws:iam::aws:policy/AWSDenyAll';
  const short = '[policy, 59 characters, sha256 8f3a31251f28…]';

  expect(
    redact({
      PolicyName: 'cordon',
      PolicyDocument: document,
      AssumeRolePolicyDocument: ` ${document}`,
      ResourcePolicy: encodeURIComponent(document),
      Policy: arn,
    }),
  ).toEqual({
    PolicyName: 'cordon',
    PolicyDocument: short,
    AssumeRolePolicyDocument: expect.stringMatching(/^\[policy, 60 characters, sha256 \w{12}…\]$/),
    ResourcePolicy: expect.stringMatching(/^\[policy, \d+ characters, sha256 \w{12}…\]$/),
    Policy: arn,
  });
});

it('tells made-up ids from real ones', () => {
  expect(namesStandIn({ a: [impossibleId('vol', { n: 1 })] })).toBe(true);
  expect(namesStandIn({ a: ['vol-0123456789abcdef0', 'i-99999999'] })).toBe(false);
});
