import { AutoScalingServiceException } from '@aws-sdk/client-auto-scaling';
import { CloudTrailServiceException } from '@aws-sdk/client-cloudtrail';
import { CloudWatchLogsServiceException } from '@aws-sdk/client-cloudwatch-logs';
import { ConfigServiceServiceException } from '@aws-sdk/client-config-service';
import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingServiceException } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2ServiceException } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMServiceException, NoSuchEntityException } from '@aws-sdk/client-iam';
import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import { SSMServiceException } from '@aws-sdk/client-ssm';
import type { AwsCall } from '../../functions/shared/step.ts';
import type { FaultName } from './faults.ts';

interface Refusal {
  readonly name: string;
  readonly httpStatusCode: number;
}

type ServiceException = new (options: {
  name: string;
  message: string;
  $fault: 'client' | 'server';
  $metadata: { httpStatusCode: number };
}) => Error;

/** The class that a service's client throws for what its model has no class of its own for. */
const exceptions: Readonly<Record<string, ServiceException>> = {
  ec2: EC2ServiceException,
  iam: IAMServiceException,
  autoscaling: AutoScalingServiceException,
  elasticloadbalancing: ElasticLoadBalancingServiceException,
  elasticloadbalancingv2: ElasticLoadBalancingV2ServiceException,
  ssm: SSMServiceException,
  cloudtrail: CloudTrailServiceException,
  logs: CloudWatchLogsServiceException,
  config: ConfigServiceServiceException,
  secretsmanager: SecretsManagerServiceException,
};

/** Services whose wire speaks of access in one word; the rest add `Exception`. */
const inOneWord: ReadonlySet<string> = new Set(['iam', 'autoscaling', 'elasticloadbalancing']);

/** The error that a client throws for a fault at a call, by the wire's code for it. */
export function errorOf(fault: FaultName, call: AwsCall): Error {
  if (fault === 'timeout-before' || fault === 'timeout-after') {
    // What the SDK's own HTTP handler throws; it retries it.
    return Object.assign(new Error(`${call}: no answer came in time`), { name: 'TimeoutError' });
  }
  const [service = '', action = ''] = call.split(':');
  if (fault === 'not-found' && service === 'iam') {
    const $metadata = { httpStatusCode: 404 };
    return new NoSuchEntityException({ message: 'made to be gone', $metadata });
  }
  const { name, httpStatusCode } = refusalOf(fault, service, action);
  const Exception = exceptions[clientOf(service, action)];
  if (!Exception) throw new Error(`no client is known for ${call}`);
  return new Exception({
    name,
    message: `made to fail: ${fault}`,
    $fault: httpStatusCode >= 500 ? 'server' : 'client',
    $metadata: { httpStatusCode },
  });
}

function refusalOf(fault: FaultName, service: string, action: string): Refusal {
  const isEc2 = service === 'ec2';
  switch (fault) {
    case 'throttled':
      return isEc2
        ? { name: 'RequestLimitExceeded', httpStatusCode: 503 }
        : { name: 'ThrottlingException', httpStatusCode: 400 };
    case 'server-error':
      return { name: isEc2 ? 'InternalError' : 'InternalFailure', httpStatusCode: 500 };
    case 'access-denied':
      if (isEc2) return { name: 'UnauthorizedOperation', httpStatusCode: 403 };
      return inOneWord.has(service)
        ? { name: 'AccessDenied', httpStatusCode: 403 }
        : { name: 'AccessDeniedException', httpStatusCode: 400 };
    case 'not-found':
      return { name: notFound(service, action), httpStatusCode: 400 };
    default:
      throw new Error(`${fault} is no answer of AWS`);
  }
}

/** Load balancers of both kinds bear one prefix in IAM; each has calls the other has not. */
const classicActions = /LoadBalancers?$|InstancesFromLoadBalancer$|^DescribeInstanceHealth$/;
const clientOf = (service: string, action: string): string =>
  service === 'elasticloadbalancing' && !classicActions.test(action)
    ? 'elasticloadbalancingv2'
    : service;

/** What a call is about, by a word of its name. The first that fits. */
const ec2Kinds: readonly (readonly [RegExp, string])[] = [
  [/NetworkInterface/, 'InvalidNetworkInterfaceID.NotFound'],
  [/NetworkAcl/, 'InvalidNetworkAclID.NotFound'],
  [/SecurityGroup/, 'InvalidGroup.NotFound'],
  [/Volume|CreateSnapshot$/, 'InvalidVolume.NotFound'],
  [/DescribeSnapshots|CreateTags/, 'InvalidSnapshot.NotFound'],
  [/VpcEndpoint/, 'InvalidVpcEndpointId.NotFound'],
  [/Vpc/, 'InvalidVpcID.NotFound'],
  [/Subnet/, 'InvalidSubnetID.NotFound'],
  [/InstanceType/, 'InvalidInstanceType'],
  [/Address/, 'InvalidAllocationID.NotFound'],
];

function notFound(service: string, action: string): string {
  if (service === 'ec2') {
    return ec2Kinds.find(([word]) => word.test(action))?.[1] ?? 'InvalidInstanceID.NotFound';
  }
  if (service === 'autoscaling') return 'ValidationError';
  if (service === 'elasticloadbalancing') {
    return classicActions.test(action) ? 'LoadBalancerNotFound' : 'TargetGroupNotFound';
  }
  return service === 'ssm' ? 'InvalidInstanceId' : 'ResourceNotFoundException';
}
