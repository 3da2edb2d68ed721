import {
  DescribeConfigurationRecorderStatusCommand,
  DescribeConfigurationRecordersCommand,
  GetResourceConfigHistoryCommand,
  type GetResourceConfigHistoryCommandInput,
  paginateGetResourceConfigHistory,
} from '@aws-sdk/client-config-service';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { AccountState } from '../../../replay/account/state.ts';
import { clientsOf, errorOf, rehearsed } from './rehearsed.ts';

const dana = { resourceType: 'AWS::IAM::User', resourceId: 'AIDADANADANADANADANAD' } as const;
const state = {
  config: {
    recorders: [{}],
    items: [
      { ...dana, captureTime: '2026-02-01T00:00:00.000Z', configuration: { userName: 'dana' } },
      { ...dana, captureTime: '2026-03-01T04:00:00.000Z', status: 'ResourceDeleted' as const },
      { ...dana, captureTime: '2026-03-01T00:00:00.000Z', region: 'us-east-1' },
      { ...dana, resourceId: 'AIDADECOY', captureTime: '2026-02-01T00:00:00.000Z' },
    ],
  },
} satisfies z.input<typeof AccountState>;

type Clients = Pick<ReturnType<typeof rehearsed>, 'config'>;
const history = (
  { config }: Clients,
  differs: Partial<GetResourceConfigHistoryCommandInput> = {},
) => config.send(new GetResourceConfigHistoryCommand({ ...dana, ...differs }));
const timesIn = (answer: Awaited<ReturnType<typeof history>>) =>
  answer.configurationItems?.map((item) => item.configurationItemCaptureTime?.toISOString());

describe("AWS Config's recorders", () => {
  it('are of one Region, and say whether they record', async () => {
    const { account, config } = rehearsed({ config: { recorders: [{ recording: false }] } });
    const all = new DescribeConfigurationRecordersCommand({});
    expect((await config.send(all)).ConfigurationRecorders).toMatchObject([{ name: 'default' }]);
    const status = await config.send(new DescribeConfigurationRecorderStatusCommand({}));
    expect(status.ConfigurationRecordersStatus).toMatchObject([{ recording: false }]);
    const elsewhere = clientsOf(account, undefined, 'us-east-1').config;
    expect((await elsewhere.send(all)).ConfigurationRecorders).toEqual([]);
  });

  it('are refused by a name that none has', async () => {
    const { config } = rehearsed(state);
    const command = new DescribeConfigurationRecordersCommand({
      ConfigurationRecorderNames: ['mine'],
    });
    expect(await errorOf(config.send(command))).toBe('NoSuchConfigurationRecorderException');
  });
});

describe("AWS Config's history", () => {
  it('tells what one resource was like in one Region, newest first', async () => {
    const answer = await history(rehearsed(state));
    expect(answer.configurationItems).toMatchObject([
      { configurationItemStatus: 'ResourceDeleted', resourceId: dana.resourceId },
      { configurationItemStatus: 'OK', configuration: '{"userName":"dana"}' },
    ]);
  });

  it('goes forward, and keeps to the times asked for', async () => {
    const all = rehearsed(state);
    expect(timesIn(await history(all, { chronologicalOrder: 'Forward' }))).toEqual([
      '2026-02-01T00:00:00.000Z',
      '2026-03-01T04:00:00.000Z',
    ]);
    const since = new Date('2026-03-01T00:00:00.000Z');
    expect(timesIn(await history(all, { earlierTime: since }))).toEqual([
      '2026-03-01T04:00:00.000Z',
    ]);
  });

  it('comes in pages of ten', async () => {
    const items = Array.from({ length: 12 }, (_, n) => ({
      ...dana,
      captureTime: `2026-02-01T00:00:${String(n).padStart(2, '0')}.000Z`,
    }));
    const { config } = rehearsed({ config: { recorders: [{}], items } });
    const sizes = [];
    for await (const page of paginateGetResourceConfigHistory({ client: config }, dana)) {
      sizes.push(page.configurationItems?.length);
    }
    expect(sizes).toEqual([10, 2]);
  });

  it.each<[string, string, Partial<GetResourceConfigHistoryCommandInput>]>([
    ['what was never seen', 'ResourceNotDiscoveredException', { resourceId: 'AIDANOBODY' }],
    ['over 100 at once', 'InvalidLimitException', { limit: 101 }],
    ['a token of its own making', 'InvalidNextTokenException', { nextToken: 'mine' }],
    [
      'times in the wrong order',
      'InvalidTimeRangeException',
      { earlierTime: new Date('2026-03-02'), laterTime: new Date('2026-03-01') },
    ],
  ])('is refused for %s', async (_what, name, differs) => {
    expect(await errorOf(history(rehearsed(state), differs))).toBe(name);
  });

  it('is not there without a recorder', async () => {
    const all = rehearsed({ config: { items: state.config.items } });
    expect(await errorOf(history(all))).toBe('NoAvailableConfigurationRecorderException');
  });
});
