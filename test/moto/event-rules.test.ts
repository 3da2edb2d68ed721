import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { matches } from '../../replay/event-pattern.ts';
import { route } from '../../replay/route.ts';
import { routingTable } from '../../replay/routing.ts';
import { triggers } from '../../statemachines/triggers.ts';
import { eventsOnHand } from './events-on-hand.ts';
import { emptyMoto } from './moto.ts';
import { rulesFrom } from './rules-in-moto.ts';

const patterns = new Map(triggers.map(({ name, pattern }) => [name, pattern]));
let rulesOf: Awaited<ReturnType<typeof rulesFrom>>;
beforeAll(async () => {
  await emptyMoto();
  rulesOf = await rulesFrom(patterns);
});

it('every event on hand starts what our own matcher says', async () => {
  const onHand = eventsOnHand();
  const inMoto = await rulesOf(onHand.map(({ event }) => event));
  const different = onHand.flatMap(({ source, event }, n) => {
    const ours = [...patterns].flatMap(([rule, pattern]) => (matches(pattern, event) ? rule : []));
    return JSON.stringify(ours) === JSON.stringify(inMoto[n])
      ? []
      : { source, ours, moto: inMoto[n] };
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
  const answers = (await rulesOf(asked)).values();
  // It asks the same again, in the same order.
  const inMoto = routingTable((event) => byRule(answers.next().value ?? [], event));
  expect(inMoto).toBe(ours);
  const readme = readFileSync(new URL('../../statemachines/README.md', import.meta.url), 'utf8');
  expect(readme).toContain(inMoto);
});

/** Where an event goes by the one rule that moto sent it to. */
function byRule(rules: readonly string[], event: object): ReturnType<typeof route> {
  const [trigger, ...others] = triggers.filter(({ name }) => rules.includes(name));
  expect(others).toEqual([]);
  const known = route(event);
  // Why no rule answers is for no rule to say.
  if (!trigger) return { playbook: null, reason: known.reason };
  const { playbook, name, priority, approval } = trigger;
  return { playbook, trigger: name, priority, approval, reason: known.reason };
}
