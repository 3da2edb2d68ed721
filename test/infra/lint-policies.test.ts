import { describe, expect, it } from 'vitest';
import { lintPolicies } from '../../infra/lint-policies.ts';

const withStatement = (Type: string, statement: object) => ({
  Resources: { It: { Type, Properties: { PolicyDocument: { Statement: [statement] } } } },
});
const allow = (Action: string | string[], Resource: unknown = '*') => ({
  Effect: 'Allow',
  Action,
  Resource,
});

describe('the lint of policies', () => {
  it.each([
    ['an action that could be narrower', allow('s3:GetObject'), 's3:GetObject on *'],
    [
      'the one read of EC2 that takes an instance',
      allow('ec2:DescribeInstanceAttribute'),
      'DescribeInstanceAttribute on *',
    ],
    [
      'one such among others',
      allow(['ec2:DescribeInstances', 'ec2:StopInstances']),
      'StopInstances',
    ],
    [
      'one in a list of resources',
      allow('iam:PassRole', ['arn:aws:iam::1:role/r', '*']),
      'PassRole',
    ],
    ['every action of a service', allow('s3:*', 'arn:aws:s3:::b'), 'every action'],
    ['every action there is', allow('*', 'arn:aws:s3:::b'), 'every action'],
    ['all but some', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, 'all but some'],
  ])('finds %s', (_what, statement, problem) => {
    for (const type of ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::S3::BucketPolicy']) {
      expect(lintPolicies(withStatement(type, statement))).toEqual([
        expect.stringContaining(`It: allows`),
      ]);
      expect(lintPolicies(withStatement(type, statement))[0]).toContain(problem);
    }
  });

  it.each([
    ['what AWS supports no resource for', 'AWS::IAM::Policy', allow('ec2:DescribeInstances')],
    ['a refusal', 'AWS::IAM::Policy', { Effect: 'Deny', Action: 's3:*', Resource: '*' }],
    [
      'a pattern that is narrower',
      'AWS::IAM::Policy',
      allow('iam:GetRole', 'arn:aws:iam::*:role/*'),
    ],
    ["a key's own policy", 'AWS::KMS::Key', allow('kms:*')],
  ])('lets %s pass', (_what, type, statement) => {
    expect(lintPolicies(withStatement(type, statement))).toEqual([]);
  });
});
