import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { homeMembersOf } from '../functions/shared/home-in-use.ts';
import type { Step } from '../functions/shared/step.ts';
import { targetRoleName } from '../functions/shared/target-role.ts';
import { acknowledgeWildcards, type Why, whyDeclared } from './acknowledged.ts';
import type { Approvers } from './approval.ts';
import { handlerOf } from './build-steps.ts';
import { type Config, listedAccounts } from './config.ts';
import { homeAccess } from './home-access.ts';
import type { HomeResources } from './home-resources.ts';
import { ownRoles } from './names.ts';
import { neverTouched } from './never-touched.ts';
import { accessOf, callsTarget, type Statement, statementsFor } from './statements.ts';

interface StepLambdaProps {
  readonly step: Step;
  readonly config: Config;
  readonly home: HomeResources;
  readonly playbooks: readonly string[];
  readonly approvers: Approvers;
  /** The one asset of all steps. */
  readonly code: Code;
  /** As long as the workflows wait for it. */
  readonly timeoutSeconds: number;
}

/**
 * A step as Step Functions invokes it: its Lambda, its role, its log group.
 *
 * The role is made of the step's declaration. In Cordon's own account the step acts by it; to act in
 * another it may assume the target role there, and nothing else.
 */
export class StepLambda extends Construct {
  readonly step: Step;
  readonly lambda: Lambda;
  readonly logs: LogGroup;

  constructor(scope: Construct, id: string, props: StepLambdaProps) {
    super(scope, id);
    const { step, config, home, code } = props;
    this.step = step;
    this.logs = new LogGroup(this, 'Logs', {
      encryptionKey: home.recordsKey,
      retention: config.logs.days,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const given = [...homeMembersOf(step)].sort().map((member) => homeAccess[member](props));
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Cordon: ${step.name}`,
      path: ownRoles(config.stage),
    });
    const own = [
      logging(this.logs),
      ...given.flatMap(({ statements }) => statements),
      ...(callsTarget(step) && step.actsIn !== 'own-account' ? assuming(config) : []),
    ];
    const declared = statementsFor(accessOf(step));
    const refused = neverTouched(config.neverTouch, accessOf(step));
    for (const statement of [...own, ...declared, ...refused]) {
      role.addToPolicy(PolicyStatement.fromJson(statement));
    }
    acknowledgeWildcards(role, own, whyOwn);
    acknowledgeWildcards(role, declared, whyDeclared);
    this.lambda = new Lambda(this, 'Lambda', {
      code,
      handler: handlerOf(step),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 1024,
      timeout: Duration.seconds(props.timeoutSeconds),
      role,
      logGroup: this.logs,
      description: `Cordon step ${step.name}`,
      environment: {
        CORDON_CASE_TABLE: home.cases.tableName,
        CORDON_TOPIC_ARN: home.people.topicArn,
        ...Object.assign({}, ...given.map(({ environment }) => environment)),
      },
    });
  }
}

const whyOwn: Why = ({ Action }) =>
  `${Action.join(', ')}: the name of an execution, of an object, of a log's stream or the number of an account of the organisation is not known before.`;

const logging = (group: LogGroup): Statement => ({
  Effect: 'Allow',
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  Resource: [group.logGroupArn],
});

/** The role of every account that Cordon may act in beside its own; none where there is none. */
function assuming(config: Config): readonly Statement[] {
  const role = (account: string) =>
    `arn:${Aws.PARTITION}:iam::${account}:role/${targetRoleName(config)}`;
  const assume = { Effect: Effect.ALLOW, Action: ['sts:AssumeRole'] } as const;
  if (config.members !== 'organization') {
    const accounts = listedAccounts(config);
    return accounts.length > 0 ? [{ ...assume, Resource: accounts.map(role) }] : [];
  }
  const Condition = { StringEquals: { 'aws:ResourceOrgID': config.organization } };
  return [{ ...assume, Resource: [role('*')], Condition }];
}
