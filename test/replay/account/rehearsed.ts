import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import type * as z from 'zod';
import { RehearsalAccount, rehearse } from '../../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../../replay/account/state.ts';

export const at = '2026-03-01T04:05:06.000Z';

/** An account of the given state, and real SDK clients that it answers. */
export function rehearsed(state: z.input<typeof AccountState>) {
  const account = new RehearsalAccount(AccountState.parse(state), { now: () => new Date(at) });
  return { account, ...clientsOf(account) };
}

/** Real SDK clients of a Region that an account answers, or in a dry run its copy. */
export function clientsOf(
  account: RehearsalAccount,
  copy?: RehearsalAccount,
  region: string = 'eu-west-1',
) {
  const to = {
    region,
    credentials: { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  const clients = {
    ec2: new EC2Client(to),
    autoScaling: new AutoScalingClient(to),
    elb: new ElasticLoadBalancingV2Client(to),
    classic: new ElasticLoadBalancingClient(to),
    ssm: new SSMClient(to),
    iam: new IAMClient(to),
    cloudTrail: new CloudTrailClient(to),
    logs: new CloudWatchLogsClient(to),
    secretsManager: new SecretsManagerClient(to),
    config: new ConfigServiceClient(to),
  };
  rehearse(clients, account, copy);
  return clients;
}

/** The name of the error a call ends in, or 'no error'. */
export const errorOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'no error',
    (error: Error) => error.name,
  );
