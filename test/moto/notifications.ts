import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { patient } from '../../functions/shared/connection.ts';
import { toMoto } from './moto.ts';
import { account } from './test-config.ts';
import { given } from './world.ts';

const sqs = new SQSClient(patient(toMoto));
const sns = new SNSClient(patient(toMoto));

/** What people read of a message: as chat tools want it, which SNS hands on as it is. */
const Told = z.looseObject({
  content: z.looseObject({ title: z.string(), description: z.string() }),
});
type Told = z.infer<typeof Told>['content'];

/** Subscribes to a topic, as somebody who is to be told; says what was published since it last did. */
export async function subscribe(TopicArn: string): Promise<() => Promise<readonly Told[]>> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'told' }));
  const Endpoint = `arn:aws:sqs:${toMoto.region}:${account}:told`;
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  return async () => {
    const told: Told[] = [];
    for await (const body of messagesIn(given(QueueUrl))) {
      const { Message } = z.looseObject({ Message: z.string() }).parse(JSON.parse(body));
      told.push(Told.parse(JSON.parse(Message)).content);
    }
    return told;
  };
}

/** Takes all messages out of a queue. */
export async function* messagesIn(QueueUrl: string): AsyncGenerator<string> {
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return;
    for (const { Body } of Messages) yield given(Body);
    // moto looks through all that a queue still has, for every ten.
    const Entries = Messages.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}
