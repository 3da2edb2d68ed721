import {
  AccessPointNotFoundException,
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  type ElasticLoadBalancingClient,
  paginateDescribeLoadBalancers,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import * as z from 'zod';
import type { CaseRef } from '../shared/case-record.ts';
import { InstanceId } from '../shared/ids.ts';

/** A classic load balancer the instance was registered with. */
export const classicBefore = z.strictObject({
  kind: z.literal('classic'),
  name: z.string().min(1),
  instanceId: InstanceId,
});
type Registration = Omit<z.infer<typeof classicBefore>, 'kind'>;

/** Names of the classic load balancers that list the instance. */
export async function classicNamesOf(
  classic: ElasticLoadBalancingClient,
  instanceId: InstanceId,
): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateDescribeLoadBalancers({ client: classic }, {})) {
    for (const { LoadBalancerName, Instances = [] } of page.LoadBalancerDescriptions ?? []) {
      const listed = Instances.some(({ InstanceId: id }) => id === instanceId);
      if (LoadBalancerName && listed) names.push(LoadBalancerName);
    }
  }
  return names;
}

/** What is put on record of a classic load balancer before the instance leaves it. */
export const beforeClassic = (
  { name, instanceId }: Registration,
  { region, account }: CaseRef,
) => ({
  resource: `arn:aws:elasticloadbalancing:${region}:${account}:loadbalancer/${name}`,
  state: { kind: 'classic', name, instanceId } satisfies z.infer<typeof classicBefore>,
});

/** Takes the instance out of one classic load balancer. */
export async function leaveClassic(
  classic: ElasticLoadBalancingClient,
  { name, instanceId }: Registration,
) {
  const left = await unlessGone(() =>
    classic.send(
      new DeregisterInstancesFromLoadBalancerCommand({
        LoadBalancerName: name,
        Instances: [{ InstanceId: instanceId }],
      }),
    ),
  );
  return { targets: [], classic: left ? [name] : [] };
}

/** Registers the instance with a classic load balancer it was taken from. */
export async function restoreClassic(
  classic: ElasticLoadBalancingClient,
  { name, instanceId }: Registration,
): Promise<'restored' | 'already-restored' | 'gone'> {
  const restored = await unlessGone(async () => {
    const { LoadBalancerDescriptions = [] } = await classic.send(
      new DescribeLoadBalancersCommand({ LoadBalancerNames: [name] }),
    );
    const instances = LoadBalancerDescriptions.flatMap(({ Instances = [] }) => Instances);
    if (instances.some(({ InstanceId: id }) => id === instanceId)) return 'already-restored';
    await classic.send(
      new RegisterInstancesWithLoadBalancerCommand({
        LoadBalancerName: name,
        Instances: [{ InstanceId: instanceId }],
      }),
    );
    return 'restored';
  });
  return restored ?? 'gone';
}

/** A load balancer that was deleted meanwhile serves nobody. */
async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AccessPointNotFoundException) return undefined;
    throw error;
  }
}
