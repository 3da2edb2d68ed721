import type { Need } from '../shared/step.ts';
import { linkSeconds } from './tool-link.ts';

const throughEc2 = { StringLike: { 'kms:ViaService': 'ec2.*.amazonaws.com' } };

/** What AWS demands of `start-memory-capture` beside the calls it makes. */
export const needs: readonly Need[] = [
  {
    action: 'ec2:CreateTags',
    on: 'arn:aws:ec2:*:*:volume/*',
    when: { StringEquals: { 'ec2:CreateAction': 'CreateVolume' } },
    because: 'CreateVolume with tags is authorised as tagging too.',
  },
  {
    action: 'ec2:AttachVolume',
    on: 'arn:aws:ec2:*:*:instance/*',
    because:
      'AttachVolume is authorised on the instance as well, which lacks the tag asked of the volume.',
  },
  {
    action: 's3:GetObject',
    on: 'arn:aws:s3:::*/*',
    when: {
      StringEquals: {
        's3:authType': 'REST-QUERY-STRING',
        's3:ExistingObjectTag/cordon:role': 'memory-tool',
      },
      NumericLessThanEquals: { 's3:signatureAge': String(linkSeconds * 1000) },
    },
    because:
      'The link to the capture tool can do what its signer can: fetch an object that the deployer tagged as such a tool, by a link, within its lifetime.',
  },
  ...(['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext'] as const).map(
    (action): Need => ({
      action,
      on: 'arn:aws:kms:*:*:key/*',
      when: throughEc2,
      because: 'EBS asks KMS in the name of whoever creates and attaches an encrypted volume.',
    }),
  ),
  {
    action: 'kms:CreateGrant',
    on: 'arn:aws:kms:*:*:key/*',
    when: { ...throughEc2, Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    because: 'EC2 is granted the use of the key for as long as the volume is attached.',
  },
];
