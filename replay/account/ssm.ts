import {
  type CancelCommandRequest,
  type Command,
  type CommandInvocation,
  type CommandInvocationStatus,
  type CommandStatus,
  type DescribeInstanceInformationRequest,
  type DescribeInstanceInformationResult,
  type GetCommandInvocationRequest,
  type GetCommandInvocationResult,
  InvalidCommandId,
  InvalidFilterKey,
  InvalidInstanceId,
  InvalidNextToken,
  InvocationDoesNotExist,
  type ListCommandInvocationsRequest,
  type ListCommandInvocationsResult,
  type ListCommandsRequest,
  type ListCommandsResult,
  type SendCommandRequest,
  type SendCommandResult,
  UnsupportedPlatformType,
  ValidationException,
} from '@aws-sdk/client-ssm';
import { redact } from '../../functions/shared/journal.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { madeUpUuid } from './made-up-ids.ts';
import { pageOf } from './pages.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import { documentToSend, getDocument, type SendableDocument } from './ssm-documents.ts';
import type { AccountState } from './state.ts';

type Managed = AccountState['ssm']['managedInstances'][number];
type SentCommand = AccountState['ssm']['commands'][number];
type Invocation = SentCommand['invocations'][number];

const $metadata = { httpStatusCode: 400 };

/** What breaks a limit that the service's model states. */
const invalid = (message: string) => new ValidationException({ message, $metadata });

