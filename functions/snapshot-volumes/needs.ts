import type { Need } from '../shared/step.ts';

const throughEc2 = { StringLike: { 'kms:ViaService': 'ec2.*.amazonaws.com' } };
const keys = 'arn:aws:kms:*:*:key/*';

/** What AWS demands for snapshots without the step ever calling it. */
export const needs: readonly Need[] = [
  {
    action: 'ec2:CreateTags',
    on: 'arn:aws:ec2:*::snapshot/*',
    when: { StringEquals: { 'ec2:CreateAction': ['CreateSnapshots', 'CreateSnapshot'] } },
    because: 'the snapshots are tagged as they are made, with tags copied from their volumes too',
  },
  {
    action: 'kms:DescribeKey',
    on: keys,
    when: throughEc2,
    because: 'EBS looks the key of an encrypted volume up on behalf of who snapshots it',
  },
  {
    action: 'kms:GenerateDataKeyWithoutPlaintext',
    on: keys,
    when: throughEc2,
    because: 'the snapshot of a volume under a customer key is encrypted under the same key',
  },
  {
    action: 'kms:CreateGrant',
    on: keys,
    when: { ...throughEc2, Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    because: 'EBS goes on using the key after the call, while the snapshot is being copied',
  },
];
