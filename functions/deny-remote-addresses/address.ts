import ipaddr from 'ipaddr.js';

/**
 * One address as one text. An IPv4 address in IPv6's clothes is the IPv4 address it stands for:
 * that is what is on the wire.
 */
export const plain = (address: string): string => ipaddr.process(address).toString();

export const isIpv6 = (address: string): boolean => ipaddr.parse(address).kind() === 'ipv6';

/** The range that holds this address and no other. */
export const onlyThis = (address: string): string => `${address}/${isIpv6(address) ? '128' : '32'}`;

/** Whether a CIDR range, of either family, holds the address. */
export function holds(range: string, address: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(range);
  const parsed = ipaddr.parse(address);
  return network.kind() === parsed.kind() && parsed.match(network, bits);
}

/** Ranges kept for documentation: nobody's, so denying one harms nobody, and samples are full of them. */
const documentation = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'];

/** Whether the address is one host's on the internet: not private, local, multicast or reserved. */
export const isPublic = (address: string): boolean =>
  ipaddr.parse(address).range() === 'unicast' ||
  documentation.some((range) => holds(range, address));
