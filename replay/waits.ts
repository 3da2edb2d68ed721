import type { Home } from '../functions/shared/home.ts';

/** What an approver of a rehearsal answers; `silent` ones let the time run out. */
export const approvers = ['approves', 'denies', 'silent'] as const;
export type RehearsedApprover = (typeof approvers)[number];

/**
 * The workflows of one world that wait for people. Those that nobody answers stay where they are: on
 * AWS they would go on waiting, and whoever asks finds them running.
 */
export class Waits {
  readonly #waiting = new Map<string, (output: object) => void>();
  readonly #parked = new Set<string>();
  /** Executions whose people are still to answer: they have no work of their own. */
  readonly asking = new Set<string>();

  /** Begins to wait; settled with what the token is answered with. */
  begin(token: string): Promise<object> {
    return new Promise((resolve) => this.#waiting.set(token, resolve));
  }

  answer: Home['answer'] = async (token, output) => {
    const resolve = this.#waiting.get(token);
    if (!this.#waiting.delete(token)) return 'gone';
    resolve?.(output);
    return 'answered';
  };

  isWaiting(token: string): boolean {
    return this.#waiting.has(token);
  }

  /** Nobody is left who could answer: the execution waits on, unseen. */
  park(token: string, execution: string): void {
    this.#waiting.delete(token);
    this.#parked.add(execution);
  }

  isParked(execution: string): boolean {
    return this.#parked.has(execution);
  }
}
