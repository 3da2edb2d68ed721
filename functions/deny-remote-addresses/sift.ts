import type { Finding } from '../shared/finding.ts';
import type { Settings } from '../shared/settings.ts';
import { holds, isPublic, plain } from './address.ts';
import type { OwnNetwork } from './own-network.ts';
import { threatListTypes } from './threat-list-types.ts';

/** Why an address is left alone. */
type Refusal =
  /** No finding that names it is of a type in `threat-list-types.ts`. */
  | 'not-threat-list'
  /** No such finding says that the instance opened the connection. */
  | 'not-outbound'
  | 'not-public'
  | 'own-network'
  | 'own-address'
  /** `denyRemoteAddresses.refuse` holds it. */
  | 'configured'
  /** Beyond `denyRemoteAddresses.mostAddresses`. */
  | 'too-many';

export interface Refused {
  readonly address: string;
  readonly reason: string;
}

/** Every address the findings name, once, those of the newest finding first. */
export function addressesOf(findings: readonly Finding[]): string[] {
  const newestFirst = [...findings].sort(
    (a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt) || (a.id < b.id ? -1 : 1),
  );
  return [...new Set(newestFirst.flatMap(({ remote }) => remote.addresses.map(plain)))];
}

/** Parts the addresses that findings let us deny from the rest, before anything is asked of AWS. */
export function namedByThreatList(findings: readonly Finding[], addresses: readonly string[]) {
  return part(addresses, (address) => {
    const hostile = findings.filter(
      ({ type, remote }) =>
        threatListTypes.has(type) && remote.addresses.map(plain).includes(address),
    );
    if (hostile.length === 0) return 'not-threat-list';
    if (!hostile.some(({ remote }) => remote.direction === 'OUTBOUND')) return 'not-outbound';
    return isPublic(address) ? undefined : 'not-public';
  });
}

/** Parts the addresses whose denial would hurt the account itself, or is one too many. */
export function harmless(
  addresses: readonly string[],
  own: OwnNetwork,
  { refuse, mostAddresses }: Settings['denyRemoteAddresses'],
) {
  const safe = part(addresses, (address) => {
    if (own.ranges.some((range) => holds(range, address))) return 'own-network';
    if (own.addresses.includes(address)) return 'own-address';
    return refuse.some((range) => holds(range, address)) ? 'configured' : undefined;
  });
  return {
    wanted: safe.wanted.slice(0, mostAddresses),
    refused: [
      ...safe.refused,
      ...safe.wanted
        .slice(mostAddresses)
        .map((address): Refused => ({ address, reason: 'too-many' satisfies Refusal })),
    ],
  };
}

function part(
  addresses: readonly string[],
  refusalOf: (address: string) => Refusal | undefined,
): { wanted: string[]; refused: Refused[] } {
  const judged = addresses.map((address) => ({ address, reason: refusalOf(address) }));
  return {
    wanted: judged.flatMap(({ address, reason }) => (reason ? [] : [address])),
    refused: judged.flatMap(({ address, reason }) => (reason ? [{ address, reason }] : [])),
  };
}
