import {
  AccessPointNotFoundException,
  type DeregisterEndPointsInput,
  type DescribeAccessPointsInput,
  type DescribeAccessPointsOutput,
  ElasticLoadBalancingServiceException,
  InvalidEndPointException,
  type RegisterEndPointsInput,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  type DeregisterTargetsInput,
  type DescribeTargetGroupsInput,
  type DescribeTargetGroupsOutput,
  type DescribeTargetHealthInput,
  type DescribeTargetHealthOutput,
  ElasticLoadBalancingV2ServiceException,
  InvalidTargetException,
  type RegisterTargetsInput,
  type TargetDescription,
  TargetGroupNotFoundException,
  type TargetHealth,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { InstanceId } from '../../functions/shared/ids.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { pageOf } from './pages.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type TargetGroup = AccountState['targetGroups'][number];
type Target = TargetGroup['targets'][number];

const $metadata = { httpStatusCode: 400 };

/** Refusals that neither client models; the wire's code becomes the name of the base class. */
const invalid = (
  Exception:
    | typeof ElasticLoadBalancingServiceException
    | typeof ElasticLoadBalancingV2ServiceException,
  message: string,
) => new Exception({ name: 'ValidationError', message, $fault: 'client', $metadata });

interface Paged {
  readonly Marker?: string | undefined;
  readonly PageSize?: number | undefined;
}

function page<T>(
  items: readonly T[],
  { Marker, PageSize = 400 }: Paged,
  refused: (message: string) => Error,
): { items: T[]; NextMarker?: string } {
  if (PageSize < 1 || PageSize > 400) throw refused('pageSize must be between 1 and 400');
  const { items: cut, next } = pageOf(items, { size: PageSize, token: Marker }, () =>
    refused('The marker is not valid'),
  );
  return { items: cut, ...(next && { NextMarker: next }) };
}

function targetGroup({ targetGroups }: AccountState, arn: string | undefined): TargetGroup {
  const group = targetGroups.find((candidate) => candidate.arn === arn);
  if (!group) {
    throw new TargetGroupNotFoundException({
      message: 'One or more target groups not found',
      $metadata,
    });
  }
  return group;
}

function describeTargetGroups(
  { state }: Desk,
  input: DescribeTargetGroupsInput,
): DescribeTargetGroupsOutput {
  for (const arn of input.TargetGroupArns ?? []) targetGroup(state, arn);
  if (input.LoadBalancerArn) throw new Error('the rehearsal account keeps no listeners');
  const found = state.targetGroups.filter(
    ({ arn, name }) =>
      (!input.TargetGroupArns?.length || input.TargetGroupArns.includes(arn)) &&
      (!input.Names?.length || input.Names.includes(name)),
  );
  if (input.Names && found.length < input.Names.length) targetGroup(state, undefined);
  const { items, ...next } = page(found, input, (message) =>
    invalid(ElasticLoadBalancingV2ServiceException, message),
  );
  const TargetGroups = items.map(({ arn, name, targetType, vpcId, protocol, port }) => ({
    TargetGroupArn: arn,
    TargetGroupName: name,
    TargetType: targetType,
    ...(targetType !== 'lambda' && {
      // The SDK lists every protocol's name; a case's is one of them.
      Protocol: protocol as 'HTTP',
      Port: port,
      ...(vpcId && { VpcId: vpcId }),
    }),
    HealthCheckEnabled: true,
    LoadBalancerArns: [],
  }));
  return { TargetGroups, ...next };
}

/** Without a port a target is the one on the group's own: another port must be named. */
const isNamed =
  (group: TargetGroup, target: Target) =>
  ({ Id, Port }: TargetDescription): boolean =>
    Id === target.id && (target.port === undefined || (Port ?? group.port) === target.port);

function describeTargetHealth(
  { state }: Desk,
  input: DescribeTargetHealthInput,
): DescribeTargetHealthOutput {
  const group = targetGroup(state, input.TargetGroupArn);
  const registered = group.targets.filter(
    (target) => !input.Targets?.length || input.Targets.some(isNamed(group, target)),
  );
  const unknown = (input.Targets ?? []).filter(
    (asked) => !group.targets.some((target) => isNamed(group, target)(asked)),
  );
  return {
    TargetHealthDescriptions: [
      ...registered.map(({ id, port, state: health }) => ({
        Target: { Id: id, ...(port !== undefined && { Port: port }) },
        TargetHealth: { State: health, ...reasons[health] },
      })),
      ...unknown.map((Target) => ({
        Target,
        TargetHealth: { State: 'unused', Reason: 'Target.NotRegistered' } satisfies TargetHealth,
      })),
    ],
  };
}

const reasons: Readonly<Record<Target['state'], TargetHealth>> = {
  healthy: {},
  initial: { Reason: 'Elb.RegistrationInProgress' },
  unhealthy: { Reason: 'Target.FailedHealthChecks' },
  unused: { Reason: 'Target.NotInUse' },
  draining: { Reason: 'Target.DeregistrationInProgress' },
  unavailable: { Reason: 'Target.HealthCheckDisabled' },
};

/**
 * Deregisters targets. One that is not registered on that port changes nothing, and nothing is said.
 *
 * A target drains for as long as its group says, five minutes unless changed, so it stays in the
 * list; one in a group that no load balancer uses goes at once.
 */
export function deregister(
  state: AccountState,
  arn: string | undefined,
  targets: readonly TargetDescription[],
): void {
  const group = targetGroup(state, arn);
  for (const target of group.targets) {
    if (target.state !== 'unused' && targets.some(isNamed(group, target))) {
      target.state = 'draining';
    }
  }
  group.targets = group.targets.filter(
    (target) => target.state !== 'unused' || !targets.some(isNamed(group, target)),
  );
}

export function register(
  state: AccountState,
  arn: string | undefined,
  targets: readonly TargetDescription[],
): void {
  const group = targetGroup(state, arn);
  for (const { Id = '', Port } of targets) {
    const known = state.instances.some(
      (instance) => instance.instanceId === Id && instance.state === 'running',
    );
    if (group.targetType === 'instance' && !known) {
      throw new InvalidTargetException({
        message: `The following targets are not in a running state and cannot be registered: '${Id}'`,
        $metadata,
      });
    }
    const registered = group.targets.find((target) => isNamed(group, target)({ Id, Port }));
    const target: Target = registered ?? { id: Id, port: Port ?? group.port, state: 'initial' };
    if (!registered) group.targets.push(target);
    if (target.state === 'draining') target.state = 'initial';
  }
}

type LoadBalancer = AccountState['classicLoadBalancers'][number];

function loadBalancer({ classicLoadBalancers }: AccountState, name?: string): LoadBalancer {
  const found = classicLoadBalancers.find((candidate) => candidate.name === name);
  if (!found) {
    throw new AccessPointNotFoundException({
      message: `There is no ACTIVE Load Balancer named '${name}'`,
      $metadata,
    });
  }
  return found;
}

function describeLoadBalancers(
  { state }: Desk,
  input: DescribeAccessPointsInput,
): DescribeAccessPointsOutput {
  for (const name of input.LoadBalancerNames ?? []) loadBalancer(state, name);
  const found = state.classicLoadBalancers.filter(
    ({ name }) => !input.LoadBalancerNames?.length || input.LoadBalancerNames.includes(name),
  );
  const { items, ...next } = page(found, input, (message) =>
    invalid(ElasticLoadBalancingServiceException, message),
  );
  return {
    LoadBalancerDescriptions: items.map((balancer) => ({
      LoadBalancerName: balancer.name,
      ...(balancer.vpcId && { VPCId: balancer.vpcId }),
      Instances: instancesOf(balancer),
    })),
    ...next,
  };
}

const instancesOf = ({ instances }: LoadBalancer) => instances.map((id) => ({ InstanceId: id }));

/** The instances left. One that is not registered changes nothing; one that EC2 does not know is refused. */
export function deregisterClassic(
  state: AccountState,
  name: string | undefined,
  ids: readonly string[],
) {
  const balancer = loadBalancer(state, name);
  refuseUnknown(state, ids);
  balancer.instances = balancer.instances.filter((id) => !ids.includes(id));
  return { Instances: instancesOf(balancer) };
}

export function registerClassic(
  state: AccountState,
  name: string | undefined,
  ids: readonly string[],
) {
  const balancer = loadBalancer(state, name);
  refuseUnknown(state, ids);
  balancer.instances = [
    ...new Set([...balancer.instances, ...ids.map((id) => InstanceId.parse(id))]),
  ];
  return { Instances: instancesOf(balancer) };
}

function refuseUnknown({ instances }: AccountState, ids: readonly string[]): void {
  const unknown = ids.find((id) => !instances.some(({ instanceId }) => instanceId === id));
  if (unknown) {
    throw new InvalidEndPointException({
      message: `Could not find EC2 instance ${unknown}.`,
      $metadata,
    });
  }
}

const idsOf = ({ Instances = [] }: RegisterEndPointsInput | DeregisterEndPointsInput) =>
  Instances.map(({ InstanceId: id = '' }) => id);

/** Both generations: IAM has one prefix for the two, and no call that steps make is in both. */
export const elasticLoadBalancingOperations: Readonly<Record<AwsCall, Operation>> = {
  'elasticloadbalancing:DescribeTargetGroups': describeTargetGroups,
  'elasticloadbalancing:DescribeTargetHealth': describeTargetHealth,
  'elasticloadbalancing:DeregisterTargets': (
    { state },
    { TargetGroupArn, Targets = [] }: DeregisterTargetsInput,
  ) => {
    deregister(state, TargetGroupArn, Targets);
    return {};
  },
  'elasticloadbalancing:RegisterTargets': (
    { state },
    { TargetGroupArn, Targets = [] }: RegisterTargetsInput,
  ) => {
    register(state, TargetGroupArn, Targets);
    return {};
  },
  'elasticloadbalancing:DescribeLoadBalancers': describeLoadBalancers,
  'elasticloadbalancing:DeregisterInstancesFromLoadBalancer': (
    { state },
    input: DeregisterEndPointsInput,
  ) => deregisterClassic(state, input.LoadBalancerName, idsOf(input)),
  'elasticloadbalancing:RegisterInstancesWithLoadBalancer': (
    { state },
    input: RegisterEndPointsInput,
  ) => registerClassic(state, input.LoadBalancerName, idsOf(input)),
};
