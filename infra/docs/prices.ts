/** What AWS charges for one unit of something, in US dollars. */
interface Price {
  readonly of: string;
  readonly dollars: number;
  readonly source: string;
  /** `memory`: written down from memory, and to be looked up before anybody relies on it. */
  readonly known: 'read' | 'memory';
}

/** When the sources were read. */
export const pricesOf = 'November 2026';

/** Published prices of US East (N. Virginia), on demand, with no free tier counted. */
export const prices = {
  key: {
    of: 'KMS key, a month',
    dollars: 1,
    source: 'https://aws.amazon.com/kms/pricing/',
    known: 'read',
  },
  alarm: {
    of: 'CloudWatch alarm on a metric, a month',
    dollars: 0.1,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    known: 'memory',
  },
  compositeAlarm: {
    of: 'CloudWatch composite alarm, a month',
    dollars: 0.5,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    known: 'memory',
  },
  dashboard: {
    of: 'CloudWatch dashboard beyond the first three of an account, a month',
    dollars: 3,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    known: 'read',
  },
  transition: {
    of: 'Step Functions state transition',
    dollars: 0.025 / 1e3,
    source: 'https://aws.amazon.com/step-functions/pricing/',
    known: 'read',
  },
  invocation: {
    of: 'Lambda request',
    dollars: 0.2 / 1e6,
    source: 'https://aws.amazon.com/lambda/pricing/',
    known: 'read',
  },
  gigabyteSecond: {
    of: 'Lambda GB-second, arm64',
    dollars: 0.0000133334,
    source: 'https://aws.amazon.com/lambda/pricing/',
    known: 'read',
  },
  writeUnit: {
    of: 'DynamoDB write request unit, 1 KB',
    dollars: 0.625 / 1e6,
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    known: 'read',
  },
  readUnit: {
    of: 'DynamoDB read request unit, 4 KB',
    dollars: 0.125 / 1e6,
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    known: 'read',
  },
  logGigabyte: {
    of: 'CloudWatch Logs, GB taken in',
    dollars: 0.5,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    known: 'read',
  },
  snapshotGigabyte: {
    of: 'EBS snapshot, GB a month',
    dollars: 0.05,
    source: 'https://aws.amazon.com/ebs/pricing/',
    known: 'memory',
  },
  forwardedEvent: {
    of: 'EventBridge event sent to another Region or account',
    dollars: 1 / 1e6,
    source: 'https://aws.amazon.com/eventbridge/pricing/',
    known: 'read',
  },
} as const satisfies Readonly<Record<string, Price>>;
