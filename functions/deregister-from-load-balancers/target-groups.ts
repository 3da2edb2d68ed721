import type { Instance } from '@aws-sdk/client-ec2';
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  paginateDescribeTargetGroups,
  RegisterTargetsCommand,
  type TargetGroup,
  TargetGroupNotFoundException,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import { atOnce } from './at-once.ts';

/** A target as it is registered. `port` is null where the target group itself names none. */
const Target = z.strictObject({ id: z.string().min(1), port: z.int().nullable() });
type Target = z.infer<typeof Target>;

/** The targets a target group had of the instance before the step took them out. */
export const targetGroupBefore = z.strictObject({
  kind: z.literal('target-group'),
  targetGroupArn: z.string().min(1),
  targets: z.array(Target).min(1),
});
type TargetGroupBefore = z.infer<typeof targetGroupBefore>;

/** A target group with those of its targets that are the instance and not on their way out. */
interface Served {
  readonly targetGroupArn: string;
  readonly targets: readonly Target[];
}

export async function allTargetGroups(elb: ElasticLoadBalancingV2Client): Promise<TargetGroup[]> {
  const groups: TargetGroup[] = [];
  for await (const page of paginateDescribeTargetGroups({ client: elb }, {})) {
    groups.push(...(page.TargetGroups ?? []));
  }
  return groups;
}

/** The target groups that send traffic to the instance, by its id or by an address in their VPC. */
export async function registeredTargets(
  elb: ElasticLoadBalancingV2Client,
  groups: readonly TargetGroup[],
  instance: Instance,
): Promise<Served[]> {
  const asked = groups.flatMap(({ TargetGroupArn, TargetType, VpcId }) => {
    const ids = TargetGroupArn && VpcId ? idsOf(instance, TargetType, VpcId) : [];
    return TargetGroupArn && ids.length > 0 ? [{ targetGroupArn: TargetGroupArn, ids }] : [];
  });
  const served = await atOnce(
    asked.map(({ targetGroupArn, ids }) => async () => {
      const targets = (await unlessGone(() => targetsOf(elb, targetGroupArn))) ?? [];
      return { targetGroupArn, targets: targets.filter(({ id }) => ids.includes(sameText(id))) };
    }),
  );
  return served.filter(({ targets }) => targets.length > 0);
}

/** What the instance can be registered as in a target group of this type and VPC. */
function idsOf(
  { InstanceId = '', NetworkInterfaces = [] }: Instance,
  type: string | undefined,
  vpcId: string,
): readonly string[] {
  const here = NetworkInterfaces.filter(({ VpcId }) => VpcId === vpcId);
  if (here.length === 0) return [];
  if (type === 'instance') return [InstanceId];
  if (type !== 'ip') return [];
  return here
    .flatMap(({ PrivateIpAddresses = [], Ipv6Addresses = [] }) => [
      ...PrivateIpAddresses.map(({ PrivateIpAddress }) => PrivateIpAddress),
      ...Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address),
    ])
    .flatMap((address) => (address ? [sameText(address)] : []));
}

/** One address has one text: IPv6 can be written in several ways. */
const sameText = (id: string) => (ipaddr.isValid(id) ? ipaddr.parse(id).toString() : id);

/** The targets a target group may still send new connections to. */
async function targetsOf(
  elb: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
): Promise<Target[]> {
  const { TargetHealthDescriptions = [] } = await elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
  );
  return TargetHealthDescriptions.flatMap((description) => {
    const { Id, Port } = description.Target ?? {};
    return Id && !isLeaving(description) ? [{ id: Id, port: Port ?? null }] : [];
  });
}

/** `unused` alone is not leaving: such a target is registered, and served once it can be. */
const isLeaving = ({ TargetHealth: { State, Reason } = {} }: TargetHealthDescription) =>
  State === 'draining' || Reason === 'Target.NotRegistered';

/** What is put on record of a target group before the instance's targets leave it. */
export const beforeTargetGroup = ({ targetGroupArn, targets }: Served) => ({
  resource: targetGroupArn,
  state: {
    kind: 'target-group',
    targetGroupArn,
    targets: [...targets],
  } satisfies TargetGroupBefore,
});

/** Takes the instance's targets out of one target group. */
export async function leaveTargetGroup(
  elb: ElasticLoadBalancingV2Client,
  { targetGroupArn, targets }: Served,
) {
  const left = await unlessGone(() =>
    elb.send(
      new DeregisterTargetsCommand({
        TargetGroupArn: targetGroupArn,
        Targets: targets.map(descriptionOf),
      }),
    ),
  );
  return {
    targets: left ? targets.map((target) => ({ targetGroupArn, ...target })) : [],
    classic: [],
  };
}

/** Those of the targets that their target groups still serve, in words. */
export async function stillServed(
  elb: ElasticLoadBalancingV2Client,
  targets: readonly (Target & { targetGroupArn: string })[],
): Promise<string[]> {
  const groups = [...new Set(targets.map(({ targetGroupArn }) => targetGroupArn))];
  const now = await atOnce(
    groups.map((arn) => async () => {
      const served = ((await unlessGone(() => targetsOf(elb, arn))) ?? []).map(inWords);
      const left = targets.filter(({ targetGroupArn }) => targetGroupArn === arn).map(inWords);
      return left.filter((target) => served.includes(target)).map((target) => `${arn} (${target})`);
    }),
  );
  return now.flat();
}

/** Registers again what was taken out of one target group and is not there. */
export async function restoreTargets(
  elb: ElasticLoadBalancingV2Client,
  { targetGroupArn, targets }: TargetGroupBefore,
): Promise<'restored' | 'already-restored' | 'gone'> {
  const restored = await unlessGone(async () => {
    const there = (await targetsOf(elb, targetGroupArn)).map(inWords);
    const missing = targets.filter((target) => !there.includes(inWords(target)));
    if (missing.length === 0) return 'already-restored';
    await elb.send(
      new RegisterTargetsCommand({
        TargetGroupArn: targetGroupArn,
        Targets: missing.map(descriptionOf),
      }),
    );
    return 'restored';
  });
  return restored ?? 'gone';
}

const descriptionOf = ({ id, port }: Target) => ({ Id: id, ...(port !== null && { Port: port }) });
const inWords = ({ id, port }: Target) => `${id} port ${port}`;

/** A target group that was deleted meanwhile serves nobody. */
async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TargetGroupNotFoundException) return undefined;
    throw error;
  }
}
