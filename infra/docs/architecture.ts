import type { Resource } from '../idle-cost.ts';
import { drawn, quoted, style } from './picture.ts';
import type { Template } from './templates.ts';

/** What of the responder's template the picture shows, and what it says of each kind. */
interface Counts {
  readonly machines: readonly string[];
  readonly lambdas: number;
  readonly rules: number;
  readonly keys: number;
  readonly alarms: number;
}

const ofType = (resources: Readonly<Record<string, Resource>>, type: string): readonly Resource[] =>
  Object.values(resources).filter(({ Type }) => Type === type);

function countsOf(template: Template): Counts {
  const count = (type: string) => ofType(template.resources, type).length;
  return {
    machines: ofType(template.resources, 'AWS::StepFunctions::StateMachine')
      .map(({ Properties }) => String(Properties?.StateMachineName))
      .sort(),
    lambdas: count('AWS::Lambda::Function'),
    rules: count('AWS::Events::Rule'),
    keys: count('AWS::KMS::Key'),
    alarms: count('AWS::CloudWatch::Alarm'),
  };
}

/**
 * What is deployed where, and what calls what, counted from the templates of the example
 * configuration. That a kind of resource is drawn and is in no template is an error.
 */
export async function pictureOfArchitecture(templates: readonly Template[]): Promise<string> {
  const responder = templates.find(({ stack }) => stack.endsWith('-responder'));
  if (!responder) throw new Error('no template is the responder’s');
  for (const type of drawnTypes) {
    if (ofType(responder.resources, type).length === 0) throw new Error(`there is no ${type}`);
  }
  const { machines, lambdas, rules, keys, alarms } = countsOf(responder);
  const node = (id: string, label: string, look = '') =>
    `${id} [label=${quoted(label)}${look && `, ${look}`}]`;
  const person = 'shape=ellipse, fillcolor="#fffff0"';
  const ours = 'fillcolor="#ebf4ff", color="#2b6cb0"';
  const store = 'shape=cylinder, fillcolor="#faf5ff"';
  const frame = (id: string, label: string, lines: readonly string[], fill = '#f7fafc') => [
    `subgraph cluster_${id} { label=${quoted(label)}; style="rounded,filled"; color="#a0aec0"; fillcolor="${fill}"`,
    ...lines,
    '}',
  ];
  return drawn(
    [
      'digraph {',
      'rankdir=TB',
      style,
      node('analyst', 'Analyst\nnpm run start\nStep Functions console', person),
      node('people', 'Responders\nmail, chat', person),
      ...frame('further', 'Each further Region', [
        node('forwarded', 'GuardDuty,\nSecurity Hub'),
        node('forward', 'EventBridge rules\nsend findings home'),
        'forwarded -> forward',
      ]),
      ...frame('home', "Security account, the responder's home Region", [
        node('findings', 'GuardDuty,\nSecurity Hub'),
        node('rules', `${rules} EventBridge rules\nroute by type, role, severity`),
        node('dead', 'SQS\nevents that started nothing'),
        node('machines', `Step Functions\n${machines.join('\n')}`, ours),
        node(
          'lambdas',
          `${lambdas} Lambda functions\none a step, each with a role\nfrom its declaration`,
          ours,
        ),
        node('cases', 'DynamoDB\ncases, locks, journal', store),
        node('evidence', 'S3, Object Lock\nevidence', store),
        node('topic', 'SNS\nto people'),
        ...(alarms > 0 ? [node('alarms', `${alarms} CloudWatch alarms`)] : []),
        node('keys', `${keys} KMS keys\nrecords, evidence, signatures`),
      ]),
      ...frame('member', 'Each account acted in', [
        node('role', 'Target role\none managed policy a step\ndenies the never-touch list'),
        node('resources', 'EC2, Auto Scaling, load balancers,\nIAM, EBS, CloudTrail', store),
        node('documents', 'SSM documents\ncapture memory'),
        'role -> resources',
        'documents -> resources',
      ]),
      'findings -> rules',
      'forward -> rules [label="bus of the home Region"]',
      'rules -> machines [label="mode, priority, event"]',
      'rules -> dead [style=dashed]',
      `analyst -> machines [label=${quoted('{"instanceId": …}')}]`,
      'machines -> lambdas',
      'lambdas -> cases',
      'lambdas -> evidence',
      'lambdas -> topic',
      'topic -> people',
      ...(alarms > 0 ? ['alarms -> topic', 'dead -> alarms [style=dashed]'] : []),
      'evidence -> keys [style=dashed, arrowhead=none]',
      'lambdas -> role [label="AssumeRole: external id,\\nsession policy of the step"]',
      'lambdas -> documents [label="SendCommand"]',
      '}',
    ].join('\n'),
    'What Cordon deploys, and what calls what',
  );
}

const drawnTypes = [
  'AWS::Events::Rule',
  'AWS::StepFunctions::StateMachine',
  'AWS::Lambda::Function',
  'AWS::DynamoDB::Table',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::KMS::Key',
];
