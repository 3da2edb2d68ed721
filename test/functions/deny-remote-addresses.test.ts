import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { denyRemoteAddresses } from '../../functions/deny-remote-addresses/handler.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import { at, calls, finding, rehearsalOf } from '../rehearsal.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const vpc = 'vpc-0aaaaaaaaaaaaaaa1';
const acl = 'acl-0aaaaaaaaaaaaaaa1';
const otherAcl = 'acl-0bbbbbbbbbbbbbbb1';
const subnet = 'subnet-0aaaaaaaaaaaaaaa1';
const input = { instanceId };
const hostile = '198.51.100.7';
const range = `${hostile}/32`;

type Entries = NonNullable<Parameters<typeof rehearsalOf>[0]['networkAcls']>[number]['entries'];
type Entry = NonNullable<Entries>[number];

const entry = (
  ruleNumber: number,
  egress: boolean,
  ruleAction: 'allow' | 'deny',
  where = '0.0.0.0/0',
): Entry => ({
  ruleNumber,
  egress,
  ruleAction,
  ...(where.includes(':') ? { ipv6CidrBlock: where } : { cidrBlock: where }),
});
const both = (ruleNumber: number, ruleAction: 'allow' | 'deny', where?: string) => [
  entry(ruleNumber, true, ruleAction, where),
  entry(ruleNumber, false, ruleAction, where),
];
const openToAll = both(100, 'allow');

/** Beside the instance: a neighbour in another subnet, whose network ACL must stay as it is. */
const world = (entries: Entries = openToAll, differs: object = {}) => ({
  vpcs: [{ vpcId: vpc, ipv6CidrBlocks: ['2001:db8:aaaa::/56'] }],
  subnets: [
    { subnetId: subnet, vpcId: vpc, networkAclId: acl },
    { subnetId: 'subnet-0bbbbbbbbbbbbbbb1', vpcId: vpc, networkAclId: otherAcl },
  ],
  networkAcls: [
    { networkAclId: acl, vpcId: vpc, entries },
    { networkAclId: otherAcl, vpcId: vpc, entries: openToAll },
  ],
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
      subnetId: subnet,
      attachment: { instanceId },
    },
    {
      networkInterfaceId: 'eni-0bbbbbbbbbbbbbbb1',
      subnetId: 'subnet-0bbbbbbbbbbbbbbb1',
      publicIp: '192.0.2.66',
      ipv6Addresses: ['2001:db8:ffff::9'],
      attachment: { instanceId: 'i-0bbbbbbbbbbbbbbb1' },
    },
  ],
  instances: [{ instanceId }, { instanceId: 'i-0bbbbbbbbbbbbbbb1' }],
  addresses: [{ publicIp: '203.0.113.5', allocationId: 'eipalloc-0aaaaaaaaaaaaaaa1' }],
  ...differs,
});

const outbound = (...addresses: string[]) =>
  finding({ remote: { direction: 'OUTBOUND', addresses } });
const on = (differs: object = {}) => ({ denyRemoteAddresses: { enabled: true, ...differs } });
const found = (addresses: string[] = [hostile], settings: object = {}) => ({
  finding: outbound(...addresses),
  settings: on(settings),
});

const looks = [
  'ec2:DescribeInstances sent',
  'ec2:DescribeVpcs sent',
  'ec2:DescribeAddresses sent',
  'ec2:DescribeNetworkInterfaces sent',
  'ec2:DescribeNetworkAcls sent',
  'ec2:DescribeNetworkAcls sent',
];
const proof = ['ec2:DescribeInstances sent', 'ec2:DescribeNetworkAcls sent'];
const create = (ruleNumber: number, Egress: boolean, where = range, disposition = 'sent') => ({
  call: 'ec2:CreateNetworkAclEntry',
  input: {
    NetworkAclId: acl,
    Egress,
    RuleNumber: ruleNumber,
    RuleAction: 'deny',
    Protocol: '-1',
    ...(where.includes(':') ? { Ipv6CidrBlock: where } : { CidrBlock: where }),
  },
  disposition,
});
const writes = (journal: readonly { call: string }[]) =>
  journal.filter(({ call }) => !call.includes(':Describe'));

