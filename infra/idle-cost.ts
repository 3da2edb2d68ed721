/** What a template holds, as far as it costs something without being used. */
interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }
    >
  >;
}

/** A part of a month's price. */
interface Item {
  readonly what: string;
  readonly count: number;
  readonly each: number;
}

/**
 * What AWS asks a month for what stands there, by its published prices in us-east-1, in USD. Free
 * tiers are not counted, data and requests neither; a key that is rotated costs 1 USD more after its
 * first and again after its second year.
 * https://aws.amazon.com/kms/pricing/ https://aws.amazon.com/cloudwatch/pricing/
 * https://aws.amazon.com/secrets-manager/pricing/
 */
const prices: Readonly<Record<string, number>> = {
  'AWS::KMS::Key': 1,
  'AWS::KMS::ReplicaKey': 1,
  'AWS::CloudWatch::Alarm': 0.1,
  'AWS::CloudWatch::CompositeAlarm': 0.5,
  'AWS::SecretsManager::Secret': 0.4,
  'AWS::CloudWatch::Dashboard': 3,
};
const freeDashboards = 3;

/** What a template costs a month while nothing happens, item by item. */
export function idleCost({ Resources }: Template): { items: readonly Item[]; usd: number } {
  const items = Object.entries(prices).flatMap(([type, each]): Item[] => {
    const found = Object.values(Resources).filter(({ Type }) => Type === type);
    const free = type === 'AWS::CloudWatch::Dashboard' ? freeDashboards : 0;
    // An alarm is charged by the metrics it computes with.
    const count = found.reduce((sum, { Properties }) => sum + metricsOf(Properties), 0) - free;
    return count > 0 ? [{ what: type, count, each }] : [];
  });
  const usd = items.reduce((sum, { count, each }) => sum + count * each, 0);
  return { items, usd: Math.round(usd * 100) / 100 };
}

function metricsOf(properties: Readonly<Record<string, unknown>> = {}): number {
  const { Metrics } = properties;
  if (!Array.isArray(Metrics)) return 1;
  return Metrics.filter((metric: object) => 'MetricStat' in metric).length;
}
