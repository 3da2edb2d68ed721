import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { steps } from '../functions/index.ts';
import type { JournalEntry } from '../functions/shared/journal.ts';
import type { AwsCall } from '../functions/shared/step.ts';
import type { AccountState } from '../replay/account/state.ts';
import { changes } from '../replay/call-in-words.ts';
import { readCases } from '../replay/read-case.ts';
import { type Replay, type ReplayOptions, replayCase } from '../replay/replay.ts';
import { loadWorkflows } from '../replay/workflow.ts';
import { iamChanges } from './iam-changes.ts';
import { oneOfEach } from './one-of-each.ts';

const folder = fileURLToPath(new URL('../events/', import.meta.url));
const cases = new Map(readCases(folder).map((of) => [basename(of.source), of]));
const names = [...cases.keys()];
const workflows = loadWorkflows(steps);

async function replay(
  name: string,
  options: Partial<ReplayOptions> = {},
): Promise<readonly Replay[]> {
  const of = cases.get(name);
  if (!of) throw new Error(`there is no case ${name}`);
  return (await replayCase(of, { workflows, ...options })).map((each) => each.replay);
}

const ways = {
  'dry-run': { mode: 'dry-run' },
  live: { mode: 'live' },
  'stand-ins': { mode: 'dry-run', dryRun: 'stand-ins' },
} as const satisfies Record<string, Partial<ReplayOptions>>;
const replayed = new Map<string, Promise<readonly Replay[]>>();

/** A replay that several tests look at and none changes. */
function replayOnce(name: string, way: keyof typeof ways): Promise<readonly Replay[]> {
  const key = `${name} ${way}`;
  const known = replayed.get(key) ?? replay(name, ways[way]);
  replayed.set(key, known);
  return known;
}

it('finds every folder of events/, and the table names each', () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((at) => at.isDirectory());
  expect(names).toEqual(folders.map(({ name }) => name).sort());
  const readme = readFileSync(`${folder}README.md`, 'utf8');
  const table = [...readme.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(table).toEqual(names);
});

describe.each(names)('%s', (name) => {
  it.each(['dry-run', 'live'] as const)('ends as expected.json says: %s', async (way) => {
    expect(cases.get(name)).toHaveProperty('expected');
    const unexpected = (await replayOnce(name, way)).map((each) => each.unexpected);
    expect(unexpected.flat()).toEqual([]);
  });

  it('sends no write in a dry run, and leaves the account as it was', async () => {
    const replays = await replayOnce(name, 'dry-run');
    const sent = callsOf(replays).filter(({ disposition }) => disposition !== 'withheld');
    expect(sent.map(({ call }) => call).filter(changes)).toEqual([]);
    for (const { account } of replays) expect(account?.after).toEqual(account?.before);
  });

  const isAsked = cases.get(name)?.expected?.live !== undefined;

  // Where people are asked between the two, `test/statemachines/approval.test.ts` compares them.
  const unlessAsked: (title: string, test: () => Promise<void>) => void = isAsked ? () => {} : it;
  unlessAsked(
    'makes the same calls live as in a dry run, which differ in what became of them',
    async () => {
      const dry = await replayOnce(name, 'dry-run');
      const live = await replayOnce(name, 'live');
      expect(live.map(({ states }) => states)).toEqual(dry.map(({ states }) => states));
      expect(lines(live)).toEqual(lines(dry));
    },
  );

  unlessAsked(
    'withholds what it sends live when stand-ins answer, but for what is listed',
    async () => {
      const live = writesOf(await replayOnce(name, 'live'));
      const standIns = writesOf(await replayOnce(name, 'stand-ins'));
      const { own: missing, shared: sent } = split(live, standIns);
      const { own: extra, shared: withheld } = split(standIns, live);
      const listed = exceptions[name] ?? {};
      expect(missing.map(withoutInput)).toEqual(listed.missing ?? []);
      expect(extra.map(withoutInput)).toEqual(listed.extra ?? []);
      expect(withheld).toEqual(sent);
    },
  );
});

it.each(oneOfEach)(
  '%s comes to the same, byte for byte, when a dry run and a live run go side by side',
  async (name) => {
    const both = [replay(name, { mode: 'dry-run' }), replay(name, { mode: 'live' })];
    const [dry, live] = await Promise.all(both);
    expect(JSON.stringify(dry)).toBe(JSON.stringify(await replayOnce(name, 'dry-run')));
    expect(JSON.stringify(live)).toBe(JSON.stringify(await replayOnce(name, 'live')));
  },
);

