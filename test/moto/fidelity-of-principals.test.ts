import { beforeEach, describe, expect, it } from 'vitest';
import { differences } from './differences.ts';
import { type Principals, setUpTrail } from './iam-world.ts';
import { emptyMoto } from './moto.ts';
import { principalsInGroup, scenesOfIam } from './scenes-of-iam.ts';
import { scenesOfServices } from './scenes-of-services.ts';
import { unplayed } from './unplayed.ts';

const iam = (operation: string) =>
  `https://docs.aws.amazon.com/IAM/latest/APIReference/API_${operation}.html`;
const logs = (operation: string) =>
  `https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_${operation}.html`;
const secrets = (operation: string) =>
  `https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_${operation}.html`;
const identifiers =
  'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids';

/** Where the two differ, and the page of AWS's by which the rehearsal account is right. */
const decided: Readonly<Record<string, string>> = {
  // Each makes up its own; moto's are not of AWS's shape.
  'iam:GetUser User UserId': identifiers,
  'iam:ListGroupsForUser Groups GroupId': identifiers,
  'iam:GetPolicy Policy PolicyId': identifiers,
  'iam:CreateAccessKey AccessKey AccessKeyId': iam('AccessKey'),
  'iam:CreateAccessKey AccessKey SecretAccessKey': iam('AccessKey'),
  // What moto leaves out.
  'iam:ListSigningCertificates IsTruncated': iam('ListSigningCertificates'),
  'iam:ListSSHPublicKeys IsTruncated': iam('ListSSHPublicKeys'),
  'iam:ListAccessKeys IsTruncated': iam('ListAccessKeys'),
  'iam:ListInstanceProfilesForRole IsTruncated': iam('ListInstanceProfilesForRole'),
  'iam:ListGroupPolicies IsTruncated': iam('ListGroupPolicies'),
  // By RFC 3986, in which moto leaves slashes as they are, and a version's document altogether.
  'iam:GetUserPolicy PolicyDocument': iam('GetUserPolicy'),
  'iam:GetRolePolicy PolicyDocument': iam('GetRolePolicy'),
  'iam:GetGroupPolicy PolicyDocument': iam('GetGroupPolicy'),
  'iam:GetPolicyVersion PolicyVersion Document': iam('PolicyVersion'),
  // When it was made is for each to say.
  'logs:DescribeLogGroups logGroups creationTime': logs('LogGroup'),
  'logs:DescribeLogGroups logGroups logGroupClass': logs('LogGroup'),
  'logs:GetQueryResults queryLanguage': logs('GetQueryResults'),
  'logs:GetQueryResults statistics': logs('GetQueryResults'),
  // moto answers an error that no SDK can read.
  'logs:GetQueryResults: ResourceNotFoundException, not SyntaxError': logs('GetQueryResults'),
  // Six characters at its end are AWS's own choice.
  'secretsmanager:CreateSecret ARN': secrets('CreateSecret'),
  'secretsmanager:PutSecretValue ARN': secrets('CreateSecret'),
  'secretsmanager:DescribeSecret ARN': secrets('CreateSecret'),
  'secretsmanager:CreateSecret: InvalidParameterException, not an answer': secrets('CreateSecret'),
  'config:GetResourceConfigHistory: NoAvailableConfigurationRecorderException, not ResourceNotDiscoveredException':
    'https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html',
};
const seen = new Set<string>();

let world: Principals;
beforeEach(async () => {
  await emptyMoto();
  world = await principalsInGroup();
  await setUpTrail();
});

const scenes = { ...scenesOfIam, ...scenesOfServices };

describe('the rehearsal account answers as moto does', () => {
  it.each(Object.entries(scenes))('when %s', async (_, scene) => {
    const found = Object.entries(await differences(world.state, (aws) => scene(aws, world)));
    for (const [at] of found) seen.add(at);
    expect(Object.fromEntries(found.filter(([at]) => !(at in decided)))).toEqual({});
  });

  it('but for differences that are still there', () => {
    expect(Object.keys(decided).filter((at) => !seen.has(at))).toEqual([]);
  });

  it('whatever operation both of them have', async () => {
    expect(await unplayed('iam', 'logs', 'secretsmanager', 'config')).toEqual([]);
  });
});
