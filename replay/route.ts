import * as z from 'zod';
import { playbooksByHand } from '../functions/shared/manual-start.ts';
import type { Priority } from '../functions/shared/parse-finding.ts';
import { declined } from '../statemachines/declined.ts';
import { type Trigger, triggers } from '../statemachines/triggers.ts';
import { matcherOf } from './event-pattern.ts';

/** Where an event goes, with the reason in a sentence for people. */
type Route =
  | {
      readonly playbook: string;
      /** The trigger's name; `by-hand` where a person named the target. */
      readonly trigger: string;
      /** What the trigger asks for; a start by hand that names another priority has its own. */
      readonly priority: Priority;
      /** `required`: a live run waits until a person has agreed to what it would do. */
      readonly approval: Trigger['approval'];
      readonly reason: string;
    }
  | { readonly playbook: null; readonly reason: string };

// A pattern that EventBridge or the matcher would refuse is refused here, at load.
const routes = triggers.map((trigger) => ({ trigger, isMatch: matcherOf(trigger.pattern) }));
const reasons = declined.map(({ pattern, because }) => ({
  isMatch: matcherOf(pattern),
  because,
}));

const Start = z.object({
  source: z.literal('cordon'),
  'detail-type': z.literal('Start by Hand'),
  detail: z.object({ type: z.string() }),
});
const Said = z.object({ detail: z.object({ type: z.string(), severity: z.unknown().optional() }) });

/**
 * Finds the playbook for an event, by the patterns that EventBridge's rules are made of.
 *
 * Whether the target may be touched is not its business, nor whether the finding is a sample:
 * `open-case` settles both.
 */
export function route(event: object): Route {
  const byHand = playbooksByHand.get(Start.safeParse(event).data?.detail.type ?? '');
  if (byHand) {
    return {
      playbook: byHand,
      trigger: 'by-hand',
      priority: 'evidence-first',
      approval: 'none',
      reason: `A person named the ${byHand === 'compromised-instance' ? 'instance' : 'credentials'}.`,
    };
  }
  const found = routes.find(({ isMatch }) => isMatch(event));
  if (!found) return { playbook: null, reason: whyNone(event) };
  const { playbook, name, priority, approval, why } = found.trigger;
  const gate = approval === 'required' ? ' Live, it waits until a person has agreed.' : '';
  return { playbook, trigger: name, priority, approval, reason: `${why}${gate}` };
}

function whyNone(event: object): string {
  const said = Said.safeParse(event);
  if (!said.success) return 'It is no GuardDuty finding, so no trigger looks at it.';
  const { type, severity } = said.data.detail;
  if (typeof severity !== 'number') {
    return 'Its severity is no number, and EventBridge compares numbers only.';
  }
  const known = reasons.find(({ isMatch }) => isMatch(event));
  return known?.because ?? `No trigger knows the type ${type}: a human must judge it.`;
}
