import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { inject } from 'vitest';
import { patient } from '../../functions/shared/connection.ts';
import { machineName, stackName } from '../../infra/names.ts';
import type { DeployedFunction } from './gateway/execution-environments.ts';
import { breakFunctions, deployFunctions } from './gateway/gateway.ts';
import { setUpTrail } from './iam-world.ts';
import { createMachine, describeMachine, interpret } from './machines.ts';
import { checkCallers, toMoto } from './moto.ts';
import { subscribe } from './notifications.ts';
import { injected } from './rehearsed.ts';
import { createStack, type Made, remakeDocuments } from './stack-in-moto.ts';
import { config } from './test-config.ts';
import { given } from './world.ts';

const lambda = new LambdaClient(patient(toMoto));
const sts = new STSClient(patient(toMoto));

/**
 * Deploys the synthesised responder to moto, and its Lambdas to the gateway: each with the
 * environment that its template gives it and credentials of the role that its template gives it.
 *
 * moto keeps the machines that its interpreter may run apart from those it may not, and CloudFormation
 * knows the latter alone; so the definitions that it resolved are read back, and the machines made
 * again from them.
 */
export async function deploy() {
  const { asset, templates } = inject('built');
  await interpret(false);
  const { made, passedOver } = await createStack(templates, stackName(config.stage, 'responder'));
  await remakeDocuments(templates, stackName(config.stage, 'responder'));
  await setUpTrail();
  const ofType = (type: string) => made.filter((each) => each.type === type);
  const only = (type: string) => given(ofType(type)[0]).id;

  const definitions = [];
  for (const { id } of ofType('AWS::StepFunctions::StateMachine')) {
    definitions.push(await describeMachine(id));
  }
  await interpret(true);
  const machines = new Map<string, { arn: string; definition: string }>();
  for (const { name, definition } of definitions) {
    const playbook = name.replace(machineName(config.stage, ''), '');
    machines.set(playbook, { definition, arn: await createMachine(name, definition) });
  }
  const functions: DeployedFunction[] = [];
  for (const made of ofType('AWS::Lambda::Function')) functions.push(await functionOf(made, asset));
  await deployFunctions(functions);
  await checkCallers();
  const failure = { ...injected, trace: [] };
  await breakFunctions(Object.fromEntries(functions.map(({ name }) => [name, failure])));
  return {
    machines,
    functions,
    passedOver,
    table: only('AWS::DynamoDB::Table'),
    /** The bucket of evidence: the one whose objects are locked. */
    evidence: given(ofType('AWS::S3::Bucket').find(({ logicalId }) => /Evidence/.test(logicalId)))
      .id,
    told: await subscribe(
      given(ofType('AWS::SNS::Topic').find(({ logicalId }) => /People/.test(logicalId))).id,
    ),
  };
}
export type Deployed = Awaited<ReturnType<typeof deploy>>;

async function functionOf({ id }: Made, asset: string): Promise<DeployedFunction> {
  const known = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: id }));
  const { FunctionArn, FunctionName, Handler, Role, Timeout, Environment } = known;
  const RoleArn = given(Role);
  const [module, handler] = given(Handler).split('.');
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: given(module) }),
  );
  return {
    arn: given(FunctionArn),
    name: given(FunctionName),
    role: RoleArn,
    module: `${asset}/${module}.mjs`,
    handler: given(handler),
    timeoutSeconds: given(Timeout),
    environment: {
      ...Environment?.Variables,
      // What Lambda adds: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
      AWS_REGION: toMoto.region,
      AWS_ACCESS_KEY_ID: given(Credentials?.AccessKeyId),
      AWS_SECRET_ACCESS_KEY: given(Credentials?.SecretAccessKey),
      AWS_SESSION_TOKEN: given(Credentials?.SessionToken),
      AWS_LAMBDA_FUNCTION_NAME: given(FunctionName),
      LAMBDA_TASK_ROOT: asset,
      // The one thing that is not as on AWS.
      AWS_ENDPOINT_URL: toMoto.endpoint,
    },
  };
}
