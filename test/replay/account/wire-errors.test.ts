import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DetachInstancesCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateSecurityGroupCommand,
  DescribeInstancesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingClient,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { HttpResponse } from '@smithy/core/protocols';
import { describe, expect, it } from 'vitest';
import { rehearsed } from './rehearsed.ts';

const vpcId = 'vpc-0aaaaaaaaaaaaaaa1';
const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const arn = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0aaaaaaaaaaaaaaa';

const state = {
  vpcs: [{ vpcId }],
  securityGroups: [{ groupId: 'sg-0aaaaaaaaaaaaaaa1', groupName: 'web', vpcId }],
  instances: [{ instanceId }],
  targetGroups: [{ arn, name: 'web' }],
  classicLoadBalancers: [{ name: 'old' }],
  ssm: { managedInstances: [{ instanceId, platformType: 'Windows' as const }] },
};

/** Options of a client that is answered with this body, as if from AWS. */
const answering = (body: string) => ({
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test' },
  maxAttempts: 1,
  requestHandler: {
    handle: async () => ({
      response: new HttpResponse({ statusCode: 400, headers: {}, body: Buffer.from(body) }),
    }),
  },
});
type Answering = ReturnType<typeof answering>;

const ec2Error = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${code}</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>`;
const queryError = (code: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
const jsonError = (code: string) => JSON.stringify({ __type: code, message: 'm' });

/** What a step can tell errors apart by. */
// biome-ignore lint/suspicious/noExplicitAny: any client and any command of it
const errorOf = async (client: { send: (command: any) => Promise<unknown> }, command: object) => {
  const error = await client.send(command).then(
    () => new Error('no error'),
    (thrown: Error & { $fault?: string; $metadata?: { httpStatusCode?: number } }) => thrown,
  );
  return {
    class: error.constructor.name,
    name: error.name,
    fault: Reflect.get(error, '$fault'),
    status: Reflect.get(error, '$metadata')?.httpStatusCode,
  };
};

const { ec2, autoScaling, elb, classic, ssm } = rehearsed(state);
const shell = { DocumentName: 'AWS-RunShellScript', InstanceIds: [instanceId] };

const overEc2 = (to: Answering) => new EC2Client(to);
const overAutoScaling = (to: Answering) => new AutoScalingClient(to);
const overElbV2 = (to: Answering) => new ElasticLoadBalancingV2Client(to);
const overClassic = (to: Answering) => new ElasticLoadBalancingClient(to);
const overSsm = (to: Answering) => new SSMClient(to);

/** The code on the wire, our client and a command it refuses so, and the client that AWS answers. */
const rows = [
  [
    'InvalidInstanceID.NotFound',
    ec2,
    new DescribeInstancesCommand({ InstanceIds: ['i-0bbbbbbbbbbbbbbb1'] }),
    overEc2,
    ec2Error,
  ],
  [
    'InvalidGroup.Duplicate',
    ec2,
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'd', VpcId: vpcId }),
    overEc2,
    ec2Error,
  ],
  [
    'ValidationError',
    autoScaling,
    new DetachInstancesCommand({
      AutoScalingGroupName: 'x',
      ShouldDecrementDesiredCapacity: false,
    }),
    overAutoScaling,
    queryError,
  ],
  [
    'InvalidNextToken',
    autoScaling,
    new DescribeAutoScalingGroupsCommand({ NextToken: 'x' }),
    overAutoScaling,
    queryError,
  ],
  [
    'TargetGroupNotFound',
    elb,
    new DescribeTargetHealthCommand({ TargetGroupArn: 'x' }),
    overElbV2,
    queryError,
  ],
  [
    'InvalidTarget',
    elb,
    new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: 'i-0bbbbbbbbbbbbbbb1' }] }),
    overElbV2,
    queryError,
  ],
  [
    'ValidationError',
    elb,
    new DescribeTargetGroupsCommand({ PageSize: 500 }),
    overElbV2,
    queryError,
  ],
  [
    'LoadBalancerNotFound',
    classic,
    new DescribeLoadBalancersCommand({ LoadBalancerNames: ['x'] }),
    overClassic,
    queryError,
  ],
  [
    'InvalidInstance',
    classic,
    new DeregisterInstancesFromLoadBalancerCommand({
      LoadBalancerName: 'old',
      Instances: [{ InstanceId: 'i-0bbbbbbbbbbbbbbb1' }],
    }),
    overClassic,
    queryError,
  ],
  [
    'ValidationError',
    classic,
    new DescribeLoadBalancersCommand({ PageSize: 500 }),
    overClassic,
    queryError,
  ],
  [
    'InvocationDoesNotExist',
    ssm,
    new GetCommandInvocationCommand({ CommandId: 'x', InstanceId: instanceId }),
    overSsm,
    jsonError,
  ],
  [
    'InvalidInstanceId',
    ssm,
    new SendCommandCommand({ ...shell, InstanceIds: ['i-0bbbbbbbbbbbbbbb1'] }),
    overSsm,
    jsonError,
  ],
  ['UnsupportedPlatformType', ssm, new SendCommandCommand(shell), overSsm, jsonError],
  [
    'InvalidDocument',
    ssm,
    new SendCommandCommand({ ...shell, DocumentName: 'Mine' }),
    overSsm,
    jsonError,
  ],
  [
    'ValidationException',
    ssm,
    new SendCommandCommand({ ...shell, TimeoutSeconds: 1 }),
    overSsm,
    jsonError,
  ],
  ['InvalidCommandId', ssm, new CancelCommandCommand({ CommandId: 'x' }), overSsm, jsonError],
  [
    'InvalidFilterKey',
    ssm,
    new DescribeInstanceInformationCommand({ Filters: [{ Key: 'x', Values: [] }] }),
    overSsm,
    jsonError,
  ],
  ['InvalidNextToken', ssm, new ListCommandsCommand({ NextToken: 'x' }), overSsm, jsonError],
] as const;

describe("the rehearsal account's errors", () => {
  it.each(rows)(
    'are what the SDK makes of %s on the wire',
    async (code, client, command, connect, bodyOf) => {
      // Built anew: a command resolves its middleware once.
      const ours = await errorOf(client, command);
      expect(ours).toEqual(await errorOf(connect(answering(bodyOf(code))), command));
      expect(ours).toMatchObject({ fault: 'client', status: 400 });
    },
  );
});
