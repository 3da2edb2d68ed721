import { Aws, CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  FunctionUrlAuthType,
  Function as Lambda,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { tableKeyActions } from './home-access.ts';
import type { HomeResources } from './home-resources.ts';
import { machineName } from './names.ts';

interface ApproversProps {
  readonly config: Config;
  readonly home: HomeResources;
  /** The one asset of all Lambdas. */
  readonly code: Code;
  readonly playbooks: readonly string[];
}

/** Browsers that knock all at once must not take the account's Lambdas from the playbooks. */
const mostAtOnce = 10;

/**
 * How approvers are asked and answer: a topic whose every subscription lets through one approver's
 * own links alone, and a page behind a URL that anyone can reach, since what lets an answer in is the
 * link's signature.
 *
 * The page may read and write items of cases, and let a playbook's workflow go on; it acts in no
 * account.
 */
export class Approvers extends Construct {
  readonly url: string;
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: ApproversProps) {
    super(scope, id);
    const { config, home, code } = props;
    const logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: home.recordsKey,
      retention: config.logs.days,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Cordon: the page on which approvers answer',
    });
    for (const statement of this.#statements(props, logGroup)) role.addToPolicy(statement);
    const lambda = new Lambda(this, 'Lambda', {
      code,
      handler: 'approval-page.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(20),
      reservedConcurrentExecutions: mostAtOnce,
      role,
      logGroup,
      description: 'Cordon: the page on which approvers answer',
      environment: { CORDON_CASE_TABLE: home.cases.tableName },
    });
    this.url = lambda.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url;
    new CfnOutput(this, 'Url', {
      value: this.url,
      description: 'Where approvers answer, each by the link that they are sent.',
    });
    this.topic = new Topic(this, 'Topic', {
      displayName: 'Cordon: approvals',
      masterKey: home.recordsKey,
      enforceSSL: true,
    });
    this.#subscribe(config);
  }

  #statements({ home, playbooks }: ApproversProps, logs: LogGroup): PolicyStatement[] {
    const machines = playbooks.map((name) => home.machineArn(machineName(home.stage, name)));
    return [
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
        resources: [home.cases.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['case#*'] } },
      }),
      new PolicyStatement({
        actions: tableKeyActions,
        resources: [home.recordsKey.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `dynamodb.${Aws.REGION}.amazonaws.com` },
        },
      }),
      new PolicyStatement({ actions: ['states:SendTaskSuccess'], resources: machines }),
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logs.logGroupArn],
      }),
    ];
  }

  #subscribe({ approval }: Config): void {
    for (const { name, email } of approval.approvers) {
      if (!email) continue;
      const audience = SubscriptionFilter.stringFilter({ allowlist: [name] });
      this.topic.addSubscription(new EmailSubscription(email, { filterPolicy: { audience } }));
    }
  }
}
