import {
  DescribeLogGroupsCommand,
  DescribeQueriesCommand,
  GetQueryResultsCommand,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeConfigurationRecorderStatusCommand,
  DescribeConfigurationRecordersCommand,
  GetResourceConfigHistoryCommand,
  ListDiscoveredResourcesCommand,
} from '@aws-sdk/client-config-service';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { logGroup } from './test-config.ts';
import type { Clients } from './world.ts';

/** Goes on whether or not the call is refused: how it is answered is what is compared. */
const attempt = <T>(call: Promise<T>): Promise<T | undefined> => call.catch(() => undefined);
const token = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

/** What is played in both accounts, by what it is about. The log group is there; nothing else is. */
export const scenesOfServices: Readonly<Record<string, (clients: Clients) => Promise<void>>> = {
  'the history is queried': async ({ logs }) => {
    await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroup }));
    await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'nothing' }));
    const asked = {
      queryString: 'fields @timestamp',
      startTime: 1_700_000_000,
      endTime: 1_700_003_600,
    };
    const { queryId } = await logs.send(
      new StartQueryCommand({ ...asked, logGroupNames: [logGroup] }),
    );
    await attempt(logs.send(new StartQueryCommand({ ...asked, logGroupNames: ['nothing'] })));
    await logs.send(new GetQueryResultsCommand({ queryId }));
    await attempt(logs.send(new GetQueryResultsCommand({ queryId: token(9) })));
    await logs.send(new DescribeQueriesCommand({ logGroupName: logGroup }));
  },

  'a secret is kept': async ({ secrets }) => {
    const asked = {
      Name: 'cordon/replacement',
      Description: 'a key',
      SecretString: 'one',
      ClientRequestToken: token(1),
      Tags: [{ Key: 'cordon:case', Value: 'case-1' }],
    };
    const { ARN } = await secrets.send(new CreateSecretCommand(asked));
    await attempt(
      secrets.send(new CreateSecretCommand({ ...asked, ClientRequestToken: token(2) })),
    );
    await secrets.send(new DescribeSecretCommand({ SecretId: asked.Name }));
    const next = { SecretId: asked.Name, SecretString: 'two', ClientRequestToken: token(3) };
    await secrets.send(new PutSecretValueCommand(next));
    await secrets.send(new PutSecretValueCommand(next));
    await secrets.send(new DescribeSecretCommand({ SecretId: ARN }));
    await attempt(secrets.send(new DescribeSecretCommand({ SecretId: 'nothing' })));
    await attempt(secrets.send(new PutSecretValueCommand({ ...next, SecretId: 'nothing' })));
    await attempt(secrets.send(new CreateSecretCommand({ ...asked, Name: 'not allowed' })));
  },

  'Config records nothing': async ({ config }) => {
    await config.send(new DescribeConfigurationRecordersCommand({}));
    await config.send(new DescribeConfigurationRecorderStatusCommand({}));
    const ConfigurationRecorderNames = ['nobody'];
    await attempt(
      config.send(new DescribeConfigurationRecordersCommand({ ConfigurationRecorderNames })),
    );
    await attempt(
      config.send(new DescribeConfigurationRecorderStatusCommand({ ConfigurationRecorderNames })),
    );
    await config.send(new ListDiscoveredResourcesCommand({ resourceType: 'AWS::IAM::User' }));
    await attempt(
      config.send(
        new GetResourceConfigHistoryCommand({
          resourceType: 'AWS::IAM::User',
          resourceId: 'AIDAEXAMPLEEXAMPLE',
        }),
      ),
    );
  },
};