type Rehearsal = Awaited<ReturnType<typeof rehearsalOf>>;
const entriesNow = ({ account }: Rehearsal, id = acl) =>
  (account.state.networkAcls.find(({ networkAclId }) => networkAclId === id)?.entries ?? [])
    .filter(({ ruleNumber }) => ruleNumber < 32_767)
    .map(({ ruleNumber, egress, ruleAction, cidrBlock, ipv6CidrBlock }) =>
      [ruleNumber, egress ? 'out' : 'in', ruleAction, cidrBlock ?? ipv6CidrBlock].join(' '),
    )
    .toSorted();
const opened = openToAll.map(
  ({ ruleNumber, egress }) => `${ruleNumber} ${egress ? 'out' : 'in'} allow 0.0.0.0/0`,
);
const denials = (ruleNumber = 99, where = range) => [
  `${ruleNumber} in deny ${where}`,
  `${ruleNumber} out deny ${where}`,
];

const refusal = (name: string) =>
  new EC2ServiceException({ name, message: name, $fault: 'client', $metadata: {} });
const resource = `arn:aws:ec2:eu-west-1:111122223333:network-acl/${acl}`;
const other = CaseId.parse('case-0000000000');
const seconds = Date.parse(at) / 1000;
/** What another case has on record of a denial in the ACL. */
const use = (
  rehearsal: Rehearsal,
  denial: { ruleNumber: number; egress: boolean },
  hours: number,
) =>
  rehearsal.cases.shareUse(
    `live#${resource}`,
    `${denial.egress ? 'egress' : 'ingress'} ${denial.ruleNumber} ${range}`,
    { caseId: other, expires: seconds + hours * 3600, detail: { ...denial, cidr: range } },
  );

