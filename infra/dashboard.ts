import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { messagesIn } from './alarms.ts';
import type { HomeResources } from './home-resources.ts';
import type { PlaybookMachine } from './playbook-machine.ts';
import type { StepLambda } from './step-lambda.ts';

/** One page for who is on call: what is wrong, what runs, what waits. */
export function dashboardOf(
  scope: Construct,
  {
    home,
    alarms,
    machines,
    lambdas,
  }: {
    readonly home: HomeResources;
    readonly alarms: readonly Alarm[];
    readonly machines: readonly PlaybookMachine[];
    readonly lambdas: readonly StepLambda[];
  },
): Dashboard {
  const hourly = { period: Duration.hours(1), statistic: 'Sum' };
  const each = (of: (playbook: PlaybookMachine) => IMetric) => machines.map(of);
  const graph = (title: string, left: IMetric[]): IWidget =>
    new GraphWidget({ title, left, width: 8, height: 6 });
  return new Dashboard(scope, 'Dashboard', {
    defaultInterval: Duration.days(7),
    widgets: [
      [new AlarmStatusWidget({ title: 'Needs a person', alarms: [...alarms], width: 24 })],
      [
        graph(
          'Playbooks started, each hour',
          each(({ playbook, machine }) =>
            machine.metricStarted({ ...hourly, label: playbook.name }),
          ),
        ),
        graph(
          'Executions that did not end well, each hour',
          each(({ playbook, machine }) =>
            machine.metricFailed({ ...hourly, label: `${playbook.name} failed` }),
          ).concat(
            each(({ playbook, machine }) =>
              machine.metricTimedOut({ ...hourly, label: `${playbook.name} out of time` }),
            ),
          ),
        ),
        graph(
          'How long playbooks take',
          each(({ playbook, machine }) =>
            machine.metricTime({ statistic: 'p90', label: `${playbook.name} p90` }),
          ),
        ),
      ],
      [
        graph(
          'Steps that threw, each hour',
          lambdas.map(({ step, lambda }) => lambda.metricErrors({ ...hourly, label: step.name })),
        ),
        graph('Cases for a human, each hour', [
          new Metric({ namespace: `cordon-${home.stage}`, metricName: 'NeedsHuman', ...hourly }),
        ]),
        graph('Dead letters', [messagesIn(home.deadLetters)]),
      ],
    ],
  });
}