interface Paged {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

function page<T>(
  items: readonly T[],
  { MaxResults, NextToken }: Paged,
  { least = 1, usual = 50 } = {},
): { items: T[]; NextToken?: string } {
  if (MaxResults !== undefined && (MaxResults < least || MaxResults > 50)) {
    throw invalid(`Value '${MaxResults}' at 'maxResults' must be between ${least} and 50`);
  }
  const { items: cut, next } = pageOf(
    items,
    { size: MaxResults ?? usual, token: NextToken },
    () => new InvalidNextToken({ message: 'The specified token is not valid.', $metadata }),
  );
  return { items: cut, ...(next && { NextToken: next }) };
}

const informationFilters: Readonly<Record<string, (managed: Managed) => string>> = {
  InstanceIds: ({ instanceId }) => instanceId,
  PingStatus: ({ pingStatus }) => pingStatus,
  PlatformTypes: ({ platformType }) => platformType,
  AgentVersion: ({ agentVersion }) => agentVersion,
  ResourceType: () => 'EC2Instance',
};

function describeInstanceInformation(
  { state, now }: Desk,
  input: DescribeInstanceInformationRequest,
): DescribeInstanceInformationResult {
  const filters = [
    ...(input.Filters ?? []).map(({ Key = '', Values = [] }) => ({ key: Key, values: Values })),
    ...(input.InstanceInformationFilterList ?? []).map(({ key = '', valueSet = [] }) => ({
      key: String(key),
      values: valueSet,
    })),
  ].map(({ key, values }) => {
    const field = informationFilters[key];
    if (!field) throw new InvalidFilterKey({ message: key, $metadata });
    return (managed: Managed) => values.includes(field(managed));
  });
  const matched = state.ssm.managedInstances.filter((managed) =>
    filters.every((filter) => filter(managed)),
  );
  const { items, ...next } = page(matched, input, { least: 5, usual: 10 });
  return {
    InstanceInformationList: items.map((managed) => ({
      InstanceId: managed.instanceId,
      PingStatus: managed.pingStatus,
      LastPingDateTime: now(),
      AgentVersion: managed.agentVersion,
      IsLatestVersion: true,
      PlatformType: managed.platformType,
      PlatformName: managed.platformName,
      ResourceType: 'EC2Instance',
    })),
    ...next,
  };
}

/**
 * Sends a command, which then goes on as the state's `captures` say of its instance.
 *
 * There is no client token: sent twice, it is two commands.
 */
function sendCommand(desk: Desk, input: SendCommandRequest): SendCommandResult {
  const { state } = desk;
  const { Comment = '', InstanceIds = [], TimeoutSeconds = 3600 } = input;
  if (Comment.length > 100) throw invalid("Value at 'comment' must be at most 100 characters");
  if (TimeoutSeconds < 30) throw invalid("Value at 'timeoutSeconds' must be at least 30");
  if (InstanceIds.length < 1 || InstanceIds.length > 50) {
    throw invalid("Value at 'instanceIds' must have 1 to 50 members");
  }
  const document = documentToSend(state.ssm.documents, input);
  const command: SentCommand = {
    commandId: madeUpUuid(`${desk.newId('command')} ${state.ssm.commands.length}`),
    documentName: document.name,
    documentVersion: document.version,
    comment: Comment,
    // A presigned URL in a parameter must not end up in a report of the account.
    parameters: redact(input.Parameters ?? {}) as Record<string, string[]>,
    timeoutSeconds: TimeoutSeconds,
    requestedAt: desk.now().toISOString(),
    invocations: InstanceIds.map((id) => ({
      instanceId: managedFor(state, id, document).instanceId,
      looks: 0,
      cancelled: false,
    })),
  };
  state.ssm.commands.push(command);
  return {
    Command: { ...describedCommand(state, command), Status: 'Pending', StatusDetails: 'Pending' },
  };
}

function managedFor(
  { ssm, accountId }: AccountState,
  id: string,
  { name, runsOn }: SendableDocument,
): Managed {
  const managed = ssm.managedInstances.find(({ instanceId }) => instanceId === id);
  if (!managed) {
    throw new InvalidInstanceId({
      message: `Instances [[${id}]] not in a valid state for account ${accountId}`,
      $metadata,
    });
  }
  if (!runsOn.includes(managed.platformType)) {
    throw new UnsupportedPlatformType({
      message: `${name} does not support ${managed.platformType}`,
      $metadata,
    });
  }
  return managed;
}

interface Progress {
  readonly status: CommandInvocationStatus;
  readonly details: string;
}

const running = /^(?:Pending|InProgress|Delayed|Cancelling)$/;

/** How far an invocation has come. A command to an agent that is not there never starts. */
function progressOf(state: AccountState, { instanceId, looks, cancelled }: Invocation): Progress {
  const course = state.ssm.captures[instanceId];
  const agent = state.ssm.managedInstances.find((managed) => managed.instanceId === instanceId);
  const as = (status: Progress['status'], details: string = status) => ({ status, details });
  if (cancelled) return as('Cancelled');
  if (!course && agent?.pingStatus !== 'Online') return as('Pending');
  if (looks <= (course?.unseen ?? 0) + (course?.polls ?? 1)) return as('InProgress');
  return as(course?.status ?? 'Success', course?.statusDetails);
}

/**
 * Looks at one invocation, and so brings it one look further: a rehearsal has no time to pass.
 *
 * For its first `unseen` looks the service does not know it yet.
 */
function getCommandInvocation(
  { state }: Desk,
  { CommandId, InstanceId }: GetCommandInvocationRequest,
): GetCommandInvocationResult {
  const command = state.ssm.commands.find(({ commandId }) => commandId === CommandId);
  const invocation = command?.invocations.find(({ instanceId }) => instanceId === InstanceId);
  if (invocation) invocation.looks += 1;
  const course = invocation && state.ssm.captures[invocation.instanceId];
  if (!command || !invocation || invocation.looks <= (course?.unseen ?? 0)) {
    throw new InvocationDoesNotExist({ message: 'InvocationDoesNotExist', $metadata });
  }
  const { status, details } = progressOf(state, invocation);
  const ended = !running.test(status);
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Status: status,
    StatusDetails: details,
    ResponseCode: status === 'Success' ? 0 : status === 'Failed' ? 1 : -1,
    StandardOutputContent: ended ? (course?.stdout ?? '') : '',
    StandardErrorContent: ended ? (course?.stderr ?? '') : '',
  };
}