// The memory volume was never attached, so the set of snapshots has none to leave out.
const memoryVolume = ['snapshot-volumes ec2:CreateSnapshots'];
// The memory snapshot's tag says how the capture ended, which nobody can know.
const captureTag = ['keep-memory-image ec2:CreateSnapshot'];
// Leaving the group takes the instance out of the group's own target groups on their own port.
const ownPort = ['deregister-from-load-balancers elasticloadbalancing:DeregisterTargets'];
// What the cut at once has protected is not protected yet when that step comes again.
const protection = ['protect-instance ec2:ModifyInstanceAttribute'];
// A look later, the policy of the look before is not there.
const roleAgain = ['revoke-role-sessions iam:PutRolePolicy'];
const twoLooksMore = [...roleAgain, ...roleAgain];
// Its name is that of the new key, and a stand-in's is another.
const secret = ['create-replacement-key secretsmanager:CreateSecret'];
const heartbeat = 'detach-from-auto-scaling autoscaling:RecordLifecycleActionHeartbeat';

/**
 * Where a dry run on AWS withholds other calls than a live run sends: without a change made, later
 * reads show the account as it was.
 */
const exceptions: Readonly<Record<string, { missing?: string[]; extra?: string[] }>> = {
  'attack-sequence-on-instance-and-its-session': {
    missing: memoryVolume,
    extra: [...memoryVolume, ...twoLooksMore],
  },
  // Nothing is waited for that was not begun, so the member is looked at once.
  'auto-scaling-is-terminating-the-instance': { missing: [heartbeat, heartbeat] },
  'botnet-joined-while-launching': { extra: [...protection, ...protection, ...protection] },
  'bucket-read-with-stolen-key': { extra: twoLooksMore },
  'command-and-control-from-web-server': {
    missing: [...ownPort, ...memoryVolume],
    extra: [...ownPort, ...memoryVolume],
  },
  'data-exfiltrated-by-dns': {
    missing: memoryVolume,
    extra: [...protection, ...protection, ...memoryVolume],
  },
  'guardduty-sample-finding-on-key': { extra: twoLooksMore },
  'instance-credentials-used-outside-aws': {
    missing: memoryVolume,
    extra: [...twoLooksMore, ...memoryVolume],
  },
  'leaked-key-led-to-three-roles': { extra: [...twoLooksMore, ...twoLooksMore, ...twoLooksMore] },
  'leaked-key-replaced': { missing: secret, extra: secret },
  // Found at the second look.
  'leaked-key-used-from-tor': { extra: roleAgain },
  'malware-domains-queried-by-windows-server': { missing: memoryVolume, extra: memoryVolume },
  'reverse-shell-seen-at-runtime': {
    missing: [...captureTag, ...memoryVolume],
    extra: [...captureTag, ...memoryVolume],
  },
  'session-of-user-stolen': { extra: twoLooksMore },
  'started-by-hand-for-user': { extra: twoLooksMore },
  'tor-relay-on-three-interfaces': {
    missing: [...captureTag, ...memoryVolume],
    extra: [...captureTag, ...memoryVolume],
  },
};

describe.each(names)('%s, live', (name) => {
  it('leaves in IAM what stops the credentials, and all else as it was', async () => {
    const replays = await replayOnce(name, 'live');
    const changed = replays.flatMap(({ account }) =>
      account ? iamChanges(account.before, account.after) : [],
    );
    // What one playbook changed, another that ran beside it may have seen as well.
    expect([...new Set(changed)].sort()).toEqual([...(stopped[name] ?? [])].sort());
  });

  it('leaves alone whom the never-touch list names', async () => {
    const { users, roles, breakGlass } = cases.get(name)?.settings.neverTouch ?? {};
    const listed: string[] = [users, roles, breakGlass].flatMap((list) => list ?? []);
    for (const { account } of await replayOnce(name, 'live')) {
      const named = (iam: AccountState['iam'] | undefined) => [
        ...(iam?.users.filter(({ userName }) => listed.includes(userName)) ?? []),
        ...(iam?.roles.filter(({ roleName }) => listed.includes(roleName)) ?? []),
      ];
      expect(named(account?.before.iam)).toHaveLength(listed.length);
      expect(named(account?.after.iam)).toEqual(named(account?.before.iam));
    }
  });

  it('leaves the instance cut off, protected and out of its groups, its volumes kept', async () => {
    for (const { mode, steps: ran, account, target } of await replayOnce(name, 'live')) {
      const cut = ran.find(({ step }) => step === 'isolate-instance');
      if (mode !== 'live' || !account || !cut || cut.outcome === 'instance-gone') continue;
      const instanceId = target?.split(' ')[0] ?? '';
      const { rules, ...found } = whatIsLeft(account.after, instanceId);
      expect(rules).toEqual(rules.map(() => [[]]));
      expect(found).toEqual({ ...allDone, ...notAllDone[name] });
    }
  });

  it('leaves alone whatever is not the instance', async () => {
    const replays = await replayOnce(name, 'live');
    const contained = new Set(replays.map(({ target }) => target?.split(' ')[0] ?? ''));
    for (const { account } of replays) {
      if (!account) continue;
      const { after, before } = account;
      expect(bystanders(after, before, contained)).toEqual(bystanders(before, before, contained));
    }
  });
});

