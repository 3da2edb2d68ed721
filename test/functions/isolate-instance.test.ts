import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { isolateInstance } from '../../functions/isolate-instance/handler.ts';
import { NetworkInterfaceId, SecurityGroupId } from '../../functions/shared/ids.ts';
import type { JournalEntry } from '../../functions/shared/journal.ts';
import type { Fault } from '../../replay/account/rehearsal-account.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';

type State = z.input<typeof AccountState>;
type Group = NonNullable<State['securityGroups']>[number];

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const vpcId = 'vpc-0aaaaaaaaaaaaaaa1';
const otherVpcId = 'vpc-0bbbbbbbbbbbbbbb1';
const eni = 'eni-0aaaaaaaaaaaaaaa1';
const secondEni = 'eni-0aaaaaaaaaaaaaaa2';
const foreignEni = 'eni-0ccccccccccccccc1';
const web = 'sg-0aaaaaaaaaaaaaaa1';
const database = 'sg-0aaaaaaaaaaaaaaa2';
const noRules = 'sg-0eeeeeeeeeeeeeee1';
const namesake = 'sg-0eeeeeeeeeeeeeee2';
const ssmOnly = 'sg-0fffffffffffffff1';
const endpoints = 'sg-0fffffffffffffff2';

const emptyGroup: Group = { groupId: noRules, groupName: 'cordon-no-rules', vpcId };
const openV6 = { ruleId: 'sgr-0eeeeeeeeeeeeeee6', isEgress: true, cidrIpv6: '::/0' };

/** Two interfaces in a VPC with IPv6; another instance's in the same groups; a namesake elsewhere. */
const world = (groups: Group[] = [], differs: Partial<State> = {}): State => ({
  vpcs: [
    { vpcId, cidrBlocks: ['10.0.0.0/16'], ipv6CidrBlocks: ['2001:db8:1234:1a00::/56'] },
    { vpcId: otherVpcId, cidrBlocks: ['10.1.0.0/16'] },
  ],
  subnets: [
    { subnetId: 'subnet-0aaaaaaaaaaaaaaa1', vpcId, cidrBlock: '10.0.1.0/24' },
    { subnetId: 'subnet-0bbbbbbbbbbbbbbb1', vpcId: otherVpcId, cidrBlock: '10.1.1.0/24' },
  ],
  securityGroups: [
    {
      groupId: namesake,
      groupName: 'cordon-no-rules',
      vpcId: otherVpcId,
      rules: [{ ruleId: 'sgr-0ddddddddddddddd1', isEgress: true, cidrIpv4: '0.0.0.0/0' }],
    },
    {
      groupId: web,
      groupName: 'web',
      vpcId,
      rules: [
        {
          isEgress: false,
          ipProtocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          cidrIpv4: '203.0.113.0/24',
        },
      ],
    },
    { groupId: database, groupName: 'database', vpcId },
    ...groups,
  ],
  instances: [{ instanceId }, { instanceId: 'i-0ccccccccccccccc1' }],
  networkInterfaces: [
    {
      networkInterfaceId: foreignEni,
      subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
      groups: [web],
      attachment: { instanceId: 'i-0ccccccccccccccc1' },
    },
    attached(eni, [web, database]),
    attached(secondEni, [web], { attachment: { instanceId, deviceIndex: 1 } }),
  ],
  ...differs,
});

const attached = (networkInterfaceId: string, groups: string[], differs: object = {}) => ({
  networkInterfaceId,
  subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
  groups,
  attachment: { instanceId },
  ...differs,
});

const to443 = (group: string, isEgress: boolean) => ({
  isEgress,
  ipProtocol: 'tcp',
  fromPort: 443,
  toPort: 443,
  referencedGroupId: group,
});

const endpoint = (service: string, differs: object = {}) => ({
  vpcEndpointId: service === 'ssm' ? 'vpce-0aaaaaaaaaaaaaaa1' : 'vpce-0aaaaaaaaaaaaaaa2',
  vpcId,
  serviceName: `com.amazonaws.eu-west-1.${service}`,
  groups: [endpoints],
  ...differs,
});
const bothEndpoints = [endpoint('ssm'), endpoint('ssmmessages')];

const ssmOnlyGroup = (rules: Group['rules'] = [to443(endpoints, true)]): Group => ({
  groupId: ssmOnly,
  groupName: 'cordon-ssm-only',
  vpcId,
  rules,
});
const endpointGroup = (rules: Group['rules'] = [to443(ssmOnly, false)]): Group => ({
  groupId: endpoints,
  groupName: 'endpoints',
  vpcId,
  rules,
});
const prepared = [emptyGroup, ssmOnlyGroup(), endpointGroup()];

