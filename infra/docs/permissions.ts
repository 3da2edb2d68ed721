import type { Home } from '../../functions/shared/home.ts';
import type { Need, Step } from '../../functions/shared/step.ts';
import { table } from './markdown.ts';
import { reasons } from './reasons.ts';
import { wordsOf } from './step-words.ts';

type Grant = Pick<Need, 'on' | 'when'>;

/**
 * Why a step has each member of `Home`: what it is for, and what IAM lets it do for that. A member
 * that takes no permission is not here.
 */
const home: Readonly<Partial<Record<keyof Home, readonly [permission: string, because: string]>>> =
  {
    cases: [
      '`dynamodb:GetItem`, `Query`, `PutItem`, `DeleteItem`, `ConditionCheckItem` on the case table, and its key through DynamoDB',
      'the case: lock, findings, state before, journal',
    ],
    notify: ['`sns:Publish` on the topic, and its key through SNS', 'telling people'],
    evidence: [
      '`s3:PutObject`, `s3:GetObject` on the evidence bucket, `s3:ListBucket`, and its key through S3; never deleting, never shortening retention',
      'keeping evidence',
    ],
    sign: ['`kms:Sign` with the signing key', 'signing the digest of what was kept'],
    isRunning: [
      "`states:DescribeExecution` on Cordon's executions",
      'telling a lock that is held from one that was left',
    ],
    answer: [
      "`states:SendTaskSuccess` on Cordon's machines",
      'letting a case go on that people approved',
    ],
    unitsOf: [
      '`organizations:ListParents` on accounts and organisational units',
      'asking in which units an account is',
    ],
    approvalPage: ["`sns:Publish` on the approvers' topic", 'asking people to approve'],
    start: ["`states:StartExecution` on Cordon's machines", 'starting a further playbook'],
  };

/** What each step may do, from the declarations that its IAM policies are made from. */
export function permissionsPage(steps: readonly Step[]): string {
  const sections = steps.flatMap((step) => [
    `## ${step.name}`,
    '',
    wordsOf(step.name),
    '',
    ...sectionOf(step),
    '',
  ]);
  return `${introduction}\n${contents(steps)}\n\n${sections.join('\n').trimEnd()}\n`;
}

const introduction = `# What each step may do

Written by \`npm run docs\` from the steps' declarations; a test fails when it is out of date. The same
declarations make the IAM policies of the Lambdas, the managed policies that narrow a session in a
member account, what a dry run withholds, and the guard that throws on any other call.

* **read**: made in every run. **write**: made in a live run only, withheld in a dry run. **needed**: AWS
  demands it beside a call; no call of Cordon's own is named like it. **undo**: in the policies of
  \`release\` alone, never in those of the step that made the change.
* A resource is \`*\` only where AWS supports none for the action, as its [service authorization
  reference](https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html)
  says.
* Every Lambda may also write to its own log group and send its own traces.
* The target role in a member account explicitly denies the never-touch list whatever a step may do.
`;

const contents = (steps: readonly Step[]): string =>
  table(
    ['step', 'reads', 'writes', 'needed', 'undo', "of Cordon's own account"],
    steps.map((step) => [
      `[${step.name}](#${step.name})`,
      count(step.reads),
      count(step.writes),
      String(step.needs?.length || '–'),
      count({ ...step.undo?.reads, ...step.undo?.writes }),
      usedBy(step).join(', ') || '–',
    ]),
  );

const count = (calls: object): string => String(Object.keys(calls).length || '–');

/** A step that works on a case has the case table, without saying so. */
const usedBy = ({ uses = [], withoutCase }: Partial<Pick<Step, 'uses' | 'withoutCase'>>) => [
  ...new Set<keyof Home>([...(withoutCase ? [] : (['cases'] as const)), ...uses]),
];

function sectionOf(step: Step): string[] {
  const { reads, writes, needs = [], undo } = step;
  const rows = [
    ...rowsOf('read', reads),
    ...rowsOf('write', writes),
    ...needs.map((need) => row('needed', need.action, need, need.because)),
    ...rowsOf('undo, read', undo?.reads ?? {}),
    ...rowsOf('undo, write', undo?.writes ?? {}),
  ];
  const own = usedBy(step).flatMap((member) => {
    const [permission, because] = home[member] ?? [];
    return permission ? [`* For ${because}: ${permission}.`] : [];
  });
  return [
    rows.length > 0
      ? table(['', 'action', 'on', 'when', 'why'], rows)
      : 'Nothing in the account that a case is about.',
    ...(own.length > 0 ? ['', "In Cordon's own account:", '', ...own] : []),
  ];
}

const rowsOf = (kind: string, grants: Readonly<Record<string, Grant & { once?: true }>>) =>
  Object.entries(grants).map(([action, grant]) =>
    row(
      kind,
      action,
      grant,
      `${reasons[action] ?? ''}${grant.once ? '; sent once, never repeated' : ''}`,
    ),
  );

function row(kind: string, action: string, { on, when }: Grant, why: string): string[] {
  const resources = [on].flat().map((resource) => `\`${resource}\``);
  const conditions = Object.entries(when ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `${operator} \`${key}\` = ${quoted(value)}`),
  );
  return [kind, `\`${action}\``, resources.join('<br>'), conditions.join('<br>'), why];
}

const quoted = (value: string | readonly string[]): string =>
  [value]
    .flat()
    .map((one) => `\`${one}\``)
    .join(', ');
