/** What a template says, as far as policies go. */
interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }
    >
  >;
}

/**
 * The actions for which IAM takes no resource but `*`, in AWS's own list for each service: the
 * service authorization reference, https://docs.aws.amazon.com/service-authorization/latest/reference/
 * and then the page of the service. A statement that has `*` with any other action is refused.
 */
const withoutResource: Readonly<Record<string, readonly RegExp[]>> = {
  'list_amazonec2.html': [/^ec2:Describe(?!InstanceAttribute$)\w+$/],
  'list_amazonec2autoscaling.html': [/^autoscaling:Describe\w+$/],
  'list_awselasticloadbalancing.html': [/^elasticloadbalancing:Describe\w+$/],
  'list_awselasticloadbalancingv2.html': [/^elasticloadbalancing:Describe\w+$/],
  'list_awssystemsmanager.html': [
    /^ssm:DescribeInstanceInformation$/,
    /^ssm:(?:ListCommands|ListCommandInvocations|GetCommandInvocation)$/,
  ],
  'list_amazoncloudwatchlogs.html': [
    /^logs:(?:DescribeQueries|GetQueryResults|StopQuery)$/,
    /^logs:(?:Create|Get|Update|Delete|List)LogDeliver(?:y|ies)$/,
    /^logs:(?:Put|Describe)ResourcePolic(?:y|ies)$/,
    /^logs:DescribeLogGroups$/,
  ],
  'list_awscloudtrail.html': [/^cloudtrail:LookupEvents$/],
  'list_awsconfig.html': [
    /^config:(?:GetResourceConfigHistory|ListDiscoveredResources)$/,
    /^config:DescribeConfigurationRecorderStatus$/,
  ],
  'list_awsx-ray.html': [
    /^xray:(?:PutTraceSegments|PutTelemetryRecords|GetSamplingRules|GetSamplingTargets)$/,
  ],
  'list_awssecuritytokenservice.html': [/^sts:GetCallerIdentity$/],
  'list_awssecurityhub.html': [/^securityhub:(?:Create|Update|Delete)ActionTarget$/],
};

/** Every statement that allows something on `*` which AWS would let be narrower; a line for each. */
export function lintPolicies(template: Template): readonly string[] {
  const problems: string[] = [];
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    // A key's policy speaks of the key it is on, and of it alone, as `*`.
    if (Type === 'AWS::KMS::Key') continue;
    for (const { Effect, Action, NotAction, Resource } of statementsIn(Properties)) {
      if (Effect !== 'Allow') continue;
      if (NotAction) problems.push(`${id}: allows all but some actions`);
      const actions = [Action ?? []].flat().map(String);
      for (const action of actions.filter((one) => /^\*|:\*$/.test(one))) {
        problems.push(`${id}: allows every action of a service, ${action}`);
      }
      if (![Resource].flat().includes('*')) continue;
      for (const action of actions.filter((one) => !isWithoutResource(one))) {
        problems.push(`${id}: allows ${action} on *, which AWS lets be narrower`);
      }
    }
  }
  return problems;
}

const isWithoutResource = (action: string): boolean =>
  Object.values(withoutResource)
    .flat()
    .some((pattern) => pattern.test(action));

interface Said {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
}

/** Every statement below a part of a template, whatever kind of policy it is in. */
function* statementsIn(part: unknown): Generator<Said> {
  if (typeof part !== 'object' || part === null) return;
  if ('Effect' in part && ('Action' in part || 'NotAction' in part)) yield part;
  for (const below of Object.values(part)) yield* statementsIn(below);
}
