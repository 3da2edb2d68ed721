import { describe, expect, it } from 'vitest';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { findingsIn } from '../../replay/findings-in.ts';
import type { Replay } from '../../replay/replay.ts';
import { runWorkflow } from '../../replay/run-workflow.ts';
import { cases, injected, replayOne, statesNeverEntered, workflowOf } from './failing-replays.ts';

const webServer = 'command-and-control-from-web-server';
const exfiltration = 'data-exfiltrated-by-dns';

/** By the state that a failure leads to: where it is met, and what fails. */
const evidence = {
  'Go on without inspection': {
    of: 'ssh-brute-force-from-instance',
    call: 'ssm:DescribeInstanceInformation',
  },
  'Go on without memory': { of: webServer, call: 'ec2:CreateVolume' },
  'Keep what was captured': { of: webServer, call: 'ssm:GetCommandInvocation' },
  'Go on without a memory image': { of: webServer, call: 'ec2:CreateSnapshot' },
  'Go on without snapshots': { of: webServer, call: 'ec2:CreateSnapshots' },
  'Go on without the first cut': { of: exfiltration, call: 'ec2:DescribeVpcEndpoints' },
} as const;

const containment = {
  'Go on without protection': { of: webServer, call: 'ec2:ModifyInstanceAttribute' },
  'Go on without protection at once': { of: exfiltration, call: 'ec2:ModifyInstanceAttribute' },
  'Go on without leaving Auto Scaling': { of: webServer, call: 'autoscaling:DetachInstances' },
  'Go on without leaving Auto Scaling at once': {
    of: exfiltration,
    call: 'autoscaling:DescribeAutoScalingInstances',
  },
  'Isolation failed': { of: webServer, call: 'ec2:ModifyNetworkInterfaceAttribute' },
  'Denial of addresses failed': { of: webServer, call: 'ec2:CreateNetworkAclEntry' },
  'Deregistration failed': { of: webServer, call: 'elasticloadbalancing:DeregisterTargets' },
} as const;

const [attributes, members] = [
  'ec2:DescribeInstanceAttribute',
  'autoscaling:DescribeAutoScalingInstances',
] as const;
const fails = { after: 'fails' } as const;

/** AWS takes no more calls for a while, by what then happens and the last state that shows it. */
const throttled = {
  'cuts in its turn': [
    { of: webServer, call: 'ec2:ModifyNetworkInterfaceAttribute', throttled: 4 },
    'Isolate instance in its turn',
  ],
  'cuts at once in its turn': [
    { of: exfiltration, call: 'ec2:ModifyNetworkInterfaceAttribute', throttled: 4 },
    'Isolate instance at once in its turn',
  ],
  'protects after the cut': [
    { of: webServer, call: attributes, throttled: 3 },
    'Protect instance after the cut',
  ],
  'protects in its turn after the cut': [
    { of: webServer, call: attributes, throttled: 15 },
    'Protect instance in its turn',
  ],
  'inspects, and leaves Auto Scaling, after the cut': [
    { of: webServer, call: members, throttled: 2 },
    'Detach from Auto Scaling after the cut',
  ],
  'inspects in its turn after the cut': [
    { of: webServer, call: members, throttled: 24 },
    'Inspect instance in its turn',
  ],
  'leaves Auto Scaling in its turn after the cut': [
    { of: webServer, call: members, throttled: 24 },
    'Detach from Auto Scaling in its turn',
  ],
  'lets a member settle after the cut': [
    { of: 'auto-scaling-is-terminating-the-instance', call: members, throttled: 2 },
    'Wait for the member to settle after the cut',
  ],
} as const;

/** What was put off fails in the end. */
const putOff = {
  'Go on without protection after the cut': {
    of: webServer,
    call: attributes,
    throttled: 3,
    ...fails,
  },
  'Go on without inspection after the cut': {
    of: webServer,
    call: members,
    throttled: 2,
    ...fails,
  },
  'Go on without leaving Auto Scaling after the cut': {
    of: webServer,
    call: members,
    throttled: 2,
    ...fails,
  },
  'Go on without the first cut': {
    of: exfiltration,
    call: 'ec2:ModifyNetworkInterfaceAttribute',
    throttled: 1,
    ...fails,
  },
} as const;

/** What the groups of each of the instance's interfaces admit in the end. */
function rulesOf({ account, target }: Replay) {
  const { networkInterfaces = [], securityGroups = [] } = account?.after ?? {};
  return networkInterfaces
    .filter(({ attachment }) => attachment && target?.startsWith(`${attachment.instanceId} `))
    .map(({ groups }) =>
      groups.map(
        (id) => securityGroups.find(({ groupId }) => groupId === id)?.rules ?? ['unknown'],
      ),
    );
}

/** What people answer who are asked first. */
const people = [
  { of: webServer, asks: 'denies' },
  { of: webServer, asks: 'silent' },
  { of: webServer, asks: 'silent', steps: ['settle-approval'] },
] as const;

/** Failures of Cordon itself. */
const own = {
  'No case was opened': { of: webServer, steps: ['open-case'] },
  'The case is still open': { of: webServer, steps: ['close-case'] },
  'Nobody was told': { of: 'finding-on-never-touch-instance', steps: ['tell-human'] },
} as const;

