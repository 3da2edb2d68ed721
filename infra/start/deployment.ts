import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

/** How AWS's clients are made: what the person said, or what a test says in its place. */
export interface To {
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: () => Promise<{ accessKeyId: string; secretAccessKey: string }>;
  readonly maxAttempts?: number;
}

/** Nothing to start is there, in words that say what to do. */
export class NotDeployedError extends Error {
  override readonly name = 'NotDeployedError';
}

/** Where AWS lets every account work from its first day on; others are switched on by their owner. */
const everyonesRegions = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1'],
  ...['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
  ...['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1'],
  ...['ap-southeast-1', 'ap-southeast-2'],
];

const machineOf = (stage: string, playbook: string) => `cordon-${stage}-${playbook}`;

/**
 * The ARN of a playbook's state machine, of the deployment of this stage in this Region.
 *
 * Throws {@link NotDeployedError}, with what is there instead: in the account another stage, in
 * another Region this one.
 */
export async function findMachine(to: To, stage: string, playbook: string): Promise<string> {
  const sfn = new SFNClient(to);
  const wanted = machineOf(stage, playbook);
  const machines = await machinesIn(sfn);
  const found = machines.get(wanted);
  if (found) return found;
  const region = await sfn.config.region();
  throw new NotDeployedError(await whatIsThere(to, { region, stage, playbook, machines }));
}

/** Cordon's state machines in a client's Region, by name. */
async function machinesIn(sfn: SFNClient): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { stateMachines = [] } of paginateListStateMachines({ client: sfn }, {})) {
    for (const { name = '', stateMachineArn = '' } of stateMachines) {
      if (name.startsWith('cordon-')) found.set(name, stateMachineArn);
    }
  }
  return found;
}

interface Missing {
  readonly region: string;
  readonly stage: string;
  readonly playbook: string;
  readonly machines: ReadonlyMap<string, string>;
}

async function whatIsThere(to: To, { region, stage, playbook, machines }: Missing) {
  const wanted = machineOf(stage, playbook);
  const { Account: account } = await new STSClient({ ...to, region }).send(
    new GetCallerIdentityCommand({}),
  );
  const first = `There is no ${wanted} in ${region} of account ${account}.`;
  const others = [...machines.keys()].filter((name) => name.endsWith(`-${playbook}`));
  const stages = others.map((name) => name.slice('cordon-'.length, -playbook.length - 1));
  if (stages.length > 0) return `${first} Of other stages there is: --stage ${stages.join(', ')}.`;
  if (machines.size > 0) {
    const names = [...machines.keys()].sort().join(', ');
    return `${first} What is there: ${names}. To deploy what is new: npm run deploy.`;
  }
  const elsewhere = await regionsWith(to, wanted, region);
  return elsewhere.length > 0
    ? `${first} It is in ${elsewhere.join(', ')}: say --region ${elsewhere[0]}.`
    : `${first} Cordon runs in one account and Region, the responder's: say --profile and --region ` +
        'for those, or deploy it: npm run deploy -- --profile NAME.';
}

/** In which other Regions a machine is; one that does not answer in time is taken for one without. */
async function regionsWith(to: To, machine: string, but: string): Promise<readonly string[]> {
  const regions = everyonesRegions.filter((region) => region !== but);
  const looks = await Promise.allSettled(
    regions.map((region) => machinesIn(new SFNClient({ ...to, region, maxAttempts: 1 }))),
  );
  return regions.filter((_, at) => {
    const look = looks[at];
    return look?.status === 'fulfilled' && look.value.has(machine);
  });
}

/** The name of the case table, which the stack's own resources tell. */
export async function findTable(to: To, stage: string): Promise<string | undefined> {
  const { StackResources = [] } = await new CloudFormationClient(to).send(
    new DescribeStackResourcesCommand({ StackName: `cordon-${stage}-responder` }),
  );
  return StackResources.find(({ ResourceType }) => ResourceType === 'AWS::DynamoDB::Table')
    ?.PhysicalResourceId;
}
