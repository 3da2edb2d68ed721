import { expect } from 'vitest';
import { AccountState } from '../../replay/account/state.ts';
import { forget, putAgents } from './additions.ts';
import { asAccountState } from './as-account-state.ts';
import { describeWorkflow } from './describe-workflow.ts';
import { factsOf, hostile, othersIn } from './instance-facts.ts';
import { toMoto } from './moto.ts';
import { account, untouchable } from './test-config.ts';
import { clientsTo, setUp, type World } from './world.ts';

const clients = clientsTo(toMoto);

const finding = (instanceId: string, { vpcId, subnets }: World, severity = 8) => ({
  schemaVersion: '2.0',
  accountId: account,
  region: 'eu-west-1',
  id: `finding-on-${instanceId}`,
  type: 'Backdoor:EC2/C&CActivity.B',
  severity,
  updatedAt: '2026-03-01T04:05:06.000Z',
  resource: {
    resourceType: 'Instance',
    instanceDetails: { instanceId, networkInterfaces: [{ vpcId, subnetId: subnets.front }] },
  },
  service: {
    resourceRole: 'ACTOR',
    count: 1,
    archived: false,
    action: {
      actionType: 'NETWORK_CONNECTION',
      networkConnectionAction: {
        connectionDirection: 'OUTBOUND',
        remoteIpDetails: { ipAddressV4: hostile },
      },
    },
  },
});

const starts = [
  'evidence first',
  'containment first',
  'people must agree first',
  'an instance that nobody may touch',
] as const;

describeWorkflow(
  'compromised-instance',
  starts,
  async () => {
    await forget('ec2', 'autoscaling', 'elb', 'elbv2');
    const world = await setUp(clients);
    const { instanceId } = world;
    await putAgents([{ InstanceId: instanceId, PingStatus: 'Online', PlatformType: 'Linux' }]);
    const state = AccountState.parse({
      ...(await asAccountState(clients, world.vpcId)),
      ssm: {
        managedInstances: [{ instanceId }],
        // moto's commands succeed at once, with nothing to say.
        captures: { [instanceId]: { polls: 0 } },
      },
    });
    const event = finding(instanceId, world);
    return {
      state,
      starts: {
        'evidence first': { priority: 'evidence-first', event },
        'containment first': { priority: 'containment-first', event },
        'people must agree first': { event: finding(instanceId, world, 5) },
        'an instance that nobody may touch': { event: finding(untouchable.instance, world) },
      },
      check: async (done) => {
        const { changed, memoryImages, others } = await factsOf(clients, world, state);
        const expected = Object.keys(changed).map((step) => [step, done.has(step)]);
        expect(changed).toEqual(Object.fromEntries(expected));
        expect(memoryImages).toBe(done.has('keep-memory-image') ? 1 : 0);
        expect(others).toEqual(othersIn(state, world));
      },
    };
  },
  [
    'Isolate instance at once in its turn',
    'Isolate instance in its turn',
    'Inspect instance after the cut',
    'Inspect instance in its turn',
    'Protect instance after the cut',
    'Protect instance in its turn',
    'Detach from Auto Scaling after the cut',
    'Detach from Auto Scaling in its turn',
  ],
);
