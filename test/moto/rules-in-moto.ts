import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { patient } from '../../functions/shared/connection.ts';
import { toMoto } from './moto.ts';
import { account } from './test-config.ts';
import { given } from './world.ts';

const events = new EventBridgeClient(patient(toMoto));
const sqs = new SQSClient(patient(toMoto));

const Envelope = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });
const Delivered = z.looseObject({ id: z.string() });

/**
 * Makes rules of patterns, each with a queue for its target, and says of events which rules moto
 * sent each to, with the event as it was sent: its account and Region are moto's.
 */
export async function rulesFrom(patterns: ReadonlyMap<string, object>) {
  const queues = new Map<string, string>();
  for (const [Name, pattern] of patterns) {
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: Name }));
    const Arn = `arn:aws:sqs:${toMoto.region}:${account}:${Name}`;
    await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'queue', Arn }] }));
    queues.set(Name, given(QueueUrl));
  }

  return async (sent: readonly object[]): Promise<readonly (readonly string[])[]> => {
    const ids: string[] = [];
    // PutEvents takes ten at most.
    for (let n = 0; n < sent.length; n += 10) ids.push(...(await put(sent.slice(n, n + 10))));
    const rules = new Map(ids.map((id): [string, string[]] => [id, []]));
    for (const [rule, QueueUrl] of queues) {
      for await (const { id } of messagesIn(QueueUrl)) rules.get(id)?.push(rule);
    }
    return ids.map((id) => rules.get(id) ?? []);
  };
}

async function put(batch: readonly object[]): Promise<string[]> {
  const { Entries = [] } = await events.send(
    new PutEventsCommand({
      Entries: batch.map((event) => {
        const { source, 'detail-type': DetailType, detail } = Envelope.parse(event);
        return { Source: source, DetailType, Detail: JSON.stringify(detail) };
      }),
    }),
  );
  return Entries.map(({ EventId }) => given(EventId));
}

async function* messagesIn(QueueUrl: string) {
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    if (Messages.length === 0) return;
    for (const { Body } of Messages) yield Delivered.parse(JSON.parse(given(Body)));
  }
}