describe('deny-remote-addresses', () => {
  it('denies the address in both directions, before the rule that lets it through', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toEqual({
      outcome: 'denied',
      addresses: [hostile],
      considered: [hostile],
      refused: [],
      counted: 1,
    });
    expect(calls(journal.slice(0, 6))).toEqual(looks);
    expect(journal.slice(6, 8)).toEqual([create(99, true), create(99, false)]);
    expect(calls(journal.slice(8))).toEqual(proof);
    expect(entriesNow(rehearsal)).toEqual([...opened, ...denials()].toSorted());
  });

  it('leaves the network ACLs of other subnets alone', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    const before = entriesNow(rehearsal, otherAcl);
    await rehearsal.run(denyRemoteAddresses, input);
    expect(entriesNow(rehearsal, otherAcl)).toEqual(before);
  });

  it('is off unless the settings turn it on, and then looks at nothing', async () => {
    const rehearsal = await rehearsalOf(world(), { finding: outbound(hostile) });
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toEqual({
      outcome: 'off',
      addresses: [],
      considered: [],
      refused: [],
      counted: 0,
    });
    expect(journal).toEqual([]);
  });

  it.each([
    ['the mode is dry-run', {}],
    ['the mode is missing', { mode: undefined }],
  ])('withholds the entries when %s', async (_when, payload) => {
    const rehearsal = await rehearsalOf(world(), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input, 'dry-run', payload);

    expect(result.outcome).toBe('denied');
    expect(writes(journal)).toEqual([
      create(99, true, range, 'withheld'),
      create(99, false, range, 'withheld'),
    ]);
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });

  it('withholds the same calls when stand-ins alone answer', async () => {
    const rehearsal = await rehearsalOf(world(), { ...found(), dryRun: 'stand-ins' });
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input, 'dry-run');

    expect(result).toMatchObject({ outcome: 'would-be-denied', addresses: [hostile] });
    expect(calls(journal.slice(0, 6))).toEqual(looks);
    expect(journal.slice(6)).toEqual([
      create(99, true, range, 'withheld'),
      create(99, false, range, 'withheld'),
    ]);
  });

  it('does not let a dry run stand in the way of a live one, nor keep its entries', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    await rehearsal.run(denyRemoteAddresses, input, 'dry-run');
    expect((await rehearsal.run(denyRemoteAddresses, input)).result.outcome).toBe('denied');
    await rehearsal.run(denyRemoteAddresses, input, 'dry-run');
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'restored' });
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });

  it('does nothing the second time', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    await rehearsal.run(denyRemoteAddresses, input);
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({ outcome: 'already-denied', addresses: [hostile] });
    expect(calls(journal)).toEqual([...looks, ...proof]);
  });

  it('denies an IPv6 address as /128 among the numbers that IPv4 has left', async () => {
    const six = '2001:db8:1::bad';
    const entries = [...openToAll, ...both(101, 'allow', '::/0')];
    const rehearsal = await rehearsalOf(world(entries), found(['2001:0DB8:1:0::0bad']));
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({ outcome: 'denied', addresses: [six], considered: [six] });
    expect(writes(journal)).toEqual([
      create(99, true, `${six}/128`),
      create(99, false, `${six}/128`),
    ]);
    expect(journal[2]).toMatchObject({
      call: 'ec2:DescribeNetworkInterfaces',
      input: { Filters: [{ Name: 'ipv6-addresses.ipv6-address', Values: [six] }] },
    });
  });

  it('comes before the first rule that would admit the address, and only that one', async () => {
    const entries = [
      ...both(10, 'allow', '10.0.0.0/8'),
      ...both(20, 'deny', '198.51.100.0/25'),
      entry(15, true, 'allow', '198.51.100.0/24'),
      entry(14, true, 'deny', '192.0.2.1/32'),
      entry(30, false, 'allow'),
    ];
    const rehearsal = await rehearsalOf(world(entries), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    // Inbound, the wider denial at 20 already comes before the rule that admits.
    expect(writes(journal)).toEqual([create(13, true)]);
    expect(result).toMatchObject({ outcome: 'denied', addresses: [hostile] });
  });

  it('does not count a denial of one protocol as a denial of the address', async () => {
    const entries = [
      ...openToAll,
      ...both(50, 'deny', range).map((one) => ({
        ...one,
        protocol: '6',
        portRange: { from: 443, to: 443 },
      })),
    ];
    const rehearsal = await rehearsalOf(world(entries), found());
    const { journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(writes(journal)).toEqual([create(99, true), create(99, false)]);
  });

  it('adds nothing to a network ACL that admits the address by no rule', async () => {
    const rehearsal = await rehearsalOf(world(both(100, 'allow', '10.0.0.0/8')), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({ outcome: 'already-denied', addresses: [hostile] });
    expect(writes(journal)).toEqual([]);
  });

  it.each([
    ['rule 1 admits it both ways', both(1, 'allow'), 'no-number-free', []],
    [
      'rule 1 admits it one way',
      [entry(1, true, 'allow'), entry(100, false, 'allow')],
      'partly-denied',
      [create(99, false)],
    ],
    [
      'every lower number is taken',
      [
        ...openToAll.map((one) => ({ ...one, ruleNumber: 3 })),
        ...both(1, 'allow', '10.0.0.0/16'),
        ...both(2, 'allow', '10.1.0.0/16'),
      ],
      'no-number-free',
      [],
    ],
  ])('says that no number is free when %s', async (_when, entries, outcome, made) => {
    const rehearsal = await rehearsalOf(world(entries), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({
      outcome,
      addresses: [],
      refused: [{ address: hostile, reason: 'no-number-free' }],
    });
    expect(writes(journal)).toEqual(made);
  });

  const filled = (count: number, from = 200) =>
    Array.from({ length: count }, (_, n) => both(from + n, 'allow', `10.0.${n}.0/24`)).flat();

  it('adds nothing to a network ACL that is full', async () => {
    const rehearsal = await rehearsalOf(world([...openToAll, ...filled(18)]), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({
      outcome: 'acl-full',
      addresses: [],
      refused: [{ address: hostile, reason: 'acl-full' }],
    });
    expect(writes(journal)).toEqual([]);
  });

  it('tries a network ACL that has more entries than the usual quota, which AWS has raised', async () => {
    const rehearsal = await rehearsalOf(world([...openToAll, ...filled(20)]), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    // The rehearsal account's quota is the usual one.
    expect(result).toMatchObject({ outcome: 'acl-full', addresses: [] });
    expect(writes(journal)).toEqual(
      [true, false].map((egress) => ({
        ...create(99, egress),
        error: 'NetworkAclEntryLimitExceeded',
      })),
    );
  });

  it('fills the last place of a network ACL with one address and says so of the other', async () => {
    const second = '198.51.100.8';
    const rehearsal = await rehearsalOf(
      world([...openToAll, ...filled(17)]),
      found([hostile, second]),
    );
    const { result } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({
      outcome: 'partly-denied',
      addresses: [hostile],
      refused: [{ address: second, reason: 'acl-full' }],
    });
  });

  it('takes AWS’s word for it when a network ACL is full sooner', async () => {
    const rehearsal = await rehearsalOf(world(), {
      ...found(),
      fault: (call) =>
        call === 'ec2:CreateNetworkAclEntry'
          ? { when: 'before', error: refusal('NetworkAclEntryLimitExceeded') }
          : undefined,
    });
    const { result } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({ outcome: 'acl-full', addresses: [] });
    expect(await rehearsal.cases.uses(`live#${resource}`)).toEqual([]);
  });

  it('looks again when a number is taken meanwhile', async () => {
    let attempts = 0;
    const rehearsal = await rehearsalOf(world(), {
      ...found(),
      fault: (call) => {
        if (call !== 'ec2:CreateNetworkAclEntry' || attempts++ > 0) return undefined;
        // Somebody else's rule, between the look and the change.
        const { networkAcls } = rehearsal.account.state;
        networkAcls[0]?.entries.push({
          ruleNumber: 99,
          egress: true,
          protocol: '6',
          ruleAction: 'allow',
          cidrBlock: '10.0.0.0/8',
        });
        return undefined;
      },
    });
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({ outcome: 'denied', addresses: [hostile] });
    expect(journal.slice(6)).toEqual([
      { ...create(99, true), error: 'NetworkAclEntryAlreadyExists' },
      expect.objectContaining({ call: 'ec2:DescribeNetworkAcls' }),
      create(98, true),
      create(99, false),
      ...proof.map((line) => expect.objectContaining({ call: line.split(' ')[0] })),
    ]);
    expect((await rehearsal.cases.uses(`live#${resource}`)).map((one) => one.entry)).toEqual([
      `egress 98 ${range}`,
      `ingress 99 ${range}`,
    ]);
  });

  it('knows its own entry again when the answer to making it was lost', async () => {
    let attempts = 0;
    const lost = Object.assign(refusal('InternalError'), { $retryable: { throttling: false } });
    const rehearsal = await rehearsalOf(world(), {
      ...found(),
      fault: (call) =>
        call === 'ec2:CreateNetworkAclEntry' && attempts++ === 0
          ? { when: 'after', error: lost }
          : undefined,
    });
    const { result } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result.outcome).toBe('denied');
    expect(entriesNow(rehearsal)).toEqual([...opened, ...denials()].toSorted());
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'restored' });
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });

  it('gives up on a network ACL whose numbers somebody keeps taking', async () => {
    let attempts = 0;
    const rehearsal = await rehearsalOf(world(), {
      ...found(),
      fault: (call) => {
        if (call !== 'ec2:CreateNetworkAclEntry') return undefined;
        attempts++;
        return { when: 'before', error: refusal('NetworkAclEntryAlreadyExists') };
      },
    });
    const { error } = await rehearsal.run(denyRemoteAddresses, input);
    expect(error?.message).toBe(`somebody keeps taking the free rule numbers of ${acl}`);
    expect(attempts).toBe(5);
  });

  it('shares an entry that another case made, and takes it out with the last of them', async () => {
    const rehearsal = await rehearsalOf(world([...openToAll, ...both(99, 'deny', range)]), found());
    for (const egress of [true, false]) await use(rehearsal, { ruleNumber: 99, egress }, 1);
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({ outcome: 'already-denied', addresses: [hostile] });
    expect(writes(journal)).toEqual([]);

    const first = await rehearsal.undo(denyRemoteAddresses);
    expect(first.outcomes).toEqual({ [acl]: 'restored' });
    expect(calls(first.journal)).toEqual(['ec2:DescribeNetworkAcls sent']);
    expect(entriesNow(rehearsal)).toEqual([...opened, ...denials()].toSorted());

    // The other case ends as well: what is left of it on record is what this one's was.
    await rehearsal.run(denyRemoteAddresses, input);
    for (const way of ['egress', 'ingress']) {
      await rehearsal.cases.endUse(`live#${resource}`, `${way} 99 ${range}`, other);
    }
    const last = await rehearsal.undo(denyRemoteAddresses);
    expect(last.outcomes).toEqual({ [acl]: 'restored' });
    expect(calls(last.journal)).toEqual([
      'ec2:DescribeNetworkAcls sent',
      'ec2:DeleteNetworkAclEntry sent',
      'ec2:DeleteNetworkAclEntry sent',
    ]);
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });

  it('never takes somebody’s own equal entry for one of Cordon’s', async () => {
    const rehearsal = await rehearsalOf(world([...openToAll, ...both(50, 'deny', range)]), found());
    const { result } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({ outcome: 'already-denied', addresses: [hostile] });
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({});
    expect(entriesNow(rehearsal)).toEqual([...opened, ...denials(50)].toSorted());
  });

  it('takes out entries whose every use has expired, and no other', async () => {
    const old = '192.0.2.99/32';
    const rehearsal = await rehearsalOf(
      world([...openToAll, ...both(98, 'deny', old), ...both(97, 'deny', range)]),
      found(['198.51.100.8']),
    );
    const record = `live#${resource}`;
    const late = CaseId.parse('case-1111111111');
    for (const [entryName, caseId, hours, detail] of [
      [`egress 98 ${old}`, other, -1, { egress: true, ruleNumber: 98, cidr: old }],
      [`egress 97 ${range}`, other, -1, { egress: true, ruleNumber: 97, cidr: range }],
      [`egress 97 ${range}`, late, 1, { egress: true, ruleNumber: 97, cidr: range }],
      // On record under a number where something else is now.
      [`ingress 100 ${old}`, other, -1, { egress: false, ruleNumber: 100, cidr: old }],
    ] as const) {
      await rehearsal.cases.shareUse(record, entryName, {
        caseId,
        expires: seconds + hours * 3600,
        detail,
      });
    }
    const { journal } = await rehearsal.run(denyRemoteAddresses, input);

    expect(writes(journal).map((one) => JSON.stringify(one))).toEqual(
      [
        {
          call: 'ec2:DeleteNetworkAclEntry',
          input: { NetworkAclId: acl, Egress: true, RuleNumber: 98 },
          disposition: 'sent',
        },
        create(99, true, '198.51.100.8/32'),
        create(99, false, '198.51.100.8/32'),
      ].map((one) => JSON.stringify(one)),
    );
    expect((await rehearsal.cases.uses(record)).map((one) => `${one.entry} ${one.caseId}`)).toEqual(
      expect.not.arrayContaining([expect.stringContaining(old)]),
    );
  });

  it('keeps an expired entry that the case needs again', async () => {
    const rehearsal = await rehearsalOf(world([...openToAll, ...both(99, 'deny', range)]), found());
    for (const egress of [true, false]) await use(rehearsal, { ruleNumber: 99, egress }, -1);
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result.outcome).toBe('already-denied');
    expect(writes(journal)).toEqual([]);
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'restored' });
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });
});