/** Who is denied what after a live run, or has which key; in every other case IAM is as it was. */
const stopped: Readonly<Record<string, readonly string[]>> = {
  'attack-sequence-on-instance-and-its-session': [
    'orders-backup: denied in sessions before 2026-04-12T21:15:30Z',
    'orders: denied in AROA7A907A907A907A901:i-07a907a907a907a90',
  ],
  'attack-sequence-on-instance-key-and-bucket': [
    'orders-export: AKIA5E015E015E015E01 Inactive',
    'orders-export: AWSDenyAll',
    'orders-export: denied in sessions before 2026-04-17T02:15:30Z',
  ],
  'bucket-read-with-stolen-key': [
    'gallery: AKIAB0C1B0C1B0C1B0C1 Inactive',
    'gallery: AWSDenyAll',
    'gallery: denied in sessions before 2026-04-14T23:50:30Z',
    'thumbnails: denied in sessions before 2026-04-14T23:50:30Z',
  ],
  'federated-session-stolen': [
    'kiosk-broker: AWSDenyAll',
    'kiosk-broker: denied in sessions before 2026-04-10T12:30:30Z',
  ],
  'instance-credentials-used-outside-aws': [
    'ledger: denied in AROA1A5E1A5E1A5E1A5E1:i-01a5e1a5e1a5e1a5e',
    'ledger-backup: denied in sessions before 2026-04-05T03:40:30Z',
  ],
  'leaked-key-inactive-already': ['mailer: denied in sessions before 2026-04-13T10:00:30Z'],
  'leaked-key-led-to-three-roles': [
    'data-sync: AKIAC0A1C0A1C0A1C0A1 Inactive',
    'data-sync: AWSDenyAll',
    'data-sync: denied in sessions before 2026-04-02T14:05:30Z',
    'release: denied in sessions before 2026-04-02T14:05:30Z',
    'report-builder: denied in sessions before 2026-04-02T14:05:30Z',
    // Workloads run under it, so the traced session alone.
    'pipeline: denied in AROAC0A4C0A4C0A4C0A4C:hop',
  ],
  'leaked-key-of-user-with-full-policies': [
    'finance-export: AKIAF0L1F0L1F0L1F0L1 Inactive',
    'finance-export: denied everything',
  ],
  // The old key is gone.
  'leaked-key-replaced': ['invoice-export: AKIAQW2DDHQ5OS5VMWSK Active'],
  'leaked-key-replaced-once-approved': ['mill-telemetry: AKIAHJSDUDKNNXDVFHXQ Active'],
  'leaked-key-reported-twice': [
    'build-runner: AKIATW1CETW1CETW1CE0 Inactive',
    'build-runner: AWSDenyAll',
    'build-runner: denied in sessions before 2026-04-01T09:30:30Z',
  ],
  'leaked-key-used-from-tor': [
    'build-runner: AKIAT0R1T0R1T0R1T0R1 Inactive',
    'build-runner: AWSDenyAll',
    'build-runner: denied in sessions before 2026-04-01T09:30:30Z',
    'artifact-reader: denied in sessions before 2026-04-01T09:30:30Z',
  ],
  'role-revoked-though-nobody-answered': [
    'report-builder: denied in sessions before 2026-01-01T00:00:30Z',
  ],
  'role-shared-by-three-instances': [
    'image-store: denied in AROA5A1E5A1E5A1E5A1E5:i-05a1e5a1e5a1e5a1e',
  ],
  'session-of-user-stolen': [
    'nora: AWSDenyAll',
    'nora: denied in sessions before 2026-04-04T07:15:30Z',
    'incident-desk: denied in sessions before 2026-04-04T07:15:30Z',
  ],
  'started-by-hand-for-key': [
    'backup-agent: AKIABA0FBA0FBA0FBA0F Inactive',
    'backup-agent: AWSCompromisedKeyQuarantineV3',
    'backup-agent: denied in sessions before 2026-01-01T00:00:30Z',
  ],
  'started-by-hand-for-role': ['partner-upload: denied in sessions before 2026-01-01T00:00:30Z'],
  'started-by-hand-for-role-session': ['terraform: denied in AROABA40BA40BA40BA40B:ci-4711'],
  'started-by-hand-for-user': [
    'mats.berg: AKIABA0DBA0DBA0DBA0D Inactive',
    'mats.berg: AWSDenyAll',
    'mats.berg: denied in sessions before 2026-01-01T00:00:30Z',
    'timesheets: denied in sessions before 2026-01-01T00:00:30Z',
  ],
  'stolen-session-reported-twice': ['reporting: denied in AROA7WB1D7WB1D7WB1D7W:nightly-report'],
};

