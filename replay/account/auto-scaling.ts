import {
  type Activity,
  type AttachInstancesQuery,
  type AutoScalingGroupsType,
  type AutoScalingInstancesType,
  AutoScalingServiceException,
  type DescribeAutoScalingGroupsCommandInput,
  type DescribeAutoScalingInstancesCommandInput,
  type AutoScalingGroup as DescribedGroup,
  type DescribeLifecycleHooksAnswer,
  type DescribeLifecycleHooksType,
  type DetachInstancesQuery,
  type EnterStandbyQuery,
  type ExitStandbyQuery,
  InvalidNextToken,
  type LifecycleState,
  type RecordLifecycleActionHeartbeatType,
  type UpdateAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import { InstanceId, NetworkInterfaceId, VolumeId } from '../../functions/shared/ids.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import {
  deregister,
  deregisterClassic,
  register,
  registerClassic,
} from './elastic-load-balancing.ts';
import { madeUpUuid } from './made-up-ids.ts';
import { pageOf } from './pages.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';
import { isCounted } from './surroundings.ts';

type Group = AccountState['autoScalingGroups'][number];
type Member = Group['instances'][number];

/** Most of what Auto Scaling refuses, it refuses under this one code. */
const invalid = (message: string): AutoScalingServiceException =>
  new AutoScalingServiceException({
    name: 'ValidationError',
    message,
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });

function page<T>(
  items: readonly T[],
  {
    MaxRecords = 50,
    NextToken,
  }: { MaxRecords?: number | undefined; NextToken?: string | undefined },
  most: number,
): { items: T[]; NextToken?: string } {
  if (MaxRecords < 1 || MaxRecords > most) {
    throw invalid(`Value '${MaxRecords}' at 'maxRecords' must be between 1 and ${most}`);
  }
  const { items: cut, next } = pageOf(
    items,
    { size: MaxRecords, token: NextToken },
    () =>
      new InvalidNextToken({
        message: 'The token in the request is not valid',
        $metadata: { httpStatusCode: 400 },
      }),
  );
  return { items: cut, ...(next && { NextToken: next }) };
}

function groupNamed({ autoScalingGroups }: AccountState, name: string | undefined): Group {
  const group = autoScalingGroups.find((candidate) => candidate.name === name);
  if (!group) throw invalid(`AutoScalingGroup name not found - AutoScalingGroup ${name} not found`);
  return group;
}

function describeAutoScalingInstances(
  { state }: Desk,
  input: DescribeAutoScalingInstancesCommandInput,
): AutoScalingInstancesType {
  const members = state.autoScalingGroups
    .flatMap((group) => group.instances.map((member) => ({ group, member })))
    .filter(
      ({ member }) => !input.InstanceIds?.length || input.InstanceIds.includes(member.instanceId),
    );
  const { items, ...next } = page(members, input, 50);
  const AutoScalingInstances = items.map(({ group, member }) => ({
    AutoScalingGroupName: group.name,
    ...describedMember(state, member),
    // This call alone shouts: the groups' own list says `Healthy`.
    HealthStatus: member.healthStatus.toUpperCase(),
  }));
  return { AutoScalingInstances, ...next };
}

const describedMember = ({ instances }: AccountState, member: Member) => ({
  InstanceId: member.instanceId,
  InstanceType: instances.find(({ instanceId }) => instanceId === member.instanceId)?.instanceType,
  AvailabilityZone: member.availabilityZone,
  LifecycleState: member.lifecycleState,
  HealthStatus: member.healthStatus,
  ProtectedFromScaleIn: member.protectedFromScaleIn,
});

function describeAutoScalingGroups(
  { state }: Desk,
  input: DescribeAutoScalingGroupsCommandInput,
): AutoScalingGroupsType {
  if (input.Filters?.length)
    throw new Error('the rehearsal account filters no Auto Scaling groups');
  const names = input.AutoScalingGroupNames ?? [];
  const found = state.autoScalingGroups.filter(
    ({ name }) => names.length === 0 || names.includes(name),
  );
  const { items, ...next } = page(found, input, 100);
  return { AutoScalingGroups: items.map((group) => describedGroup(state, group)), ...next };
}

