import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import type { Step } from '../../functions/shared/step.ts';
import { targetPolicyName, undoOf } from '../../functions/shared/target-role.ts';
import {
  captureDocument,
  documentName,
} from '../../functions/start-memory-capture/capture-document.ts';
import { forwardedSources, forwardedTypes } from '../../infra/forwarding.ts';
import { idleCost } from '../../infra/idle-cost.ts';
import { mostPatternCharacters, triggers } from '../../statemachines/triggers.ts';
import { flat, statementsIn, templatesOf } from './templates.ts';

/** GuardDuty brings members' findings to its administrator. */
const brought = templatesOf({
  volumeKeys: ['us-east-1'],
  neverTouch: {
    accounts: ['999900001111'],
    users: ['root-of-ci'],
    instances: ['i-0123456789abcdef0'],
  },
});
/** Each member sends its own. */
const sent = templatesOf({ findings: 'forwarded-by-members' });

const all: readonly Step[] = steps;
const acting = all.filter(
  ({ reads, writes, actsIn }) =>
    Object.keys({ ...reads, ...writes }).length > 0 && actsIn !== 'own-account',
);
const characters = (document: unknown) =>
  flat(JSON.stringify(document)).replaceAll(/\s/g, '').length;

/** Each action of some statements with what it may be done to, and when. */
const grants = (statements: ReturnType<typeof statementsIn>) =>
  new Set(
    statements.flatMap(({ actions, resources, condition }) =>
      actions.map((action) => JSON.stringify([action, [...resources].sort(), condition ?? null])),
    ),
  );
const declaredBy = (of: object, needs: Step['needs'] = []) =>
  new Set(
    [...Object.entries(of), ...needs.map((need) => [need.action, need] as const)].map(
      ([action, { on, when }]) => JSON.stringify([action, [on].flat().sort(), when ?? null]),
    ),
  );

describe('the role in a member account', () => {
  const template = brought('member-account');
  const { Properties: role } = template.one('AWS::IAM::Role');
  const inline = role.Policies.flatMap(
    ({ PolicyDocument }: { PolicyDocument: { Statement: unknown } }) =>
      statementsIn(PolicyDocument),
  ) as ReturnType<typeof statementsIn>;

  it('trusts the responder’s own roles alone, with the external id, from the organisation', () => {
    expect(role.RoleName).toBe('cordon-prod-target');
    expect(statementsIn(role.AssumeRolePolicyDocument)).toMatchObject([
      {
        effect: 'Allow',
        actions: ['sts:AssumeRole'],
        condition: {
          StringEquals: {
            'sts:ExternalId': 'change-this-to-a-word-of-your-own',
            'aws:PrincipalOrgID': 'o-exampleorg1',
          },
        },
      },
    ]);
    const [trusting] = statementsIn(role.AssumeRolePolicyDocument);
    expect(flat(trusting?.principal.AWS)).toBe('arn:<AWS::Partition>:iam::111122223333:root');
    expect(flat(trusting?.condition?.ArnLike?.['aws:PrincipalArn'])).toBe(
      'arn:<AWS::Partition>:iam::111122223333:role/cordon-prod/*',
    );
    const paths = [...brought('responder').all('AWS::IAM::Role')]
      .filter(([id]) => /^(?!Approvers|Playbook|Starts)/.test(id))
      .map(([, { Properties }]) => Properties.Path);
    expect(new Set(paths)).toEqual(new Set(['/cordon-prod/']));
  });

  it('may do what all steps and what takes them back declare, and no more', () => {
    const declared = acting.flatMap(({ reads, writes, needs, undo }) => [
      ...declaredBy({ ...reads, ...writes }, needs),
      ...declaredBy({ ...undo?.reads, ...undo?.writes }),
    ]);
    expect(grants(inline.filter(({ effect }) => effect === 'Allow'))).toEqual(new Set(declared));
  });

  it('is refused every change to what must never be touched', () => {
    const denied = inline.filter(({ effect }) => effect === 'Deny');
    const writes = acting.flatMap(({ writes, needs = [], undo }) => [
      ...Object.keys({ ...writes, ...undo?.writes }),
      ...needs.map(({ action }) => action),
    ]);
    expect(denied).toHaveLength(2);
    for (const { actions } of denied) expect(new Set(actions)).toEqual(new Set(writes));
    expect(denied[0]?.resources).toEqual([
      'arn:aws:ec2:*:*:instance/i-0123456789abcdef0',
      'arn:aws:iam::*:user/root-of-ci',
      'arn:aws:iam::*:user/*/root-of-ci',
    ]);
    expect(denied[1]?.condition).toEqual({
      StringEquals: { 'aws:ResourceAccount': ['999900001111'] },
    });
  });

  it('stays within IAM’s limits', () => {
    const size = role.Policies.reduce(
      (sum: number, { PolicyDocument }: { PolicyDocument: unknown }) =>
        sum + characters(PolicyDocument),
      0,
    );
    expect(size).toBeLessThanOrEqual(10_240);
    expect(role.ManagedPolicyArns ?? []).toEqual([]);
    for (const { Properties } of template.all('AWS::IAM::ManagedPolicy').values()) {
      expect(characters(Properties.PolicyDocument)).toBeLessThanOrEqual(6_144);
      expect(Properties.ManagedPolicyName.length).toBeLessThanOrEqual(128);
    }
  });

  it('is not made larger than IAM takes: the list that is too long is named', () => {
    const users = Array.from({ length: 200 }, (_, index) => `user-of-a-long-list-${index}`);
    expect(() => templatesOf({ neverTouch: { users } })).toThrow(/10240: shorten neverTouch/);
  });
});