/** What an account still has to show for an instance that should have nothing left. */
function whatIsLeft(account: AccountState, instanceId: string) {
  const instance = account.instances.find((one) => one.instanceId === instanceId);
  const interfaces = account.networkInterfaces.filter(
    ({ attachment }) => attachment?.instanceId === instanceId,
  );
  const { disableApiTermination, disableApiStop, shutdownBehavior } = instance ?? {};
  const devices = instance?.blockDevices ?? [];
  const kept = account.snapshots.filter(({ tags }) => tags['cordon:instance'] === instanceId);
  return {
    rules: interfaces.map(({ groups }) =>
      groups.map((id) => account.securityGroups.find(({ groupId }) => groupId === id)?.rules),
    ),
    protected: { disableApiTermination, disableApiStop, shutdownBehavior },
    deletedOnTermination: devices.filter(({ deleteOnTermination }) => deleteOnTermination),
    memberships: account.autoScalingGroups.flatMap(({ instances }) =>
      instances.flatMap((one) => (one.instanceId === instanceId ? one.lifecycleState : [])),
    ),
    served: [
      ...account.targetGroups.flatMap((group) =>
        group.targets.filter(
          (target) =>
            target.state !== 'draining' && isTarget(account, group, target.id, instanceId),
        ),
      ),
      ...account.classicLoadBalancers.filter(({ instances }) =>
        instances.some((id) => id === instanceId),
      ),
    ],
    notKept: devices.filter(
      ({ volumeId }) =>
        !kept.some(({ tags, ...of }) => of.volumeId === volumeId && tags['cordon:case']),
    ),
  };
}

const allDone = {
  protected: { disableApiTermination: true, disableApiStop: true, shutdownBehavior: 'stop' },
  deletedOnTermination: [],
  memberships: [],
  served: [],
  notKept: [],
};

/** What AWS refuses, and what is left to a human. */
const notAllDone: Readonly<Record<string, Partial<Record<keyof typeof allDone, unknown>>>> = {
  'auto-scaling-is-terminating-the-instance': { memberships: ['Terminating:Wait'] },
  'botnet-joined-while-launching': { memberships: ['Pending:Wait'] },
  'coin-miner-on-spot-instance': {
    protected: { disableApiTermination: false, disableApiStop: false, shutdownBehavior: 'stop' },
  },
  'finding-on-isolated-instance': { memberships: ['Standby'] },
  'started-by-hand': {
    protected: { disableApiTermination: true, disableApiStop: false, shutdownBehavior: 'stop' },
  },
};

/** Whether a target is the instance: by its id, or by one of its addresses in the group's VPC. */
function isTarget(
  account: AccountState,
  { vpcId }: AccountState['targetGroups'][number],
  target: string,
  instanceId: string,
): boolean {
  const addresses = account.networkInterfaces
    .filter(({ attachment }) => attachment?.instanceId === instanceId)
    .filter(({ subnetId }) =>
      account.subnets.some((subnet) => subnet.subnetId === subnetId && subnet.vpcId === vpcId),
    )
    .flatMap(({ privateIpAddresses, ipv6Addresses }) => [...privateIpAddresses, ...ipv6Addresses]);
  return target === instanceId || addresses.includes(target);
}

