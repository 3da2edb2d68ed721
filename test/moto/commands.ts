import * as autoScaling from '@aws-sdk/client-auto-scaling';
import * as cloudTrail from '@aws-sdk/client-cloudtrail';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as config from '@aws-sdk/client-config-service';
import * as ec2 from '@aws-sdk/client-ec2';
import * as classic from '@aws-sdk/client-elastic-load-balancing';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import * as iam from '@aws-sdk/client-iam';
import * as secrets from '@aws-sdk/client-secrets-manager';
import * as ssm from '@aws-sdk/client-ssm';
import { patient } from '../../functions/shared/connection.ts';
import type { Connection } from '../../functions/shared/step.ts';
import { toMoto } from './moto.ts';

type Credentials = NonNullable<Connection['credentials']>;
type Client = new (options: object) => { send(command: object): Promise<unknown> };

const clients: Readonly<Record<string, readonly [packages: object, client: string][]>> = {
  autoscaling: [[autoScaling, 'AutoScalingClient']],
  cloudtrail: [[cloudTrail, 'CloudTrailClient']],
  config: [[config, 'ConfigServiceClient']],
  ec2: [[ec2, 'EC2Client']],
  elasticloadbalancing: [
    [elb, 'ElasticLoadBalancingV2Client'],
    [classic, 'ElasticLoadBalancingClient'],
  ],
  iam: [[iam, 'IAMClient']],
  logs: [[logs, 'CloudWatchLogsClient']],
  secretsmanager: [[secrets, 'SecretsManagerClient']],
  ssm: [[ssm, 'SSMClient']],
};

/**
 * What moto says to one call by an action's name, made with these credentials: `denied`, or whatever
 * else. The input is of no use but to name a resource, for moto looks at the caller first.
 */
export async function answerTo(action: string, credentials: Credentials, input: object) {
  const [service = '', operation = ''] = action.split(':');
  const [exported, name] =
    clients[service]?.find(([known]) => `${operation}Command` in known) ?? [];
  if (!exported || !name) throw new Error(`no client is known for ${action}`);
  // By name there is no telling the one client from the other.
  const known = exported as Record<string, Client & (new (input: object) => object)>;
  const [Client, Command] = [known[name], known[`${operation}Command`]];
  if (!Client || !Command) throw new Error(`no command is known for ${action}`);
  const client = new Client({ ...patient(toMoto), credentials });
  const said = await client.send(new Command(input)).then(
    () => 'an answer',
    (error: Error) => error.name,
  );
  return denials.has(said) ? 'denied' : said;
}

const denials: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
]);
