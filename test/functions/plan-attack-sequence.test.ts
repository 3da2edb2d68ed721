import { describe, expect, it } from 'vitest';
import { planAttackSequence } from '../../functions/plan-attack-sequence/handler.ts';
import { parseRequest } from '../../functions/shared/parse-finding.ts';
import { rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const key = 'AKIAIOSFODNN7LEAKED1';
const session = 'ASIAIOSFODNN7SESSION';
const instanceId = 'i-0bbbbbbbbbbbbbbb2';

const resource = (resourceType: string, uid: string, more: object = {}) => ({
  resourceType,
  uid,
  accountId: '111122223333',
  region: 'eu-west-1',
  ...more,
});
const instance = resource(
  'EC2_INSTANCE',
  `arn:aws:ec2:eu-central-1:111122223333:instance/${instanceId}`,
);
const ofAda = {
  accessKey: { principalId: 'AIDAIOSFODNN7EXAMPLE', userName: 'ada', userType: 'IAMUser' },
};
const accessKey = resource('ACCESS_KEY', key, { data: ofAda });
const bucket = resource('S3_BUCKET', 'arn:aws:s3:::ledger');
const roleSession = {
  id: `user:AssumedRole:AROAIOSFODNN7EXAMPLE:${instanceId}`,
  user: {
    name: 'web',
    uid: `AROAIOSFODNN7EXAMPLE:${instanceId}`,
    type: 'AssumedRole',
    credentialUid: session,
    account: { uid: '111122223333' },
  },
};

/** A sequence as GuardDuty writes it. */
const event = (sequence: unknown, differs: object = {}) => ({
  version: '0',
  source: 'aws.guardduty',
  'detail-type': 'GuardDuty Finding',
  detail: {
    accountId: '111122223333',
    region: 'eu-west-1',
    id: 's1d1d1d1',
    type: 'AttackSequence:S3/CompromisedData',
    severity: 9,
    updatedAt: '2026-03-01T04:05:06.000Z',
    resource: { resourceType: 'AttackSequence' },
    service: { archived: false, count: 1, detection: { sequence } },
    ...differs,
  },
});
const whole = {
  uid: 's1d1d1d1',
  description: 'several things',
  signals: [],
  actors: [roleSession],
  resources: [bucket, instance, accessKey],
};

/** Plans sequences in one account, one after the other, each for an execution of its own. */
async function planning(options: { settings?: { playbooks?: object } } = {}) {
  // A policy that the test writes is parsed like any other.
  const rehearsal = await rehearsalOf(account, options as Parameters<typeof rehearsalOf>[1]);
  const execution = (name: string) =>
    `arn:aws:states:eu-west-1:111122223333:execution:attack-sequence:${name}`;
  const plan = (request: unknown, name = 'first') =>
    rehearsal.run(planAttackSequence, { request, execution: execution(name) }, undefined, {
      case: undefined,
    });
  return { ...rehearsal, plan };
}
const live = (sequence: unknown, differs: object = {}) => ({
  event: event(sequence, differs),
  mode: 'live',
});

/** What a plan comes to for one sequence. */
async function planOf(sequence: unknown) {
  const { plan } = await planning();
  const { result, error } = await plan(live(sequence));
  if (error) throw error;
  return result;
}

describe('plan-attack-sequence', () => {
  it('names what it starts the same again where another execution takes its case over', async () => {
    const { plan } = await planning();
    const { result: first } = await plan(live(whole));

    const { result: taken } = await plan(live(whole), 'second');

    expect(taken.reason).toBe('taken-over');
    expect(taken.starts).toEqual(first.starts);
    expect(first.starts).toHaveLength(3);
  });

  it('names the playbook of each target, keys first and a session after its instance', async () => {
    const { plan } = await planning();

    const { result, journal } = await plan(live(whole));

    const around = { account: '111122223333', region: 'eu-west-1', priority: 'evidence-first' };
    const words = {
      ...around,
      mode: 'live',
      memory: 'capture',
      reason: 'attack sequence s1d1d1d1',
    };
    const name = expect.stringMatching(/^sequence-[0-9a-f]{32}$/);
    expect(result).toMatchObject({
      outcome: 'planned',
      reason: 'new-case',
      mode: 'live',
      target: 'attack sequence s1d1d1d1',
      human: 'listed',
      notListed: 0,
    });
    expect(result.starts).toEqual([
      {
        playbook: 'compromised-access-key',
        request: { accessKeyId: key, userName: 'ada', ...words },
        name,
        waitFor: null,
      },
      {
        playbook: 'compromised-instance',
        request: { instanceId, ...words, region: 'eu-central-1' },
        name,
        waitFor: null,
      },
      {
        playbook: 'compromised-role',
        request: { roleName: 'web', sessionName: instanceId, accessKeyId: session, ...words },
        name,
        waitFor: instanceId,
      },
    ]);
    expect(result.leftToHuman).toEqual([
      {
        resourceType: 'S3_BUCKET',
        uid: 'arn:aws:s3:::ledger',
        account: '111122223333',
        region: 'eu-west-1',
        why: 'no-playbook',
      },
    ]);
    expect(journal).toEqual([]);
  });

  it('asks for starts that each playbook can read', async () => {
    const { starts } = await planOf(whole);

    for (const { request } of starts) {
      expect(() =>
        parseRequest(request, { ...account, account: '', execution: 'x', now: new Date(0) }),
      ).not.toThrow();
    }
  });

  it.each([
    ['the mode is missing', { event: event(whole) }, null],
    [
      'it is a sample',
      live(whole, {
        service: { additionalInfo: { sample: true }, detection: { sequence: whole } },
      }),
      'sample',
    ],
    [
      'it is archived',
      live(whole, { service: { archived: true, detection: { sequence: whole } } }),
      'archived',
    ],
    [
      'it names a placeholder',
      live({ ...whole, resources: [resource('EC2_INSTANCE', 'i-99999999')] }),
      'sample',
    ],
  ])('plans dry runs when %s', async (_when, request, forced) => {
    const { plan } = await planning();

    const { result } = await plan(request);

    expect(result).toMatchObject({ mode: 'dry-run', forced, ref: { mode: 'dry-run' } });
    expect(result.starts.length).toBeGreaterThan(0);
    for (const { request: asked } of result.starts) expect(asked.mode).toBe('dry-run');
  });

  it.each([
    ['dry-run', { outcome: 'planned', mode: 'dry-run', forced: 'policy' }, 'dry-run'],
    ['off', { outcome: 'declined', reason: 'playbook-off', ref: null, starts: [] }, undefined],
  ])('goes no further than the policy %s allows', async (policy, planned, mode) => {
    const { plan } = await planning({ settings: { playbooks: { 'attack-sequence': policy } } });

    const { result } = await plan(live(whole));

    expect(result).toMatchObject(planned);
    expect(result.starts[0]?.request.mode).toBe(mode);
  });

  describe('reads a target however GuardDuty spells it', () => {
    it.each([
      ['a bare instance id', [resource('EC2_INSTANCE', instanceId)], []],
      [
        'its ARN',
        [resource('EC2_INSTANCE', `arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`)],
        [],
      ],
      [
        'both',
        [
          resource('EC2_INSTANCE', instanceId),
          resource('EC2_INSTANCE', `arn:aws:ec2:eu-west-1:111122223333:instance/${instanceId}`),
        ],
        [],
      ],
      [
        'one that does not say where it is',
        [{ resourceType: 'EC2_INSTANCE', uid: instanceId }],
        [],
      ],
    ])('%s', async (_how, resources, actors) => {
      const { starts, human } = await planOf({ resources, actors });

      expect(starts).toMatchObject([
        { playbook: 'compromised-instance', request: { instanceId, region: 'eu-west-1' } },
      ]);
      expect(human).toBe('none');
    });

    const user = (credentialUid: string, more: object = {}) => ({
      user: { name: 'ada', uid: 'AIDAIOSFODNN7EXAMPLE', type: 'IAMUser', credentialUid, ...more },
    });
    it.each([
      ['a key by its id', [resource('ACCESS_KEY', key)], [], { accessKeyId: key }],
      [
        'a key by its ARN',
        [resource('ACCESS_KEY', `arn:aws:iam::111122223333:access-key/${key}`)],
        [],
        { accessKeyId: key },
      ],
      ['a key that an actor used', [], [user(key)], { accessKeyId: key, userName: 'ada' }],
      [
        'a key that is named twice',
        [accessKey],
        [user(key)],
        { accessKeyId: key, userName: 'ada' },
      ],
      ['a session of a user', [], [user(session)], { accessKeyId: session, userName: 'ada' }],
    ])('%s', async (_how, resources, actors, named) => {
      const { starts, human } = await planOf({ resources, actors });

      expect(starts).toMatchObject([{ playbook: 'compromised-access-key', request: named }]);
      expect(human).toBe('none');
    });

    const arn = 'arn:aws:sts::111122223333:assumed-role/web/ci-7';
    it.each([
      [
        'an id and a name',
        { name: 'web', uid: 'AROAIOSFODNN7EXAMPLE:ci-7', type: 'AssumedRole' },
        undefined,
      ],
      [
        'its ARN',
        { name: 'web', uid: arn, type: 'AssumedRole', credentialUid: session },
        undefined,
      ],
      [
        'the ARN of the session beside it',
        { name: 'web', uid: 'AROAIOSFODNN7EXAMPLE', type: 'AssumedRole' },
        { uid: arn },
      ],
    ])('a role’s session by %s', async (_how, said, its) => {
      const { starts, human } = await planOf({ actors: [{ user: said, session: its }] });

      expect(starts).toMatchObject([
        {
          playbook: 'compromised-role',
          request: { roleName: 'web', sessionName: 'ci-7' },
          waitFor: null,
        },
      ]);
      expect(human).toBe('none');
    });

    it('takes the session from whichever of resource and actor names it', async () => {
      const { starts, human } = await planOf({
        resources: [resource('ACCESS_KEY', session)],
        actors: [roleSession],
      });

      expect(starts).toMatchObject([{ playbook: 'compromised-role' }]);
      expect(human).toBe('none');
    });
  });

  it.each([
    [
      'a cluster',
      { resources: [resource('EKS_CLUSTER', 'arn:aws:eks:eu-west-1:111122223333:cluster/c')] },
      'no-playbook',
    ],
    [
      'a task',
      { resources: [resource('ECS_TASK', 'arn:aws:ecs:eu-west-1:111122223333:task/c/1')] },
      'no-playbook',
    ],
    ['a type that nobody has heard of', { resources: [resource('NEW_THING', 'x')] }, 'no-playbook'],
    [
      'an instance of no known shape',
      { resources: [resource('EC2_INSTANCE', 'i-*')] },
      'unreadable',
    ],
    [
      'an instance in no Region',
      { resources: [resource('EC2_INSTANCE', instanceId, { region: 'global' })] },
      'unreadable',
    ],
    [
      'a key of no known shape',
      { resources: [resource('ACCESS_KEY', 'AIDAIOSFODNN7EXAMPLE', { data: ofAda })] },
      'unreadable',
    ],
    ['a user with no key', { actors: [{ user: { name: 'ada', type: 'IAMUser' } }] }, 'key-unknown'],
    [
      'a role with no session',
      { actors: [{ user: { name: 'web', uid: 'AROAIOSFODNN7EXAMPLE', type: 'AssumedRole' } }] },
      'session-unknown',
    ],
    [
      'a role whose name holds a wildcard',
      { actors: [{ user: { name: '*', uid: 'AROAIOSFODNN7EXAMPLE:ci-7', type: 'AssumedRole' } }] },
      'unreadable',
    ],
    [
      'the root user',
      { actors: [{ user: { name: 'root', uid: '111122223333', type: 'Root' } }] },
      'root',
    ],
    [
      'an AWS service',
      { actors: [{ user: { name: 'ec2.amazonaws.com', type: 'AWSService' } }] },
      'aws-service',
    ],
    [
      'somebody unknown',
      { actors: [{ user: { name: 'x', type: 'Unheard' } }] },
      'unknown-principal',
    ],
    ['no sequence at all', undefined, 'unreadable'],
    ['a sequence that is a list', [], 'unreadable'],
  ])('leaves %s to a human', async (_what, sequence, why) => {
    const result = await planOf(sequence);

    expect(result).toMatchObject({
      outcome: 'nothing-to-start',
      starts: [],
      human: 'listed',
      leftToHuman: [{ why }],
    });
  });

  it('says how much it did not keep, and lists no more than a person reads', async () => {
    const buckets = Array.from({ length: 250 }, (_, n) => resource('S3_BUCKET', `bucket-${n}`));

    const { leftToHuman, notListed } = await planOf({ resources: [7, ...buckets, instance] });

    expect(leftToHuman).toHaveLength(50);
    expect(notListed).toBe(150 + 52);
  });

  it('starts no more than 20 playbooks, and lists the other targets', async () => {
    const many = Array.from({ length: 25 }, (_, n) =>
      resource('EC2_INSTANCE', `i-0bbbbbbbbbbbbb${String(n).padStart(3, '0')}`),
    );

    const { starts, leftToHuman } = await planOf({ resources: many, actors: [] });

    expect(starts).toHaveLength(20);
    expect(new Set(starts.map(({ name }: { name: string }) => name)).size).toBe(20);
    expect(leftToHuman.map(({ why }: { why: string }) => why)).toEqual(Array(5).fill('too-many'));
  });

  it('lets nothing that an intruder named act in what it hands on', async () => {
    const hostile = '\u001b[31m<script>`$(id)`\u202e';

    const { leftToHuman } = await planOf({ resources: [resource(hostile, hostile)] });

    for (const odd of ['\u001b', '<', '>', '`', '\u202e']) {
      expect(leftToHuman[0].uid + leftToHuman[0].resourceType).not.toContain(odd);
    }
    expect(leftToHuman[0].uid).toContain('script');
  });

  it('does nothing twice for a sequence that GuardDuty sends again', async () => {
    const { plan, cases } = await planning();
    const { result: first } = await plan(live(whole), 'first');
    await cases.close(first.ref, { status: 'contained', counted: 1, summary: {} });

    const again = await plan(live({ ...whole, resources: whole.resources.toReversed() }), 'second');

    expect(again.result).toMatchObject({ outcome: 'declined', reason: 'repeat', starts: [] });
  });

  it('plans anew when the sequence has come to name another target', async () => {
    const { plan } = await planning();
    await plan(live(whole), 'first');
    const more = resource('EC2_INSTANCE', 'i-0ccccccccccccccc3');

    const { result } = await plan(
      live({ ...whole, resources: [...whole.resources, more] }),
      'second',
    );

    expect(result.outcome).toBe('planned');
    expect(result.starts).toHaveLength(4);
  });

  it('asks for the same starts when it is run again after its answer was lost', async () => {
    const { plan } = await planning();
    const first = await plan(live(whole));

    const again = await plan(live(whole));

    expect(again.result).toEqual({ ...first.result, reason: 'retry' });
  });

  it('refuses a finding that is no sequence, before anything is recorded', async () => {
    const { plan, table } = await planning();

    const { error } = await plan({ instanceId });

    expect(error?.name).toBe('UnusableInputError');
    expect(error?.message).toContain('expected an attack sequence');
    const kept = table.items().filter(({ pk, sk }) => pk.startsWith('case#') && sk === 'case');
    expect(kept).toHaveLength(1);
  });
});
