import { describe, expect, it } from 'vitest';
import example from '../../cordon.config.example.ts';
import { flat, type Resource, templatesOf } from './templates.ts';

/** A template as it stands in one Region of an account. */
interface Deployed {
  readonly stack: string;
  readonly region: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: object;
}

const deployed = (stage: string, home: string, further: string) => {
  const templates = templatesOf({
    stage,
    responder: { ...example.responder, region: home, furtherRegions: [further] },
    volumeKeys: [home, further],
    approval: { approvers: [{ name: 'alice', email: 'alice@example.com' }] },
    findings: 'forwarded-by-members',
    notify: { chat: [{ slackWorkspace: 'T0000', slackChannel: 'C0000' }] },
  });
  return (part: string, region: string): Deployed => {
    const { Resources: resources, Outputs: outputs = {} } = templates(part).json;
    return { stack: `cordon-${stage}-${part} in ${region}`, region, resources, outputs };
  };
};
const regions = ['eu-west-1', 'us-east-1'] as const;
const stages = [
  { home: regions[0], further: regions[1], of: deployed('prod', ...regions) },
  { home: regions[0], further: regions[1], of: deployed('test', ...regions) },
  { home: regions[1], further: regions[0], of: deployed('drill', regions[1], regions[0]) },
];
const inResponders = stages.flatMap(({ home, further, of }) => [
  of('responder', home),
  of('security-hub', home),
  of(`forwarding-${further}`, further),
]);
const inMembers = stages.flatMap(({ of }) => [
  of('member-account', regions[0]),
  ...regions.map((region) => of('member-region', region)),
]);

/** Names of something else than the resource that says them, or within another one alone. */
const others: ReadonlySet<string> = new Set([
  'AWS::CloudWatch::Alarm.MetricName',
  'AWS::IAM::Policy.PolicyName',
  'AWS::Lambda::EventInvokeConfig.FunctionName',
  'AWS::Lambda::Permission.FunctionName',
  'AWS::Logs::MetricFilter.LogGroupName',
  'AWS::SNS::Topic.DisplayName',
]);

/** Services whose names are the account's, whatever the Region. */
const global = /^AWS::(?:IAM|S3|Chatbot|CloudWatch::Dashboard)\b/;

/** Every name that a stack takes, as it stands in its account: kind, place and name. */
function namesOf({ stack, region, resources, outputs }: Deployed): readonly string[] {
  // CloudFormation makes a stack's id, and whatever it names by that, once.
  const resolved = (value: unknown) =>
    flat(value).replaceAll('<AWS::Region>', region).replaceAll('AWS::StackId', stack);
  const named = Object.values(resources).flatMap(({ Type, Properties = {} }) =>
    Object.entries(Properties)
      .filter(([key]) => key.endsWith('Name') && !others.has(`${Type}.${key}`))
      .map(([, name]) => `${Type} ${global.test(Type) ? '*' : region} ${resolved(name)}`),
  );
  const exported = Object.values(outputs).flatMap(({ Export }) =>
    Export ? [`export ${region} ${resolved(Export.Name)}`] : [],
  );
  return [`stack ${stack}`, ...named, ...exported];
}

const twice = (names: readonly string[]): readonly string[] =>
  names.filter((name, at) => names.indexOf(name) !== at);

describe('three stages in two Regions', () => {
  it.each([
    ['the responder’s', inResponders, ['export', 'AWS::Logs::LogGroup', 'AWS::KMS::Alias']],
    ['a member', inMembers, ['AWS::IAM::Role', 'AWS::IAM::ManagedPolicy', 'AWS::SSM::Document']],
  ])('share no name in %s account', (_, stacks, kinds) => {
    const names = stacks.flatMap(namesOf);
    expect(twice(names)).toEqual([]);
    expect(names.map((name) => name.split(' ')[0])).toEqual(expect.arrayContaining(kinds));
  });
});
