import {
  type EC2Client,
  EC2ServiceException,
  ModifyNetworkInterfaceAttributeCommand,
  paginateDescribeNetworkInterfaces,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { type InstanceId, NetworkInterfaceId, SecurityGroupId, VpcId } from '../shared/ids.ts';

const NetworkInterface = z.object({
  NetworkInterfaceId,
  VpcId,
  RequesterManaged: z.boolean().default(false),
  Groups: z.array(z.object({ GroupId: SecurityGroupId, GroupName: z.string() })).default([]),
});

/** A network interface attached to the instance, and the security groups it carries now. */
export type NetworkInterface = z.infer<typeof NetworkInterface>;

/**
 * Every interface attached to the instance, secondary ones that a container plug-in attached among
 * them. Read by attachment: what a finding or an instance's description lists may be out of date.
 */
export async function interfacesOf(
  ec2: EC2Client,
  instanceId: InstanceId,
): Promise<NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  const Filters = [{ Name: 'attachment.instance-id', Values: [instanceId] }];
  for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters })) {
    found.push(...(page.NetworkInterfaces ?? []).map((eni) => NetworkInterface.parse(eni)));
  }
  return found;
}

export const carriesOnly = ({ Groups }: NetworkInterface, groupId: string | undefined): boolean =>
  Groups.length === 1 && Groups[0]?.GroupId === groupId;

/**
 * Puts the interface into one group and out of all others. `refused` is AWS's answer for an
 * interface that one of its services manages.
 */
export async function putInto(
  ec2: EC2Client,
  NetworkInterfaceId: NetworkInterfaceId,
  groupId: SecurityGroupId,
): Promise<'done' | 'refused'> {
  try {
    await ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [groupId] }),
    );
    return 'done';
  } catch (error) {
    if (error instanceof EC2ServiceException && error.name === 'OperationNotPermitted') {
      return 'refused';
    }
    throw error;
  }
}
