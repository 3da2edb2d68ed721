import { Aws, Fn, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledged.ts';
import type { Config } from './config.ts';
import type { HomeResources } from './home-resources.ts';
import { machineName, pascal } from './names.ts';
import { type Playbook, placeholdersIn } from './playbooks.ts';
import type { StepLambda } from './step-lambda.ts';

interface PlaybookMachineProps {
  readonly playbook: Playbook;
  readonly config: Config;
  readonly home: HomeResources;
  readonly lambdas: ReadonlyMap<string, StepLambda>;
}

/**
 * A playbook's state machine, made of the same file that a replay runs. Its role may invoke the
 * Lambdas that its states name and no others.
 */
export class PlaybookMachine extends Construct {
  readonly playbook: Playbook;
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: PlaybookMachineProps) {
    super(scope, id);
    const { playbook, config, home, lambdas } = props;
    this.playbook = playbook;
    const named = placeholdersIn(playbook).map((step) => {
      const lambda = lambdas.get(step)?.lambda;
      if (!lambda) throw new Error(`${playbook.name} names ${step}, which is no step`);
      return { placeholder: pascal(step), arn: lambda.functionArn };
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: `Cordon: ${playbook.name}`,
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: named.map(({ arn }) => arn),
      }),
    );
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: machineName(config.stage, playbook.name),
      definitionBody: DefinitionBody.fromString(playbook.definition),
      definitionSubstitutions: Object.fromEntries(
        named.map(({ placeholder, arn }) => [placeholder, arn]),
      ),
      role,
      tracingEnabled: true,
      logs: {
        destination: this.#logs(config, home),
        level: LogLevel.ALL,
        // It holds the token by which people's answer comes, which nobody must read in a log.
        includeExecutionData: false,
      },
    });
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'X-Ray and the delivery of logs support no resource: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html',
    );
  }

  /**
   * Under AWS's own prefix, beyond which each group takes room in a policy that has little; and
   * unlike the name of a group that an earlier stack of the same name has left.
   * https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
   */
  #logs(config: Config, home: HomeResources): LogGroup {
    const ofThisStack = Fn.select(4, Fn.split('-', Fn.select(2, Fn.split('/', Aws.STACK_ID))));
    const name = machineName(config.stage, this.playbook.name);
    return new LogGroup(this, 'Logs', {
      logGroupName: `/aws/vendedlogs/states/${name}-${ofThisStack}`,
      encryptionKey: home.recordsKey,
      retention: config.logs.days,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
