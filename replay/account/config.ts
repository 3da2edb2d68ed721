import {
  type ConfigurationItem,
  type DescribeConfigurationRecorderStatusRequest,
  type DescribeConfigurationRecorderStatusResponse,
  type DescribeConfigurationRecordersRequest,
  type DescribeConfigurationRecordersResponse,
  type GetResourceConfigHistoryRequest,
  type GetResourceConfigHistoryResponse,
  InvalidLimitException,
  InvalidNextTokenException,
  InvalidTimeRangeException,
  type ListDiscoveredResourcesRequest,
  type ListDiscoveredResourcesResponse,
  NoAvailableConfigurationRecorderException,
  NoSuchConfigurationRecorderException,
  ResourceNotDiscoveredException,
  type ResourceType,
} from '@aws-sdk/client-config-service';
import type { AwsCall } from '../../functions/shared/step.ts';
import { pageOf } from './pages.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

type Item = AccountState['config']['items'][number];
type Recorder = AccountState['config']['recorders'][number];

const $metadata = { httpStatusCode: 400 };

const here = ({ state, region }: Desk, one: { region?: string | undefined }): boolean =>
  (one.region ?? state.region) === region;

function recordersAsked(desk: Desk, names: readonly string[] = []): Recorder[] {
  const recorders = desk.state.config.recorders.filter((recorder) => here(desk, recorder));
  const missing = names.find((asked) => !recorders.some(({ name }) => name === asked));
  if (missing !== undefined) {
    throw new NoSuchConfigurationRecorderException({
      message: `Cannot find configuration recorder with the specified name '${missing}'.`,
      $metadata,
    });
  }
  return recorders.filter(({ name }) => names.length === 0 || names.includes(name));
}

function describeRecorders(
  desk: Desk,
  input: DescribeConfigurationRecordersRequest,
): DescribeConfigurationRecordersResponse {
  return {
    ConfigurationRecorders: recordersAsked(desk, input.ConfigurationRecorderNames).map(
      ({ name }) => ({
        name,
        roleARN: `arn:aws:iam::${desk.state.accountId}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig`,
        recordingGroup: { allSupported: true, includeGlobalResourceTypes: true },
      }),
    ),
  };
}

function describeRecorderStatus(
  desk: Desk,
  input: DescribeConfigurationRecorderStatusRequest,
): DescribeConfigurationRecorderStatusResponse {
  return {
    ConfigurationRecordersStatus: recordersAsked(desk, input.ConfigurationRecorderNames).map(
      ({ name, recording }) => ({ name, recording, lastStatus: 'Success' }),
    ),
  };
}

/** What a resource was like over time in one Region, newest first unless told, ten items a page. */
function getResourceConfigHistory(
  desk: Desk,
  input: GetResourceConfigHistoryRequest,
): GetResourceConfigHistoryResponse {
  const { limit = 0, nextToken, earlierTime, laterTime } = input;
  if (limit < 0 || limit > 100) {
    throw new InvalidLimitException({ message: 'The limit must be 0 to 100.', $metadata });
  }
  if (earlierTime && laterTime && earlierTime > laterTime) {
    throw new InvalidTimeRangeException({ message: 'earlierTime is after laterTime.', $metadata });
  }
  if (recordersAsked(desk).length === 0) {
    throw new NoAvailableConfigurationRecorderException({
      message: 'There are no configuration recorders available.',
      $metadata,
    });
  }
  const { items, next } = pageOf(
    historyOf(desk, input),
    { size: limit || 10, token: nextToken },
    () => new InvalidNextTokenException({ message: 'The nextToken is not valid.', $metadata }),
  );
  return {
    configurationItems: items.map((item) => described(desk, item)),
    ...(next && { nextToken: next }),
  };
}

function historyOf(desk: Desk, input: GetResourceConfigHistoryRequest): Item[] {
  const { resourceType, resourceId, earlierTime, laterTime, chronologicalOrder } = input;
  const known = desk.state.config.items.filter(
    (item) =>
      here(desk, item) && item.resourceType === resourceType && item.resourceId === resourceId,
  );
  if (known.length === 0) {
    throw new ResourceNotDiscoveredException({
      message: `Resource ${resourceId} of resourceType:${resourceType} is unknown or has not been discovered`,
      $metadata,
    });
  }
  const forward = known
    .filter(({ captureTime }) => {
      const at = new Date(captureTime);
      return (!earlierTime || at >= earlierTime) && (!laterTime || at <= laterTime);
    })
    .toSorted((a, b) => Date.parse(a.captureTime) - Date.parse(b.captureTime));
  return chronologicalOrder === 'Forward' ? forward : forward.reverse();
}

/** The resources of a type that Config knows in one Region, each once, by name or id where asked. */
function listDiscoveredResources(
  desk: Desk,
  input: ListDiscoveredResourcesRequest,
): ListDiscoveredResourcesResponse {
  const { resourceType, resourceName, resourceIds, includeDeletedResources } = input;
  const latest = new Map(
    desk.state.config.items
      .filter((item) => here(desk, item) && item.resourceType === resourceType)
      .toSorted((a, b) => Date.parse(a.captureTime) - Date.parse(b.captureTime))
      .map((item) => [item.resourceId, item]),
  );
  const asked = [...latest.values()].filter(
    (item) =>
      (!resourceName || item.resourceName === resourceName) &&
      (!resourceIds || resourceIds.includes(item.resourceId)) &&
      (includeDeletedResources || !item.status.startsWith('ResourceDeleted')),
  );
  return {
    resourceIdentifiers: asked.map((item) => ({
      ...(resourceType && { resourceType }),
      resourceId: item.resourceId,
      ...(item.resourceName && { resourceName: item.resourceName }),
    })),
  };
}

const described = ({ state, region }: Desk, item: Item): ConfigurationItem => ({
  version: '1.3',
  accountId: state.accountId,
  configurationItemCaptureTime: new Date(item.captureTime),
  configurationItemStatus: item.status,
  // A case may state a type of a resource that the SDK's list does not have yet.
  resourceType: item.resourceType as ResourceType,
  resourceId: item.resourceId,
  ...(item.resourceName && { resourceName: item.resourceName }),
  ...(item.arn && { arn: item.arn }),
  awsRegion: item.resourceType.startsWith('AWS::IAM::') ? 'global' : region,
  relatedEvents: item.relatedEvents,
  configuration: JSON.stringify(item.configuration),
  tags: item.tags,
});

/** AWS Config, as far as steps ask it what a resource was like. */
export const configOperations: Readonly<Record<AwsCall, Operation>> = {
  'config:DescribeConfigurationRecorders': describeRecorders,
  'config:DescribeConfigurationRecorderStatus': describeRecorderStatus,
  'config:GetResourceConfigHistory': getResourceConfigHistory,
  'config:ListDiscoveredResources': listDiscoveredResources,
};
