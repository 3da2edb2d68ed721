import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { machineName, pascal, stackName } from '../../infra/names.ts';
import { matches } from '../../replay/event-pattern.ts';
import { route } from '../../replay/route.ts';
import { routingTable } from '../../replay/routing.ts';
import { type Trigger, triggers } from '../../statemachines/triggers.ts';
import { eventsOnHand } from './events-on-hand.ts';
import { interpret } from './machines.ts';
import { emptyMoto, toMoto } from './moto.ts';
import {
  type Delivery,
  type DeployedRule,
  deliveriesBy,
  rulesOf,
  theEvent,
} from './rules-in-moto.ts';
import { createStack, type Made } from './stack-in-moto.ts';
import { account, config, furtherRegion } from './test-config.ts';
import { given } from './world.ts';

let made: readonly Made[];
let rules: readonly DeployedRule[];
let delivered: Awaited<ReturnType<typeof deliveriesBy>>;
beforeAll(async () => {
  await emptyMoto();
  await interpret(false);
  const { templates } = inject('built');
  ({ made } = await createStack(templates, stackName(config.stage, 'responder')));
  rules = await rulesOf(made, toMoto.region);
  delivered = await deliveriesBy(rules);
  await createStack(templates, stackName(config.stage, `forwarding-${furtherRegion}`), {
    ...toMoto,
    region: furtherRegion,
  });
});

const ruleOf = ({ name }: Trigger) => `On${pascal(name)}`;

/** What our own matcher says of an event: what the rule of each trigger that it starts sends. */
const expectedOf = (event: object): readonly Delivery[] =>
  triggers
    .filter(({ pattern }) => matches(pattern, event))
    .map((trigger) => {
      const { priority, approval } = trigger;
      const asks = approval === 'required' ? { approval } : {};
      return { rule: ruleOf(trigger), words: { mode: 'live', priority, ...asks, event: theEvent } };
    });

describe('the rules of the synthesised template, by another matcher', () => {
  it.each([
    ['of the home Region', toMoto.region],
    ['of a further Region, which sends them home', furtherRegion],
  ])('every event on hand starts what our own matcher says: %s', async (_, region) => {
    const onHand = eventsOnHand();
    const inMoto = await delivered(
      onHand.map(({ event }) => event),
      region,
    );
    const different = onHand.flatMap(({ source, event }, n) => {
      const ours = expectedOf(event);
      const same = JSON.stringify(ours) === JSON.stringify(inMoto[n]);
      return same ? [] : { source, ours, moto: inMoto[n] };
    });
    expect(different).toEqual([]);
    // Enough of them are routed, and to enough rules, for that to say something.
    expect(inMoto.filter(({ length }) => length > 0).length).toBeGreaterThan(50);
  });

  it('every known finding type starts what the documented table says', async () => {
    const asked: object[] = [];
    const ours = routingTable((event) => {
      asked.push(event);
      return route(event);
    });
    const answers = (await delivered(asked)).values();
    // It asks the same again, in the same order.
    const inMoto = routingTable((event) => byRule(answers.next().value ?? [], event));
    expect(inMoto).toBe(ours);
    const readme = readFileSync(new URL('../../statemachines/README.md', import.meta.url), 'utf8');
    expect(readme).toContain(inMoto);
  });

  it('each has one target, the machine of its playbook', () => {
    const targets = rules.map(({ logicalId, targets }) => [
      logicalId,
      targets.map(({ Arn }) => Arn),
    ]);
    const machineOf = (playbook: string) => [arnOf(machineName(config.stage, playbook))];
    expect(Object.fromEntries(targets)).toEqual({
      ...Object.fromEntries(triggers.map((each) => [ruleOf(each), machineOf(each.playbook)])),
      ...Object.fromEntries(actions().map(({ rule, playbook }) => [rule, machineOf(playbook)])),
      OnExecutionFailed: [functionArn('SettleFailedExecution')],
      OnForwardedAlarm: [given(made.find(({ type }) => type === 'AWS::SNS::Topic')).id],
    });
  });

  it('a custom action of Security Hub starts its playbook, and no other action does', async () => {
    const chosen = (action: string) => ({
      source: 'aws.securityhub',
      'detail-type': 'Security Hub Findings - Custom Action',
      resources: [`arn:aws:securityhub:${toMoto.region}:${account}:action/custom/${action}`],
      detail: { findings: [] },
    });
    const all = actions();
    const inMoto = await delivered([...all.map(({ id }) => chosen(id)), chosen('AnotherOne')]);
    expect(inMoto).toEqual([
      ...all.map(({ rule, mode }) => [
        {
          rule,
          words: {
            mode,
            priority: 'containment-first',
            reason: expect.stringContaining('Security Hub custom action'),
            event: theEvent,
          },
        },
      ]),
      [],
    ]);
  });

  it('an execution of a playbook that ends otherwise than well is settled', async () => {
    const playbooks = made.filter(({ type }) => type === 'AWS::StepFunctions::StateMachine');
    const ended = (stateMachineArn: string, status: string) => ({
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: { stateMachineArn, status },
    });
    const badly = ['FAILED', 'TIMED_OUT', 'ABORTED'];
    const events = playbooks.flatMap(({ id }) => badly.map((status) => ended(id, status)));
    const others = [
      ...playbooks.flatMap(({ id }) => ['RUNNING', 'SUCCEEDED'].map((each) => ended(id, each))),
      ended(arnOf('of-somebody-else'), 'FAILED'),
    ];
    const settled = { rule: 'OnExecutionFailed', words: { input: { event: theEvent } } };
    expect(playbooks).not.toEqual([]);
    expect(await delivered([...events, ...others])).toEqual([
      ...events.map(() => [settled]),
      ...others.map(() => []),
    ]);
  });
});

const arnOf = (machine: string) =>
  `arn:aws:states:${toMoto.region}:${account}:stateMachine:${machine}`;

const functionArn = (construct: string) => {
  const { id } = given(
    made.find(
      ({ type, logicalId }) => type === 'AWS::Lambda::Function' && logicalId.startsWith(construct),
    ),
  );
  return `arn:aws:lambda:${toMoto.region}:${account}:function:${id}`;
};

/** The custom actions that there are to be: what their ids begin with, and what they start. */
const started = {
  IsolateLive: ['compromised-instance', 'live'],
  IsolateDry: ['compromised-instance', 'dry-run'],
  KeyLive: ['compromised-access-key', 'live'],
  KeyDry: ['compromised-access-key', 'dry-run'],
  RoleLive: ['compromised-role', 'live'],
  RoleDry: ['compromised-role', 'dry-run'],
} as const;

const actions = () =>
  Object.entries(started).map(([begins, [playbook, mode]]) => {
    const { logicalId } = given(rules.find((each) => each.logicalId.startsWith(`OnHub${begins}`)));
    return { rule: logicalId, id: logicalId.slice('OnHub'.length), playbook, mode };
  });

/** Where an event goes by the one rule that moto sent it to. */
function byRule(deliveries: readonly Delivery[], event: object): ReturnType<typeof route> {
  const named = new Set(deliveries.map(({ rule }) => rule));
  const [trigger, ...others] = triggers.filter((each) => named.delete(ruleOf(each)));
  expect([...others, ...named]).toEqual([]);
  const known = route(event);
  // Why no rule answers is for no rule to say.
  if (!trigger) return { playbook: null, reason: known.reason };
  const { playbook, name, priority, approval } = trigger;
  return { playbook, trigger: name, priority, approval, reason: known.reason };
}