const describedGroup = (state: AccountState, group: Group): DescribedGroup => ({
  AutoScalingGroupName: group.name,
  AutoScalingGroupARN: `arn:aws:autoscaling:${state.region}:${state.accountId}:autoScalingGroup:${madeUpUuid(group.name)}:autoScalingGroupName/${group.name}`,
  MinSize: group.minSize,
  MaxSize: group.maxSize,
  DesiredCapacity: group.desiredCapacity,
  DefaultCooldown: 300,
  AvailabilityZones: [...new Set(group.instances.map((member) => member.availabilityZone))],
  HealthCheckType: group.targetGroupArns.length > 0 ? 'ELB' : 'EC2',
  CreatedTime: new Date('2026-01-01T00:00:00.000Z'),
  TargetGroupARNs: group.targetGroupArns,
  LoadBalancerNames: group.loadBalancerNames,
  SuspendedProcesses: group.suspendedProcesses.map((ProcessName) => ({ ProcessName })),
  Instances: group.instances.map((member) => ({
    ...describedMember(state, member),
    // The SDK lists every state's name; a case's is one of them.
    LifecycleState: member.lifecycleState as LifecycleState,
  })),
  Tags: Object.entries(group.tags).map(([Key, Value]) => ({
    Key,
    Value,
    ResourceId: group.name,
    ResourceType: 'auto-scaling-group',
  })),
});

function describeLifecycleHooks(
  { state }: Desk,
  input: DescribeLifecycleHooksType,
): DescribeLifecycleHooksAnswer {
  const { name: AutoScalingGroupName, lifecycleHooks } = groupNamed(
    state,
    input.AutoScalingGroupName,
  );
  return {
    LifecycleHooks: lifecycleHooks
      .filter(
        ({ name }) => !input.LifecycleHookNames?.length || input.LifecycleHookNames.includes(name),
      )
      .map(({ name, transition }) => ({
        LifecycleHookName: name,
        AutoScalingGroupName,
        LifecycleTransition: transition,
        HeartbeatTimeout: 3600,
        GlobalTimeout: 172_800,
        DefaultResult: 'ABANDON',
      })),
  };
}

