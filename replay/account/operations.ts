import type { AwsCall } from '../../functions/shared/step.ts';
import { autoScalingOperations } from './auto-scaling.ts';
import { cloudTrailOperations } from './cloudtrail.ts';
import { configOperations } from './config.ts';
import { ec2Operations } from './ec2.ts';
import { elasticLoadBalancingOperations } from './elastic-load-balancing.ts';
import { iamOperations } from './iam.ts';
import { logsOperations } from './logs.ts';
import { regionOperations } from './regions.ts';
import type { Operation } from './rehearsal-account.ts';
import { secretsManagerOperations } from './secrets-manager.ts';
import { ssmOperations } from './ssm.ts';

/** Everything the rehearsal account can do, by IAM's spelling of the call. */
export const operations: Readonly<Record<AwsCall, Operation>> = {
  ...ec2Operations,
  ...autoScalingOperations,
  ...elasticLoadBalancingOperations,
  ...ssmOperations,
  ...iamOperations,
  ...regionOperations,
  ...cloudTrailOperations,
  ...logsOperations,
  ...secretsManagerOperations,
  ...configOperations,
};
