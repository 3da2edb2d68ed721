import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  type Attributes,
  change,
  changesBetween,
  names,
  protecting,
  readAttributes,
} from './attributes.ts';

/** Gives the instance back the attributes it had, all of them or, once someone else changed one, none. */
export async function restoreAttributes(ec2: EC2Client, before: Attributes) {
  const reading = await readAttributes(ec2, before.instanceId);
  if (!reading) return { outcome: 'gone' as const };
  if (hasDrifted(before, reading.now)) return { outcome: 'drifted' as const };

  const due = changesBetween(reading.now, before);
  await change(ec2, before.instanceId, due);
  return { outcome: due.size > 0 ? ('restored' as const) : ('already-restored' as const) };
}

/**
 * Whether someone else changed what the step left: an attribute protects no more that did before the
 * step came, or a device whose volume it kept is another volume by now. Every attribute has but two
 * values, so whatever else differs from before is the step's own work.
 */
function hasDrifted(before: Attributes, now: Attributes): boolean {
  const wasProtecting = changesBetween(before, protecting(before));
  const isProtecting = changesBetween(now, protecting(now));
  const unprotected = names.slice(0, 3).some((n) => !wasProtecting.has(n) && isProtecting.has(n));
  const swapped = before.devices.some(
    (was) =>
      was.deleteOnTermination &&
      !now.devices.some((is) => is.deviceName === was.deviceName && is.volumeId === was.volumeId),
  );
  return unprotected || swapped;
}
