import { describe, expect, it } from 'vitest';
import { flat, statementsIn, templatesOf } from './templates.ts';

const responder = templatesOf(
  {
    playbooks: { 'compromised-instance': 'approve' },
    notify: { email: ['soc@example.com'] },
    approval: {
      approvers: [
        { name: 'alice', email: 'alice@example.com' },
        { name: 'bob', arns: ['arn:aws:sts::111122223333:assumed-role/Ir/bob'] },
        { name: 'carol', email: 'carol@example.com' },
      ],
    },
  },
  { checked: true },
)('responder');

describe('approval', () => {
  it('is asked for by a rule of a playbook that is set to it, live', () => {
    const { Targets } = responder.one('AWS::Events::Rule', 'OnInstanceExfiltrating').Properties;
    const medium = responder.one('AWS::Events::Rule', 'OnInstanceDoubtful').Properties.Targets;
    expect(Targets[0].InputTransformer.InputTemplate).toMatch(/^\{"mode":"live","priority"/);
    expect(medium[0].InputTransformer.InputTemplate).toContain('"approval":"required"');
  });

  it('is given on a page that anyone can reach and that acts in no account', () => {
    expect(responder.one('AWS::Lambda::Url').Properties.AuthType).toBe('NONE');
    expect(responder.one('AWS::Lambda::Function', 'ApproversLambda').Properties).toMatchObject({
      Handler: 'approval-page.handler',
      ReservedConcurrentExecutions: 10,
    });
    const policy = responder.one('AWS::IAM::Policy', 'ApproversRole').Properties.PolicyDocument;
    const statements = statementsIn(policy);
    expect(statements.flatMap(({ actions }) => actions).sort()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'states:SendTaskSuccess',
    ]);
    expect(JSON.stringify(policy)).toContain('"dynamodb:LeadingKeys":["case#*"]');
  });

  it('is asked for by links that their own approver gets, and nobody else', () => {
    const topic = [...responder.all('AWS::SNS::Topic').keys()].find((id) => id.startsWith('Appr'));
    const subscriptions = [...responder.all('AWS::SNS::Subscription').values()].map(
      ({ Properties }) => [
        Properties.Endpoint,
        Properties.FilterPolicy?.audience,
        Properties.TopicArn.Ref === topic,
      ],
    );
    expect(subscriptions.sort()).toEqual([
      ['alice@example.com', ['alice'], true],
      ['carol@example.com', ['carol'], true],
      ['soc@example.com', undefined, false],
    ]);
    const { Environment } = responder.one('AWS::Lambda::Function', 'RequestApproval').Properties;
    expect(Environment.Variables.CORDON_APPROVERS_TOPIC_ARN).toEqual({ Ref: topic });
    expect(flat(Environment.Variables.CORDON_APPROVAL_PAGE)).toMatch(
      /^<ApproversLambdaFunctionUrl/,
    );
    const others = [...responder.all('AWS::Lambda::Function')].filter(
      ([, { Properties }]) => Properties.Environment?.Variables.CORDON_APPROVERS_TOPIC_ARN,
    );
    expect(others).toHaveLength(1);
  });

  it('leaves no token in the log of a playbook', () => {
    const machines = [...responder.all('AWS::StepFunctions::StateMachine').values()];
    for (const { Properties } of machines) {
      expect(Properties.LoggingConfiguration.IncludeExecutionData).toBe(false);
    }
  });
});
