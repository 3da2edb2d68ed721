import { Aws, Stack } from 'aws-cdk-lib';
import { CfnEventBusPolicy, CfnRule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { type Config, listedAccounts } from './config.ts';
import { retries } from './event-rules.ts';
import { forwardedSources, forwardedTypes } from './forwarding.ts';
import type { HomeResources } from './home-resources.ts';
import { ownRoles, stackName } from './names.ts';

/**
 * Lets the members of the organisation put findings on the bus of the home Region, where they
 * forward them; where GuardDuty brings them itself, nobody may.
 *
 * Nobody can make such an event up: EventBridge takes a source that begins with `aws.` from AWS's
 * own services alone, and from rules that pass on what those said.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
 */
export function openHomeBus(scope: Construct, config: Config): void {
  const { findings, organization, members, stage } = config;
  if (findings !== 'forwarded-by-members' || !organization) return;
  const { partition, region, account } = Stack.of(scope);
  new CfnEventBusPolicy(scope, 'MembersForward', {
    statementId: stackName(stage, 'members'),
    statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 'events:PutEvents',
      Resource: `arn:${partition}:events:${region}:${account}:event-bus/default`,
      Condition: {
        StringEquals: {
          'aws:PrincipalOrgID': organization,
          'events:source': [...forwardedSources],
          'events:detail-type': [...forwardedTypes],
          ...(members !== 'organization' && {
            'aws:PrincipalAccount': [...listedAccounts(config)],
          }),
        },
        ArnLike: {
          'aws:PrincipalArn': `arn:${Aws.PARTITION}:iam::*:role${ownRoles(stage)}*`,
        },
      },
    },
  });
}

/** Tells people of the alarms that other Regions and members send. */
export function tellOfForwardedAlarms(scope: Construct, home: HomeResources): CfnRule {
  const { region, account } = Stack.of(scope);
  return new CfnRule(scope, 'OnForwardedAlarm', {
    description: 'Findings of another Region or account could not be sent here',
    eventPattern: {
      source: ['aws.cloudwatch'],
      'detail-type': ['CloudWatch Alarm State Change'],
      detail: {
        alarmName: [{ prefix: `cordon-${home.stage}-` }],
        state: { value: ['ALARM'] },
      },
      // Its own alarms tell the people themselves.
      $or: [{ region: [{ 'anything-but': region }] }, { account: [{ 'anything-but': account }] }],
    },
    targets: [
      {
        id: 'people',
        arn: home.people.topicArn,
        retryPolicy: retries,
        deadLetterConfig: { arn: home.deadLetters.queueArn },
      },
    ],
  });
}
