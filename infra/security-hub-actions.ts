import { createHash } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { Mode } from '../functions/shared/journal.ts';
import { retries, starterOf, templateWith, theEvent } from './event-rules.ts';
import type { HomeResources } from './home-resources.ts';
import type { PlaybookMachine } from './playbook-machine.ts';

/** What an analyst can choose for a finding in Security Hub's console. */
interface CustomAction {
  /** At most 20 letters and digits, as Security Hub wants it. */
  readonly id: string;
  /** At most 20 characters. */
  readonly name: string;
  readonly description: string;
  readonly playbook: string;
  readonly mode: Mode;
}

const answers = [
  { word: 'Isolate', name: 'isolate', playbook: 'compromised-instance' },
  { word: 'Key', name: 'disable key', playbook: 'compromised-access-key' },
  { word: 'Role', name: 'revoke role', playbook: 'compromised-role' },
] as const;

/** The custom actions of a stage. A second stage in the account has actions of its own. */
export const customActions = (stage: string): readonly CustomAction[] =>
  answers.flatMap(({ word, name, playbook }) =>
    (['live', 'dry-run'] as const).map((mode) => ({
      id: `${word}${mode === 'live' ? 'Live' : 'Dry'}${shortOf(stage)}`,
      name: mode === 'live' ? `Cordon: ${name}` : `Dry run: ${name}`,
      description: `Cordon ${stage} starts ${playbook}, ${mode}. One finding at a time.`,
      playbook,
      mode,
    })),
  );

const shortOf = (stage: string) => createHash('sha256').update(stage).digest('hex').slice(0, 8);

/** Of an action in the account and Region of a stack, whether it is there yet or not. */
export const actionArn = (stack: Stack, { id }: CustomAction): string =>
  `arn:${stack.partition}:securityhub:${stack.region}:${stack.account}:action/custom/${id}`;

/**
 * A rule for each custom action. Its finding starts the playbook by a person's will, and as a start
 * by hand it is judged: a playbook that may not go live makes a dry run of it all the same.
 * https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
 */
export function customActionRules(
  scope: Construct,
  home: HomeResources,
  machines: ReadonlyMap<string, PlaybookMachine>,
): readonly CfnRule[] {
  return customActions(home.stage).map((action) => {
    const { playbook, mode, name } = action;
    const machine = machines.get(playbook)?.machine;
    if (!machine) throw new Error(`${name} starts ${playbook}, which is no playbook`);
    const role = starterOf(scope, playbook, machine.stateMachineArn);
    return new CfnRule(scope, `OnHub${action.id}`, {
      description: `Security Hub custom action "${name}"`,
      eventPattern: {
        source: ['aws.securityhub'],
        'detail-type': ['Security Hub Findings - Custom Action'],
        resources: [actionArn(Stack.of(scope), action)],
      },
      targets: [
        {
          id: 'playbook',
          arn: machine.stateMachineArn,
          roleArn: role.roleArn,
          inputTransformer: templateWith({
            mode,
            priority: 'containment-first',
            reason: `Security Hub custom action "${name}"`,
            event: theEvent,
          }),
          retryPolicy: retries,
          deadLetterConfig: { arn: home.deadLetters.queueArn },
        },
      ],
    });
  });
}
