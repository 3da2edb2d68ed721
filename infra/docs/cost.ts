import { idleCost } from '../idle-cost.ts';
import type { Incident } from './incidents.ts';
import { table } from './markdown.ts';
import { prices, pricesOf } from './prices.ts';
import type { Template } from './templates.ts';

/** How long a step is taken to run: nobody has measured it on AWS. */
const seconds = { invocation: 0.5, call: 0.1, slowCall: 0.5 };

interface IncidentCost {
  readonly stepFunctions: number;
  readonly lambda: number;
  readonly dynamoDb: number;
  readonly all: number;
  /** One incident on one target. */
  readonly each: number;
}

/** What the cases cost in Step Functions, Lambda and DynamoDB, the polls for memory apart. */
export function costOf(used: Incident, gigabytes: number): IncidentCost {
  const { cases, transitions, invocations, calls, slowCalls, writeUnits, readUnits } = used;
  const ran =
    invocations * seconds.invocation +
    (calls - slowCalls) * seconds.call +
    slowCalls * seconds.slowCall;
  const stepFunctions = transitions * prices.transition.dollars;
  const lambda =
    invocations * prices.invocation.dollars + ran * gigabytes * prices.gigabyteSecond.dollars;
  const dynamoDb = writeUnits * prices.writeUnit.dollars + readUnits * prices.readUnit.dollars;
  const all = stepFunctions + lambda + dynamoDb;
  return { stepFunctions, lambda, dynamoDb, all, each: all / cases };
}

/** The largest memory of any Lambda in a template, in GB. */
export function gigabytesOf({ resources }: Template): number {
  const sizes = Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => Number(Properties?.MemorySize ?? 128));
  return Math.max(...sizes) / 1024;
}

/** The page on costs: what was counted, in the templates and in replays, times published prices. */
export function costPage(templates: readonly Template[], used: readonly Incident[]): string {
  const responder = templates.find(({ stack }) => stack.endsWith('-responder'));
  if (!responder) throw new Error('no template is the responder’s');
  const gigabytes = gigabytesOf(responder);
  return `# What it costs

Written by \`npm run docs\`; a test fails when it is out of date. Counted in the templates of
\`cordon.config.example.ts\` and in live replays of the incidents named, times AWS's published prices for
US East (N. Virginia), ${pricesOf}, with no free tier but the three dashboards that every account has.
Other Regions differ by up to a half. GuardDuty, Security Hub and CloudTrail are yours already and not
counted.

## A month in which nothing happens

${idleTable(templates)}

Everything else in them (Lambda, Step Functions, DynamoDB on demand, S3, SQS, SNS, EventBridge rules, IAM,
SSM documents, log groups) costs by use alone, so nothing here. What the numbers leave out: a key that
AWS rotates once a year costs ${dollars(prices.key.dollars, 2)} more a month after its first rotation and
again after its second, then no more; a dashboard costs ${dollars(prices.dashboard.dollars, 2)} where the
account has used its three; a metric of a log line, 0.30 USD, in months in which such a line came; a Region with a volume key of Cordon's own, one key; evidence and logs, by
what is kept.

## An incident

Step Functions, Lambda (each as large as the largest, ${gigabytes * 1024} MB, arm64) and DynamoDB. Lambda's time is assumed: ${seconds.invocation} s an invocation,
${seconds.call} s a call more, and ${seconds.slowCall} s for each of CloudTrail's, which takes two a second. DynamoDB charges a
transaction's writes twice. One incident on one target is a case; a finding on several targets makes
several, whose sum is divided by them. An approved one is rehearsed for the plan and once more when people
have agreed; the page is opened and answered once.

${incidentTable(used, gigabytes)}

\`invocations × request + (invocations × ${seconds.invocation} + calls × ${seconds.call} + look-ups × ${seconds.slowCall}) × ${gigabytes} GB × GB-second\` is Lambda;
\`transitions × ${perThousand(prices.transition.dollars)}\` Step Functions; \`write units × ${perMillion(prices.writeUnit.dollars)} + read units × ${perMillion(prices.readUnit.dollars)}\` DynamoDB.

**Apart from it**: each look at a running memory capture, one a minute, is three transitions and one
invocation, ${dollars(3 * prices.transition.dollars + costOf(onePoll, gigabytes).lambda, 6)}; at most 15 of them with the default time box.

**Per 1,000 incidents** of the dearest kind here: ${dollars(1000 * dearest(used, gigabytes, false), 2)}, or ${dollars(1000 * dearest(used, gigabytes, true), 2)}
where people approve first. What an incident keeps costs more than what
it runs: a snapshot of 100 GB is ${dollars(100 * prices.snapshotGigabyte.dollars, 2)} a month until you delete it, and a step's log lines, about 50 KB an
incident, ${dollars((50 / 1024 / 1024) * prices.logGigabyte.dollars, 6)}. A finding forwarded from another Region or account is ${dollars(prices.forwardedEvent.dollars, 6)}.

## Prices

${priceTable()}

\`[M]\`: from memory, not read at its source; look it up before you rely on it.
`;
}

