import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { homeMembersOf } from '../../functions/shared/home-in-use.ts';
import type { Step } from '../../functions/shared/step.ts';
import { idleCost } from '../../infra/idle-cost.ts';
import { pascal } from '../../infra/names.ts';
import { readPlaybooks } from '../../infra/playbooks.ts';
import { readWorkflows } from '../../replay/workflow.ts';
import { mostPatternCharacters, triggers } from '../../statemachines/triggers.ts';
import { flat, type Resource, statementsIn, templatesOf } from './templates.ts';

const responder = templatesOf({
  volumeKeys: ['eu-west-1'],
  notify: { email: ['soc@example.com'] },
})('responder');
/** As much as can differ, in one. */
const other = templatesOf({
  stage: 'test',
  playbooks: {
    'compromised-instance': { findings: 'live', byHand: 'dry-run' },
    'compromised-access-key': { findings: 'dry-run', byHand: 'live' },
  },
  neverTouch: {
    accounts: ['999900001111'],
    instances: ['i-0123456789abcdef0'],
    roles: ['production'],
    breakGlass: ['way-in'],
  },
  evidence: { mode: 'compliance', days: 30 },
  notify: { chat: [{ slackWorkspace: 'T0000', slackChannel: 'C0000' }] },
})('responder');
const all: readonly Step[] = steps;
const policyOf = (id: string) =>
  statementsIn(
    responder.one('AWS::IAM::Policy', `${id}RoleDefaultPolicy`.replace('RoleRole', 'Role'))
      .Properties.PolicyDocument,
  );
const retained = ({ DeletionPolicy, UpdateReplacePolicy }: Resource) =>
  DeletionPolicy === 'Retain' && UpdateReplacePolicy === 'Retain';

