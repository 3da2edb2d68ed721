import { DescribeSnapshotsCommand, type Snapshot, type Tag } from '@aws-sdk/client-ec2';
import type { AccountState } from '../../replay/account/state.ts';
import { asAccountState } from './as-account-state.ts';
import type { Clients, World } from './world.ts';

/** What steps change, by the step that does it. */
const changes = {
  'isolate-instance': ({ interfaces, groups }) =>
    interfaces.every(({ groups: [only, ...others] }) => {
      const group = groups.find(({ groupId }) => groupId === only);
      return others.length === 0 && group?.rules.length === 0;
    }),
  'protect-instance': ({ instance }) =>
    instance?.disableApiTermination === true &&
    instance.disableApiStop &&
    instance.shutdownBehavior === 'stop' &&
    instance.blockDevices.every(({ deleteOnTermination }) => !deleteOnTermination),
  'detach-from-auto-scaling': ({ state, own }) =>
    !state.autoScalingGroups.some(({ instances }) => instances.some(isOf(own))),
  'deregister-from-load-balancers': ({ state, own }) =>
    !state.targetGroups.some(({ targets }) => targets.some(({ id }) => own.has(id))) &&
    !state.classicLoadBalancers.some(({ instances }) => instances.some((id) => own.has(id))),
  'deny-remote-addresses': ({ state }) =>
    state.networkAcls.some(({ entries }) =>
      entries.some(
        ({ cidrBlock, ruleAction }) => cidrBlock === `${hostile}/32` && ruleAction === 'deny',
      ),
    ),
} satisfies Record<string, (seen: Seen) => boolean>;

/** The address that the finding names. */
export const hostile = '203.0.113.99';

interface Seen {
  readonly state: AccountState;
  readonly instance: AccountState['instances'][number] | undefined;
  readonly interfaces: AccountState['networkInterfaces'];
  readonly groups: AccountState['securityGroups'];
  /** The instance's id and its addresses: what it may be a target by. */
  readonly own: ReadonlySet<string>;
}

const isOf =
  (own: ReadonlySet<string>) =>
  ({ instanceId }: { instanceId: string }) =>
    own.has(instanceId);

/** What of the world is to be seen of a containment: which changes were made, by step. */
export async function factsOf(clients: Clients, world: World, before: AccountState) {
  const state = await asAccountState(clients, world.vpcId);
  const seen = see(state, world.instanceId);
  const taken = await snapshots(clients);
  const volumes = taken.map(({ VolumeId }) => VolumeId);
  const ownVolumes = see(before, world.instanceId).instance?.blockDevices.map(
    ({ volumeId }) => volumeId,
  );
  const changed = Object.entries(changes).map(([step, isChanged]): [string, boolean] => [
    step,
    isChanged(seen),
  ]);
  return {
    changed: Object.fromEntries([
      ...changed,
      ['snapshot-volumes', ownVolumes?.every((own) => volumes.includes(own)) ?? false],
    ]),
    // By its tag: moto's CreateSnapshots takes the volume that it is told to leave out as well.
    memoryImages: taken.filter(({ Tags }) => Tags?.some(isMemory)).length,
    /** All that nobody has anything against. */
    others: othersIn(state, world),
  };
}

/** The instance that must be left alone, and what the account had before. */
export const othersIn = (state: AccountState, { otherId, groups }: World) => ({
  ...see(state, otherId).instance,
  interfaces: see(state, otherId).interfaces,
  groups: state.securityGroups.filter(({ groupId }) =>
    Object.values(groups).some((id) => id === groupId),
  ),
  addresses: state.addresses,
  subnets: state.subnets,
});

function see(state: AccountState, id: string): Seen {
  const interfaces = state.networkInterfaces.filter(
    ({ attachment }) => attachment?.instanceId === id,
  );
  return {
    state,
    instance: state.instances.find(({ instanceId }) => instanceId === id),
    interfaces,
    groups: state.securityGroups,
    own: new Set([id, ...interfaces.flatMap(({ privateIpAddresses }) => privateIpAddresses)]),
  };
}

const isMemory = ({ Key, Value }: Tag) => Key === 'cordon:role' && Value === 'memory';

/** The snapshots that cases have taken. */
async function snapshots({ ec2 }: Clients): Promise<readonly Snapshot[]> {
  const { Snapshots = [] } = await ec2.send(
    new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag-key', Values: ['cordon:case'] }] }),
  );
  return Snapshots;
}
