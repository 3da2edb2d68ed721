import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { patient } from '../../functions/shared/connection.ts';
import { type Machine, type State, withStates } from '../../replay/workflow.ts';
import { broken } from './gateway/gateway.ts';
import { toMoto } from './moto.ts';
import { account } from './test-config.ts';
import { given } from './world.ts';

const sfn = new SFNClient(patient(toMoto));

/** Has moto's own interpreter run state machines, or leave them be, which is how moto starts. */
export async function interpret(on: boolean): Promise<void> {
  const answer = await fetch(`${toMoto.endpoint}/moto-api/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stepfunctions: { execute_state_machine: on } }),
  });
  if (!answer.ok) throw new Error(`moto took no configuration: ${answer.status}`);
}

export async function createMachine(name: string, definition: string): Promise<string> {
  const roleArn = `arn:aws:iam::${account}:role/machine`;
  const made = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  return given(made.stateMachineArn);
}

/** A machine's name and its definition, resolved. */
export async function describeMachine(stateMachineArn: string) {
  const known = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
  return { name: given(known.name), definition: given(known.definition) };
}

/**
 * A state machine's definition in which the Lambdas of some states are asked for as broken ones.
 * Nothing else is changed.
 */
export const breaking = (definition: string, states: readonly string[]): string =>
  JSON.stringify(
    // What was created is a machine.
    withStates(JSON.parse(definition) as Machine, (state, name) =>
      states.includes(name) ? breakState(state) : state,
    ),
  );

/** A Task that waits for an answer names its Lambda in what it sends. */
function breakState(state: State): State {
  const { Parameters: said } = state;
  if (typeof said !== 'object' || said === null || !('FunctionName' in said)) {
    return { ...state, Resource: `${state.Resource}:${broken}` };
  }
  return { ...state, Parameters: { ...said, FunctionName: `${said.FunctionName}:${broken}` } };
}

/** One execution by moto's interpreter, over. */
interface Executed {
  readonly arn: string;
  readonly status: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
  readonly history: readonly HistoryEvent[];
}

/** Answers a Task that waits for people, as what they are asked with does. */
export async function answerTask(taskToken: string): Promise<void> {
  const output = JSON.stringify({ outcome: 'answered' });
  await sfn.send(new SendTaskSuccessCommand({ taskToken, output }));
}

/** Runs a state machine to its end. `meanwhile` is done again and again until then. */
export async function execute(
  machine: string,
  name: string,
  input: object,
  meanwhile: () => Promise<void>,
): Promise<Executed> {
  const started = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: machine, name, input: JSON.stringify(input) }),
  );
  const executionArn = given(started.executionArn);
  for (;;) {
    const { status, error, cause } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') {
      const history = await historyOf(executionArn);
      return { arn: executionArn, status: given(status), error, cause, history };
    }
    await meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function historyOf(executionArn: string): Promise<readonly HistoryEvent[]> {
  const { events = [], nextToken } = await sfn.send(
    new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
  );
  if (nextToken) throw new Error('more than 1000 events');
  return events;
}
