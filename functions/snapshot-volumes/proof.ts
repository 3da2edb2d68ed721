import {
  DescribeSnapshotsCommand,
  type EC2Client,
  EC2ServiceException,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import { NotProvenError } from '../shared/step.ts';

interface Claim {
  readonly snapshotId: string;
  readonly volumeId: string;
  readonly device: string | null;
}

/**
 * Reads the snapshots back and holds each to its volume, its tags and a state that is not `error`.
 * A snapshot that EC2 does not list yet is as unproven as a failed one; the retry finds it.
 */
export async function proveSnapshots(ec2: EC2Client, claims: readonly Claim[], caseId: string) {
  if (claims.length === 0) return;
  const seen = await describe(
    ec2,
    claims.map(({ snapshotId }) => snapshotId),
  );
  for (const claim of claims) {
    const snapshot = seen.find(({ SnapshotId }) => SnapshotId === claim.snapshotId);
    const fault = snapshot ? faultOf(snapshot, claim, caseId) : 'is not there';
    if (fault) throw new NotProvenError(`${claim.snapshotId} of ${claim.volumeId} ${fault}`);
  }
}

function faultOf({ State, VolumeId, Tags = [] }: Snapshot, claim: Claim, caseId: string) {
  const tag = (key: string) => Tags.find(({ Key }) => Key === `cordon:${key}`)?.Value;
  if (VolumeId !== claim.volumeId) return `is of ${VolumeId}`;
  if (State === 'error') return 'failed';
  if (tag('case') !== caseId || !tag('instance') || !tag('finding')) return 'lacks its tags';
  if (claim.device !== null && tag('device') !== claim.device) return 'lacks its device';
  return undefined;
}

async function describe(ec2: EC2Client, SnapshotIds: string[]): Promise<Snapshot[]> {
  try {
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds }));
    return Snapshots;
  } catch (error) {
    if (error instanceof EC2ServiceException && error.name === 'InvalidSnapshot.NotFound') {
      throw new NotProvenError(error.message);
    }
    throw error;
  }
}