describe('the addresses that deny-remote-addresses denies', () => {
  it.each([
    ['private', '10.0.3.4', 'not-public'],
    ['loopback', '127.0.0.1', 'not-public'],
    ['link-local, such as the metadata service', '169.254.169.254', 'not-public'],
    ['multicast', '224.0.0.1', 'not-public'],
    ['shared by carriers', '100.64.0.1', 'not-public'],
    ['reserved', '240.0.0.1', 'not-public'],
    ['private in IPv6', 'fd00:ec2::254', 'not-public'],
    ['private, dressed as IPv6', '::ffff:10.0.3.4', 'not-public'],
    ['in the VPC’s own IPv6 range', '2001:db8:aaaa::1', 'own-network'],
    ['an elastic address of the account', '203.0.113.5', 'own-address'],
    ['a public address of another instance', '192.0.2.66', 'own-address'],
    ['an IPv6 address of another instance', '2001:db8:ffff::9', 'own-address'],
    ['in a configured range', '198.51.100.200', 'configured'],
  ])('are not one that is %s', async (_what, address, reason) => {
    const rehearsal = await rehearsalOf(
      world(),
      found([address], { refuse: ['198.51.100.128/25'] }),
    );
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);

    const said = address.replace('::ffff:', '');
    expect(result).toEqual({
      outcome: 'nothing-to-deny',
      addresses: [],
      considered: [said],
      refused: [{ address: said, reason }],
      counted: 1,
    });
    expect(writes(journal)).toEqual([]);
  });

  it('are not in the VPC, also when its range is a public one', async () => {
    const state = world();
    const vpcs = [{ vpcId: vpc, cidrBlocks: ['10.0.0.0/16', '198.51.100.0/24'] }];
    const rehearsal = await rehearsalOf({ ...state, vpcs }, found());
    const { result } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result.refused).toEqual([{ address: hostile, reason: 'own-network' }]);
  });

  it.each([
    [
      'brute force by the instance, whose remote party is a victim',
      'UnauthorizedAccess:EC2/SSHBruteForce',
    ],
    ['denial of service', 'Backdoor:EC2/DenialOfService.Tcp'],
    ['an unusual resolver', 'DefenseEvasion:EC2/UnusualDNSResolver'],
    ['a query by DNS', 'Backdoor:EC2/C&CActivity.B!DNS'],
    ['a type nobody has heard of', 'Backdoor:EC2/C&CActivity.Z'],
  ])('are not those of %s', async (_what, type) => {
    const rehearsal = await rehearsalOf(world(), {
      finding: finding({ type, remote: { direction: 'OUTBOUND', addresses: [hostile] } }),
      settings: on(),
    });
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({
      outcome: 'nothing-to-deny',
      refused: [{ address: hostile, reason: 'not-threat-list' }],
    });
    expect(calls(journal)).toEqual(['ec2:DescribeInstances sent', 'ec2:DescribeNetworkAcls sent']);
  });

  it.each(['INBOUND', 'UNKNOWN', undefined] as const)(
    'are not of a connection whose direction is %s',
    async (direction) => {
      const rehearsal = await rehearsalOf(world(), {
        finding: finding({ remote: { ...(direction && { direction }), addresses: [hostile] } }),
        settings: on(),
      });
      const { result } = await rehearsal.run(denyRemoteAddresses, input);
      expect(result.refused).toEqual([{ address: hostile, reason: 'not-outbound' }]);
    },
  );

  it('are those of all findings of the case, the newest first, up to the most that are allowed', async () => {
    const rehearsal = await rehearsalOf(world(), found([hostile], { mostAddresses: 2 }));
    const { target } = await rehearsal.open('live');
    for (const [n, type] of [
      [1, 'Trojan:EC2/DropPoint'],
      [2, 'CryptoCurrency:EC2/BitcoinTool.B'],
      [3, 'Recon:EC2/Portscan'],
    ] as const) {
      await rehearsal.cases.join(
        'live',
        target,
        finding({
          id: `later-${n}`,
          type,
          updatedAt: `2026-03-01T05:00:0${n}.000Z`,
          remote: { direction: 'OUTBOUND', addresses: [`198.51.100.1${n}`, hostile] },
        }),
      );
    }
    const { result } = await rehearsal.run(denyRemoteAddresses, input);

    expect(result).toMatchObject({
      outcome: 'denied',
      addresses: [hostile, '198.51.100.12'],
      considered: ['198.51.100.13', hostile, '198.51.100.12', '198.51.100.11'],
      refused: [
        { address: '198.51.100.13', reason: 'not-threat-list' },
        { address: '198.51.100.11', reason: 'too-many' },
      ],
      counted: 4,
    });
  });
});