const input = { instanceId, group: 'no-rules', vpcIds: [] as string[] };
const hinted = { ...input, vpcIds: [vpcId] };
const ssm = { ...input, group: 'ssm-only' };

const groupsOf = ({ networkInterfaces }: Readonly<AccountState>) =>
  Object.fromEntries(
    networkInterfaces.map(({ networkInterfaceId, groups }) => [networkInterfaceId, groups]),
  );
const inputsOf = (journal: readonly JournalEntry[], call: string) =>
  journal.filter((entry) => entry.call === call).map((entry) => entry.input);

type Made = Awaited<ReturnType<typeof rehearsalOf>>;
const groupOf = ({ account }: Made, id: string) => {
  const group = account.state.securityGroups.find(({ groupId }) => groupId === id);
  if (!group) throw new Error(`no ${id}`);
  return group;
};
const interfaceOf = ({ account }: Made, id: string) => {
  const found = account.state.networkInterfaces.find((one) => one.networkInterfaceId === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

const refusal = (name: string): EC2ServiceException =>
  new EC2ServiceException({ name, message: name, $fault: 'client', $metadata: {} });
const failing =
  (call: string, error = refusal('UnauthorizedOperation')) =>
  (made: string): Fault | undefined =>
    made === call ? { when: 'before', error } : undefined;

const ready = [
  'ec2:DescribeNetworkInterfaces sent',
  'ec2:DescribeSecurityGroups sent',
  'ec2:ModifyNetworkInterfaceAttribute sent',
  'ec2:ModifyNetworkInterfaceAttribute sent',
];
const proof = ['ec2:DescribeNetworkInterfaces sent', 'ec2:DescribeSecurityGroups sent'];

describe('isolate-instance with no-rules', () => {
  it('puts every interface of the instance, and no other, into the VPC’s empty group', async () => {
    const { run, account } = await rehearsalOf(world([emptyGroup]));

    const { result, journal } = await run(isolateInstance, input);

    expect(result).toEqual({
      outcome: 'isolated',
      group: 'no-rules',
      reason: null,
      interfaces: [
        { networkInterfaceId: eni, vpcId, groupId: noRules },
        { networkInterfaceId: secondEni, vpcId, groupId: noRules },
      ],
      skipped: [],
    });
    expect(calls(journal)).toEqual([...ready, ...proof]);
    expect(inputsOf(journal, 'ec2:ModifyNetworkInterfaceAttribute')).toEqual([
      { NetworkInterfaceId: eni, Groups: [noRules] },
      { NetworkInterfaceId: secondEni, Groups: [noRules] },
    ]);
    expect(groupsOf(account.state)).toEqual({
      [foreignEni]: [web],
      [eni]: [noRules],
      [secondEni]: [noRules],
    });
  });

  it('records the groups of each interface, and what their rules were when it was cut', async () => {
    const { run, cases, open } = await rehearsalOf(world([emptyGroup]));

    await run(isolateInstance, input);

    const { caseId } = await open('live');
    const isolationGroups = ['cordon-no-rules', 'cordon-ssm-only'];
    expect(await cases.before(caseId, 'isolate-instance')).toEqual(
      [
        {
          resource: eni,
          state: { networkInterfaceId: eni, groups: [web, database], isolationGroups },
        },
        {
          resource: secondEni,
          state: { networkInterfaceId: secondEni, groups: [web], isolationGroups },
        },
        { resource: web, state: { groupId: web, rules: ['in tcp 443-443 203.0.113.0/24'] } },
        { resource: database, state: { groupId: database, rules: [] } },
      ].map((before) => ({ step: 'isolate-instance', ...before })),
    );
  });

  it('keeps the rules that a lost attempt has not, though its cut is made', async () => {
    let lost = false;
    const { run, cases, open } = await rehearsalOf(world([emptyGroup]), {
      fault: (call, asked) => {
        const byId = JSON.stringify(asked).includes('group-id');
        if (lost || call !== 'ec2:DescribeSecurityGroups' || !byId) return undefined;
        lost = true;
        const error = Object.assign(new Error('made to fail'), { name: 'UnauthorizedOperation' });
        return { when: 'before', error };
      },
    });
    expect((await run(isolateInstance, input)).error?.name).toBe('UnauthorizedOperation');

    expect((await run(isolateInstance, input)).result.outcome).toBe('already-isolated');

    const { caseId } = await open('live');
    const kept = (await cases.before(caseId, 'isolate-instance')).map(({ resource }) => resource);
    expect(kept).toEqual([eni, secondEni, web, database]);
  });

  it('makes the group when there is none, tags it and revokes each rule it was born with', async () => {
    const { run, account } = await rehearsalOf(world());

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('isolated');
    expect(calls(journal)).toEqual([
      'ec2:DescribeNetworkInterfaces sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:CreateSecurityGroup sent',
      'ec2:DescribeSecurityGroupRules sent',
      'ec2:RevokeSecurityGroupEgress sent',
      'ec2:ModifyNetworkInterfaceAttribute sent',
      'ec2:ModifyNetworkInterfaceAttribute sent',
      ...proof,
    ]);
    const made = account.state.securityGroups.find(
      ({ groupName, vpcId: at }) => groupName === 'cordon-no-rules' && at === vpcId,
    );
    expect(made).toMatchObject({
      rules: [],
      tags: { 'cordon:case': expect.stringMatching(/^case-/) },
    });
    // Of IPv4 and IPv6: the VPC has both.
    expect(inputsOf(journal, 'ec2:RevokeSecurityGroupEgress')).toEqual([
      { GroupId: made?.groupId, SecurityGroupRuleIds: [expect.any(String), expect.any(String)] },
    ]);
  });

  it('reads the groups beside the interfaces when it is told the VPC', async () => {
    const { run } = await rehearsalOf(world([emptyGroup]));

    const { result, journal } = await run(isolateInstance, hinted);

    expect(result.outcome).toBe('isolated');
    expect(calls(journal)).toEqual([...ready, ...proof]);
    expect(inputsOf(journal, 'ec2:DescribeSecurityGroups')[0]).toEqual({
      Filters: [
        { Name: 'vpc-id', Values: [vpcId] },
        { Name: 'group-name', Values: ['cordon-no-rules', 'cordon-ssm-only'] },
      ],
    });
  });

  it('looks into the right VPC, and makes nothing in the wrong one, when the hint is wrong', async () => {
    const { run, account } = await rehearsalOf(world([emptyGroup]));

    const { result } = await run(isolateInstance, { ...input, vpcIds: [otherVpcId] });

    expect(result).toMatchObject({ outcome: 'isolated', interfaces: [{ groupId: noRules }, {}] });
    expect(account.state.securityGroups.find(({ groupId }) => groupId === namesake)?.rules).toEqual(
      [expect.objectContaining({ ruleId: 'sgr-0ddddddddddddddd1' })],
    );
  });

  it('uses one group for each VPC of an instance with interfaces in two', async () => {
    const { networkInterfaces = [] } = world();
    const { run, account } = await rehearsalOf(
      world([emptyGroup], {
        networkInterfaces: [
          ...networkInterfaces,
          attached('eni-0bbbbbbbbbbbbbbb1', [], {
            subnetId: 'subnet-0bbbbbbbbbbbbbbb1',
            attachment: { instanceId, deviceIndex: 2 },
          }),
        ],
      }),
    );

    const { result } = await run(isolateInstance, input);

    expect(result).toMatchObject({
      outcome: 'isolated',
      interfaces: [{ groupId: noRules }, { groupId: noRules }, { groupId: namesake }],
    });
    // The namesake had a rule: by name it was found, by its rules it is trusted.
    expect(account.state.securityGroups.find(({ groupId }) => groupId === namesake)?.rules).toEqual(
      [],
    );
  });

  it.each([
    ['lets everything out by IPv6 only', openV6, 'ec2:RevokeSecurityGroupEgress'],
    [
      'lets a prefix list out',
      { ruleId: 'sgr-0eeeeeeeeeeeeeee7', isEgress: true, prefixListId: 'pl-0aaaaaaaaaaaaaaa1' },
      'ec2:RevokeSecurityGroupEgress',
    ],
    [
      'lets another group in',
      { ruleId: 'sgr-0eeeeeeeeeeeeeee8', isEgress: false, referencedGroupId: web },
      'ec2:RevokeSecurityGroupIngress',
    ],
  ])('empties a group found by name that %s', async (_what, rule, revocation) => {
    const { run, account } = await rehearsalOf(world([{ ...emptyGroup, rules: [rule] }]));

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('isolated');
    expect(inputsOf(journal, revocation)).toEqual([
      { GroupId: noRules, SecurityGroupRuleIds: [rule.ruleId] },
    ]);
    expect(account.state.securityGroups.find(({ groupId }) => groupId === noRules)?.rules).toEqual(
      [],
    );
  });

  it('does not trust an empty group of that name that another account shares', async () => {
    const foreign = { ...emptyGroup, ownerId: '999999999999' };
    const { run } = await rehearsalOf(world([foreign]));

    const { error, journal } = await run(isolateInstance, input);

    // Its name is taken in the VPC, so no group of our own can be made: a human must see to it.
    expect(error).toMatchObject({ name: 'InvalidGroup.Duplicate' });
    expect(calls(journal)).not.toContain('ec2:ModifyNetworkInterfaceAttribute sent');
  });

  it('moves and records an interface in another account’s group of that name', async () => {
    const foreign = { ...emptyGroup, groupId: 'sg-0eeeeeeeeeeeeeee9', ownerId: '999999999999' };
    const { run, cases, open } = await rehearsalOf(
      world([foreign, emptyGroup], { networkInterfaces: [attached(eni, [foreign.groupId])] }),
    );

    const { result } = await run(isolateInstance, input);

    expect(result).toMatchObject({ outcome: 'isolated', interfaces: [{ groupId: noRules }] });
    expect(await cases.before((await open('live')).caseId, 'isolate-instance')).toMatchObject([
      { resource: eni, state: { groups: [foreign.groupId] } },
      { resource: foreign.groupId, state: { rules: [] } },
    ]);
  });

  it('uses the group that another case made in the meantime', async () => {
    let raced = false;
    const made = await rehearsalOf(world(), {
      fault: (call) => {
        if (call === 'ec2:CreateSecurityGroup' && !raced) {
          raced = true;
          made.account.state.securityGroups.push({
            ...groupOf(made, web),
            groupId: SecurityGroupId.parse(noRules),
            groupName: 'cordon-no-rules',
            rules: structuredClone(groupOf(made, namesake).rules),
          });
        }
        return undefined;
      },
    });

    const { result, journal } = await made.run(isolateInstance, input);

    expect(result).toMatchObject({ outcome: 'isolated', interfaces: [{ groupId: noRules }, {}] });
    expect(calls(journal).slice(2, 6)).toEqual([
      'ec2:CreateSecurityGroup sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:DescribeSecurityGroupRules sent',
      'ec2:RevokeSecurityGroupEgress sent',
    ]);
  });

  it('uses a group whose name differs in case only, since EC2 admits no other', async () => {
    const shouted = { ...emptyGroup, groupName: 'CORDON-no-rules', rules: [openV6] };
    const { run, account } = await rehearsalOf(world([shouted]));

    const { result } = await run(isolateInstance, input);

    expect(result).toMatchObject({ outcome: 'isolated', interfaces: [{ groupId: noRules }, {}] });
    expect(account.state.securityGroups.find(({ groupId }) => groupId === noRules)?.rules).toEqual(
      [],
    );
  });

  it('reads the rules again when another case revoked one of them first', async () => {
    let looks = 0;
    const { run } = await rehearsalOf(world([{ ...emptyGroup, rules: [openV6] }]), {
      fault: (call) =>
        call === 'ec2:RevokeSecurityGroupEgress' && looks++ === 0
          ? { when: 'after', error: refusal('InvalidSecurityGroupRuleId.NotFound') }
          : undefined,
    });

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('isolated');
    expect(calls(journal).filter((line) => line.includes('SecurityGroupRules'))).toHaveLength(2);
  });
});

describe('isolate-instance in a dry run', () => {
  it.each([
    ['is dry-run', {}],
    ['is missing', { mode: undefined }],
  ])('withholds every change when the mode %s', async (_what, payload) => {
    const { run, account } = await rehearsalOf(world());
    const before = structuredClone(account.state);

    const { result, journal } = await run(isolateInstance, input, 'dry-run', payload);

    expect(result.outcome).toBe('isolated');
    expect(calls(journal)).toEqual([
      'ec2:DescribeNetworkInterfaces sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:CreateSecurityGroup withheld',
      'ec2:DescribeSecurityGroupRules sent',
      'ec2:RevokeSecurityGroupEgress withheld',
      'ec2:ModifyNetworkInterfaceAttribute withheld',
      'ec2:ModifyNetworkInterfaceAttribute withheld',
      ...proof,
    ]);
    expect(account.state).toEqual(before);
  });

  it.each([
    ['the group is ready', [emptyGroup], ready],
    [
      'the group has rules',
      [{ ...emptyGroup, rules: [openV6] }],
      [
        ...ready.slice(0, 2),
        'ec2:DescribeSecurityGroupRules sent',
        'ec2:RevokeSecurityGroupEgress sent',
        ...ready.slice(2),
      ],
    ],
    [
      'the group is missing',
      [],
      [
        ...ready.slice(0, 2),
        'ec2:CreateSecurityGroup sent',
        'ec2:DescribeSecurityGroupRules sent',
        'ec2:RevokeSecurityGroupEgress sent',
        ...ready.slice(2),
      ],
    ],
  ])(
    'ends on stand-ins alone, with the calls of a live run, when %s',
    async (_what, groups, sent) => {
      const { run } = await rehearsalOf(world(groups), { dryRun: 'stand-ins' });

      const { result, journal } = await run(isolateInstance, input, 'dry-run');

      expect(result.outcome).toBe('would-be-isolated');
      expect(journal.map(({ call }) => `${call} sent`)).toEqual(sent);
    },
  );
});

describe('isolate-instance when there is nothing to do', () => {
  const isolated = world([emptyGroup], {
    networkInterfaces: [attached(eni, [noRules]), attached(secondEni, [noRules])],
  });

  it('writes and records nothing about an instance that is isolated already', async () => {
    const { run, cases, open } = await rehearsalOf(isolated);

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('already-isolated');
    expect(calls(journal)).toEqual([...ready.slice(0, 2), ...proof]);
    expect(await cases.before((await open('live')).caseId, 'isolate-instance')).toEqual([]);
  });

  it('does no harm the second time and keeps what it recorded the first', async () => {
    const { run, cases, open } = await rehearsalOf(world([emptyGroup]));
    await run(isolateInstance, input);
    const { caseId } = await open('live');
    const recorded = await cases.before(caseId, 'isolate-instance');

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('already-isolated');
    expect(calls(journal)).toEqual([...ready.slice(0, 2), ...proof]);
    expect(await cases.before(caseId, 'isolate-instance')).toEqual(recorded);
  });

  it('isolates the one interface that is left and records that one alone', async () => {
    const { run, cases, open } = await rehearsalOf(
      world([emptyGroup], {
        networkInterfaces: [attached(eni, [noRules]), attached(secondEni, [web])],
      }),
    );

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('isolated');
    expect(inputsOf(journal, 'ec2:ModifyNetworkInterfaceAttribute')).toEqual([
      { NetworkInterfaceId: secondEni, Groups: [noRules] },
    ]);
    const befores = await cases.before((await open('live')).caseId, 'isolate-instance');
    expect(befores.map(({ resource }) => resource)).toEqual([secondEni, web]);
  });

  it.each([
    ['terminated', [{ instanceId, state: 'terminated' as const }]],
    ['unknown', []],
  ])('says that an instance is gone when it is %s', async (_state, instances) => {
    const { run } = await rehearsalOf(world([emptyGroup], { instances, networkInterfaces: [] }));

    const { result, journal } = await run(isolateInstance, input);

    expect(result.outcome).toBe('instance-gone');
    expect(calls(journal)).toEqual([
      'ec2:DescribeNetworkInterfaces sent',
      'ec2:DescribeInstances sent',
    ]);
  });
});

describe('isolate-instance where AWS keeps interfaces for itself', () => {
  const managed = { requesterManaged: true };

  it('skips and names a requester-managed interface and isolates the others', async () => {
    const { run } = await rehearsalOf(
      world([emptyGroup], {
        networkInterfaces: [attached(eni, [web], managed), attached(secondEni, [web])],
      }),
    );

    const { result, journal } = await run(isolateInstance, input);

    expect(result).toMatchObject({
      outcome: 'partly-isolated',
      interfaces: [{ networkInterfaceId: secondEni }],
      skipped: [{ networkInterfaceId: eni, reason: 'requester-managed' }],
    });
    expect(inputsOf(journal, 'ec2:ModifyNetworkInterfaceAttribute')).toEqual([
      { NetworkInterfaceId: secondEni, Groups: [noRules] },
    ]);
  });

  it('skips and names an interface that EC2 refuses to change', async () => {
    const { run } = await rehearsalOf(world([emptyGroup]), {
      fault: (call, sent) =>
        call === 'ec2:ModifyNetworkInterfaceAttribute' &&
        Reflect.get(sent, 'NetworkInterfaceId') === secondEni
          ? { when: 'before', error: refusal('OperationNotPermitted') }
          : undefined,
    });

    const { result } = await run(isolateInstance, input);

    expect(result).toMatchObject({
      outcome: 'partly-isolated',
      interfaces: [{ networkInterfaceId: eni }],
      skipped: [{ networkInterfaceId: secondEni, reason: 'operation-not-permitted' }],
    });
  });

  it.each(['no-rules', 'ssm-only'])(
    'never says isolated when all are skipped (%s)',
    async (group) => {
      const { run } = await rehearsalOf(
        world([emptyGroup], { networkInterfaces: [attached(eni, [web], managed)] }),
      );

      const { result, journal } = await run(isolateInstance, { ...input, group });

      expect(result).toMatchObject({ outcome: 'not-isolated', interfaces: [] });
      expect(calls(journal)).toEqual([
        'ec2:DescribeNetworkInterfaces sent',
        'ec2:DescribeNetworkInterfaces sent',
      ]);
    },
  );
});

describe('isolate-instance with ssm-only', () => {
  const inVpcWith = (vpcEndpoints: State['vpcEndpoints'], groups: Group[]) =>
    world(groups, { vpcEndpoints });

  it('leaves the way to Systems Manager open where that was prepared', async () => {
    const { run, account } = await rehearsalOf(inVpcWith(bothEndpoints, prepared));

    const { result, journal } = await run(isolateInstance, ssm);

    expect(result).toMatchObject({ outcome: 'isolated', group: 'ssm-only', reason: null });
    expect(calls(journal)).toEqual([
      'ec2:DescribeNetworkInterfaces sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:DescribeVpcEndpoints sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:ModifyNetworkInterfaceAttribute sent',
      'ec2:ModifyNetworkInterfaceAttribute sent',
      ...proof,
    ]);
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [ssmOnly], [secondEni]: [ssmOnly] });
  });

  it.each<[string, string, State['vpcEndpoints'], Group[]]>([
    ['no endpoint', 'no-endpoint', [], prepared],
    ['one endpoint of two', 'no-endpoint', [endpoint('ssm')], prepared],
    [
      'an endpoint without private DNS',
      'no-endpoint',
      [endpoint('ssm'), endpoint('ssmmessages', { privateDnsEnabled: false })],
      prepared,
    ],
    [
      'an endpoint that is not available',
      'no-endpoint',
      [endpoint('ssm', { state: 'pending' }), endpoint('ssmmessages')],
      prepared,
    ],
    [
      'endpoints in another VPC',
      'no-endpoint',
      bothEndpoints.map((one) => ({ ...one, vpcId: otherVpcId, groups: [namesake] })),
      prepared,
    ],
    ['no group', 'group-not-prepared', bothEndpoints, [emptyGroup, endpointGroup([])]],
    [
      'endpoints that do not admit the group',
      'group-not-prepared',
      bothEndpoints,
      [emptyGroup, ssmOnlyGroup(), endpointGroup([to443(web, false)])],
    ],
    [
      'a group that lets something in',
      'group-not-trusted',
      bothEndpoints,
      [
        emptyGroup,
        ssmOnlyGroup([to443(endpoints, true), to443(endpoints, false)]),
        endpointGroup(),
      ],
    ],
    [
      'a group that lets out by IPv6 as well',
      'group-not-trusted',
      bothEndpoints,
      [emptyGroup, ssmOnlyGroup([to443(endpoints, true), openV6]), endpointGroup()],
    ],
    [
      'a group that lets out to more than the endpoints',
      'group-not-trusted',
      bothEndpoints,
      [emptyGroup, ssmOnlyGroup([to443(endpoints, true), to443(web, true)]), endpointGroup()],
    ],
    [
      'a group without rules',
      'group-not-trusted',
      bothEndpoints,
      [emptyGroup, ssmOnlyGroup([]), endpointGroup([])],
    ],
  ])('falls back to no-rules where there is %s', async (_what, reason, vpcEndpoints, groups) => {
    const { run, account } = await rehearsalOf(inVpcWith(vpcEndpoints, groups));

    const { result, journal } = await run(isolateInstance, ssm);

    expect(result).toMatchObject({ outcome: 'isolated', group: 'no-rules', reason });
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [noRules], [secondEni]: [noRules] });
    expect(calls(journal).filter((line) => /Create|Revoke|Authorize/.test(line))).toEqual([]);
  });

  it('never widens the cut of an instance that is in no-rules', async () => {
    const { run, account } = await rehearsalOf(inVpcWith(bothEndpoints, prepared));
    await run(isolateInstance, input);

    const { result } = await run(isolateInstance, ssm);

    expect(result).toMatchObject({
      outcome: 'already-isolated',
      group: 'no-rules',
      reason: 'already-no-rules',
    });
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [noRules], [secondEni]: [noRules] });
  });

  it('moves on to no-rules and keeps the groups recorded at first', async () => {
    const { run, cases, open } = await rehearsalOf(inVpcWith(bothEndpoints, prepared));
    await run(isolateInstance, ssm);
    const { caseId } = await open('live');
    const recorded = await cases.before(caseId, 'isolate-instance');

    const { result } = await run(isolateInstance, input);

    expect(result).toMatchObject({ outcome: 'isolated', group: 'no-rules', reason: null });
    expect(await cases.before(caseId, 'isolate-instance')).toEqual(recorded);
  });

  it('ends on stand-ins alone with the calls of a live run', async () => {
    const state = inVpcWith(bothEndpoints, prepared);
    const live = await (await rehearsalOf(state)).run(isolateInstance, ssm);
    const { run } = await rehearsalOf(state, { dryRun: 'stand-ins' });

    const { result, journal } = await run(isolateInstance, ssm, 'dry-run');

    expect(result.outcome).toBe('would-be-isolated');
    expect(journal.map(({ call }) => call)).toEqual(
      live.journal.slice(0, -proof.length).map(({ call }) => call),
    );
  });
});

