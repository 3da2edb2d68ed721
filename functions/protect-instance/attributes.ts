import {
  DescribeInstanceAttributeCommand,
  type EC2Client,
  EC2ServiceException,
  type Instance,
  ModifyInstanceAttributeCommand,
  type ModifyInstanceAttributeCommandInput,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { InstanceId } from '../shared/ids.ts';
import { describeInstance, stillThere } from '../shared/instance.ts';
import { sideBySide } from '../shared/side-by-side.ts';

/** The attributes that decide whether an instance and its volumes survive, as they are at one time. */
export const Attributes = z.strictObject({
  instanceId: InstanceId,
  disableApiTermination: z.boolean(),
  disableApiStop: z.boolean(),
  shutdownBehavior: z.enum(['stop', 'terminate']),
  devices: z.array(
    z.strictObject({
      deviceName: z.string(),
      volumeId: z.string(),
      deleteOnTermination: z.boolean(),
    }),
  ),
});
export type Attributes = z.infer<typeof Attributes>;

export const names = [
  'disableApiTermination',
  'disableApiStop',
  'shutdownBehavior',
  'deleteOnTermination',
] as const;
export type Name = (typeof names)[number];

/** What EC2 says of the attributes, and which of them it is known to refuse for such an instance. */
interface Reading {
  readonly now: Attributes;
  readonly unsupported: readonly Name[];
}

/** Reads the attributes side by side; undefined when there is no instance left to protect. */
export async function readAttributes(
  ec2: EC2Client,
  instanceId: InstanceId,
): Promise<Reading | undefined> {
  const attribute = (
    Attribute: 'disableApiTermination' | 'disableApiStop' | 'instanceInitiatedShutdownBehavior',
  ) => ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute }));
  const description = describeInstance(ec2, instanceId);
  const reads = [
    attribute('disableApiTermination'),
    attribute('disableApiStop'),
    attribute('instanceInitiatedShutdownBehavior'),
  ] as const;

  // Of an instance that is gone EC2 refuses to tell the attributes: only its state matters then.
  await Promise.allSettled([description, ...reads]);
  const instance = stillThere(await description);
  if (!instance) return undefined;

  const [termination, stop, shutdown] = await sideBySide(reads);
  const now = Attributes.parse({
    instanceId,
    disableApiTermination: termination.DisableApiTermination?.Value,
    disableApiStop: stop.DisableApiStop?.Value,
    shutdownBehavior: shutdown.InstanceInitiatedShutdownBehavior?.Value,
    devices: devicesOf(instance),
  });
  return { now, unsupported: unsupportedBy(instance) };
}

const devicesOf = ({ BlockDeviceMappings = [] }: Instance) =>
  BlockDeviceMappings.flatMap(({ DeviceName, Ebs }) =>
    Ebs
      ? {
          deviceName: DeviceName,
          volumeId: Ebs.VolumeId,
          deleteOnTermination: Ebs.DeleteOnTermination,
        }
      : [],
  );

/**
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html and
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html
 */
function unsupportedBy({ InstanceLifecycle, RootDeviceType }: Instance): readonly Name[] {
  if (InstanceLifecycle === 'spot') return ['disableApiTermination', 'disableApiStop'];
  return RootDeviceType === 'instance-store' ? ['disableApiStop', 'shutdownBehavior'] : [];
}

/** The same attributes with all of them protecting. */
export const protecting = (now: Attributes): Attributes => ({
  instanceId: now.instanceId,
  disableApiTermination: true,
  disableApiStop: true,
  shutdownBehavior: 'stop',
  devices: now.devices.map((device) => ({ ...device, deleteOnTermination: false })),
});

/** The attributes that differ, each with what its one call must set. */
type Changes = ReadonlyMap<Name, Omit<ModifyInstanceAttributeCommandInput, 'InstanceId'>>;

/** The calls that lead from `now` to `wanted`: EC2 takes one attribute per call. */
export function changesBetween(now: Attributes, wanted: Attributes): Changes {
  const changes = new Map<Name, Omit<ModifyInstanceAttributeCommandInput, 'InstanceId'>>();
  const { disableApiTermination, disableApiStop, shutdownBehavior } = wanted;
  if (now.disableApiTermination !== disableApiTermination)
    changes.set('disableApiTermination', {
      DisableApiTermination: { Value: disableApiTermination },
    });
  if (now.disableApiStop !== disableApiStop)
    changes.set('disableApiStop', { DisableApiStop: { Value: disableApiStop } });
  if (now.shutdownBehavior !== shutdownBehavior)
    changes.set('shutdownBehavior', {
      InstanceInitiatedShutdownBehavior: { Value: shutdownBehavior },
    });

  const devices = wanted.devices.filter(({ deviceName, deleteOnTermination }) =>
    now.devices.some(
      (device) =>
        device.deviceName === deviceName && device.deleteOnTermination !== deleteOnTermination,
    ),
  );
  if (devices.length > 0) {
    // Said outright for each device: left out, DeleteOnTermination becomes true.
    const BlockDeviceMappings = devices.map(({ deviceName, deleteOnTermination }) => ({
      DeviceName: deviceName,
      Ebs: { DeleteOnTermination: deleteOnTermination },
    }));
    changes.set('deleteOnTermination', { BlockDeviceMappings });
  }
  return changes;
}

/**
 * Makes the changes side by side and returns those that EC2 does not support for this instance. One
 * that fails for another reason throws, once all have been tried.
 */
export async function change(
  ec2: EC2Client,
  instanceId: InstanceId,
  changes: Changes,
): Promise<ReadonlySet<Name>> {
  const refused = await sideBySide(
    [...changes].map(async ([name, attribute]) => {
      try {
        await ec2.send(
          new ModifyInstanceAttributeCommand({ InstanceId: instanceId, ...attribute }),
        );
        return [];
      } catch (error) {
        if (error instanceof EC2ServiceException && error.name === 'UnsupportedOperation')
          return [name];
        throw error;
      }
    }),
  );
  return new Set(refused.flat());
}