describe('deny-remote-addresses where it cannot act', () => {
  const shared = (owners: (string | undefined)[]) => {
    const state = world();
    return {
      ...state,
      networkAcls: state.networkAcls.map((one, n) => ({
        ...one,
        ...(owners[n] && { ownerId: owners[n] }),
      })),
    };
  };
  const second = {
    networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa2',
    subnetId: 'subnet-0bbbbbbbbbbbbbbb1',
    attachment: { instanceId, deviceIndex: 1 },
  };

  it('says so when the network ACL is another account’s', async () => {
    const rehearsal = await rehearsalOf(shared(['444455556666']), found());
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({
      outcome: 'not-owner',
      addresses: [],
      refused: [{ address: hostile, reason: 'not-owner' }],
    });
    expect(writes(journal)).toEqual([]);
  });

  it('denies in the subnet that is the account’s own and names what it left', async () => {
    const state = shared([undefined, '444455556666']);
    const rehearsal = await rehearsalOf(
      { ...state, networkInterfaces: [...state.networkInterfaces, second] },
      found(),
    );
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({
      outcome: 'partly-denied',
      addresses: [hostile],
      refused: [{ address: hostile, reason: 'not-owner' }],
    });
    expect(writes(journal)).toEqual([create(99, true), create(99, false)]);
  });

  it('goes on with the other network ACLs when one fails, and then lets the failure out', async () => {
    const state = world();
    const rehearsal = await rehearsalOf(
      { ...state, networkInterfaces: [...state.networkInterfaces, second] },
      {
        ...found(),
        fault: (call, asked) =>
          call === 'ec2:CreateNetworkAclEntry' && JSON.stringify(asked).includes(acl)
            ? { when: 'before', error: refusal('UnauthorizedOperation') }
            : undefined,
      },
    );
    const { error } = await rehearsal.run(denyRemoteAddresses, input);
    expect(error?.name).toBe('UnauthorizedOperation');
    expect(entriesNow(rehearsal, otherAcl)).toEqual([...opened, ...denials()].toSorted());
  });

  it.each([
    ['is terminated', 'terminated' as const],
    ['is shutting down', 'shutting-down' as const],
    ['is unknown to EC2', undefined],
  ])('has nothing to do when the instance %s', async (_what, state) => {
    const rehearsal = await rehearsalOf(
      state
        ? world(openToAll, {
            instances: [{ instanceId, state }, { instanceId: 'i-0bbbbbbbbbbbbbbb1' }],
          })
        : {},
      found(),
    );
    const { result, journal } = await rehearsal.run(denyRemoteAddresses, input);
    expect(result).toMatchObject({ outcome: 'instance-gone', considered: [hostile], counted: 1 });
    expect(calls(journal)).toEqual(['ec2:DescribeInstances sent']);
  });

  it('waits for another case that is changing the network ACL, by failing to be retried', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    const ref = await rehearsal.open('live');
    const elsewhere = { ...ref, caseId: other, execution: `${ref.execution}-other` };
    const { error } = await rehearsal.cases.holding(elsewhere, `live#${resource}`, () =>
      rehearsal.run(denyRemoteAddresses, input),
    );
    expect(error?.name).toBe('ResourceHeldError');
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });

  it('does not call an address denied that the network ACL admits when read back', async () => {
    let made = 0;
    const rehearsal = await rehearsalOf(world(), {
      ...found(),
      fault: (call) => {
        if (call === 'ec2:CreateNetworkAclEntry') made++;
        const entries = rehearsal.account.state.networkAcls[0]?.entries ?? [];
        const put = entries.findIndex(({ ruleNumber, egress }) => ruleNumber === 99 && !egress);
        if (made === 2 && call === 'ec2:DescribeNetworkAcls') entries.splice(put, 1);
        return undefined;
      },
    });
    const { error } = await rehearsal.run(denyRemoteAddresses, input);
    expect(error?.name).toBe('NotProvenError');
    expect(error?.message).toBe(`${acl} admits ${hostile}`);
  });

  it.each([
    ['an instance id with a newline', { instanceId: `${instanceId}\n` }],
    ['no instance', {}],
    ['addresses, which only findings may name', { ...input, addresses: ['192.0.2.1'] }],
  ])('refuses %s before it calls AWS', async (_what, bad) => {
    const rehearsal = await rehearsalOf(world(), found());
    const { error, journal } = await rehearsal.run(denyRemoteAddresses, bad);
    expect(error?.name).toBe('UnusableInputError');
    expect(journal).toEqual([]);
  });
});

