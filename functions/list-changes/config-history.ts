import {
  type ConfigServiceClient,
  DescribeConfigurationRecorderStatusCommand,
  GetResourceConfigHistoryCommand,
  ListDiscoveredResourcesCommand,
  NoAvailableConfigurationRecorderException,
  ResourceNotDiscoveredException,
  ResourceType,
} from '@aws-sdk/client-config-service';
import { plainText } from '../shared/plain-text.ts';

/** A resource to ask AWS Config about: by its own id where it is known, else by what CloudTrail calls it. */
export interface Touched {
  readonly type: ResourceType;
  readonly name: string;
  readonly id: string | null;
}

/** One state of a resource that Config recorded. What it was like is Config's to tell. */
export interface Change {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly at: string;
  readonly status: string;
}

const types: ReadonlySet<string> = new Set(Object.values(ResourceType));
export const isRecordable = (type: string): type is ResourceType => types.has(type);

/** Whether anything records in a Region; a recorder that was stopped has kept what it had recorded. */
export async function hasRecorder(config: ConfigServiceClient): Promise<boolean> {
  const { ConfigurationRecordersStatus = [] } = await config.send(
    new DescribeConfigurationRecorderStatusCommand({}),
  );
  return ConfigurationRecordersStatus.length > 0;
}

/** States of one resource at most: enough to show a change, few enough for many resources. */
const mostStates = 100;

/** The resource's recorded states since then, or undefined when Config never saw it. */
export async function historyOf(
  config: ConfigServiceClient,
  touched: Touched,
  span: { earlierTime: Date; laterTime: Date },
): Promise<Change[] | undefined> {
  const { type } = touched;
  // CloudTrail names some resources by ARN, some by id, and some by a name that is not their id.
  const tail = touched.name.split(/[/:]/).at(-1) ?? touched.name;
  const known = await states(config, { type, id: touched.id ?? tail }, span);
  if (known || touched.id) return known;
  const id = await idOf(config, type, tail);
  return id === undefined ? undefined : states(config, { type, id }, span);
}

async function states(
  config: ConfigServiceClient,
  { type, id }: { type: ResourceType; id: string },
  span: { earlierTime: Date; laterTime: Date },
): Promise<Change[] | undefined> {
  try {
    const { configurationItems = [] } = await config.send(
      new GetResourceConfigHistoryCommand({
        resourceType: type,
        resourceId: id,
        ...span,
        limit: mostStates,
      }),
    );
    return configurationItems.map((item) => ({
      type,
      id,
      name: plainText(item.resourceName ?? id, 256),
      at: item.configurationItemCaptureTime?.toISOString() ?? '',
      status: item.configurationItemStatus ?? '',
    }));
  } catch (error) {
    if (error instanceof ResourceNotDiscoveredException) return undefined;
    if (error instanceof NoAvailableConfigurationRecorderException) return undefined;
    throw error;
  }
}

async function idOf(config: ConfigServiceClient, resourceType: ResourceType, resourceName: string) {
  const { resourceIdentifiers = [] } = await config.send(
    new ListDiscoveredResourcesCommand({
      resourceType,
      resourceName,
      includeDeletedResources: true,
    }),
  );
  return resourceIdentifiers[0]?.resourceId;
}
