import { prices } from './docs/prices.ts';

/** A resource of a template, as far as it costs something without being used. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** A part of a month's price. */
interface Item {
  readonly what: keyof typeof monthly;
  readonly count: number;
  readonly each: number;
}

/** What AWS asks a month for something that stands there, used or not. */
const monthly = {
  'AWS::KMS::Key': prices.key,
  'AWS::CloudWatch::Alarm': prices.alarm,
  'AWS::CloudWatch::CompositeAlarm': prices.compositeAlarm,
  'AWS::CloudWatch::Dashboard': prices.dashboard,
} as const;

/** An account has three of them for nothing. */
const freeDashboards = 3;

/** Types that cost by use alone: nothing while nothing happens, and nothing for being there. */
const byUse: ReadonlySet<string> = new Set([
  ...['AWS::DynamoDB::Table', 'AWS::Events::EventBus', 'AWS::Events::EventBusPolicy'],
  ...['AWS::Events::Rule', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Policy', 'AWS::IAM::Role'],
  ...['AWS::KMS::Alias', 'AWS::Lambda::Function', 'AWS::Lambda::Permission'],
  ...['AWS::Logs::LogGroup', 'AWS::Logs::MetricFilter', 'AWS::S3::Bucket'],
  ...['AWS::S3::BucketPolicy', 'AWS::SNS::Subscription', 'AWS::SNS::Topic'],
  ...['AWS::SNS::TopicPolicy', 'AWS::SQS::Queue', 'AWS::SQS::QueuePolicy'],
  ...['AWS::SSM::Document', 'AWS::StepFunctions::StateMachine', 'AWS::CDK::Metadata'],
  ...[
    'AWS::Chatbot::SlackChannelConfiguration',
    'AWS::Lambda::EventInvokeConfig',
    'AWS::Lambda::Url',
    'Custom::AWS',
  ],
  ...['AWS::Chatbot::MicrosoftTeamsChannelConfiguration', 'AWS::CloudFormation::StackSet'],
]);

/**
 * What a template costs in a month in which nothing happens and nothing is kept, item by item, in
 * USD. Throws for a type of resource of which nobody has said what it costs.
 */
export function idleCost(resources: Readonly<Record<string, Resource>>): {
  readonly items: readonly Item[];
  readonly usd: number;
} {
  const all = Object.values(resources);
  for (const { Type } of all) {
    if (!(Type in monthly) && !byUse.has(Type)) throw new Error(`what does ${Type} cost a month?`);
  }
  // The keys are the literal's own.
  const items = (Object.keys(monthly) as (keyof typeof monthly)[]).flatMap((what): Item[] => {
    const found = all.filter(({ Type }) => Type === what);
    const free = what === 'AWS::CloudWatch::Dashboard' ? freeDashboards : 0;
    const count = found.reduce((sum, one) => sum + chargedOf(one), 0) - free;
    return count > 0 ? [{ what, count, each: monthly[what].dollars }] : [];
  });
  const usd = items.reduce((sum, { count, each }) => sum + count * each, 0);
  return { items, usd: Math.round(usd * 100) / 100 };
}

/** An alarm is charged by the metrics it computes with. */
function chargedOf({ Properties: { Metrics } = {} }: Resource): number {
  if (!Array.isArray(Metrics)) return 1;
  return Metrics.filter((metric: object) => 'MetricStat' in metric).length;
}
