import { readFileSync } from 'node:fs';

/** The 229 finding types GuardDuty has today, custom detection rules included. */
export const knownFindingTypes: readonly string[] = readFileSync(
  new URL('known-finding-types.txt', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** The resource type GuardDuty most likely gives a finding of this type. */
export function likelyResourceType(type: string): string {
  if (type.startsWith('AttackSequence:')) return 'AttackSequence';
  const artefact = /!(Snapshot|AMI|RecoveryPoint)$/.exec(type)?.[1];
  if (artefact === 'Snapshot') return 'EBSSnapshot';
  if (artefact === 'AMI') return 'EC2Image';
  if (artefact) return type.includes(':S3/') ? 'S3RecoveryPoint' : 'EC2RecoveryPoint';
  if (type === 'Object:S3/MaliciousFile') return 'S3Object';
  const [, family = ''] = /:(\w+)\//.exec(type) ?? [];
  const byFamily: Readonly<Record<string, string>> = {
    EC2: 'Instance',
    Runtime: 'Instance',
    S3: 'S3Bucket',
    Kubernetes: 'EKSCluster',
    ECS: 'ECSCluster',
    Container: 'Container',
    RDS: 'RDSDBInstance',
    Lambda: 'Lambda',
  };
  return byFamily[family] ?? 'AccessKey';
}
