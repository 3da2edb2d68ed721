import { Aws, Stack } from 'aws-cdk-lib';
import {
  CfnMicrosoftTeamsChannelConfiguration,
  CfnSlackChannelConfiguration,
} from 'aws-cdk-lib/aws-chatbot';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';

/** Subscribes the people whom the configuration names, and lets alarms and rules tell them too. */
export function subscribe(scope: Construct, topic: Topic, { notify, stage }: Config): void {
  for (const service of ['cloudwatch', 'events']) {
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: `${service}Publishes`,
        principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
      }),
    );
  }
  for (const address of notify.email) topic.addSubscription(new EmailSubscription(address));
  if (notify.chat.length === 0) return;

  // A channel's commands run by this role. It may do nothing: a chat is no place to start from.
  const role = new Role(scope, 'Chat', {
    assumedBy: new ServicePrincipal('chatbot.amazonaws.com'),
    description: 'Cordon: shows notifications in a chat, and may do nothing',
  });
  const common = {
    iamRoleArn: role.roleArn,
    snsTopicArns: [topic.topicArn],
    guardrailPolicies: [`arn:${Aws.PARTITION}:iam::aws:policy/AWSDenyAll`],
    loggingLevel: 'ERROR',
  };
  for (const [index, chat] of notify.chat.entries()) {
    const configurationName = `cordon-${stage}-${Stack.of(scope).region}-${index + 1}`;
    if ('slackChannel' in chat) {
      new CfnSlackChannelConfiguration(scope, `Slack${index + 1}`, {
        ...common,
        configurationName,
        slackWorkspaceId: chat.slackWorkspace,
        slackChannelId: chat.slackChannel,
      });
    } else {
      new CfnMicrosoftTeamsChannelConfiguration(scope, `Teams${index + 1}`, {
        ...common,
        configurationName,
        teamsTenantId: chat.teamsTenant,
        teamId: chat.teamsTeam,
        teamsChannelId: chat.teamsChannel,
      });
    }
  }
}