describe('a step’s Lambda', () => {
  it.each(all.map((step) => [step.name, step] as const))(
    '%s is one of its own, on the runtime it was tested on',
    (name, step) => {
      const { Properties } = responder.one('AWS::Lambda::Function', `${pascal(name)}Lambda`);
      expect(Properties).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        Handler: `${name}.handler`,
        LoggingConfig: { LogGroup: { Ref: expect.stringMatching(`^${pascal(name)}Logs`) } },
      });
      expect(Properties.VpcConfig).toBeUndefined();
      const waits = readPlaybooks().map(({ waitsFor }) => waitsFor.get(step.name) ?? 0);
      expect(Properties.Timeout).toBe(Math.max(...waits) || 120);
      expect(Properties.Timeout).toBeLessThanOrEqual(900);
    },
  );

  it.each(all.map((step) => [step.name, step] as const))(
    '%s may do to the account what it declares, on that and when that, and no more',
    (name, step) => {
      const granted = policyOf(pascal(name))
        .filter(({ effect }) => effect === 'Allow')
        .filter(({ resources }) => resources.every((on) => !on.includes('<')))
        .flatMap(({ actions, resources, condition }) =>
          actions.map((action) => JSON.stringify([action, resources.sort(), condition ?? null])),
        )
        .filter((grant) => !grant.startsWith('["sts:AssumeRole"'));
      const declared = [
        ...Object.entries({ ...step.reads, ...step.writes }),
        // One grant for each that is different, so none may hide another of the same call.
        ...(step.undoes ?? [])
          .map((undone) => all.find((one) => one.name === undone)?.undo)
          .flatMap((undo) =>
            [undo?.reads ?? {}, undo?.writes ?? {}].flatMap((some) => Object.entries(some)),
          ),
        ...(step.needs ?? []).map((need) => [need.action, need] as const),
      ].map(([action, { on, when }]) => JSON.stringify([action, [on].flat().sort(), when ?? null]));
      expect(new Set(granted)).toEqual(new Set(declared));
    },
  );

  it('may use of the home what it says it uses, and no more', () => {
    const calls = {
      cases: 'dynamodb:PutItem',
      notify: 'sns:Publish',
      evidence: 's3:PutObject',
      sign: 'kms:Sign',
      isRunning: 'states:DescribeExecution',
      start: 'states:StartExecution',
      answer: 'states:SendTaskSuccess',
      unitsOf: 'organizations:ListParents',
    } as const;
    for (const step of all) {
      const actions = policyOf(pascal(step.name)).flatMap((statement) => statement.actions);
      const used = Object.entries(calls)
        .filter(([, call]) => actions.includes(call))
        .map(([member]) => member);
      const says = [...homeMembersOf(step)].filter((member) => member in calls);
      expect(new Set(used), step.name).toEqual(new Set(says));
    }
  });

  it('may assume the target role of the deployment’s accounts alone', () => {
    for (const step of all) {
      const assumed = policyOf(pascal(step.name))
        .filter(({ actions }) => actions.includes('sts:AssumeRole'))
        .flatMap(({ resources }) => resources);
      const calls = Object.keys({ ...step.reads, ...step.writes }).length > 0 || step.undoes;
      const elsewhere = calls && step.actsIn !== 'own-account';
      expect(assumed, step.name).toEqual(
        elsewhere
          ? ['777788889999', '444455556666'].map(
              (account) => `arn:<AWS::Partition>:iam::${account}:role/cordon-prod-target`,
            )
          : [],
      );
    }
  });

  it('can never delete evidence, shorten its time, or drop what cases are kept in', () => {
    const statements = [...responder.all('AWS::IAM::Policy').values()].flatMap(({ Properties }) =>
      statementsIn(Properties.PolicyDocument),
    );
    const actions = statements.flatMap((statement) => statement.actions);
    expect(
      actions.filter((action) => /^s3:(?!GetObject$|PutObject$|ListBucket$)/.test(action)),
    ).toEqual([]);
    expect(
      actions.filter((action) => /^dynamodb:.*Table|^kms:(?:Schedule|Disable|Put)/.test(action)),
    ).toEqual([]);
  });

  it('is refused every change to who and what must never be touched', () => {
    const denied = statementsIn(
      other.one('AWS::IAM::Policy', 'RevokeRoleSessionsRoleDefaultPolicy').Properties
        .PolicyDocument,
    ).filter(({ effect }) => effect === 'Deny');
    expect(denied.map(({ actions }) => actions)).toEqual([
      ['iam:PutRolePolicy'],
      ['iam:PutRolePolicy'],
    ]);
    expect(denied[0]?.resources).toEqual(
      expect.arrayContaining([
        'arn:aws:ec2:*:*:instance/i-0123456789abcdef0',
        'arn:aws:iam::*:role/production',
        'arn:aws:iam::*:role/*/production',
        'arn:aws:iam::*:role/way-in',
        'arn:aws:iam::*:user/way-in',
      ]),
    );
    expect(denied[1]).toMatchObject({
      resources: ['*'],
      condition: { StringEquals: { 'aws:ResourceAccount': ['999900001111'] } },
    });
  });
});

