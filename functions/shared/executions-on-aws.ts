import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { patient } from './connection.ts';
import type { Home, StartedPlaybook } from './home.ts';
import { UnusableInputError } from './unusable-input.ts';

/** Cordon's own executions; `playbooks` are the ARNs of their state machines, by name. */
export function executionsOnAws(
  region: string,
  playbooks: Readonly<Record<string, string>>,
): Pick<Home, 'isRunning' | 'start' | 'answer'> {
  const sfn = new SFNClient(patient({ region }));
  return {
    isRunning: async (executionArn) => {
      try {
        const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return false;
        throw error;
      }
    },
    start: async (playbook, input, name) => {
      const machine = playbooks[playbook];
      if (!machine) throw new UnusableInputError(`CORDON_PLAYBOOKS.${playbook}: expected its ARN`);
      return startExecution(sfn, machine, input, name);
    },
    answer: (taskToken, output) => answerTask(sfn, taskToken, output),
  };
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html */
export async function answerTask(sfn: SFNClient, taskToken: string, output: object) {
  try {
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
    return 'answered' as const;
  } catch (error) {
    if (
      error instanceof TaskTimedOut ||
      error instanceof TaskDoesNotExist ||
      error instanceof InvalidToken
    ) {
      return 'gone' as const;
    }
    throw error;
  }
}

/**
 * A name is taken for 90 days after its execution has ended; asked for with the same input while it
 * runs, Step Functions answers as if it had started it.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
async function startExecution(
  sfn: SFNClient,
  stateMachineArn: string,
  input: object,
  name: string,
): Promise<StartedPlaybook> {
  const execution = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  try {
    await sfn.send(
      new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
    );
    return { outcome: 'started', execution };
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return { outcome: 'already-started', execution };
    throw error;
  }
}