describe('isolate-instance reading back', () => {
  it('is not content when an interface appeared in the meantime, and catches it the next time', async () => {
    let appeared = false;
    const made = await rehearsalOf(world([emptyGroup]), {
      fault: (call) => {
        if (call === 'ec2:ModifyNetworkInterfaceAttribute' && !appeared) {
          appeared = true;
          made.account.state.networkInterfaces.push({
            ...interfaceOf(made, secondEni),
            networkInterfaceId: NetworkInterfaceId.parse('eni-0aaaaaaaaaaaaaaa3'),
          });
        }
        return undefined;
      },
    });

    const { error } = await made.run(isolateInstance, input);
    const { result } = await made.run(isolateInstance, input);

    expect(error).toMatchObject({
      name: 'NotProvenError',
      message: `eni-0aaaaaaaaaaaaaaa3 of ${instanceId} not in the no-rules group alone`,
    });
    expect(result.outcome).toBe('isolated');
    expect(result.interfaces).toHaveLength(3);
  });

  it('is not content when the group was given a rule in the meantime', async () => {
    const made = await rehearsalOf(world([emptyGroup]), {
      fault: (call) => {
        if (call === 'ec2:ModifyNetworkInterfaceAttribute') {
          groupOf(made, noRules).rules = groupOf(made, namesake).rules;
        }
        return undefined;
      },
    });

    const { error } = await made.run(isolateInstance, input);

    expect(error).toMatchObject({ name: 'NotProvenError' });
  });

  it('fails when a running instance seems to have no interface', async () => {
    const { run } = await rehearsalOf(world([emptyGroup], { networkInterfaces: [] }));

    const { error, result } = await run(isolateInstance, input);

    expect(result).toBeUndefined();
    expect(error?.message).toContain('EC2 lists no network interface');
  });
});

