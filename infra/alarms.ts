import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { CfnRule } from 'aws-cdk-lib/aws-events';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { StateTransitionMetric } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import * as z from 'zod';
import type { Step } from '../functions/shared/step.ts';
import type { HomeResources } from './home-resources.ts';
import type { StepLambda } from './step-lambda.ts';

const everyFiveMinutes = { statistic: 'Sum', period: Duration.minutes(5) };

/** A metric of EventBridge over every rule of the default bus, or over one. */
const ofRules = (metricName: string, rule?: CfnRule): Metric =>
  new Metric({
    namespace: 'AWS/Events',
    metricName,
    ...(rule && { dimensionsMap: { RuleName: rule.ref } }),
    ...everyFiveMinutes,
  });

/** A counter that a person must look at as soon as it is not zero. */
interface Watched {
  readonly id: string;
  readonly metric: IMetric;
  /** What happened and what to do, for who is woken by it. */
  readonly says: string;
}

/**
 * What wakes somebody: an execution that did not end well, work that is held up, an event that never
 * reached its playbook, a case that needs a human.
 *
 * CloudWatch charges by the metric. The rule on failed executions and EventBridge's counters over all
 * rules say in one metric each what one for each playbook and rule would say in forty.
 */
export function alarmsOf(
  scope: Construct,
  {
    home,
    failed,
    lambdas,
  }: { home: HomeResources; failed: CfnRule; lambdas: Iterable<StepLambda> },
): readonly Alarm[] {
  const notify = new SnsAction(home.people);
  const watched: readonly Watched[] = [
    {
      id: 'ExecutionFailed',
      metric: ofRules('TriggeredRules', failed),
      says: 'An execution failed, ran out of time or was stopped. Its case needs a human.',
    },
    {
      id: 'TransitionsThrottled',
      metric: StateTransitionMetric.metricThrottledEvents(everyFiveMinutes),
      says: 'Step Functions holds executions up: the account’s rate of state transitions is used up.',
    },
    {
      id: 'StartsThrottled',
      metric: new Metric({
        namespace: 'AWS/States',
        metricName: 'ThrottledEvents',
        dimensionsMap: { APIName: 'StartExecution' },
        ...everyFiveMinutes,
      }),
      says: 'Step Functions refuses to start executions for now; EventBridge tries again for a day.',
    },
    { id: 'DeadLetters', metric: messagesIn(home.deadLetters), says: lettersSay },
    {
      id: 'RuleFailed',
      metric: ofRules('FailedInvocations'),
      says: 'A rule of the default bus could not invoke its target; see the dead letters.',
    },
    {
      id: 'LetterLost',
      metric: ofRules('InvocationsFailedToBeSentToDlq'),
      says: 'An event reached neither its target nor the dead letters: it is lost. Look for its finding.',
    },
    {
      id: 'NeedsHuman',
      metric: casesForHumans(scope, home.stage, lambdas),
      says: 'A case needs a human; what was done and what was not is in its notification.',
    },
  ];
  return watched.map(({ id, metric, says }) => {
    const alarm = watch(scope, { id, metric, says });
    alarm.addAlarmAction(notify);
    return alarm;
  });
}

export const lettersSay =
  'An event started no playbook within a day: its finding is unanswered. Look into the dead letters.';

export const messagesIn = (queue: Queue): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({
    statistic: 'Maximum',
    period: Duration.minutes(5),
  });

/** An alarm as soon as a counter is not zero; no data means that nothing happened. */
export const watch = (scope: Construct, { id, metric, says }: Watched): Alarm =>
  new Alarm(scope, `Alarm${id}`, {
    metric,
    alarmDescription: `Cordon: ${says}`,
    threshold: 0,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });

/** Counts the steps that ended with a case for a human, by their logs. */
function casesForHumans(scope: Construct, stage: string, lambdas: Iterable<StepLambda>): Metric {
  const metricNamespace = `cordon-${stage}`;
  for (const { step, logs } of lambdas) {
    if (!canNeedHuman(step)) continue;
    new MetricFilter(scope, `NeedsHumanIn${logs.node.path.split('/').at(-2)}`, {
      logGroup: logs,
      filterPattern: FilterPattern.stringValue('$.outcome', '=', 'needs-human'),
      metricNamespace,
      metricName: 'NeedsHuman',
      metricValue: '1',
    });
  }
  return new Metric({ namespace: metricNamespace, metricName: 'NeedsHuman', ...everyFiveMinutes });
}

/** Whether a step's result may say so; a step that is added is counted without being listed. */
const canNeedHuman = ({ output }: Step): boolean =>
  JSON.stringify(z.toJSONSchema(output, { unrepresentable: 'any' })).includes('"needs-human"');
