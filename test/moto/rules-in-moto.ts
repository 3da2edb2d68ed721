import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { patient } from '../../functions/shared/connection.ts';
import { toMoto } from './moto.ts';
import { messagesIn } from './notifications.ts';
import type { Made } from './stack-in-moto.ts';
import { account } from './test-config.ts';
import { given } from './world.ts';

const sqs = new SQSClient(patient(toMoto));
const eventsIn = (region: string) => new EventBridgeClient(patient({ ...toMoto, region }));

/** A rule as its template has deployed it to moto. */
export interface DeployedRule {
  readonly logicalId: string;
  readonly name: string;
  readonly targets: readonly Target[];
}

/** The rules of a stack. */
export async function rulesOf(
  made: readonly Made[],
  region: string,
): Promise<readonly DeployedRule[]> {
  const events = eventsIn(region);
  const rules: DeployedRule[] = [];
  for (const { type, logicalId, id } of made) {
    if (type !== 'AWS::Events::Rule') continue;
    const { Name } = await events.send(new DescribeRuleCommand({ Name: id }));
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: id }));
    rules.push({ logicalId, name: given(Name), targets: Targets });
  }
  return rules;
}

/** What a rule sent to its target for an event: {@link theEvent} stands for the event in it. */
export interface Delivery {
  readonly rule: string;
  readonly words: unknown;
}
export const theEvent = 'the event';

const Envelope = z.object({
  source: z.string(),
  'detail-type': z.string(),
  resources: z.array(z.string()).optional(),
  detail: z.looseObject({}),
});
/** A member of `detail` that no pattern asks for: which event of those that were put it is. */
const mark = 'put-to-moto';

/**
 * Gives each rule of the home Region a queue in its target's place, which moto sends nothing to
 * otherwise, with what the rule makes of an event for its target. Says of events, put in any Region,
 * what each was delivered as; their account and Region are moto's.
 */
export async function deliveriesBy(rules: readonly DeployedRule[]) {
  const events = eventsIn(toMoto.region);
  const queues = new Map<string, string>();
  for (const { logicalId, name, targets } of rules) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: logicalId }));
    const Ids = targets.map(({ Id }) => given(Id));
    await events.send(new RemoveTargetsCommand({ Rule: name, Ids }));
    const Arn = `arn:aws:sqs:${toMoto.region}:${account}:${logicalId}`;
    const Targets = targets.map(({ Id, InputTransformer }) => ({ Id, Arn, InputTransformer }));
    await events.send(new PutTargetsCommand({ Rule: name, Targets }));
    queues.set(logicalId, given(QueueUrl));
  }

  return async (
    sent: readonly object[],
    region: string = toMoto.region,
  ): Promise<readonly (readonly Delivery[])[]> => {
    // PutEvents takes ten at most.
    for (let n = 0; n < sent.length; n += 10) await put(sent.slice(n, n + 10), n, region);
    const found = sent.map((): Delivery[] => []);
    for (const [rule, QueueUrl] of queues) {
      for await (const body of messagesIn(QueueUrl)) {
        const [, n] = new RegExp(`"${mark}": ?(\\d+)`).exec(body) ?? [];
        given(found[Number(given(n))]).push({ rule, words: wordsOf(body) });
      }
    }
    return found;
  };
}

const wordsOf = (body: string): unknown =>
  JSON.parse(body, (member, value) => (member === 'event' ? theEvent : value));

async function put(batch: readonly object[], from: number, region: string): Promise<void> {
  const { FailedEntryCount } = await eventsIn(region).send(
    new PutEventsCommand({
      Entries: batch.map((event, n) => {
        const { source, 'detail-type': DetailType, resources, detail } = Envelope.parse(event);
        const Detail = JSON.stringify({ ...detail, [mark]: from + n });
        return { Source: source, DetailType, Resources: resources, Detail };
      }),
    }),
  );
  if (FailedEntryCount) throw new Error(`moto took ${FailedEntryCount} events less`);
}