describe('the policies of a step in a member account', () => {
  const template = brought('member-account');
  const documentOf = (name: string) => {
    const found = [...template.all('AWS::IAM::ManagedPolicy').values()].filter(
      ({ Properties }) => Properties.ManagedPolicyName === name,
    );
    expect(found, name).toHaveLength(1);
    return statementsIn(found[0]?.Properties.PolicyDocument);
  };
  const nothing = new Set([JSON.stringify(['sts:GetCallerIdentity', ['*'], null])]);
  const orNothing = (declared: Set<string>) => (declared.size > 0 ? declared : nothing);
  const named = (declared: string, access: 'reads' | 'writes') =>
    grants(documentOf(targetPolicyName({ stage: 'prod' }, declared, access)));

  it.each(acting.map((step) => [step.name, step] as const))(
    '%s: what it reads apart from what it writes, and its undo’s',
    (name, { reads, writes, needs, undo }) => {
      expect(named(name, 'reads')).toEqual(orNothing(declaredBy(reads)));
      expect(named(name, 'writes')).toEqual(orNothing(declaredBy(writes, needs)));
      if (!undo) return;
      expect(named(undoOf(name), 'reads')).toEqual(orNothing(declaredBy(undo.reads)));
      expect(named(undoOf(name), 'writes')).toEqual(orNothing(declaredBy(undo.writes)));
    },
  );

  it('are two for each declaration that calls the account, and no others', () => {
    const undone = acting.filter(({ undo }) => undo).length;
    expect(template.all('AWS::IAM::ManagedPolicy').size).toBe(2 * (acting.length + undone));
  });
});

describe('a template for StackSets', () => {
  it.each(['member-account', 'member-region'])(
    '%s needs no assets and no bootstrap, and names no account but the responder’s',
    (part) => {
      for (const templates of [brought, sent]) {
        const { json } = templates(part);
        expect(json.Parameters).toBeUndefined();
        expect(json.Rules).toBeUndefined();
        const text = JSON.stringify(json);
        expect(text).not.toContain('cdk-hnb659fds');
        expect(new Set(text.match(/\b\d{12}\b/g) ?? ['111122223333'])).toEqual(
          new Set(['111122223333', ...(text.includes('999900001111') ? ['999900001111'] : [])]),
        );
        expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
      }
    },
  );
});

describe('in each Region of a member', () => {
  it.each(['linux', 'windows'] as const)(
    'the document that captures on %s is there',
    (platform) => {
      for (const part of ['member-region', 'responder']) {
        const documents = [...brought(part).all('AWS::SSM::Document').values()];
        const found = documents.find(
          ({ Properties }) => Properties.Name === documentName('prod', platform),
        );
        expect(found?.Properties).toMatchObject({
          DocumentType: 'Command',
          UpdateMethod: 'NewVersion',
        });
        expect(found?.Properties.Content).toEqual(captureDocument(platform));
      }
    },
  );

  it('findings are sent by the members or brought by GuardDuty, never both', () => {
    expect(brought('member-region').all('AWS::Events::Rule').size).toBe(0);
    expect(brought('responder').all('AWS::Events::EventBusPolicy').size).toBe(0);
    expect(sent('member-region').all('AWS::Events::Rule').size).toBe(triggers.length + 1);
    expect(sent('responder').all('AWS::Events::EventBusPolicy').size).toBe(1);
  });

  it('may put on the home bus what AWS itself said, as Cordon’s own role, from the organisation', () => {
    const { Statement } = sent('responder').one('AWS::Events::EventBusPolicy').Properties;
    expect(Statement).toMatchObject({
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Principal: '*',
    });
    expect(Statement.Condition.StringEquals).toEqual({
      'aws:PrincipalOrgID': 'o-exampleorg1',
      'aws:PrincipalAccount': ['777788889999', '444455556666'],
      'events:source': [...forwardedSources],
      'events:detail-type': [...forwardedTypes],
    });
    expect(flat(Statement.Condition.ArnLike['aws:PrincipalArn'])).toBe(
      'arn:<AWS::Partition>:iam::*:role/cordon-prod/*',
    );
    expect(sent('member-region').one('AWS::IAM::Role').Properties.Path).toBe('/cordon-prod/');
  });
});

