import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { playbookNames } from '../functions/shared/playbooks.ts';
import { type Config, listedAccounts } from './config.ts';
import { stackName } from './names.ts';

/** The stacks that `npm run deploy` deploys: those of the responder's account. */
export const ownStacks = ({ stacks }: CloudAssembly, { stage }: Config): readonly string[] =>
  stacks
    .map((stack) => stack.stackName)
    .filter((name) => !name.startsWith(stackName(stage, 'member-')));

/** What a deployment will make, where, how far it may go, and on whom. For who is asked to agree. */
export function planOfDeployment(assembly: CloudAssembly, config: Config): string {
  const { responder, evidence, findings } = config;
  const own = new Set(ownStacks(assembly, config));
  return [
    `Cordon, stage ${config.stage}, in account ${responder.account}:`,
    ...assembly.stacks
      .filter(({ stackName }) => own.has(stackName))
      .map(
        (stack) =>
          `  ${stack.stackName} in ${stack.environment.region}: ${contents(stack.template)}`,
      ),
    'How far each playbook may go:',
    ...playbookNames.map((playbook) => `  ${playbook}: ${policyInWords(config, playbook)}`),
    `May act in ${reachInWords(config)}.`,
    `Findings of members: ${findings === 'delegated-administrator' ? 'brought by GuardDuty' : 'sent by their own stacks'}.`,
    `Never touched: ${neverTouched(config)}.`,
    `Evidence cannot be deleted for ${counts(evidence.days, 'day')} (${evidence.mode}${evidence.mode === 'compliance' ? ': not even by root' : ''}).`,
    ...membersByStackSets(config),
    '',
  ].join('\n');
}

const kinds: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'Lambda',
  'AWS::StepFunctions::StateMachine': 'state machine',
  'AWS::Events::Rule': 'rule',
  'AWS::KMS::Key': 'KMS key',
  'AWS::DynamoDB::Table': 'table',
  'AWS::S3::Bucket': 'bucket',
  'AWS::IAM::Role': 'role',
  'AWS::CloudWatch::Alarm': 'alarm',
};

function contents({ Resources }: { Resources: Record<string, { Type: string }> }): string {
  const types = Object.values(Resources).map(({ Type }) => Type);
  const counted = Object.entries(kinds).flatMap(([type, name]) => {
    const count = types.filter((one) => one === type).length;
    return count > 0 ? [counts(count, name)] : [];
  });
  return `${counts(types.length, 'resource')} (${counted.join(', ')})`;
}

const counts = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

function policyInWords({ playbooks }: Config, playbook: (typeof playbookNames)[number]): string {
  const said = playbooks[playbook] ?? 'dry-run';
  const marked = (policy: string) => (policy === 'live' ? 'LIVE' : policy);
  return typeof said === 'string'
    ? marked(said)
    : `${marked(said.findings)} for findings, ${marked(said.byHand)} by hand`;
}

function reachInWords(config: Config): string {
  if (config.members === 'organization') return `every account of ${config.organization}`;
  const accounts = [config.responder.account, ...listedAccounts(config)];
  return accounts.length === 1 ? `account ${accounts[0]} alone` : `accounts ${accounts.join(', ')}`;
}

function neverTouched({ neverTouch }: Config): string {
  const listed = Object.entries(neverTouch).flatMap(([kind, names]) =>
    names.length > 0 ? [`${kind} ${names.join(', ')}`] : [],
  );
  return listed.join('; ') || 'nothing is listed';
}

function membersByStackSets(config: Config): readonly string[] {
  if (config.members !== 'organization' && config.members.length === 0) return [];
  const { stage, managementAccount } = config;
  return [
    'Not by this command, but by StackSets from the organisation, as they stand in cdk.out:',
    `  ${stackName(stage, 'member-account')}.template.json, once in each member account`,
    `  ${stackName(stage, 'member-region')}.template.json, in each of its Regions`,
    ...(managementAccount
      ? [`  and both as stacks in ${managementAccount}, which service-managed StackSets pass over`]
      : []),
  ];
}
