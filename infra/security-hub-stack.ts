import { Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  AwsCustomResource,
  AwsCustomResourcePolicy,
  PhysicalResourceId,
} from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledged.ts';
import type { Config } from './config.ts';
import { pascal, recordsKeyExport } from './names.ts';
import { actionArn, customActions } from './security-hub-actions.ts';

/**
 * The custom actions in Security Hub's console, which CloudFormation has no type for. Apart from the
 * responder, so that an account without Security Hub still gets one; with the responder's key.
 */
export class SecurityHubStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, ...props }: StackProps & { readonly config: Config },
  ) {
    super(scope, id, props);
    const policy = AwsCustomResourcePolicy.fromStatements([
      new PolicyStatement({
        actions: ['CreateActionTarget', 'UpdateActionTarget', 'DeleteActionTarget'].map(
          (call) => `securityhub:${call}`,
        ),
        resources: ['*'],
      }),
    ]);
    const key = Fn.importValue(recordsKeyExport(config.stage));
    const logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: Key.fromKeyArn(this, 'RecordsKey', key),
      retention: config.logs.days,
      // What a deployment did; CloudTrail keeps it too.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    for (const action of customActions(config.stage)) {
      const { id: Id, name: Name, description: Description } = action;
      const arn = actionArn(this, action);
      const physicalResourceId = PhysicalResourceId.of(arn);
      const call = (name: string, parameters: object) => ({
        service: 'SecurityHub',
        action: name,
        parameters,
        physicalResourceId,
      });
      new AwsCustomResource(this, pascal(Id), {
        policy,
        logGroup,
        installLatestAwsSdk: false,
        onCreate: {
          ...call('createActionTarget', { Id, Name, Description }),
          // Left by an earlier stack of the same stage: it is the same action.
          ignoreErrorCodesMatching: 'ResourceConflictException',
        },
        onUpdate: call('updateActionTarget', { ActionTargetArn: arn, Name, Description }),
        onDelete: {
          ...call('deleteActionTarget', { ActionTargetArn: arn }),
          ignoreErrorCodesMatching: 'ResourceNotFoundException|InvalidAccessException',
        },
      });
    }
    acknowledge(
      this,
      'AwsSolutions-IAM5[Resource::*]',
      'The calls that make custom actions support no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html',
    );
    acknowledge(
      this,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      "CDK's own function that makes the actions, at deployment alone, writes its logs by it.",
    );
    acknowledge(
      this,
      'AwsSolutions-L1',
      "CDK's own function runs on the runtime that CDK has tested it with.",
    );
  }
}
