import { beforeAll, expect, it } from 'vitest';
import { type Machine, type State, statesOf } from '../../replay/workflow.ts';
import { type Deployed, deploy } from './deployment.ts';
import { emptyMoto } from './moto.ts';
import { stepByName } from './step-by-name.ts';

let deployed: Deployed;
beforeAll(async () => {
  await emptyMoto();
  deployed = await deploy();
});

it('moto makes all of the template but what it has no word for', () => {
  expect([...deployed.passedOver].sort()).toEqual([
    'AWS::CloudWatch::Alarm',
    'AWS::Lambda::EventInvokeConfig',
    'AWS::Lambda::Permission',
    'AWS::Lambda::Url',
    'AWS::Logs::MetricFilter',
    'AWS::S3::BucketPolicy',
    'AWS::SNS::TopicPolicy',
    'AWS::SQS::QueuePolicy',
  ]);
});

it('each state of a deployed machine asks for the Lambda of the step that it is named for', () => {
  const stepOf = new Map(
    deployed.functions.map(({ arn, module }) => [arn, module.replace(/^.*\/|\.mjs$/g, '')]),
  );
  for (const [playbook, { definition }] of deployed.machines) {
    // What was created is a machine.
    const tasks = [...statesOf(JSON.parse(definition) as Machine)].flatMap(([name, state]) =>
      state.Type === 'Task' ? [[name, lambdaOf(state)] as const] : [],
    );
    const asked = tasks.map(([name, arn]) => [name, stepOf.get(arn) ?? arn]);
    const meant = tasks.map(([name]) => [name, stepByName(name)]);
    expect(Object.fromEntries(asked), playbook).toEqual(Object.fromEntries(meant));
  }
});

/** A Task that waits for an answer names its Lambda in what it sends. */
const lambdaOf = ({ Resource = '', Parameters }: State): string =>
  typeof Parameters === 'object' && Parameters !== null && 'FunctionName' in Parameters
    ? String(Parameters.FunctionName)
    : Resource;