function listCommands({ state }: Desk, input: ListCommandsRequest): ListCommandsResult {
  const matched = state.ssm.commands
    .filter(
      ({ commandId, invocations }) =>
        (!input.CommandId || commandId === input.CommandId) &&
        (!input.InstanceId || invocations.some((one) => one.instanceId === input.InstanceId)),
    )
    .filter((command) => passes(state, command, input.Filters));
  const { items, ...next } = page(matched, input);
  return { Commands: items.map((command) => describedCommand(state, command)), ...next };
}

function passes(
  state: AccountState,
  command: SentCommand,
  filters: ListCommandsRequest['Filters'] = [],
): boolean {
  return filters.every(({ key, value = '' }) => {
    if (key === 'InvokedAfter') return command.requestedAt >= value;
    if (key === 'InvokedBefore') return command.requestedAt < value;
    if (key === 'DocumentName') return command.documentName === value;
    if (key === 'Status') return statusOf(state, command) === value;
    throw new InvalidFilterKey({ message: String(key), $metadata });
  });
}

/** A command to one instance, as all of ours are, is as far as its invocation. */
function statusOf(state: AccountState, { invocations }: SentCommand): CommandStatus {
  const status = invocations[0] ? progressOf(state, invocations[0]).status : 'Pending';
  return status === 'Delayed' ? 'Pending' : status;
}

const describedCommand = (state: AccountState, command: SentCommand): Command => ({
  CommandId: command.commandId,
  DocumentName: command.documentName,
  DocumentVersion: command.documentVersion,
  Comment: command.comment,
  Parameters: command.parameters,
  InstanceIds: command.invocations.map(({ instanceId }) => instanceId),
  RequestedDateTime: new Date(command.requestedAt),
  TimeoutSeconds: command.timeoutSeconds,
  Status: statusOf(state, command),
  StatusDetails: statusOf(state, command),
  TargetCount: command.invocations.length,
});

function listCommandInvocations(
  { state }: Desk,
  input: ListCommandInvocationsRequest,
): ListCommandInvocationsResult {
  const matched = state.ssm.commands
    .filter((command) => passes(state, command, input.Filters))
    .flatMap((command) => command.invocations.map((invocation) => ({ command, invocation })))
    .filter(
      ({ command, invocation }) =>
        (!input.CommandId || command.commandId === input.CommandId) &&
        (!input.InstanceId || invocation.instanceId === input.InstanceId),
    );
  const { items, ...next } = page(matched, input);
  const CommandInvocations = items.map(({ command, invocation }): CommandInvocation => {
    const { status, details } = progressOf(state, invocation);
    return {
      CommandId: command.commandId,
      InstanceId: invocation.instanceId,
      Comment: command.comment,
      DocumentName: command.documentName,
      RequestedDateTime: new Date(command.requestedAt),
      Status: status,
      StatusDetails: details,
    };
  });
  return { CommandInvocations, ...next };
}

/** Cancels what has not ended. AWS promises no more than to try. */
function cancelCommand(
  { state }: Desk,
  { CommandId, InstanceIds = [] }: CancelCommandRequest,
): object {
  const command = state.ssm.commands.find(({ commandId }) => commandId === CommandId);
  if (!command) throw new InvalidCommandId({ message: 'InvalidCommandId', $metadata });
  for (const invocation of command.invocations) {
    const named = InstanceIds.length === 0 || InstanceIds.includes(invocation.instanceId);
    if (named && running.test(progressOf(state, invocation).status)) invocation.cancelled = true;
  }
  return {};
}

/** Systems Manager's agents and Run Command. */
export const ssmOperations: Readonly<Record<AwsCall, Operation>> = {
  'ssm:DescribeInstanceInformation': describeInstanceInformation,
  'ssm:GetDocument': ({ state }, input) => getDocument(state.ssm.documents, input),
  'ssm:SendCommand': sendCommand,
  'ssm:GetCommandInvocation': getCommandInvocation,
  'ssm:ListCommands': listCommands,
  'ssm:ListCommandInvocations': listCommandInvocations,
  'ssm:CancelCommand': cancelCommand,
};
