import { beforeAll, expect, it } from 'vitest';
import { type Deployed, deploy } from './deployment.ts';
import { emptyMoto } from './moto.ts';

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