describe('isolate-instance failing', () => {
  it.each([
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:CreateSecurityGroup',
    'ec2:DescribeSecurityGroupRules',
    'ec2:RevokeSecurityGroupEgress',
    'ec2:ModifyNetworkInterfaceAttribute',
  ])('lets a refused %s out and puts nobody back', async (call) => {
    const { run, account } = await rehearsalOf(world(), { fault: failing(call) });

    const { error } = await run(isolateInstance, input);

    expect(error).toMatchObject({ name: 'UnauthorizedOperation' });
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [web, database], [secondEni]: [web] });
  });

  it('isolates the other interfaces when one fails, and says that one failed', async () => {
    const { run, account } = await rehearsalOf(world([emptyGroup]), {
      fault: (call, sent) =>
        call === 'ec2:ModifyNetworkInterfaceAttribute' &&
        Reflect.get(sent, 'NetworkInterfaceId') === eni
          ? { when: 'before', error: refusal('InternalError') }
          : undefined,
    });

    const { error } = await run(isolateInstance, input);

    expect(error).toMatchObject({ name: 'InternalError' });
    expect(groupsOf(account.state)).toMatchObject({
      [eni]: [web, database],
      [secondEni]: [noRules],
    });
  });

  it('isolates all the same when the rules of the groups it leaves cannot be read', async () => {
    const { run, account } = await rehearsalOf(world([emptyGroup]), {
      fault: (call, sent) =>
        call === 'ec2:DescribeSecurityGroups' && JSON.stringify(sent).includes(database)
          ? { when: 'before', error: refusal('UnauthorizedOperation') }
          : undefined,
    });

    const { error } = await run(isolateInstance, input);

    expect(error).toMatchObject({ name: 'UnauthorizedOperation' });
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [noRules], [secondEni]: [noRules] });
  });

  it.each([
    ['no instance', { group: 'no-rules', vpcIds: [] }],
    ['shell characters in the instance’s id', { ...input, instanceId: 'i-0aaaaaaaaaaaaaaa1;id' }],
    ['a line break in the instance’s id', { ...input, instanceId: `${instanceId}\n` }],
    ['a group it does not know', { ...input, group: 'quarantine' }],
    ['a VPC that is none', { ...input, vpcIds: ['sg-0aaaaaaaaaaaaaaa1'] }],
    ['a field it does not know', { ...input, force: true }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const { run } = await rehearsalOf(world([emptyGroup]));

    const { error, journal } = await run(isolateInstance, bad);

    expect(error).toMatchObject({ name: 'UnusableInputError' });
    expect(journal).toEqual([]);
  });
});