describe('a playbook’s state machine', () => {
  it.each([...readWorkflows()])('%s is the file that replays run', (name, text) => {
    const id = `Playbook${pascal(name)}`;
    const { Properties } = responder.one('AWS::StepFunctions::StateMachine', `${id}Machine`);
    expect(JSON.parse(flat(Properties.DefinitionString))).toEqual(JSON.parse(text));
    expect(Properties).toMatchObject({
      StateMachineName: `cordon-prod-${name}`,
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    const { TimeoutSeconds } = JSON.parse(text);
    expect(TimeoutSeconds).toBeGreaterThan(0);

    const placeholders = new Set([...text.matchAll(/"\$\{(\w+)\}"/g)].map(([, said]) => said));
    const substituted = Object.entries(Properties.DefinitionSubstitutions).map(
      ([placeholder, arn]) => [placeholder, flat(arn)],
    );
    expect(new Set(substituted.map(([placeholder]) => placeholder))).toEqual(placeholders);
    for (const [placeholder, arn] of substituted) {
      expect(arn).toMatch(new RegExp(`^<${placeholder}Lambda\\w+\\.Arn>$`));
    }
    const invoked = policyOf(id).filter(({ actions }) => actions.includes('lambda:InvokeFunction'));
    expect(new Set(invoked.flatMap(({ resources }) => resources))).toEqual(
      new Set(substituted.map(([, arn]) => arn)),
    );
  });
});

describe('the rules', () => {
  const rules = responder.all('AWS::Events::Rule');
  const ruleOf = (name: string) => rules.get(`On${name}`)?.Properties ?? {};

  it.each(triggers)(
    '$name starts its playbook with the mode, the priority and the event',
    (trigger) => {
      const { EventPattern, Targets } = ruleOf(pascal(trigger.name));
      expect(EventPattern).toEqual(trigger.pattern);
      expect(JSON.stringify(EventPattern).length).toBeLessThanOrEqual(mostPatternCharacters);
      expect(Targets).toHaveLength(1);
      expect(flat(Targets[0].Arn)).toMatch(`<Playbook${pascal(trigger.playbook)}Machine`);
      expect(Targets[0].InputTransformer).toEqual({
        InputTemplate: `{"mode":"dry-run","priority":"${trigger.priority}",${trigger.approval === 'required' ? '"approval":"required",' : ''}"event":<aws.events.event.json>}`,
      });
      expect(Targets[0].RetryPolicy).toEqual({
        MaximumEventAgeInSeconds: 86_400,
        MaximumRetryAttempts: 185,
      });
    },
  );

  it('ask for live runs only of playbooks that may go live for findings', () => {
    const asking = triggers.filter(({ name }) =>
      other.json.Resources[
        `On${pascal(name)}`
      ]?.Properties.Targets[0].InputTransformer.InputTemplate.includes('"mode":"live"'),
    );
    expect(asking.map(({ name }) => name)).toEqual(
      triggers
        .filter(({ playbook }) => playbook === 'compromised-instance')
        .map(({ name }) => name),
    );
  });

  it('send what they could not deliver to the dead letters, which take it from them alone', () => {
    const targets = [...rules.values()].flatMap(({ Properties }) => Properties.Targets);
    const queues = new Set(targets.map(({ DeadLetterConfig }) => flat(DeadLetterConfig.Arn)));
    expect(queues.size).toBe(1);
    const policy = statementsIn(responder.one('AWS::SQS::QueuePolicy').Properties.PolicyDocument);
    const sent = policy.find(({ sid }) => sid === 'RulesSendDeadLetters');
    const sources = [sent?.condition?.ArnEquals?.['aws:SourceArn']].flat().map(flat);
    expect(new Set(sources)).toEqual(new Set([...rules.keys()].map((id) => `<${id}.Arn>`)));
  });

  it('hand every execution that did not end well to the step that settles its case', () => {
    const { EventPattern, Targets } = ruleOf('ExecutionFailed');
    expect(EventPattern.detail.status).toEqual(['FAILED', 'TIMED_OUT', 'ABORTED']);
    expect(EventPattern.detail.stateMachineArn).toHaveLength(readPlaybooks().length);
    expect(flat(Targets[0].Arn)).toMatch(/^<SettleFailedExecutionLambda/);
    expect(Targets[0].InputTransformer.InputTemplate).toBe(
      '{"input":{"event":<aws.events.event.json>}}',
    );
    const permissions = [...responder.all('AWS::Lambda::Permission')];
    const [permission] = permissions.filter(([id]) => !id.startsWith('Approvers'));
    expect(permission?.[1].Properties).toMatchObject({
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['OnExecutionFailed', 'Arn'] },
    });
  });

  it('match a custom action by its ARN and start its playbook as an analyst wants it', () => {
    const hub = [...rules].filter(([id]) => id.startsWith('OnHub'));
    const asked = hub.map(([, { Properties }]) => {
      const [target] = Properties.Targets;
      return [
        flat(target.Arn).replace(/^<Playbook(\w+)Machine.*$/, '$1'),
        JSON.parse(target.InputTransformer.InputTemplate.replace('<aws.events.event.json>', '0'))
          .mode,
        flat(Properties.EventPattern.resources[0]).replace(/^.*action\/custom\//, ''),
      ];
    });
    expect(asked.map(([playbook, mode]) => `${playbook} ${mode}`)).toEqual([
      'CompromisedInstance live',
      'CompromisedInstance dry-run',
      'CompromisedAccessKey live',
      'CompromisedAccessKey dry-run',
      'CompromisedRole live',
      'CompromisedRole dry-run',
    ]);
    for (const [, , id] of asked) expect(id).toMatch(/^[A-Za-z0-9]{1,20}$/);
  });
});

describe('what is kept', () => {
  it('is encrypted, recoverable and stays when the stack goes', () => {
    const table = responder.one('AWS::DynamoDB::Table');
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    });
    const kept = [
      'AWS::DynamoDB::Table',
      'AWS::S3::Bucket',
      'AWS::KMS::Key',
      'AWS::Logs::LogGroup',
    ];
    for (const [id, resource] of Object.entries(responder.json.Resources)) {
      if (kept.includes(resource.Type)) expect([id, retained(resource)]).toEqual([id, true]);
    }
  });

  it('has its logs encrypted and kept for as long as is said', () => {
    for (const { Properties } of responder.all('AWS::Logs::LogGroup').values()) {
      expect(flat(Properties.KmsKeyId)).toMatch(/^<HomeRecordsKey\w+\.Arn>$/);
      expect(Properties.RetentionInDays).toBe(365);
    }
  });

  it.each([
    ['governance', 365],
    ['compliance', 30],
  ] as const)('as evidence is locked: %s, %i days', (mode, days) => {
    const template = mode === 'governance' ? responder : other;
    expect(template.one('AWS::S3::Bucket', 'HomeEvidence').Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        Rule: { DefaultRetention: { Mode: mode.toUpperCase(), Days: days } },
      },
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      },
      LoggingConfiguration: { LogFilePrefix: 'evidence/' },
    });
    // Nothing but unfinished uploads is ever taken away by S3 itself.
    expect(
      template.one('AWS::S3::Bucket', 'HomeEvidence').Properties.LifecycleConfiguration,
    ).toEqual({
      Rules: [
        {
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          Status: 'Enabled',
          Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
        },
      ],
    });
  });

  it('as evidence is taken by TLS alone, under the bucket’s own key alone', () => {
    const { Properties } = responder.one('AWS::S3::BucketPolicy', 'HomeEvidencePolicy');
    const denied = statementsIn(Properties.PolicyDocument).filter(
      ({ effect }) => effect === 'Deny',
    );
    expect(denied.map(({ condition }) => condition)).toEqual([
      { Bool: { 'aws:SecureTransport': 'false' } },
      { NumericLessThan: { 's3:TlsVersion': 1.2 } },
      {
        StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' },
        Null: { 's3:x-amz-server-side-encryption': 'false' },
      },
      {
        StringNotEquals: {
          's3:x-amz-server-side-encryption-aws-kms-key-id': {
            'Fn::GetAtt': [expect.stringMatching('^HomeEvidenceKey'), 'Arn'],
          },
        },
        Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'false' },
      },
    ]);
  });
});

