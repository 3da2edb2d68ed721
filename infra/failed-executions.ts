import { Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventInvokeConfig, CfnPermission } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { retries, templateWith, theEvent } from './event-rules.ts';
import type { HomeResources } from './home-resources.ts';
import type { PlaybookMachine } from './playbook-machine.ts';
import type { StepLambda } from './step-lambda.ts';

/**
 * The last net: an execution that failed, ran out of time or was stopped has run no Catch of its own.
 * Its case is given to a human by the step that is there for it; the rule counts each one besides.
 */
export function failedExecutions(
  scope: Construct,
  machines: Iterable<PlaybookMachine>,
  settle: StepLambda,
  { deadLetters, recordsKey }: Pick<HomeResources, 'deadLetters' | 'recordsKey'>,
): CfnRule {
  const rule = new CfnRule(scope, 'OnExecutionFailed', {
    description: 'An execution failed, ran out of time or was stopped: its case is a human’s now',
    eventPattern: {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: [...machines].map(({ machine }) => machine.stateMachineArn),
      },
    },
    targets: [
      {
        id: 'settle',
        arn: settle.lambda.functionArn,
        inputTransformer: templateWith({ input: { event: theEvent } }),
        retryPolicy: retries,
        deadLetterConfig: { arn: deadLetters.queueArn },
      },
    ],
  });
  new CfnPermission(scope, 'RuleInvokesSettle', {
    action: 'lambda:InvokeFunction',
    functionName: settle.lambda.functionArn,
    principal: 'events.amazonaws.com',
    sourceArn: rule.attrArn,
    sourceAccount: Stack.of(scope).account,
  });
  // EventBridge hands over and is gone: what Lambda then cannot run goes to the dead letters too.
  const may = (actions: string[], resource: string) =>
    settle.lambda.addToRolePolicy(new PolicyStatement({ actions, resources: [resource] }));
  may(['sqs:SendMessage'], deadLetters.queueArn);
  may(['kms:Decrypt', 'kms:GenerateDataKey'], recordsKey.keyArn);
  new CfnEventInvokeConfig(scope, 'SettleAsynchronously', {
    functionName: settle.lambda.functionName,
    qualifier: '$LATEST',
    maximumRetryAttempts: 2,
    maximumEventAgeInSeconds: 21_600,
    destinationConfig: { onFailure: { destination: deadLetters.queueArn } },
  });
  return rule;
}
