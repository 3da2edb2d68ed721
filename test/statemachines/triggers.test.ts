import { describe, expect, test } from 'vitest';
import { resourceTypes } from '../../functions/shared/finding.ts';
import { checkPattern, matcherOf, matches } from '../../replay/event-pattern.ts';
import { declined } from '../../statemachines/declined.ts';
import { mostPatternCharacters, triggers } from '../../statemachines/triggers.ts';
import { knownFindingTypes } from '../known-finding-types.ts';

interface Said {
  type: string;
  severity: number;
  resourceRole?: string | undefined;
  resourceType?: string;
}

const event = ({ type, severity, resourceRole, resourceType = 'Instance' }: Said) => ({
  source: 'aws.guardduty',
  'detail-type': 'GuardDuty Finding',
  detail: {
    type,
    severity,
    resource: { resourceType, instanceDetails: { instanceId: 'i-0abc1230' } },
    service: { ...(resourceRole && { resourceRole }), archived: false },
  },
});

const all = triggers.map((trigger) => ({ ...trigger, isMatch: matcherOf(trigger.pattern) }));
const found = (said: Said) => all.filter(({ isMatch }) => isMatch(event(said)));
const named = (said: Said) => found(said).map(({ name }) => name);

const severities = [0, 3.9, 4, 6.99, 7, 8.7, 9, 10];
const roles = ['ACTOR', 'TARGET', undefined];
const unheardOf = ['Trojan:EC2/Unheard', 'Impact:EC2/Unheard', 'Backdoor:EC2/Unheard', 'A:B/C'];

test.each([...triggers, ...declined.map(({ pattern, because: name }) => ({ pattern, name }))])(
  'the pattern of $name is one EventBridge takes',
  ({ pattern }) => {
    checkPattern(pattern);
    expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(mostPatternCharacters);
  },
);

test('each trigger has a name of its own that a rule can have', () => {
  const names = triggers.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z-]{1,40}$/);
});

test('no finding starts two playbooks, nor one twice', () => {
  const twice: string[] = [];
  for (const type of [...knownFindingTypes, ...unheardOf]) {
    for (const severity of severities) {
      for (const resourceRole of roles) {
        const names = named({ type, severity, resourceRole });
        if (names.length > 1) twice.push(`${type} ${severity}: ${names.join(', ')}`);
      }
    }
  }
  expect(twice).toEqual([]);
});

test('only a finding about an instance acts, though others carry an instance', () => {
  for (const type of knownFindingTypes) {
    for (const resourceType of resourceTypes.filter((one) => one !== 'Instance')) {
      expect(named({ type, severity: 9, resourceRole: 'ACTOR', resourceType })).toEqual([]);
    }
  }
});

test('only GuardDuty starts it, and only by its findings', () => {
  const said = event({ type: 'Backdoor:EC2/Spambot', severity: 8 });
  const others = [
    { ...said, source: 'aws.securityhub' },
    { ...said, 'detail-type': 'GuardDuty Runtime Protection Unhealthy' },
  ];
  for (const other of others) {
    expect(triggers.filter(({ pattern }) => matches(pattern, other))).toEqual([]);
  }
});

