import { ofNoSequence } from '../credential-findings.ts';
import type { EventPattern, Trigger } from '../triggers.ts';

const high = [{ numeric: ['>=', 7] }];
const medium = [{ numeric: ['>=', 4, '<', 7] }];
const belowHigh = [{ numeric: ['<', 7] }];

/**
 * A GuardDuty finding about an instance. The resource type decides: findings about keys, buckets
 * and containers also carry instance details, of a host that is not what they are about.
 */
const aboutInstance = (detail: EventPattern): EventPattern => ({
  source: ['aws.guardduty'],
  'detail-type': ['GuardDuty Finding'],
  detail: { resource: { resourceType: ['Instance'] }, ...ofNoSequence, ...detail },
});

/** The instance is under someone else's command, mines, or was given malware. */
const compromised = [
  { prefix: 'Backdoor:EC2/' },
  { prefix: 'CryptoCurrency:EC2/' },
  { prefix: 'Impact:EC2/BitcoinDomainRequest' },
  { prefix: 'Impact:EC2/MaliciousDomainRequest' },
  { prefix: 'Trojan:EC2/BlackholeTraffic' },
  { prefix: 'Trojan:EC2/DGADomainRequest' },
  { prefix: 'Trojan:EC2/DriveBySourceTraffic' },
  { prefix: 'Trojan:EC2/DropPoint' },
  { prefix: 'Trojan:EC2/PhishingDomainRequest' },
  'Execution:EC2/MaliciousFile',
  'UnauthorizedAccess:EC2/MetadataDNSRebind',
  'UnauthorizedAccess:EC2/TorClient',
  'UnauthorizedAccess:EC2/TorRelay',
];

const exfiltration = 'Trojan:EC2/DNSDataExfiltration';

/** Low reputation: often a newly registered or shared domain rather than an attack. */
const doubtfulDomain = [
  { prefix: 'Impact:EC2/AbusedDomainRequest' },
  { prefix: 'Impact:EC2/SuspiciousDomainRequest' },
];

/** What an instance does to others, or others to it: its role tells which. */
const attacking = [
  { prefix: 'Behavior:EC2/' },
  { prefix: 'DefenseEvasion:EC2/' },
  'Impact:EC2/PortSweep',
  'Impact:EC2/WinRMBruteForce',
  'Recon:EC2/Portscan',
  'UnauthorizedAccess:EC2/MaliciousIPCaller.Custom',
  'UnauthorizedAccess:EC2/RDPBruteForce',
  'UnauthorizedAccess:EC2/SSHBruteForce',
];

/** Every tactic of Runtime Monitoring. EventBridge has no prefix that skips the first word. */
const runtime = [
  'Backdoor',
  'CredentialAccess',
  'CryptoCurrency',
  'DefenseEvasion',
  'Discovery',
  'Execution',
  'Exfiltration',
  'Impact',
  'Persistence',
  'PrivilegeEscalation',
  'Trojan',
  'UnauthorizedAccess',
].map((tactic) => ({ prefix: `${tactic}:Runtime/` }));

const playbook = 'compromised-instance';
const acts = { playbook, priority: 'evidence-first', approval: 'none' } as const;
const asks = { playbook, priority: 'evidence-first', approval: 'required' } as const;

/**
 * Which findings start the playbook: high and critical ones act, medium ones wait for approval, low
 * ones only where they show the instance itself attacking or are doubtful by nature.
 *
 * Types are listed, so a type that GuardDuty adds starts nothing until somebody has judged it.
 * Archived and sample findings match too: `open-case` makes dry runs of them, so that
 * `create-sample-findings` tests the wiring.
 */
export const triggers: readonly Trigger[] = [
  {
    ...acts,
    name: 'instance-compromised',
    pattern: aboutInstance({ type: [...compromised, ...doubtfulDomain], severity: high }),
    why: 'A high finding shows that the instance is under foreign control.',
  },
  {
    ...acts,
    name: 'instance-exfiltrating',
    priority: 'containment-first',
    pattern: aboutInstance({ type: [exfiltration], severity: high }),
    why:
      'Data is leaving, and what has left cannot be taken back: the cut does not wait for the ' +
      'memory capture. Lookups through the Route 53 Resolver go on after it, and the case says so.',
  },
  {
    ...acts,
    name: 'instance-attacking',
    pattern: aboutInstance({ type: attacking, severity: high }),
    why: 'A high finding shows the instance attacking others, or an attack on it that went far.',
  },
  {
    ...acts,
    name: 'instance-runtime',
    pattern: aboutInstance({ type: runtime, severity: high }),
    why: 'The runtime agent saw a high-severity act on the instance itself.',
  },
  {
    ...asks,
    name: 'instance-compromised-medium',
    pattern: aboutInstance({ type: [...compromised, exfiltration], severity: medium }),
    why: 'A medium finding points to foreign control; a person decides whether to cut it off.',
  },
  {
    ...asks,
    name: 'instance-doubtful',
    pattern: aboutInstance({
      $or: [
        { type: doubtfulDomain, severity: belowHigh },
        { type: ['Execution:EC2/SuspiciousFile'] },
      ],
    }),
    why: 'A poor reputation is no proof of a compromise; a person decides whether to cut it off.',
  },
  {
    ...asks,
    name: 'instance-attacking-below-high',
    pattern: aboutInstance({
      type: attacking,
      severity: belowHigh,
      service: { resourceRole: ['ACTOR'] },
    }),
    why: 'The instance itself acts, as scanners and admin tools do too; a person decides.',
  },
  {
    ...asks,
    name: 'instance-runtime-medium',
    pattern: aboutInstance({ type: runtime, severity: medium }),
    why: 'A medium act on the instance may be a build or an admin; a person decides.',
  },
];
