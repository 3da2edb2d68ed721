import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { patient } from './connection.ts';
import type { Home, Notification } from './home.ts';

/** The topic of people, and that of the approvers where there are any. */
interface Topics {
  readonly topic: string;
  readonly approvers: string | undefined;
}

export function notifierBySns(region: string, { topic, approvers }: Topics): Home['notify'] {
  const sns = new SNSClient(patient({ region }));
  return async (notification) => {
    const { audience } = notification;
    const to = audience === undefined ? topic : approvers;
    if (!to) throw new Error('environment: expected CORDON_APPROVERS_TOPIC_ARN');
    await sns.send(
      new PublishCommand({
        TopicArn: to,
        Message: JSON.stringify(messageOf(notification)),
        ...(audience !== undefined && {
          MessageAttributes: { audience: { DataType: 'String', StringValue: audience } },
        }),
      }),
    );
  };
}

/**
 * The shape that Amazon Q Developer in chat applications (AWS Chatbot) shows as a message:
 * https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
function messageOf({ title, text, keywords }: Notification) {
  return {
    version: '1.0',
    source: 'custom',
    content: { textType: 'client-markdown', title, description: text, keywords },
  };
}