describe('of findings about an instance', () => {
  test.each([
    // under foreign control
    ['Backdoor:EC2/C&CActivity.B!DNS', 8, 'TARGET', ['instance-compromised']],
    ['Backdoor:EC2/C&CActivity.B', 9.5, 'ACTOR', ['instance-compromised']],
    ['Backdoor:EC2/DenialOfService.UdpOnTcpPorts', 7, undefined, ['instance-compromised']],
    ['CryptoCurrency:EC2/BitcoinTool.B', 8.7, 'ACTOR', ['instance-compromised']],
    ['CryptoCurrency:EC2/BitcoinTool.B', 6.99, 'ACTOR', ['instance-compromised-medium']],
    ['Trojan:EC2/DropPoint!DNS', 4, 'TARGET', ['instance-compromised-medium']],
    ['Trojan:EC2/DropPoint', 3.9, 'ACTOR', []],
    ['Impact:EC2/MaliciousDomainRequest.Custom', 7, 'ACTOR', ['instance-compromised']],
    ['Impact:EC2/BitcoinDomainRequest.Reputation', 8, 'ACTOR', ['instance-compromised']],
    ['UnauthorizedAccess:EC2/TorRelay', 8, 'TARGET', ['instance-compromised']],
    ['UnauthorizedAccess:EC2/MetadataDNSRebind', 8, 'TARGET', ['instance-compromised']],
    ['Execution:EC2/MaliciousFile', 8, undefined, ['instance-compromised']],
    // data leaving
    ['Trojan:EC2/DNSDataExfiltration', 8, 'ACTOR', ['instance-exfiltrating']],
    ['Trojan:EC2/DNSDataExfiltration', 5, 'ACTOR', ['instance-compromised-medium']],
    // poor reputation
    ['Impact:EC2/SuspiciousDomainRequest.Reputation', 2, 'ACTOR', ['instance-doubtful']],
    ['Impact:EC2/AbusedDomainRequest.Reputation', 5, 'ACTOR', ['instance-doubtful']],
    ['Impact:EC2/AbusedDomainRequest.Reputation', 7, 'ACTOR', ['instance-compromised']],
    ['Execution:EC2/SuspiciousFile', 8, undefined, ['instance-doubtful']],
    // attacks by it, attacks on it
    ['UnauthorizedAccess:EC2/SSHBruteForce', 8, 'ACTOR', ['instance-attacking']],
    ['UnauthorizedAccess:EC2/SSHBruteForce', 7, 'TARGET', ['instance-attacking']],
    ['UnauthorizedAccess:EC2/SSHBruteForce', 2, 'TARGET', []],
    ['UnauthorizedAccess:EC2/SSHBruteForce', 2, 'ACTOR', ['instance-attacking-below-high']],
    ['UnauthorizedAccess:EC2/SSHBruteForce', 6.9, undefined, []],
    ['UnauthorizedAccess:EC2/RDPBruteForce', 5, 'ACTOR', ['instance-attacking-below-high']],
    ['Recon:EC2/Portscan', 5, 'ACTOR', ['instance-attacking-below-high']],
    ['Impact:EC2/PortSweep', 8, 'ACTOR', ['instance-attacking']],
    ['Behavior:EC2/NetworkPortUnusual', 5, 'TARGET', []],
    ['DefenseEvasion:EC2/UnusualDoHActivity', 5, 'ACTOR', ['instance-attacking-below-high']],
    ['UnauthorizedAccess:EC2/MaliciousIPCaller.Custom', 5, 'TARGET', []],
    // seen by the runtime agent, which states no role
    ['Backdoor:Runtime/C&CActivity.B', 8, undefined, ['instance-runtime']],
    ['PrivilegeEscalation:Runtime/DockerSocketAccessed', 5, undefined, ['instance-runtime-medium']],
    ['Execution:Runtime/NewBinaryExecuted', 2, undefined, []],
    // nothing to contain
    ['Recon:EC2/PortProbeUnprotectedPort', 2, 'TARGET', []],
    ['Recon:EC2/PortProbeEMRUnprotectedPort', 8, 'TARGET', []],
    ['Execution:EC2/MaliciousFile!Snapshot', 8, undefined, []],
    ['AttackSequence:EC2/CompromisedInstanceGroup', 9, 'TARGET', []],
    ['DefenseImpairment:EC2/DisableOrModifyTools', 8, undefined, []],
    ['Exfiltration:EC2/TransferDataToCloudAccount', 8, undefined, []],
    ['Trojan:EC2/Unheard', 9, 'ACTOR', []],
  ])('%s at %s as %s starts %j', (type, severity, resourceRole, names) => {
    expect(named({ type, severity, resourceRole })).toEqual(names);
  });

  test('archived ones and samples start it too, as dry runs that open-case makes of them', () => {
    const said = event({ type: 'Backdoor:EC2/Spambot', severity: 8 });
    const service = { archived: true, additionalInfo: { sample: true } };
    const archived = { ...said, detail: { ...said.detail, service } };
    expect(triggers.filter(({ pattern }) => matches(pattern, archived))).toHaveLength(1);
  });

  test('nothing below high acts without approval', () => {
    for (const type of [...knownFindingTypes, ...unheardOf]) {
      for (const severity of severities.filter((one) => one < 7)) {
        for (const resourceRole of roles) {
          for (const { approval } of found({ type, severity, resourceRole })) {
            expect(approval).toBe('required');
          }
        }
      }
    }
  });

  test('only data that is leaving is cut off before its evidence is taken', () => {
    expect(
      triggers.flatMap(({ name, priority }) => (priority === 'containment-first' ? name : [])),
    ).toEqual(['instance-exfiltrating']);
  });
});
