/**
 * Finding types whose remote address is itself known to be hostile, or known as what the traffic
 * goes to (a command-and-control host, a mining pool, a drop point, a sinkhole, the Tor network),
 * because GuardDuty found it on a threat list. Exact names, so that an unknown one denies nothing.
 *
 * Not here: findings by DNS, whose remote address is at most a resolver's; denial of service, port
 * sweeps, brute force and spam, whose remote addresses are the victims; unusual behaviour, which
 * names whoever happened to be at the other end.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html
 */
export const threatListTypes: ReadonlySet<string> = new Set([
  'Backdoor:EC2/C&CActivity.B',
  'CryptoCurrency:EC2/BitcoinTool.B',
  'Trojan:EC2/BlackholeTraffic',
  'Trojan:EC2/DropPoint',
  'UnauthorizedAccess:EC2/MaliciousIPCaller.Custom',
  'UnauthorizedAccess:EC2/TorClient',
  'UnauthorizedAccess:EC2/TorRelay',
  'Backdoor:Runtime/C&CActivity.B',
  'CryptoCurrency:Runtime/BitcoinTool.B',
  'Trojan:Runtime/BlackholeTraffic',
  'Trojan:Runtime/DropPoint',
  'UnauthorizedAccess:Runtime/TorClient',
  'UnauthorizedAccess:Runtime/TorRelay',
]);