describe('a key', () => {
  const keyPolicy = (id: string) =>
    statementsIn(responder.one('AWS::KMS::Key', id).Properties.KeyPolicy);

  it.each(['events', 'cloudwatch', 'sns', 'sqs'])(
    'of records lets %s use it for this account',
    (service) => {
      const granted = keyPolicy('HomeRecordsKey').filter(
        ({ principal }) => JSON.stringify(principal) === `{"Service":"${service}.amazonaws.com"}`,
      );
      expect(granted).toMatchObject([
        {
          actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
          condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ]);
    },
  );

  it('of records lets CloudWatch Logs encrypt the log groups of this account', () => {
    const granted = keyPolicy('HomeRecordsKey').find(({ sid }) => sid === 'LogsEncrypt');
    expect(JSON.stringify(granted?.principal)).toContain('logs.');
    expect(granted?.actions).toEqual([
      'kms:Encrypt*',
      'kms:Decrypt*',
      'kms:ReEncrypt*',
      'kms:GenerateDataKey*',
      'kms:Describe*',
    ]);
    expect(flat(granted?.condition?.ArnLike?.['kms:EncryptionContext:aws:logs:arn'])).toBe(
      'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*',
    );
  });

  it('of memory volumes is used by the target role of the members, through EC2 alone', () => {
    const members = keyPolicy('VolumeKey').filter(({ sid }) => sid);
    expect(members.map(({ sid, actions }) => [sid, actions])).toEqual([
      [
        'TargetRoleThroughEc2',
        [
          'kms:Decrypt',
          'kms:DescribeKey',
          'kms:GenerateDataKeyWithoutPlaintext',
          'kms:ReEncryptFrom',
          'kms:ReEncryptTo',
        ],
      ],
      ['Ec2WhileAttached', ['kms:CreateGrant']],
    ]);
    for (const { condition } of members) {
      expect(condition?.StringEquals).toEqual({
        'aws:PrincipalOrgID': 'o-exampleorg1',
        'kms:ViaService': 'ec2.eu-west-1.amazonaws.com',
        'kms:CallerAccount': ['777788889999', '444455556666'],
      });
      expect(flat(condition?.ArnLike?.['aws:PrincipalArn'])).toBe(
        'arn:<AWS::Partition>:iam::*:role/cordon-prod-target',
      );
    }
    expect(members[1]?.condition?.Bool).toEqual({ 'kms:GrantIsForAWSResource': 'true' });
    expect(responder.one('AWS::KMS::Alias').Properties.AliasName).toBe('alias/cordon-prod-memory');
  });
});

describe('who is told', () => {
  it('are the people of the configuration, over an encrypted topic', () => {
    expect(responder.one('AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'soc@example.com',
    });
    for (const { Properties } of responder.all('AWS::SNS::Topic').values()) {
      expect(Properties.KmsMasterKeyId).toBeDefined();
    }
  });

  it('hears of each thing that must not pass unnoticed', () => {
    const alarms = [...responder.all('AWS::CloudWatch::Alarm').values()].map(
      ({ Properties }) => Properties,
    );
    expect(alarms.map(({ Namespace, MetricName }) => `${Namespace} ${MetricName}`).sort()).toEqual([
      'AWS/Events FailedInvocations',
      'AWS/Events InvocationsFailedToBeSentToDlq',
      'AWS/Events TriggeredRules',
      'AWS/SQS ApproximateNumberOfMessagesVisible',
      'AWS/States ThrottledEvents',
      'AWS/States ThrottledEvents',
      'cordon-prod NeedsHuman',
    ]);
    for (const { AlarmActions, ...alarm } of alarms) {
      expect(AlarmActions.map(flat)).toEqual([expect.stringMatching('^<HomePeople')]);
      expect(alarm).toMatchObject({
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        EvaluationPeriods: 1,
      });
    }
    const counted = [...responder.all('AWS::Logs::MetricFilter').values()];
    for (const { Properties } of counted) {
      expect(Properties.FilterPattern).toBe('{ $.outcome = "needs-human" }');
    }
    expect(counted.map(({ Properties }) => flat(Properties.LogGroupName))).toEqual(
      expect.arrayContaining([expect.stringMatching('^<CloseCaseLogs')]),
    );
    expect(responder.all('AWS::CloudWatch::Dashboard').size).toBe(1);
  });

  it.each(['cloudwatch', 'events'])('is told by %s, which may publish to the topic', (service) => {
    const { Properties } = responder.one('AWS::SNS::TopicPolicy', 'HomePeople');
    expect(statementsIn(Properties.PolicyDocument)).toContainEqual(
      expect.objectContaining({
        effect: 'Allow',
        actions: ['sns:Publish'],
        principal: { Service: `${service}.amazonaws.com` },
        resources: [expect.stringMatching('^<HomePeople')],
      }),
    );
  });

  it('is the one chat that is named, which may do nothing', () => {
    expect(other.one('AWS::Chatbot::SlackChannelConfiguration').Properties).toMatchObject({
      SlackWorkspaceId: 'T0000',
      SlackChannelId: 'C0000',
    });
    expect(
      flat(other.one('AWS::Chatbot::SlackChannelConfiguration').Properties.GuardrailPolicies[0]),
    ).toBe('arn:<AWS::Partition>:iam::aws:policy/AWSDenyAll');
  });
});

describe('what is in no picture', () => {
  it('has what the settling step cannot do go to the dead letters', () => {
    expect(responder.one('AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
      FunctionName: { Ref: expect.stringMatching('^SettleFailedExecutionLambda') },
      DestinationConfig: { OnFailure: { Destination: expect.anything() } },
    });
  });

  it('hears of alarms elsewhere, and of none of its own, which would go round for ever', () => {
    const { Properties } = responder.one('AWS::Events::Rule', 'OnForwardedAlarm');
    expect(Properties.EventPattern.$or).toEqual([
      { region: [{ 'anything-but': 'eu-west-1' }] },
      { account: [{ 'anything-but': expect.anything() }] },
    ]);
  });

  it('carries the tags of the configuration', () => {
    const tagged = responder.one('AWS::DynamoDB::Table').Properties.Tags;
    expect(tagged).toContainEqual({ Key: 'service', Value: 'cordon' });
  });

  it('brings the custom actions of Security Hub, each made, changed and taken away', () => {
    const hub = templatesOf()('security-hub');
    const actions = [...hub.all('Custom::AWS').values()].map(({ Properties }) => Properties);
    const calls = ['Create', 'Update', 'Delete'].map((what) =>
      actions
        .map((action) => flat(action[what]))
        .filter(
          (call) =>
            call.includes('SecurityHub') && call.includes(`${what.toLowerCase()}ActionTarget`),
        ),
    );
    expect(calls.map(({ length }) => length)).toEqual([6, 6, 6]);
  });
});

describe('the stack for Security Hub', () => {
  const templates = templatesOf({ logs: { days: 30 } });
  const hub = templates('security-hub');

  it('logs into one group, kept as long as every other and under the key of Cordon’s records', () => {
    expect(hub.one('AWS::Logs::LogGroup').Properties).toMatchObject({
      RetentionInDays: 30,
      KmsKeyId: { 'Fn::ImportValue': 'cordon-prod-records-key' },
    });
    expect(hub.one('AWS::Lambda::Function').Properties.LoggingConfig).toEqual({
      LogGroup: { Ref: expect.stringMatching('^Logs') },
    });
    expect(Object.values(templates('responder').json.Outputs ?? {})).toContainEqual(
      expect.objectContaining({
        Value: { 'Fn::GetAtt': [expect.stringMatching('^HomeRecordsKey'), 'Arn'] },
        Export: { Name: 'cordon-prod-records-key' },
      }),
    );
  });
});

describe('while nothing happens', () => {
  it('the home Region costs at most 6 USD a month, keys included', () => {
    const { items, usd } = idleCost(responder.json.Resources);
    expect(items).toEqual([
      { what: 'AWS::KMS::Key', count: 4, each: 1 },
      { what: 'AWS::CloudWatch::Alarm', count: 7, each: 0.1 },
    ]);
    expect(usd).toBeLessThanOrEqual(6);
  });
});
