import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Trigger } from '../statemachines/triggers.ts';
import type { Config } from './config.ts';
import { pascal } from './names.ts';
import type { PlaybookMachine } from './playbook-machine.ts';

/** An event that no target took for a day goes to the dead letters: it is late by then anyway. */
export const retries = { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 };

/** EventBridge puts the whole event, as it got it, in the place of this word. */
const wholeEvent = '<aws.events.event.json>';

/**
 * An input template with the event in it.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function templateWith(words: object): { readonly inputTemplate: string } {
  const marked = JSON.stringify(words, (_, value) => (value === theEvent ? mark : value));
  return { inputTemplate: marked.replace(JSON.stringify(mark), wholeEvent) };
}
const mark = 'the event goes here';
/** Stands for the event in {@link templateWith}'s words. */
export const theEvent = Symbol('the event');

/**
 * How a trigger's events start its playbook. `open-case` has the last word on the mode, and on whether
 * people must agree first; a rule whose playbook may not go live does not ask for it at all.
 */
function wordsOf({ playbook, priority, approval }: Trigger, { playbooks }: Config): object {
  const said: Config['playbooks'][keyof Config['playbooks']] | undefined = Object.entries(
    playbooks,
  ).find(([name]) => name === playbook)?.[1];
  const policy = typeof said === 'object' ? said.findings : said;
  const mode = policy === 'live' || policy === 'approve' ? 'live' : 'dry-run';
  return { mode, priority, ...(approval === 'required' && { approval }), event: theEvent };
}

/** A rule for each trigger, from the same table that routes a replay. */
export function eventRules(
  scope: Construct,
  triggers: readonly Trigger[],
  at: {
    readonly config: Config;
    readonly machines: ReadonlyMap<string, PlaybookMachine>;
    readonly deadLetters: Queue;
  },
): readonly CfnRule[] {
  return triggers.map((trigger) => {
    const machine = at.machines.get(trigger.playbook)?.machine;
    if (!machine) throw new Error(`${trigger.name} starts ${trigger.playbook}, which is none`);
    const role = starterOf(scope, trigger.playbook, machine.stateMachineArn);
    return new CfnRule(scope, `On${pascal(trigger.name)}`, {
      description: trigger.why,
      eventPattern: trigger.pattern,
      targets: [
        {
          id: 'playbook',
          arn: machine.stateMachineArn,
          roleArn: role.roleArn,
          inputTransformer: templateWith(wordsOf(trigger, at.config)),
          retryPolicy: retries,
          deadLetterConfig: { arn: at.deadLetters.queueArn },
        },
      ],
    });
  });
}

/** The role by which a scope's rules start one playbook: made once, then the same. */
export function starterOf(scope: Construct, playbook: string, machineArn: string): Role {
  const id = `Starts${pascal(playbook)}`;
  const made = scope.node.tryFindChild(id);
  if (made instanceof Role) return made;
  const role = new Role(scope, id, {
    assumedBy: new ServicePrincipal('events.amazonaws.com'),
    description: `Cordon: starts ${playbook}`,
  });
  role.addToPolicy(
    new PolicyStatement({ actions: ['states:StartExecution'], resources: [machineArn] }),
  );
  return role;
}

/** Lets these rules, and no others, put what they could not deliver into a queue. */
export function acceptLetters(queue: Queue, rules: readonly CfnRule[]): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'RulesSendDeadLetters',
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': rules.map(({ attrArn }) => attrArn) } },
    }),
  );
}
