import type { AwsClient, ClientsOnDemand } from './journal.ts';

/**
 * Every Region of AWS's commercial partition that Cordon can look into. A client must be made before
 * it is known which Regions an account has enabled; one that is enabled and not listed is reported.
 * https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
export const regions = [
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-south-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-central-1',
  'ca-west-1',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
] as const;
export type RegionName = (typeof regions)[number];

const known: ReadonlySet<string> = new Set(regions);
export const isKnownRegion = (name: string): name is RegionName => known.has(name);

/** One client for each Region that is looked into: an account has few of them enabled. */
export class ClientPerRegion<Client extends AwsClient> implements ClientsOnDemand {
  readonly #make: (region: RegionName) => Client;
  readonly #made = new Map<RegionName, Client>();
  readonly #changes: ((client: AwsClient) => void)[] = [];

  constructor(make: (region: RegionName) => Client) {
    this.#make = make;
  }

  in(region: RegionName): Client {
    const made = this.#made.get(region);
    if (made) return made;
    const client = this.#make(region);
    this.#made.set(region, client);
    for (const change of this.#changes) change(client);
    return client;
  }

  whenMade(change: (client: AwsClient) => void): void {
    this.#changes.push(change);
    for (const client of this.#made.values()) change(client);
  }
}