const dearest = (used: readonly Incident[], gigabytes: number, approved: boolean): number =>
  Math.max(
    ...used.filter((one) => one.approved === approved).map((one) => costOf(one, gigabytes).each),
  );

const onePoll: Incident = {
  ...{
    name: '',
    approved: false,
    playbook: '',
    cases: 1,
    transitions: 0,
    invocations: 1,
    calls: 1,
    slowCalls: 0,
  },
  ...{ writeUnits: 0, readUnits: 0, polls: 0 },
};

const idleTable = (templates: readonly Template[]): string =>
  table(
    ['stack', 'keys', 'alarms', 'composite alarms', 'dashboards', 'USD a month'],
    templates.map(({ stack, resources }) => {
      const { items, usd } = idleCost(resources);
      const shown = (type: string) => {
        const item = items.find(({ what }) => what === type);
        return item ? `${item.count} × ${item.each.toFixed(2)}` : '–';
      };
      const dashboards = Object.values(resources).filter(
        ({ Type }) => Type === 'AWS::CloudWatch::Dashboard',
      ).length;
      return [
        `\`${stack}\``,
        shown('AWS::KMS::Key'),
        shown('AWS::CloudWatch::Alarm'),
        shown('AWS::CloudWatch::CompositeAlarm'),
        dashboards > 0 ? `${dashboards} of 3 free` : '–',
        `**${usd.toFixed(2)}**`,
      ];
    }),
  );

const incidentTable = (used: readonly Incident[], gigabytes: number): string =>
  table(
    [
      ...['replay', 'playbook', 'cases', 'transitions', 'invocations', 'calls', 'look-ups'],
      ...[
        'write units',
        'read units',
        'Step Functions',
        'Lambda',
        'DynamoDB',
        'USD a finding',
        'USD a case',
      ],
    ],
    used.map((one) => {
      const cost = costOf(one, gigabytes);
      return [
        ...[
          `\`${one.name}\`${one.approved ? ', approved' : ''}`,
          one.playbook,
          String(one.cases),
          String(one.transitions),
          String(one.invocations),
        ],
        ...[String(one.calls - one.slowCalls), String(one.slowCalls)],
        ...[String(one.writeUnits), String(one.readUnits)],
        ...[cost.stepFunctions.toFixed(6), cost.lambda.toFixed(6), cost.dynamoDb.toFixed(6)],
        ...[cost.all.toFixed(6), `**${cost.each.toFixed(6)}**`],
      ];
    }),
  );

const priceTable = (): string =>
  table(
    ['of', 'USD', 'source'],
    Object.values(prices).map(({ of, dollars: price, source, known }) => [
      of,
      price.toFixed(10).replace(/\.?0+$/, ''),
      `${source}${known === 'memory' ? ' [M]' : ''}`,
    ]),
  );

const dollars = (amount: number, digits: number): string => `${amount.toFixed(digits)} USD`;
const perThousand = (price: number): string => `${(price * 1e3).toFixed(3)} / 1,000`;
const perMillion = (price: number): string => `${(price * 1e6).toFixed(3)} / 1,000,000`;