/**
 * What there was before and is none of the instances'. Left out are the network ACLs of their subnets,
 * and the groups that carry an isolation group's name in their VPCs: those are meant to change.
 */
function bystanders(account: AccountState, before: AccountState, instanceIds: ReadonlySet<string>) {
  const isOwn = ({ attachment }: { attachment?: { instanceId: string } | undefined }) =>
    attachment !== undefined && instanceIds.has(attachment.instanceId);
  const subnetIds = before.networkInterfaces.filter(isOwn).map(({ subnetId }) => subnetId);
  const subnets = before.subnets.filter(({ subnetId }) => subnetIds.includes(subnetId));
  const acls = subnets.map(({ networkAclId }) => networkAclId);
  const vpcs = subnets.map(({ vpcId }) => vpcId);
  const was = JSON.stringify(before);
  const there = (id: string) => was.includes(id) && !instanceIds.has(id);
  const isTheirs = (group: AccountState['targetGroups'][number], id: string) =>
    [...instanceIds].some((instanceId) => isTarget(before, group, id, instanceId));
  return {
    vpcs: account.vpcs,
    subnets: account.subnets,
    addresses: account.addresses,
    vpcEndpoints: account.vpcEndpoints,
    instances: account.instances.filter((one) => there(one.instanceId)),
    networkInterfaces: account.networkInterfaces.filter(
      (eni) => there(eni.networkInterfaceId) && !isOwn(eni),
    ),
    volumes: account.volumes.filter(({ volumeId }) => there(volumeId)),
    snapshots: account.snapshots.filter(({ snapshotId }) => there(snapshotId)),
    networkAcls: account.networkAcls.filter(({ networkAclId }) => !acls.includes(networkAclId)),
    securityGroups: account.securityGroups.filter(
      ({ groupName, vpcId }) => groupName !== 'cordon-no-rules' || !vpcs.includes(vpcId),
    ),
    autoScalingGroups: account.autoScalingGroups.map((group) => ({
      ...group,
      instances: group.instances.filter((member) => there(member.instanceId)),
    })),
    targetGroups: account.targetGroups.map((group) => ({
      ...group,
      targets: group.targets.filter(({ id }) => there(id) && !isTheirs(group, id)),
    })),
    classicLoadBalancers: account.classicLoadBalancers.map((balancer) => ({
      ...balancer,
      instances: balancer.instances.filter(there),
    })),
  };
}

const callsOf = (replays: readonly Replay[]): readonly (JournalEntry & { step: string })[] =>
  replays.flatMap((each) =>
    each.steps.flatMap(({ step, calls }) => calls.map((call) => ({ ...call, step }))),
  );

/**
 * Calls as lines. What a run makes up (its case's id, tokens, ids of what it creates) is a hash that
 * depends on the mode; it is named by the place at which it first comes.
 */
function lines(replays: readonly Replay[], isWanted = (_call: AwsCall) => true): string[] {
  const there = JSON.stringify(replays[0]?.account?.before ?? {});
  const known = new Map<string, string>();
  const inWords = (id: string) => {
    if (there.includes(id)) return id;
    const words = known.get(id) ?? `made up, the ${known.size + 1}.`;
    known.set(id, words);
    return words;
  };
  return callsOf(replays)
    .filter(({ call }) => isWanted(call))
    .map(
      ({ step, call, input }) =>
        `${step} ${call} ${JSON.stringify(input).replaceAll(ids, inWords)}`,
    );
}

/** Of resources, cases, commands and findings made by a start; and ClientTokens. */
const ids =
  /\b(?:[a-z]+-[0-9a-f]{17}|case-[0-9a-f]{10}|manual-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b|(?<="Client(?:Request)?Token":")[0-9a-f]{32}/g;

const writesOf = (replays: readonly Replay[]) => lines(replays, changes);
const withoutInput = (line: string) => line.split(' ', 2).join(' ');

/** The lines that `others` have as well, each as often as they have it, and those they have not. */
function split(some: readonly string[], others: readonly string[]) {
  const left = [...others];
  const shared: string[] = [];
  const own: string[] = [];
  for (const line of some) {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    (at >= 0 ? shared : own).push(line);
  }
  return { shared, own };
}
