import type { DescribeRegionsRequest, DescribeRegionsResult, Region } from '@aws-sdk/client-ec2';
import type { AwsCall } from '../../functions/shared/step.ts';
import { matching, refusal } from './ec2-requests.ts';
import type { Desk, Operation } from './rehearsal-account.ts';
import type { AccountState } from './state.ts';

/** Some of the Regions that an account has to opt in to. */
const optIn = [
  'af-south-1',
  'ap-east-1',
  'eu-central-2',
  'eu-south-1',
  'il-central-1',
  'me-south-1',
];

/** The Regions enabled in an account: us-east-1 and the one its resources are in always are. */
export const enabledRegions = ({ regions, region }: AccountState): ReadonlySet<string> =>
  new Set([...regions, region, 'us-east-1']);

function describeRegions({ state }: Desk, input: DescribeRegionsRequest): DescribeRegionsResult {
  const enabled = enabledRegions(state);
  const all = [...new Set([...enabled, ...optIn])].toSorted();
  const unknown = input.RegionNames?.find((name) => !all.includes(name));
  if (unknown) throw refusal('InvalidParameterValue', `Invalid region provided: ${unknown}`);
  const asked = all.filter((name) =>
    input.RegionNames?.length
      ? input.RegionNames.includes(name)
      : input.AllRegions || enabled.has(name),
  );
  const Regions = asked.map(
    (RegionName): Region => ({
      RegionName,
      Endpoint: `ec2.${RegionName}.amazonaws.com`,
      OptInStatus: !optIn.includes(RegionName)
        ? 'opt-in-not-required'
        : enabled.has(RegionName)
          ? 'opted-in'
          : 'not-opted-in',
    }),
  );
  return {
    Regions: matching(Regions, input.Filters, {
      'region-name': ({ RegionName }) => RegionName,
      endpoint: ({ Endpoint }) => Endpoint,
      'opt-in-status': ({ OptInStatus }) => OptInStatus,
    }),
  };
}

/** The Regions of the account, which EC2 tells of. */
export const regionOperations: Readonly<Record<AwsCall, Operation>> = {
  'ec2:DescribeRegions': describeRegions,
};