describe.each([
  ['a further Region', brought('forwarding-us-east-1')],
  ['a member that sends its own', sent('member-region')],
])('%s', (_what, template) => {
  const rules = template.all('AWS::Events::Rule');

  it.each(triggers)(
    'sends what $name starts a playbook with, of its own findings alone',
    (trigger) => {
      const patterns = [...rules.values()].map(({ Properties }) => Properties.EventPattern);
      const found = patterns.filter(
        ({ detail }) => JSON.stringify(detail) === JSON.stringify(trigger.pattern.detail),
      );
      expect(found).toEqual([
        {
          ...trigger.pattern,
          account: [expect.anything()],
          region: [expect.anything()],
        },
      ]);
      // Whichever account and Region the template is deployed to.
      const longest = JSON.stringify({
        ...trigger.pattern,
        account: ['111122223333'],
        region: ['ap-southeast-1'],
      });
      expect(longest.length).toBeLessThanOrEqual(mostPatternCharacters);
    },
  );

  it('sends it to the home Region, and keeps what could not be sent', () => {
    for (const { Properties } of rules.values()) {
      expect(Properties.Targets).toHaveLength(1);
      expect(flat(Properties.Targets[0].Arn)).toBe(
        'arn:<AWS::Partition>:events:eu-west-1:111122223333:event-bus/default',
      );
      expect(flat(Properties.Targets[0].DeadLetterConfig.Arn)).toMatch(/^<DeadLetters/);
    }
    expect(template.one('AWS::SQS::Queue').Properties.SqsManagedSseEnabled).toBe(true);
    const policy = statementsIn(template.one('AWS::SQS::QueuePolicy').Properties.PolicyDocument);
    const sources = policy.find(({ sid }) => sid === 'RulesSendDeadLetters')?.condition?.ArnEquals;
    expect([sources?.['aws:SourceArn']].flat()).toHaveLength(rules.size);
  });

  it('sends word of an alarm about it, which people at home are told', () => {
    const alarm = [...rules.values()].find(
      ({ Properties }) => Properties.EventPattern.source[0] === 'aws.cloudwatch',
    );
    expect(flat(alarm?.Properties.EventPattern.resources[0])).toMatch(
      /^<AlarmDeadLetters\w+\.Arn>$/,
    );
    const { Properties } = sent('responder').one('AWS::Events::Rule', 'OnForwardedAlarm');
    expect(Properties.EventPattern.detail.alarmName).toEqual([{ prefix: 'cordon-prod-' }]);
    expect(flat(Properties.Targets[0].Arn)).toMatch(/^<HomePeople/);
  });
});

describe('a key for memory volumes', () => {
  it('is there in the Regions that are named alone', () => {
    expect(brought('forwarding-us-east-1').all('AWS::KMS::Key').size).toBe(1);
    expect(sent('forwarding-us-east-1').all('AWS::KMS::Key').size).toBe(0);
  });

  it('is what a further Region costs beyond 1 USD a month; without one it costs less', () => {
    expect(idleCost(sent('forwarding-us-east-1').json.Resources).usd).toBeLessThanOrEqual(1);
    expect(idleCost(brought('forwarding-us-east-1').json.Resources).usd).toBeLessThanOrEqual(2);
  });
});

describe('every template', () => {
  it('passes cdk-nag, each acknowledgement with its reason', () => {
    expect(() =>
      templatesOf(
        {
          members: 'organization',
          findings: 'forwarded-by-members',
          volumeKeys: ['eu-west-1', 'us-east-1'],
          neverTouch: {
            accounts: ['999900001111'],
            instances: ['i-0123456789abcdef0'],
            users: ['ci'],
            roles: ['production'],
          },
          notify: {
            email: ['soc@example.com'],
            chat: [{ slackWorkspace: 'T0000', slackChannel: 'C0000' }],
          },
        },
        { checked: true },
      ),
    ).not.toThrow();
  }, 30_000);
});
