import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  type SFNClient,
} from '@aws-sdk/client-sfn';

/** Something that an execution did that people want to hear of. */
export interface Happened {
  readonly at: Date;
  readonly state: string;
  /** `failed`: an attempt of the state's step, which may be tried again or caught. */
  readonly what: 'entered' | 'waits' | 'failed';
  readonly error?: string;
}

/** An execution that has ended. */
export interface Ended {
  readonly status: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly input: unknown;
  /** Undefined where it failed. */
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
}

interface Following {
  /** Told of everything once, in its order. */
  tell(happened: Happened): void;
  /** Waits between two looks; rejects when the person has seen enough. */
  pause(): Promise<void>;
}

const isEnd = /^Execution(?:Succeeded|Failed|TimedOut|Aborted)$/;

/**
 * Follows an execution to its end, by its history. It only reads, so whoever stops following leaves
 * the execution as it is.
 *
 * The last page is read again at every look, since a page that was the last one has no token to go
 * on from: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
 */
export async function follow(sfn: SFNClient, arn: string, following: Following): Promise<Ended> {
  const states = new Map<number, string>();
  let page: string | undefined;
  for (let over = false; !over; ) {
    const { events = [], nextToken } = await sfn.send(
      new GetExecutionHistoryCommand({
        executionArn: arn,
        includeExecutionData: false,
        maxResults: 1000,
        ...(page && { nextToken: page }),
      }),
    );
    for (const event of events) {
      over ||= isEnd.test(event.type ?? '');
      const happened = newIn(event, states);
      if (happened) following.tell(happened);
    }
    if (nextToken) page = nextToken;
    else if (!over) await following.pause();
  }
  return describe(sfn, arn);
}

/** What an event that was not seen before says; `states` holds the state of each that was. */
function newIn(event: HistoryEvent, states: Map<number, string>): Happened | undefined {
  const { id = 0, previousEventId = 0, timestamp: at = new Date(0), type = '' } = event;
  if (states.has(id)) return undefined;
  const entered = event.stateEnteredEventDetails?.name;
  const state = entered ?? states.get(previousEventId) ?? '';
  states.set(id, state);
  if (entered) return { at, state, what: type === 'WaitStateEntered' ? 'waits' : 'entered' };
  if (!/^(?:Task|LambdaFunction)\w*(?:Failed|TimedOut)$/.test(type)) return undefined;
  const { error } =
    event.lambdaFunctionFailedEventDetails ??
    event.lambdaFunctionTimedOutEventDetails ??
    event.lambdaFunctionScheduleFailedEventDetails ??
    event.taskFailedEventDetails ??
    {};
  return { at, state, what: 'failed', ...(error && { error }) };
}

async function describe(sfn: SFNClient, executionArn: string): Promise<Ended> {
  const told = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  const { status = 'UNKNOWN', startDate = new Date(0), stopDate = startDate, error, cause } = told;
  return {
    status,
    startedAt: startDate,
    endedAt: stopDate,
    input: JSON.parse(told.input ?? 'null'),
    ...(told.output !== undefined && { output: JSON.parse(told.output) }),
    ...(error && { error }),
    ...(cause && { cause }),
  };
}