describe('a failure', () => {
  it.each(Object.entries(evidence))(
    'of evidence leads to "%s", and the instance is contained',
    async (state, { of, call }) => {
      const ended = await replayOne(of, { call });
      const { states, status, notifications } = ended;
      expect(states).toContain(state);
      expect(states.at(-1)).toBe('Instance is contained');
      expect(status).toBe('succeeded');
      expect(rulesOf(ended).flat(2)).toEqual([]);
      expect(notifications.map(({ title }) => title.split(':')[0])).toEqual(['Contained']);
    },
  );

  it.each(Object.entries(containment))(
    'of containment leads to "%s", the rest is done, and a human is told',
    async (state, { of, call }) => {
      const ended = await replayOne(of, { call });
      const { states, status, failure, steps: ran, notifications } = ended;
      expect(states).toContain(state);
      expect(states.at(-1)).toBe('A human must finish this case');
      expect({ status, error: failure?.error }).toEqual({ status: 'failed', error: 'NeedsHuman' });
      expect(notifications.map(({ title }) => title.split(':')[0])).toEqual([
        'Containment needs a human',
      ]);
      const well = ran.filter(({ outcome }) => outcome !== 'failed').map(({ step }) => step);
      expect(well).toEqual(expect.arrayContaining(['snapshot-volumes', 'close-case']));
      expect(rulesOf(ended).flat(2).length === 0).toBe(state !== 'Isolation failed');
    },
  );

  it.each(Object.entries(own))('of Cordon itself ends in "%s"', async (state, failing) => {
    const { states, status, failure } = await replayOne(failing.of, { steps: failing.steps });
    expect(states.at(-1)).toBe(state);
    expect(status).toBe('failed');
    expect(failure?.error).toMatch(/^[A-Z][A-Za-z]+$/);
  });

  it.each(Object.entries(putOff))(
    'of what was put off leads to "%s", and a human is told',
    async (state, failing) => {
      const ended = await replayOne(failing.of, failing);
      expect(ended.states).toContain(state);
      expect(ended.states.at(-1)).toBe('A human must finish this case');
    },
  );

  it('at one interface leaves the others cut off: original groups are never put back', async () => {
    const relay = await replayOne('tor-relay-on-three-interfaces', {
      call: 'ec2:ModifyNetworkInterfaceAttribute',
      on: 'eni-03e3e3e3e3e3e3e32',
    });
    expect(relay.states).toContain('Isolation failed');
    expect(rulesOf(relay).map((groups) => groups.flat().length)).toEqual([0, 6, 0]);
  });
});

describe('a case whose calls AWS throttles', () => {
  it.each(Object.entries(throttled))('%s, and ends as if nothing had been', async (_what, of) => {
    const [failing, state] = of;
    const ended = await replayOne(failing.of, failing);
    const calm = await replayOne(failing.of, {});

    expect(ended.states).toContain(state);
    const came = ({ steps }: Replay) => new Map(steps.map(({ step, outcome }) => [step, outcome]));
    expect(came(ended)).toEqual(came(calm));
    expect(ended.status).toBe(calm.status);
    expect(rulesOf(ended)).toEqual(rulesOf(calm));
  });

  it('is cut before it is protected', async () => {
    const { steps } = await replayOne(webServer, { call: attributes, throttled: 3 });
    const ran = steps.map(({ step, outcome }) => `${step} ${outcome}`);
    expect(ran).toContain('protect-instance put-off');
    expect(ran.indexOf('isolate-instance isolated')).toBeLessThan(
      ran.indexOf('protect-instance protected'),
    );
  });
});

it('has no state that neither a case of events/ nor a failure enters', async () => {
  const failures = [
    ...people,
    ...Object.values(throttled).map(([failing]) => failing),
    ...Object.values({ ...evidence, ...containment, ...own }),
    ...Object.values(putOff),
  ];

  expect(await statesNeverEntered('compromised-instance', failures)).toEqual([]);
}, 30_000);

it('contains the instance when the first answer of the case table was lost', async () => {
  class Forgetful extends CaseTableInMemory {
    #writes = 0;
    override async write(changes: Parameters<CaseTableInMemory['write']>[0]) {
      const written = await super.write(changes);
      if (++this.#writes === 1) throw injected;
      return written;
    }
  }
  const of = cases.get('ssh-brute-force-from-instance');
  const [item] = of ? findingsIn(of) : [];
  if (!of?.account || !item || !('parsed' in item)) throw new Error('the case is not as it was');
  const { finding, event } = item.parsed;
  const now = () => new Date(finding.updatedAt);
  const account = new RehearsalAccount(of.account, { now });

  const { ended } = runWorkflow({
    workflow: workflowOf('compromised-instance'),
    name: 'lost-answer',
    input: { mode: 'live', event },
    account,
    table: new Forgetful(),
    running: new Set(),
    settings: of.settings,
    now,
  });

  const ran = (await ended).entered.flatMap(({ invocations }) => invocations);
  const opened = ran.filter(({ step }) => step === 'open-case');
  expect(opened.map(({ error, result }) => error?.name ?? result?.outcome)).toEqual([
    'InternalError',
    'opened',
  ]);
  expect(ran.find(({ step }) => step === 'isolate-instance')?.result?.outcome).toBe('isolated');
  expect(ran.at(-1)?.result?.outcome).toBe('contained');
});
