import type { Finding } from '../shared/finding.ts';
import { forbidden } from '../shared/guard-rails.ts';
import type { InstanceId, Region, VpcId } from '../shared/ids.ts';
import type { Principal } from '../shared/principal.ts';
import type { StepContext } from '../shared/step.ts';

/** Why nothing is done and a person is told. */
export const forHuman = [
  ...forbidden,
  'root',
  'aws-service',
  'other-account',
  'management-account',
  'unknown-principal',
  'unknown-key',
  'guard-unreadable',
] as const;
export type ForHuman = (typeof forHuman)[number];

/** What a case is about: what it locks, and where. */
export interface Target {
  readonly arn: string;
  readonly region: Region;
  readonly instanceId: InstanceId | null;
  readonly vpcIds: readonly VpcId[];
  readonly principal: Principal | null;
}

export interface LeftToHuman {
  readonly reason: ForHuman;
}

/** Finds what a finding is about, or whose business it is instead. Throws where it is another playbook's. */
export type FindTarget = (
  finding: Finding,
  context: Pick<StepContext, 'own' | 'settings'>,
) => Target | LeftToHuman;