describe('undoing deny-remote-addresses', () => {
  it('takes out what the case put in, once', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    await rehearsal.run(denyRemoteAddresses, input);
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'restored' });
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({
      [acl]: 'already-restored',
    });
  });

  it('takes out what is still there though AWS had said that it was not', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    await rehearsal.run(denyRemoteAddresses, input);
    const acls = rehearsal.account.state.networkAcls;
    const standing = structuredClone(acls[0]?.entries ?? []);
    await rehearsal.undo(denyRemoteAddresses);
    acls[0]?.entries.splice(0, Number.POSITIVE_INFINITY, ...standing);

    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'restored' });
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({
      [acl]: 'already-restored',
    });
    expect(rehearsal.table.items().filter(({ pk }) => pk.startsWith('shared#'))).toEqual([]);
  });

  it('withholds in a dry run, and leaves the record as it is', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    await rehearsal.run(denyRemoteAddresses, input);
    const { journal } = await rehearsal.undo(denyRemoteAddresses, 'dry-run');
    expect(calls(journal)).toEqual([
      'ec2:DescribeNetworkAcls sent',
      'ec2:DeleteNetworkAclEntry withheld',
      'ec2:DeleteNetworkAclEntry withheld',
    ]);
    expect(entriesNow(rehearsal)).toEqual([...opened, ...denials()].toSorted());
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'restored' });
    expect(entriesNow(rehearsal)).toEqual(opened.toSorted());
  });

  it('leaves an entry alone that somebody has changed', async () => {
    const rehearsal = await rehearsalOf(world(), found());
    await rehearsal.run(denyRemoteAddresses, input);
    for (const one of rehearsal.account.state.networkAcls[0]?.entries ?? []) {
      if (one.ruleNumber === 99 && one.egress) one.cidrBlock = '198.51.100.0/24';
    }
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'drifted' });
    expect(entriesNow(rehearsal)).toEqual([...opened, '99 out deny 198.51.100.0/24'].toSorted());
  });

  it('says when the network ACL itself is gone', async () => {
    let gone = false;
    const rehearsal = await rehearsalOf(world(), {
      ...found(),
      fault: () =>
        gone ? { when: 'before', error: refusal('InvalidNetworkAclID.NotFound') } : undefined,
    });
    await rehearsal.run(denyRemoteAddresses, input);
    gone = true;
    expect((await rehearsal.undo(denyRemoteAddresses)).outcomes).toEqual({ [acl]: 'gone' });
  });
});
