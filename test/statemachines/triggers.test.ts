import { describe, expect, test } from 'vitest';
import { resourceTypes } from '../../functions/shared/finding.ts';
import { checkPattern, matcherOf, matches } from '../../replay/event-pattern.ts';
import { knownFindingTypes } from '../../replay/known-finding-types.ts';
import { declined } from '../../statemachines/declined.ts';
import { mostPatternCharacters, triggers } from '../../statemachines/triggers.ts';

interface Said {
  type: string;
  severity: number;
  resourceRole?: string | undefined;
  resourceType?: string;
  userType?: string | undefined;
}

const event = ({ type, severity, resourceRole, resourceType = 'Instance', userType }: Said) => ({
  source: 'aws.guardduty',
  'detail-type': 'GuardDuty Finding',
  detail: {
    type,
    severity,
    resource: {
      resourceType,
      instanceDetails: { instanceId: 'i-0abc1230' },
      ...(userType && { accessKeyDetails: { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', userType } }),
    },
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

/** What decides, in every combination that a finding of a resource can have. */
const edges = [3.9, 6.99, 7];
const userTypes = [
  'IAMUser',
  'FederatedUser',
  'AssumedRole',
  'Role',
  'Root',
  'AWSService',
  undefined,
];
const credentialed = ['AccessKey', 'S3Bucket', 'EKSCluster'];
const combinations: readonly Omit<Said, 'type'>[] = edges.flatMap((severity) => [
  ...roles.flatMap((resourceRole) =>
    ['Role', undefined].map((userType) => ({ severity, resourceRole, userType })),
  ),
  ...credentialed.flatMap((resourceType) =>
    userTypes.map((userType) => ({ severity, resourceType, userType })),
  ),
]);

/** Every known type and some unheard of, in each of these combinations, with what it starts. */
const corpus = [...knownFindingTypes, ...unheardOf].flatMap((type) =>
  combinations.map((said) => ({ type, ...said, started: found({ type, ...said }) })),
);

test('no finding starts two playbooks, nor one twice', () => {
  expect(corpus.filter(({ started }) => started.length > 1)).toEqual([]);
});

test('the kind of principal decides between the playbooks for credentials', () => {
  const kinds: Readonly<Record<string, readonly (string | undefined)[]>> = {
    'compromised-access-key': ['IAMUser', 'FederatedUser', 'Root'],
    'compromised-role': ['AssumedRole', 'Role'],
  };
  const wrong = corpus.filter(({ resourceType, userType, started: [trigger] }) =>
    resourceType === undefined
      ? trigger && trigger.playbook !== 'compromised-instance'
      : trigger && !kinds[trigger.playbook]?.includes(userType),
  );
  expect(wrong).toEqual([]);
});

test('a finding about anything else starts nothing, whatever instance or key it carries', () => {
  const answered = ['Instance', 'AttackSequence', ...credentialed];
  const others = resourceTypes.filter((one) => !answered.includes(one));
  for (const type of knownFindingTypes) {
    for (const resourceType of others) {
      const said = { type, severity: 9, resourceRole: 'ACTOR', resourceType };
      expect(named({ ...said, userType: 'IAMUser' })).toEqual([]);
    }
  }
});

describe('of attack sequences', () => {
  const linked = (said: Said, associatedAttackSequenceArn: unknown) => {
    const { detail, ...envelope } = event(said);
    const whole = { ...envelope, detail: { ...detail, associatedAttackSequenceArn } };
    return all.filter(({ isMatch }) => isMatch(whole)).map(({ name }) => name);
  };
  const sequence = 'arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/s1';
  const starting = corpus.filter(({ started }) => started.length > 0);

  test('each, and nothing else, starts the playbook that takes it apart', () => {
    for (const type of [...knownFindingTypes, ...unheardOf]) {
      const isSequence = type.startsWith('AttackSequence:');
      const said = { type, severity: 9, resourceType: 'AttackSequence', userType: 'IAMUser' };
      expect(named(said)).toEqual(isSequence ? ['attack-sequence'] : []);
      expect(named({ ...said, severity: 6.99 })).toEqual([]);
    }
  });

  test('a finding that one has taken up starts nothing: its targets would be acted on twice', () => {
    for (const said of starting) {
      expect(linked(said, sequence), said.type).toEqual([]);
    }
  });

  test.each([null, ''])('a finding that says %j of a sequence is in none', (nothing) => {
    for (const { started, ...said } of starting) {
      expect(linked(said, nothing)).toEqual(started.map(({ name }) => name));
    }
  });
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
      triggers.flatMap(({ name, playbook, priority }) =>
        playbook === 'compromised-instance' && priority === 'containment-first' ? name : [],
      ),
    ).toEqual(['instance-exfiltrating']);
  });
});

describe('of findings about credentials', () => {
  test.each([
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 7, 'IAMUser', ['key-misused']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 9.5, 'FederatedUser', ['key-misused']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 8, 'AssumedRole', ['role-misused']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 8, 'Role', ['role-misused']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 6.99, 'IAMUser', ['key-misused-medium']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 4, 'AssumedRole', ['role-misused-medium']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 3.9, 'IAMUser', []],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 2, 'Root', ['root-used']],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 8, 'AWSService', []],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 8, 'AWSAccount', []],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 8, 'GeneratedFindingUserType', []],
    ['UnauthorizedAccess:IAMUser/TorIPCaller', 8, undefined, []],
    ['CredentialAccess:IAMUser/CompromisedCredentials', 2, 'IAMUser', ['key-leaked']],
    ['CredentialAccess:IAMUser/CompromisedCredentials', 9, 'AssumedRole', ['role-leaked']],
    [
      'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS',
      8,
      'AssumedRole',
      ['role-exfiltrated'],
    ],
    [
      'UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration.InsideAWS',
      5,
      'AssumedRole',
      ['role-misused-medium'],
    ],
    ['Policy:IAMUser/RootCredentialUsage', 2, 'Root', ['root-used']],
    ['Policy:IAMUser/ShortTermRootCredentialUsage', 2, 'Root', ['root-used']],
    ['Impact:IAMUser/CostHarvesting', 8, 'IAMUser', []],
    ['Persistence:IAM/AccountManipulation', 8, 'IAMUser', []],
    ['Stealth:S3/ServerAccessLoggingDisabled', 8, 'IAMUser', []],
    ['Impact:IAMUser/Unheard', 8, 'IAMUser', []],
  ])('%s at %s by %s starts %j', (type, severity, userType, names) => {
    expect(named({ type, severity, userType, resourceType: 'AccessKey' })).toEqual(names);
  });

  test.each([
    ['S3Bucket', 'Exfiltration:S3/AnomalousBehavior', 8, 'IAMUser', ['key-misused-on-bucket']],
    ['S3Bucket', 'Impact:S3/AnomalousBehavior.Delete', 7, 'Role', ['role-misused-on-bucket']],
    ['S3Bucket', 'Discovery:S3/TorIPCaller', 8, 'Root', ['root-used-on-bucket']],
    ['S3Bucket', 'Discovery:S3/TorIPCaller', 6.99, 'IAMUser', []],
    ['S3Bucket', 'UnauthorizedAccess:S3/TorIPCaller', 8, 'AWSAccount', []],
    ['S3Bucket', 'Policy:S3/BucketAnonymousAccessGranted', 8, 'IAMUser', []],
    ['S3Bucket', 'Impact:S3/DataDestruction', 8, 'IAMUser', []],
    ['EKSCluster', 'Discovery:Kubernetes/TorIPCaller', 8, 'Role', ['role-misused-in-cluster']],
    ['EKSCluster', 'Discovery:Kubernetes/TorIPCaller', 3.9, 'Role', []],
    ['EKSCluster', 'Discovery:Kubernetes/TorIPCaller', 8, undefined, []],
    ['EKSCluster', 'Policy:Kubernetes/AnonymousAccessGranted', 8, 'Role', []],
  ])('about %s, %s at %s by %s starts %j', (resourceType, type, severity, userType, names) => {
    expect(named({ type, severity, userType, resourceType })).toEqual(names);
  });

  const ofCredentials = corpus.filter(({ resourceType }) => resourceType !== undefined);

  test('nothing below high acts without approval, but what AWS has found exposed and root', () => {
    const acting = ofCredentials
      .filter(({ severity }) => severity < 7)
      .flatMap(({ started }) => started.filter(({ approval }) => approval === 'none'));
    expect([...new Set(acting.map(({ name }) => name))].toSorted()).toEqual([
      'key-leaked',
      'role-leaked',
      'root-used',
    ]);
  });

  test('in a cluster nothing acts without approval', () => {
    const inCluster = ofCredentials.filter(({ resourceType }) => resourceType === 'EKSCluster');
    expect(new Set(inCluster.flatMap(({ started }) => started.map((one) => one.approval)))).toEqual(
      new Set(['required']),
    );
  });
});