/** The members a call names, each in one of the states that the call takes. */
function membersNamed(
  group: Group,
  ids: readonly string[] = [],
  states: readonly string[] = [],
): Member[] {
  return ids.map((id) => {
    const member = group.instances.find(({ instanceId }) => instanceId === id);
    if (!member)
      throw invalid(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
    if (!states.includes(member.lifecycleState)) {
      throw invalid(`The instance ${id} is not in ${states.join(' or ')}.`);
    }
    return member;
  });
}

/** Lowers the desired capacity, which must not fall below the group's minimum. */
function shrink(group: Group, by: number, purpose: string): void {
  if (group.desiredCapacity - by < group.minSize) {
    throw invalid(
      `AutoScalingGroup ${group.name} has min-size=${group.minSize}, max-size=${group.maxSize}, and desired-size=${group.desiredCapacity}. To ${purpose} ${by} instance, please update the AutoScalingGroup sizes appropriately.`,
    );
  }
  group.desiredCapacity -= by;
}

/**
 * Takes instances out of their group and its load balancers; they go on running.
 *
 * AWS takes a while, by way of `Detaching`; here it is done when the call is answered. What the
 * group now lacks is launched.
 */
function detachInstances(desk: Desk, input: DetachInstancesQuery): { Activities: Activity[] } {
  const { state } = desk;
  const group = groupNamed(state, input.AutoScalingGroupName);
  const members = membersNamed(group, input.InstanceIds, ['InService', 'Standby']);
  if (input.ShouldDecrementDesiredCapacity) shrink(group, members.length, 'detach');
  group.instances = group.instances.filter((member) => !members.includes(member));
  for (const { instanceId } of members) {
    leaveLoadBalancers(state, group, instanceId);
    const instance = state.instances.find((candidate) => candidate.instanceId === instanceId);
    if (instance) delete instance.tags['aws:autoscaling:groupName'];
  }
  const gone = members.map(({ instanceId }) => instanceId);
  launchMissing(desk, group, gone);
  return { Activities: gone.map((id) => activity(desk, group, `Detaching EC2 instance: ${id}`)) };
}

const activity = (desk: Desk, group: Group, Description: string): Activity => ({
  ActivityId: madeUpUuid(`${desk.newId('activity')} ${Description}`),
  AutoScalingGroupName: group.name,
  Description,
  Cause: 'At the request of a user.',
  StartTime: desk.now(),
  StatusCode: 'InProgress',
  Progress: 50,
});

function leaveLoadBalancers(state: AccountState, group: Group, instanceId: string): void {
  for (const arn of group.targetGroupArns) deregister(state, arn, [{ Id: instanceId }]);
  for (const name of group.loadBalancerNames) deregisterClassic(state, name, [instanceId]);
}

function joinLoadBalancers(state: AccountState, group: Group, instanceId: InstanceId): void {
  for (const arn of group.targetGroupArns) register(state, arn, [{ Id: instanceId }]);
  for (const name of group.loadBalancerNames) registerClassic(state, name, [instanceId]);
}

const counted = ({ instances }: Group): Member[] => instances.filter(isCounted);

/** Launches what the group lacks, in the image of a member that is left, else of one that left. */
function launchMissing(desk: Desk, group: Group, gone: readonly InstanceId[]): void {
  if (group.suspendedProcesses.includes('Launch')) return;
  while (counted(group).length < group.desiredCapacity) {
    const like = counted(group)[0]?.instanceId ?? gone[0];
    const instanceId = launchLike(desk, like);
    const zone = zoneOf(desk.state, instanceId);
    group.instances.push({
      instanceId,
      lifecycleState: 'InService',
      healthStatus: 'Healthy',
      protectedFromScaleIn: false,
      availabilityZone: zone,
    });
    joinLoadBalancers(desk.state, group, instanceId);
  }
}

function zoneOf({ instances, subnets, region }: AccountState, id: InstanceId): string {
  const subnet = instances.find(({ instanceId }) => instanceId === id)?.subnetId;
  return subnets.find(({ subnetId }) => subnetId === subnet)?.availabilityZone ?? `${region}a`;
}

function launchLike(desk: Desk, like: InstanceId | undefined): InstanceId {
  const { state, newId, now } = desk;
  const model = state.instances.find(({ instanceId }) => instanceId === like);
  // A group's members are filled in when the state is read, so a group with a member has a model.
  if (!model) throw new Error('an Auto Scaling group without a member cannot launch one here');
  const instanceId = InstanceId.parse(newId('i'));
  const root = model.blockDevices.find(({ deviceName }) => deviceName === model.rootDeviceName);
  const volumeId = VolumeId.parse(newId('vol'));
  state.instances.push({
    ...structuredClone(model),
    instanceId,
    state: 'running',
    disableApiTermination: false,
    disableApiStop: false,
    launchTime: now().toISOString(),
    blockDevices: root ? [{ ...root, volumeId, deleteOnTermination: true }] : [],
  });
  const image = state.volumes.find((volume) => volume.volumeId === root?.volumeId);
  if (image) {
    const { clientToken: _, clientRequest: __, ...rest } = structuredClone(image);
    state.volumes.push({ ...rest, volumeId, state: 'in-use', createTime: now().toISOString() });
  }
  launchInterface(desk, model.instanceId, instanceId);
  return instanceId;
}

/** The new instance's primary interface: the model's subnet and groups, an address of its own. */
function launchInterface({ state, newId }: Desk, model: InstanceId, instanceId: InstanceId): void {
  const like = state.networkInterfaces.find(
    ({ attachment }) => attachment?.instanceId === model && attachment.deviceIndex === 0,
  );
  if (!like) return;
  const taken = new Set(state.networkInterfaces.flatMap((eni) => eni.privateIpAddresses));
  const prefix = like.privateIpAddresses[0]?.split('.').slice(0, 3).join('.');
  const hosts = Array.from({ length: 200 }, (_, n) => `${prefix}.${50 + n}`);
  state.networkInterfaces.push({
    networkInterfaceId: NetworkInterfaceId.parse(newId('eni')),
    subnetId: like.subnetId,
    groups: [...like.groups],
    privateIpAddresses: hosts.filter((host) => !taken.has(host)).slice(0, 1),
    ipv6Addresses: [],
    requesterManaged: false,
    interfaceType: 'interface',
    description: '',
    attachment: { attachmentId: newId('eni-attach'), instanceId, deviceIndex: 0 },
    tags: {},
  });
}

function updateAutoScalingGroup(desk: Desk, input: UpdateAutoScalingGroupType): object {
  const group = groupNamed(desk.state, input.AutoScalingGroupName);
  const { AutoScalingGroupName: _, MinSize, MaxSize, DesiredCapacity, ...others } = input;
  const [other] = Object.keys(others);
  if (other) throw new Error(`the rehearsal account keeps no group attribute ${other}`);
  const minSize = MinSize ?? group.minSize;
  const maxSize = MaxSize ?? group.maxSize;
  if (minSize > maxSize) {
    throw invalid(`Max bound, ${maxSize}, must be greater than or equal to min bound, ${minSize}`);
  }
  if (DesiredCapacity !== undefined && (DesiredCapacity < minSize || DesiredCapacity > maxSize)) {
    throw invalid(
      `Desired capacity:${DesiredCapacity} must be between the specified min size:${minSize} and max size:${maxSize}`,
    );
  }
  const desired = DesiredCapacity ?? group.desiredCapacity;
  group.minSize = minSize;
  group.maxSize = maxSize;
  group.desiredCapacity = Math.min(Math.max(desired, minSize), maxSize);
  launchMissing(desk, group, []);
  terminateSurplus(desk.state, group);
  return {};
}

/** What is too many goes, oldest first, protected members apart: what a careless change costs. */
function terminateSurplus(state: AccountState, group: Group): void {
  while (counted(group).length > group.desiredCapacity) {
    const member = counted(group).find(({ protectedFromScaleIn }) => !protectedFromScaleIn);
    if (!member) return;
    group.instances = group.instances.filter((other) => other !== member);
    leaveLoadBalancers(state, group, member.instanceId);
    terminate(state, member.instanceId);
  }
}

/** Termination as EC2 leaves it. Termination protection does not hold Auto Scaling back. */
function terminate(state: AccountState, id: InstanceId): void {
  const instance = state.instances.find(({ instanceId }) => instanceId === id);
  if (!instance) return;
  const [deleted, kept] = [true, false].map((deletes) =>
    instance.blockDevices
      .filter(({ deleteOnTermination }) => deleteOnTermination === deletes)
      .map(({ volumeId }) => volumeId),
  );
  state.volumes = state.volumes.filter(({ volumeId }) => !deleted?.includes(volumeId));
  for (const volume of state.volumes) {
    if (kept?.includes(volume.volumeId)) volume.state = 'available';
  }
  state.networkInterfaces = state.networkInterfaces.filter(
    ({ attachment }) => attachment?.instanceId !== id,
  );
  instance.state = 'terminated';
  instance.blockDevices = [];
  delete instance.subnetId;
}

function recordLifecycleActionHeartbeat(
  { state }: Desk,
  input: RecordLifecycleActionHeartbeatType,
): object {
  const group = groupNamed(state, input.AutoScalingGroupName);
  const hook = group.lifecycleHooks.find(({ name }) => name === input.LifecycleHookName);
  const awaited =
    hook?.transition === 'autoscaling:EC2_INSTANCE_TERMINATING'
      ? /^(?:Warmed:)?Terminating:Wait$/
      : /^(?:Warmed:)?Pending:Wait$/;
  const member = group.instances.find(({ instanceId }) => instanceId === input.InstanceId);
  if (!hook || !member || !awaited.test(member.lifecycleState)) {
    throw invalid(`No active Lifecycle Action found with instance ID ${input.InstanceId}`);
  }
  return {};
}

function attachInstances(desk: Desk, input: AttachInstancesQuery): object {
  const { state } = desk;
  const group = groupNamed(state, input.AutoScalingGroupName);
  const instances = (input.InstanceIds ?? []).map((id) => {
    const instance = state.instances.find(({ instanceId }) => instanceId === id);
    if (instance?.state !== 'running') {
      throw invalid(`Invalid Instance ID(s): [${id}] specified. The instance is not running.`);
    }
    const other = state.autoScalingGroups.find((candidate) =>
      candidate.instances.some(({ instanceId }) => instanceId === id),
    );
    if (other) throw invalid(`Instance ${id} is already part of AutoScalingGroup:${other.name}`);
    return instance;
  });
  if (group.desiredCapacity + instances.length > group.maxSize) {
    throw invalid(
      `AutoScalingGroup ${group.name} has max-size=${group.maxSize}, and desired-size=${group.desiredCapacity}. To attach ${instances.length} more instance, please update the AutoScalingGroup sizes appropriately.`,
    );
  }
  group.desiredCapacity += instances.length;
  for (const instance of instances) {
    group.instances.push({
      instanceId: instance.instanceId,
      lifecycleState: 'InService',
      healthStatus: 'Healthy',
      protectedFromScaleIn: false,
      availabilityZone: zoneOf(state, instance.instanceId),
    });
    instance.tags['aws:autoscaling:groupName'] = group.name;
    joinLoadBalancers(state, group, instance.instanceId);
  }
  return {};
}

function enterStandby(desk: Desk, input: EnterStandbyQuery): { Activities: Activity[] } {
  const group = groupNamed(desk.state, input.AutoScalingGroupName);
  const members = membersNamed(group, input.InstanceIds, ['InService']);
  if (input.ShouldDecrementDesiredCapacity) shrink(group, members.length, 'place into standby');
  for (const member of members) {
    member.lifecycleState = 'Standby';
    leaveLoadBalancers(desk.state, group, member.instanceId);
  }
  launchMissing(
    desk,
    group,
    members.map(({ instanceId }) => instanceId),
  );
  return {
    Activities: members.map(({ instanceId }) =>
      activity(desk, group, `Moving EC2 instance to Standby: ${instanceId}`),
    ),
  };
}

function exitStandby(desk: Desk, input: ExitStandbyQuery): { Activities: Activity[] } {
  const group = groupNamed(desk.state, input.AutoScalingGroupName);
  const members = membersNamed(group, input.InstanceIds, ['Standby']);
  if (group.desiredCapacity + members.length > group.maxSize) {
    throw invalid(`AutoScalingGroup ${group.name} has max-size=${group.maxSize}.`);
  }
  group.desiredCapacity += members.length;
  for (const member of members) {
    member.lifecycleState = 'InService';
    joinLoadBalancers(desk.state, group, member.instanceId);
  }
  return {
    Activities: members.map(({ instanceId }) => ({
      ...activity(desk, group, `Moving EC2 instance out of Standby: ${instanceId}`),
      // https://docs.aws.amazon.com/cli/latest/reference/autoscaling/exit-standby.html
      StatusCode: 'PreInService' as const,
      Progress: 30,
    })),
  };
}

/** Auto Scaling. Groups change at once: no transition is ever seen that the case did not state. */
export const autoScalingOperations: Readonly<Record<AwsCall, Operation>> = {
  'autoscaling:DescribeAutoScalingInstances': describeAutoScalingInstances,
  'autoscaling:DescribeAutoScalingGroups': describeAutoScalingGroups,
  'autoscaling:DescribeLifecycleHooks': describeLifecycleHooks,
  'autoscaling:DetachInstances': detachInstances,
  'autoscaling:AttachInstances': attachInstances,
  'autoscaling:EnterStandby': enterStandby,
  'autoscaling:ExitStandby': exitStandby,
  'autoscaling:UpdateAutoScalingGroup': updateAutoScalingGroup,
  'autoscaling:RecordLifecycleActionHeartbeat': recordLifecycleActionHeartbeat,
};
