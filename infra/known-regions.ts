import { RegionInfo } from 'aws-cdk-lib/region-info';

/** Every Region, of every partition, that there was when this version of the CDK was made. */
const known: readonly string[] = RegionInfo.regions.map(({ name }) => name);

/** What is wrong with a Region that the CDK does not know and the deployer does not vouch for. */
export function unknownRegion(region: string, newer: readonly string[]): string | undefined {
  if (known.includes(region) || newer.includes(region)) return undefined;
  return `expected a Region of AWS: ${known.join(', ')}; or a newer one that newerRegions lists`;
}
