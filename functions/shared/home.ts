import type { CaseRecord } from './case-record.ts';
import type { EvidenceStore } from './evidence-store.ts';
import type { Signature } from './signature.ts';

/** What is told to people, in the shape of AWS Chatbot's custom notifications. */
export interface Notification {
  /** One line: what happened to what. */
  readonly title: string;
  /** What was done, what was not, and what a person must do now. Markdown. */
  readonly text: string;
  readonly keywords: readonly string[];
  /** The approver whom alone it is for, by name; left out, it is for everyone. */
  readonly audience?: string;
}

/** An execution that runs, or ran, because it was asked for. */
export interface StartedPlaybook {
  readonly outcome: 'started' | 'already-started';
  /** ARN of the execution. */
  readonly execution: string;
}

/**
 * Cordon's own account: the cases, the people, its own executions. It is used in every mode and
 * never journalled, since it is not what a case acts on.
 */
export interface Home {
  readonly cases: CaseRecord;
  /** Bodies of evidence: what is too large for the case's record, or must outlast it unchanged. */
  readonly evidence: EvidenceStore;
  /** Signs a statement, so that whoever has the public key knows it is Cordon's: `bytesSigned`. */
  sign(statement: object): Promise<Signature>;
  notify(notification: Notification): Promise<void>;
  /** Whether an execution still runs. An execution that nobody knows does not. */
  isRunning(execution: string): Promise<boolean>;
  /**
   * Starts a playbook's workflow and does not wait for it. `name` is the execution's, at most 80
   * letters, digits, `-` and `_`: asked for twice, it is started once. Throws
   * `UnusableInputError` for a playbook that is not deployed.
   */
  start(playbook: string, input: object, name: string): Promise<StartedPlaybook>;
  /** Lets a workflow that waits with this token go on. `gone`: it waits no more. */
  answer(token: string, output: object): Promise<'answered' | 'gone'>;
  /** The organisational units that an account is in, from its own up to the root. Throws for none. */
  unitsOf(account: string): Promise<readonly string[]>;
  /** A secret that nobody has seen, 64 hex digits; in a rehearsal the same each time. */
  newKey(): string;
  /** URL of the page on which approvers answer; undefined where there is none. */
  readonly approvalPage: string | undefined;
}
