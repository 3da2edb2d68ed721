import { Aws, Duration, type Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { EventPattern, Trigger } from '../statemachines/triggers.ts';
import { acknowledge } from './acknowledged.ts';
import { lettersSay, messagesIn, watch } from './alarms.ts';
import type { Config } from './config.ts';
import { acceptLetters, retries } from './event-rules.ts';
import { ownRoles, pascal } from './names.ts';

/** What is sent to the responder's home Region: findings, and alarms about those that were not. */
export const forwardedTypes = ['GuardDuty Finding', 'CloudWatch Alarm State Change'] as const;
export const forwardedSources = ['aws.guardduty', 'aws.cloudwatch'] as const;

/**
 * Sends the findings that start a playbook to the responder's home Region, whose rules start it; and
 * an alarm when one could not be sent.
 *
 * Only what was found in this account's view of this Region goes: an event that was itself sent here
 * by a rule carries the account and the Region it came from, and so never goes round.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
 */
export function forwardFindings(
  stack: Stack,
  triggers: readonly Trigger[],
  { responder, stage }: Config,
): void {
  const bus = `arn:${Aws.PARTITION}:events:${responder.region}:${responder.account}:event-bus/default`;
  const deadLetters = new Queue(stack, 'DeadLetters', {
    // SQS's own key costs nothing, and no service needs to be let use it.
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledge(deadLetters, 'AwsSolutions-SQS3', 'It is itself the dead-letter queue of the rules.');
  const role = new Role(stack, 'Forwards', {
    assumedBy: new ServicePrincipal('events.amazonaws.com'),
    description: `Cordon: sends findings to ${responder.region}`,
    path: ownRoles(stage),
  });
  role.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [bus] }));

  const rule = (id: string, description: string, pattern: EventPattern) =>
    new CfnRule(stack, id, {
      description,
      eventPattern: { ...pattern, account: [Aws.ACCOUNT_ID], region: [Aws.REGION] },
      targets: [
        {
          id: 'home',
          arn: bus,
          roleArn: role.roleArn,
          retryPolicy: retries,
          deadLetterConfig: { arn: deadLetters.queueArn },
        },
      ],
    });
  const rules = triggers.map(({ name, why, pattern }) => rule(`On${pascal(name)}`, why, pattern));
  const alarm = watch(stack, {
    id: 'DeadLetters',
    metric: messagesIn(deadLetters),
    says: lettersSay,
  });
  const onAlarm = rule('OnAlarm', 'A finding could not be sent to the responder', {
    source: ['aws.cloudwatch'],
    'detail-type': ['CloudWatch Alarm State Change'],
    resources: [alarm.alarmArn],
    detail: { state: { value: ['ALARM'] } },
  });
  acceptLetters(deadLetters, [...rules, onAlarm]);
}
