import { Stack, type StackProps } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { steps } from '../functions/index.ts';
import { settleFailedExecution } from '../functions/settle-failed-execution/handler.ts';
import type { Step } from '../functions/shared/step.ts';
import { triggers } from '../statemachines/triggers.ts';
import { alarmsOf } from './alarms.ts';
import { Approvers } from './approval.ts';
import type { Config } from './config.ts';
import { dashboardOf } from './dashboard.ts';
import { acceptLetters, eventRules } from './event-rules.ts';
import { failedExecutions } from './failed-executions.ts';
import { openHomeBus, tellOfForwardedAlarms } from './home-bus.ts';
import { HomeResources } from './home-resources.ts';
import { volumeKey } from './keys.ts';
import { captureDocuments } from './member-region-stack.ts';
import { pascal } from './names.ts';
import { subscribe } from './people.ts';
import { PlaybookMachine } from './playbook-machine.ts';
import { type Playbook, readPlaybooks } from './playbooks.ts';
import { customActionRules } from './security-hub-actions.ts';
import { StepLambda } from './step-lambda.ts';

interface ResponderStackProps extends StackProps {
  readonly config: Config;
  /** The folder that `buildSteps` filled, with the settings beside it. */
  readonly asset: string;
}

/** Longest that a step may run which no workflow waits for. */
const unawaitedSeconds = 120;

/**
 * Cordon itself, in the security account's home Region: a Lambda for each step, a state machine for
 * each playbook, the rules that start them, and what they keep.
 *
 * Steps and playbooks are not listed here: what is in `functions/` and `statemachines/` is deployed.
 */
export class ResponderStack extends Stack {
  constructor(scope: Construct, id: string, { config, asset, ...props }: ResponderStackProps) {
    super(scope, id, props);
    const playbooks = readPlaybooks();
    const home = new HomeResources(this, 'Home', config);
    const code = Code.fromAsset(asset);
    const names = playbooks.map(({ name }) => name);
    const people = { config, home, code, playbooks: names };
    const approvers = new Approvers(this, 'Approvers', people);
    const deployed: readonly Step[] = steps;
    const lambdas = new Map(
      deployed.map((step) => {
        const timeoutSeconds = longestWait(step.name, playbooks);
        const made = { step, config, home, code, playbooks: names, approvers, timeoutSeconds };
        return [step.name, new StepLambda(this, pascal(step.name), made)];
      }),
    );
    const machines = new Map(
      playbooks.map((playbook) => [
        playbook.name,
        new PlaybookMachine(this, `Playbook${pascal(playbook.name)}`, {
          playbook,
          config,
          home,
          lambdas,
        }),
      ]),
    );
    const { deadLetters } = home;
    subscribe(this, home.people, config);
    captureDocuments(this, config);
    if (config.volumeKeys.some((region) => region === this.region)) volumeKey(this, config);
    openHomeBus(this, config);
    const rules = [
      ...eventRules(this, triggers, { config, machines, deadLetters }),
      ...(config.securityHub ? customActionRules(this, home, machines) : []),
      tellOfForwardedAlarms(this, home),
    ];
    const all = { lambdas: [...lambdas.values()], machines: [...machines.values()] };
    const settle = lambdas.get(settleFailedExecution.name);
    if (!settle) throw new Error(`${settleFailedExecution.name} is not among the steps`);
    const failed = failedExecutions(this, all.machines, settle, home);
    acceptLetters(deadLetters, [...rules, failed]);
    dashboardOf(this, { ...all, home, alarms: alarmsOf(this, { ...all, home, failed }) });
  }
}

/** A step may run for as long as the most patient of the states that invoke it waits. */
function longestWait(step: string, playbooks: readonly Playbook[]): number {
  const waits = playbooks.map(({ waitsFor }) => waitsFor.get(step) ?? 0);
  return Math.max(...waits) || unawaitedSeconds;
}
