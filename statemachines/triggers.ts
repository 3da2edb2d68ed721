import type { Priority } from '../functions/shared/parse-finding.ts';
import { triggers as attackSequence } from './attack-sequence/triggers.ts';
import { triggers as compromisedAccessKey } from './compromised-access-key/triggers.ts';
import { triggers as compromisedInstance } from './compromised-instance/triggers.ts';
import { triggers as compromisedRole } from './compromised-role/triggers.ts';
import { triggers as release } from './release/triggers.ts';
import { triggers as rotateAccessKey } from './rotate-access-key/triggers.ts';

type Plain = string | number | boolean | null;

/** One way a value of an event can match, in EventBridge's words. */
export type Condition =
  | Plain
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly 'equals-ignore-case': string }
  | { readonly exists: boolean }
  | { readonly numeric: readonly (string | number)[] }
  | { readonly 'anything-but': Plain | readonly Plain[] | { readonly prefix: string } };

/**
 * An EventBridge event pattern, as plain data: `infra` makes a rule of it, `replay` matches with it.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export interface EventPattern {
  readonly [member: string]: EventPattern | readonly Condition[] | readonly EventPattern[];
}

/** Findings that start a playbook, and how. */
export interface Trigger {
  /** Kebab-case, its rule's name. */
  readonly name: string;
  readonly playbook: string;
  readonly pattern: EventPattern;
  readonly priority: Priority;
  /** `required`: a person must agree before anything is changed. Its rule says so in the request. */
  readonly approval: 'none' | 'required';
  /** Why these findings are answered like this, in a sentence for the responder. */
  readonly why: string;
}

/** EventBridge's limit on a pattern, in characters of JSON. */
export const mostPatternCharacters = 2048;

/**
 * Every trigger there is. No finding matches two, so none starts two executions: where one calls for
 * two playbooks, such as an instance's credentials used elsewhere, one workflow starts the other.
 */
export const triggers: readonly Trigger[] = [
  ...compromisedInstance,
  ...compromisedAccessKey,
  ...compromisedRole,
  ...rotateAccessKey,
  ...release,
  ...attackSequence,
];