describe('undoing isolate-instance', () => {
  it('puts every interface back into its groups', async () => {
    const { run, undo, account } = await rehearsalOf(world([emptyGroup]));
    await run(isolateInstance, input);

    const { outcomes, journal } = await undo(isolateInstance);

    expect(outcomes).toEqual({
      [eni]: 'restored',
      [secondEni]: 'restored',
      [web]: 'already-restored',
      [database]: 'already-restored',
    });
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [web, database], [secondEni]: [web] });
    expect(calls(journal)).toEqual([
      'ec2:DescribeNetworkInterfaces sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:ModifyNetworkInterfaceAttribute sent',
      'ec2:DescribeNetworkInterfaces sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:ModifyNetworkInterfaceAttribute sent',
      'ec2:DescribeSecurityGroups sent',
      'ec2:DescribeSecurityGroups sent',
    ]);
  });

  it('withholds the way back in a dry run', async () => {
    const { run, undo, account } = await rehearsalOf(world([emptyGroup]));
    await run(isolateInstance, input);

    const { outcomes, journal } = await undo(isolateInstance, 'dry-run');

    expect(outcomes).toMatchObject({ [eni]: 'restored', [secondEni]: 'restored' });
    expect(calls(journal).filter((line) => line.includes('Modify'))).toEqual([
      'ec2:ModifyNetworkInterfaceAttribute withheld',
      'ec2:ModifyNetworkInterfaceAttribute withheld',
    ]);
    expect(groupsOf(account.state)).toMatchObject({ [eni]: [noRules], [secondEni]: [noRules] });
  });

  it('does nothing the second time', async () => {
    const { run, undo } = await rehearsalOf(world([emptyGroup]));
    await run(isolateInstance, input);
    await undo(isolateInstance);

    const { outcomes, journal } = await undo(isolateInstance);

    expect(outcomes).toMatchObject({ [eni]: 'already-restored', [secondEni]: 'already-restored' });
    expect(calls(journal)).not.toContain('ec2:ModifyNetworkInterfaceAttribute sent');
  });

  it('leaves alone what drifted: other groups, changed rules, a group or an interface gone', async () => {
    const made = await rehearsalOf(world([emptyGroup]));
    await made.run(isolateInstance, input);
    const { state } = made.account;
    interfaceOf(made, eni).groups.push(SecurityGroupId.parse(database));
    groupOf(made, web).rules = groupOf(made, namesake).rules;
    const rules = await made.undo(isolateInstance);
    state.securityGroups.splice(state.securityGroups.indexOf(groupOf(made, web)), 1);
    state.networkInterfaces.splice(
      state.networkInterfaces.findIndex((each) => each.networkInterfaceId === eni),
      1,
    );
    const gone = await made.undo(isolateInstance);

    expect(rules.outcomes).toEqual({
      [eni]: 'drifted',
      [secondEni]: 'drifted',
      [web]: 'drifted',
      [database]: 'already-restored',
    });
    expect(gone.outcomes).toEqual({
      [eni]: 'gone',
      [secondEni]: 'drifted',
      [web]: 'gone',
      [database]: 'already-restored',
    });
    expect(groupsOf(state)[secondEni]).toEqual([noRules]);
  });

  it('lets AWS’s failure out', async () => {
    let armed = false;
    const { run, undo } = await rehearsalOf(world([emptyGroup]), {
      fault: (call) => (armed ? failing('ec2:ModifyNetworkInterfaceAttribute')(call) : undefined),
    });
    await run(isolateInstance, input);
    armed = true;

    await expect(undo(isolateInstance)).rejects.toThrow('UnauthorizedOperation');
  });
});
